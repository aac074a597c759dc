"""Withdrawal, until the result is there (DOMAIN.md, "Withdrawal")."""

import pytest

from chalicelib.domain.actor import Actor
from chalicelib.domain.citizen import withdraw
from chalicelib.domain.desk import request_supplement, return_result
from chalicelib.domain.errors import Error, ForbiddenError, TransitionError
from chalicelib.domain.interagency import Outcome
from chalicelib.domain.terms import LegState, Role, Stage, Status
from chalicelib.domain.unit import complete, hand_over, receive
from tests.domain.builders import (
    BIRTH,
    CITIZEN_OWNER,
    CLERK,
    DESK,
    LAND_TRANSFER,
    OFFICE,
    STRANGER,
    SUBMITTER,
    SURVEYOR,
    WORKER,
    at,
    machine,
    marks,
    official,
    person,
)
from tests.domain.story import Story, accepted


def at_agencies() -> Story:
    """Police and insurance hold it."""
    story = accepted(BIRTH)
    story.do(hand_over, WORKER)
    return story


def not_allowed(status: str) -> Error:
    return TransitionError("dossier.transition_not_allowed", status=status, to="withdrawn")


def test_a_new_dossier_is_withdrawn() -> None:
    """Status 7 is the end; the desk's leg is cut short."""
    story = Story().wait(hours=1)
    (event,) = story.do(withdraw, CITIZEN_OWNER, reason="we moved")
    dossier, intake = story.dossier, story.leg(1)
    assert (dossier.status, dossier.stage, dossier.wake_at) == (
        Status.WITHDRAWN,
        Stage.CLOSED,
        None,
    )
    assert (intake.state, intake.outcome) == (LegState.CANCELLED, "withdrawn")
    assert (intake.closed_at, intake.clock.since) == (at("2026-10-05 09:00"), None)
    assert (event.type, event.leg, event.data) == ("withdrawn", None, {"cancelled": [1]})
    assert (event.holders, event.actor) == ((), str(CITIZEN_OWNER))
    assert story.notes[-1] == "we moved"


def test_no_reason_is_needed() -> None:
    """It is the citizen's own affair."""
    story = Story()
    story.do(withdraw, CITIZEN_OWNER)
    assert story.notes[-1] == ""


def test_while_at_an_agency_its_leg_is_cancelled() -> None:
    """And a late callback is only filed."""
    story = at_agencies()
    (event,) = story.do(withdraw, CITIZEN_OWNER)
    assert event.data == {"cancelled": [3, 4]}
    assert {story.leg(n).state for n in (3, 4)} == {LegState.CANCELLED}
    (late,) = story.answers(3, Outcome.COMPLETED, amount=5, result="R-1")
    assert (late.type, late.holders) == ("callback_filed", ())
    assert (story.dossier.status, story.dossier.dues) == (Status.WITHDRAWN, 0)
    assert story.dossier.wake_at is None


def test_finished_parts_stand() -> None:
    """What was done was done."""
    story = at_agencies()
    story.do(withdraw, CITIZEN_OWNER)
    assert (story.leg(2).outcome, story.leg(2).state) == ("handed_over", LegState.DONE)


def test_the_settlement_clock_ends_with_it() -> None:
    """A withdrawn dossier is neither on time nor late."""
    story = at_agencies().wait(hours=1)
    story.do(withdraw, CITIZEN_OWNER)
    leg = story.leg(0)
    assert (leg.state, leg.outcome, leg.closed_at) == (LegState.DONE, "withdrawn", story.now)
    assert story.until("2026-12-01 08:00").wake() == []


def test_while_the_citizen_should_supplement_or_pay() -> None:
    """5 → 7 and 6 → 7: not going on is a choice, too."""
    story = Story()
    story.do(request_supplement, CLERK, checks=marks("paper:id"))
    (event,) = story.do(withdraw, CITIZEN_OWNER)
    assert event.data == {"cancelled": [1, 2]}
    paying = accepted(LAND_TRANSFER)
    paying.do(hand_over, SURVEYOR)
    paying.answers(3, Outcome.COMPLETED, amount=5)
    paying.do(withdraw, CITIZEN_OWNER)
    assert paying.dossier.status is Status.WITHDRAWN
    assert paying.leg(0).outcome == "withdrawn"


def test_while_a_unit_has_it_in_hand() -> None:
    """4 → 7."""
    story = accepted()
    story.do(receive, WORKER)
    story.do(withdraw, CITIZEN_OWNER)
    assert story.leg(2).outcome == "withdrawn"


def test_not_after_the_result() -> None:
    """The result exists; it can be left uncollected, not undone."""
    story = accepted()
    story.do(complete, WORKER, result="R-1")
    story.refuses(not_allowed("settled"), withdraw, CITIZEN_OWNER)
    story.do(return_result, CLERK)
    story.refuses(not_allowed("returned"), withdraw, CITIZEN_OWNER)


@pytest.mark.parametrize("actor", [CITIZEN_OWNER, person(SUBMITTER), CLERK])
def test_owner_submitter_and_desk_may(actor: Actor) -> None:
    """The desk at the counter, on the citizen's word."""
    story = accepted()
    story.do(withdraw, actor)
    assert story.dossier.status is Status.WITHDRAWN


@pytest.mark.parametrize("actor", [STRANGER, WORKER, machine(OFFICE), official(DESK, Role.LEADER)])
def test_nobody_else_may(actor: Actor) -> None:
    """Least of all the unit that would be rid of it."""
    accepted().refuses(ForbiddenError("dossier.not_yours"), withdraw, actor)


def test_withdrawn_once() -> None:
    """The end is final: a second withdrawal is a conflict, not another event and `rev`."""
    story = Story()
    story.do(withdraw, CITIZEN_OWNER)
    with pytest.raises(Error):
        story.do(withdraw, CITIZEN_OWNER)
