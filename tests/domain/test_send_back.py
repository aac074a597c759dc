"""A fault found in a department goes back to the desk, never to the citizen (R23)."""

import pytest

from chalicelib.domain.actor import Actor
from chalicelib.domain.errors import ConflictError, ForbiddenError, RuleError
from chalicelib.domain.terms import LegKind, LegState, Role, Stage, Status
from chalicelib.domain.unit import decline_receipt, hand_over, send_back
from tests.domain.builders import (
    CITIZEN_OWNER,
    CLERK,
    DESK,
    HOUR,
    LAND,
    OFFICE,
    SURVEYOR,
    TWO_UNITS,
    WORKER,
    at,
    official,
    procedure,
    step,
    unit_leg,
)
from tests.domain.story import accepted


def test_the_desk_reviews_while_the_unit_waits() -> None:
    """Four working hours of the desk; the unit's consumed time stands."""
    story = accepted().wait(hours=2)
    (event,) = story.do(send_back, WORKER, reason="the map is missing")
    review, waiting = story.leg(3), story.leg(2)
    assert (review.kind, review.holder, review.giver, review.step) == (
        LegKind.REVIEW,
        DESK,
        OFFICE,
        0,
    )
    assert (review.clock.budget, review.clock.since) == (4 * HOUR, at("2026-10-05 11:00"))
    assert (waiting.state, waiting.waits, waiting.clock.consumed) == (
        LegState.PAUSED,
        3,
        2 * HOUR,
    )
    assert (event.type, event.leg, event.data) == ("sent_back", 2, {"to": [3]})
    assert event.holders == ((3, DESK),)
    assert story.notes[-1] == "the map is missing"
    assert (story.dossier.status, story.dossier.stage) == (Status.PROCESSING, Stage.INTAKE)


def test_sending_back_receives_the_leg() -> None:
    """Who found the fault had it in hand."""
    story = accepted().wait(hours=2)
    story.do(send_back, WORKER, reason="x")
    assert (story.leg(2).received_by, story.leg(2).received_at) == (WORKER.id, story.now)


def test_the_settlement_clock_goes_on() -> None:
    """It is still the administration's time, not the citizen's."""
    story = accepted()
    due = story.dossier.due_at
    story.do(send_back, WORKER, reason="x")
    assert story.dossier.due_at == due


def test_the_second_unit_sends_back_to_the_desk_too() -> None:
    """Not to the unit before it: the desk is the one face to the citizen."""
    story = accepted(TWO_UNITS)
    story.do(hand_over, WORKER)
    story.do(send_back, SURVEYOR, reason="x")
    assert (story.leg(4).holder, story.leg(4).giver) == (DESK, LAND)


def test_a_review_elsewhere_can_be_sent_back_to_the_desk() -> None:
    """The unit that was asked again finds that only the citizen can help."""
    story = accepted(TWO_UNITS)
    story.do(hand_over, WORKER)
    story.do(decline_receipt, SURVEYOR, reason="x")
    story.do(send_back, WORKER, reason="y")
    assert (story.leg(5).holder, story.leg(4).waits, story.leg(3).waits) == (DESK, 5, 4)
    assert story.running() == [5]
    story.do(hand_over, CLERK)
    story.do(hand_over, WORKER)
    assert story.running() == [3]


def test_the_desk_sends_nothing_back_to_itself() -> None:
    """It would stop a clock for nothing."""
    error = RuleError("leg.send_back_from_desk")
    story = accepted()
    story.do(send_back, WORKER, reason="x")
    story.refuses(error, send_back, CLERK, reason="y")
    own = accepted(procedure(step(unit_leg("do", "commune"))))
    own.refuses(error, send_back, CLERK, reason="y")


@pytest.mark.parametrize("actor", [CLERK, SURVEYOR, CITIZEN_OWNER, official(OFFICE, Role.LEADER)])
def test_only_the_holder_sends_back(actor: Actor) -> None:
    """A clock stops on its holder's word alone."""
    accepted().refuses(ForbiddenError("decision.not_yours"), send_back, actor, reason="x")


def test_the_named_leg_is_meant() -> None:
    """Of two legs the unit means its own."""
    story = accepted(procedure(step(unit_leg("a"), unit_leg("b"))))
    story.refuses(ConflictError("leg.choose_one", pointer="/leg"), send_back, WORKER, reason="x")
    story.do(send_back, WORKER, reason="x", leg=3)
    assert story.running() == [2, 4]
    assert story.leg(3).waits == 4
