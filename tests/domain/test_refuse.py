"""Two refusals: the desk does not take it in (3), a unit says no on the merits (9)."""

import pytest

from chalicelib.domain import desk, unit
from chalicelib.domain.actor import Actor
from chalicelib.domain.citizen import supplement
from chalicelib.domain.errors import ConflictError, ForbiddenError
from chalicelib.domain.terms import LegKind, LegState, ResultKind, Role, Stage, Status
from tests.domain.builders import (
    CITIZEN_OWNER,
    CLERK,
    DESK,
    FEE,
    OFFICE,
    SIDE_BY_SIDE,
    SURVEYOR,
    WORKER,
    WORKING_DAY,
    at,
    marks,
    official,
    procedure,
    step,
    unit_leg,
)
from tests.domain.story import Story, accepted


def test_the_desk_refuses_to_take_it_in() -> None:
    """Status 3 is the end: no leg, no stage, no timer."""
    story = Story().wait(hours=1)
    (event,) = story.do(desk.refuse, CLERK, reason="not our commune")
    dossier = story.dossier
    assert (dossier.status, dossier.stage, dossier.wake_at) == (Status.REFUSED, Stage.CLOSED, None)
    assert (event.type, event.leg, event.data, event.holders) == ("refused", 1, {}, ())
    assert story.notes[-1] == "not our commune"
    leg = story.leg(1)
    assert (leg.state, leg.outcome) == (LegState.DONE, "refused")
    assert leg.closed_at == at("2026-10-05 09:00")


@pytest.mark.parametrize("actor", [WORKER, CITIZEN_OWNER, official(DESK, Role.OFFICER)])
def test_only_the_desk_refuses_at_intake(actor: Actor) -> None:
    """A refusal at intake is the desk's signature."""
    story = Story()
    story.refuses(ForbiddenError("decision.not_yours"), desk.refuse, actor, reason="no")


def test_after_acceptance_the_desk_cannot_refuse_any_more() -> None:
    """Then it is the unit's decision, on the merits."""
    error = ConflictError("leg.not_running", pointer="/leg")
    accepted().refuses(error, desk.refuse, CLERK, reason="no")


def test_the_named_leg_is_meant() -> None:
    """A refusal meant for another leg touches nothing."""
    error = ConflictError("leg.not_running", pointer="/leg")
    Story().refuses(error, desk.refuse, CLERK, reason="no", leg=7)
    accepted().refuses(error, unit.refuse, WORKER, reason="no", leg=7)


def test_a_refusal_on_the_merits_is_a_result() -> None:
    """Settled with a refusal slip, handed out by the desk like any result."""
    story = accepted()
    (event,) = story.wait(hours=1).do(unit.refuse, WORKER, reason="no legal ground")
    dossier = story.dossier
    assert (dossier.status, dossier.stage) == (Status.SETTLED, Stage.RETURN)
    assert dossier.result_kind is ResultKind.REFUSAL
    assert (event.type, event.leg, event.data) == (
        "refused",
        2,
        {"cancelled": [], "to": [3]},
    )
    assert story.notes[-1] == "no legal ground"
    assert (story.leg(2).outcome, story.leg(2).state) == ("refusal", LegState.DONE)
    assert (story.leg(0).outcome, story.leg(0).is_open) == ("refusal", False)
    back = story.leg(3)
    assert (back.kind, back.holder, back.giver) == (LegKind.RETURN, DESK, DESK)
    assert back.clock.budget == 30 * WORKING_DAY


def test_refusing_receives_the_leg() -> None:
    """The second signature of the hand-over is in the decision."""
    story = accepted()
    story.wait(hours=1).do(unit.refuse, WORKER, reason="no")
    assert story.leg(2).received_at == at("2026-10-05 10:00")
    assert story.leg(2).received_by == WORKER.id


def test_a_refusal_costs_no_fee() -> None:
    """The fee is for the result that was asked for."""
    story = accepted(procedure(step(unit_leg("do")), fees=(FEE,)))
    story.do(unit.refuse, WORKER, reason="no")
    assert story.dossier.dues == 0


def test_the_legs_beside_it_are_cut_short() -> None:
    """What the dossier no longer needs is cancelled, at once and by name."""
    story = accepted(SIDE_BY_SIDE)
    (event,) = story.do(unit.refuse, SURVEYOR, reason="no", leg=3)
    assert event.data == {"cancelled": [2], "to": [4]}
    assert (story.leg(2).state, story.leg(2).outcome) == (LegState.CANCELLED, "refused_elsewhere")
    assert (story.leg(3).state, story.leg(3).outcome) == (LegState.DONE, "refusal")


def test_later_steps_never_open() -> None:
    """A refusal in the first of two steps is the end of the route."""
    story = accepted(procedure(step(unit_leg("a")), step(unit_leg("b", "land"))))
    story.do(unit.refuse, WORKER, reason="no")
    assert [leg.code for leg in story.dossier.legs] == ["intake", "a", "return"]
    assert story.dossier.step == 2


@pytest.mark.parametrize("actor", [CLERK, SURVEYOR, CITIZEN_OWNER, official(OFFICE, Role.LEADER)])
def test_only_the_unit_that_holds_it_refuses_on_the_merits(actor: Actor) -> None:
    """The signature on a refusal is the competent unit's."""
    story = accepted()
    story.refuses(ForbiddenError("decision.not_yours"), unit.refuse, actor, reason="no")


def test_a_review_cannot_refuse_on_the_merits() -> None:
    """The desk looks again at papers; the merits are the unit's."""
    story = accepted()
    story.do(unit.send_back, WORKER, reason="a page is missing")
    error = ConflictError("leg.not_running", pointer="/leg")
    story.refuses(error, unit.refuse, CLERK, reason="no")


def test_refused_at_intake_after_a_supplement() -> None:
    """5 leads back to 1 and only from there to 3: the answer is awaited first."""
    story = Story()
    story.do(desk.request_supplement, CLERK, checks=marks("paper:id"))
    error = ConflictError("leg.not_running", pointer="/leg")
    story.refuses(error, desk.refuse, CLERK, reason="no")
    story.do(supplement, CITIZEN_OWNER, subjects=["paper:id"])
    story.do(desk.refuse, CLERK, reason="no")
    assert story.dossier.status is Status.REFUSED


def test_an_independent_units_refusal_is_only_its_own() -> None:
    """The required leg's result never waits for, nor falls with, an independent one."""
    story = accepted(procedure(step(unit_leg("a"), unit_leg("b", "land", required=False))))
    story.do(unit.refuse, SURVEYOR, reason="no", leg=3)
    assert story.running() == [2]
    assert story.dossier.status is Status.PROCESSING
