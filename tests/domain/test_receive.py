"""The second signature of a hand-over, and its refusal (DOMAIN.md, "Hand-over")."""

import pytest

from chalicelib.domain.actor import Actor
from chalicelib.domain.errors import ConflictError, ForbiddenError
from chalicelib.domain.terms import LegKind, LegState, Role, Stage, Status
from chalicelib.domain.unit import complete, decline_receipt, hand_over, receive, send_back
from tests.domain.builders import (
    CITIZEN_OWNER,
    CLERK,
    DESK,
    HOUR,
    OFFICE,
    SURVEYOR,
    TWO_UNITS,
    WORKER,
    at,
    official,
    procedure,
)
from tests.domain.story import Story, accepted

SIGNED = ConflictError("leg.already_received")


def test_received_is_signed_and_in_processing() -> None:
    """Status 4 begins when somebody has it in hand."""
    story = accepted().wait(hours=1)
    (event,) = story.do(receive, WORKER)
    leg = story.leg(2)
    assert (leg.received_at, leg.received_by) == (at("2026-10-05 10:00"), WORKER.id)
    assert story.dossier.status is Status.PROCESSING
    assert (event.type, event.leg, event.data) == ("received", 2, {})


def test_the_clock_has_run_since_the_hand_over() -> None:
    """Leaving it in the in-tray costs the receiver's own time."""
    story = accepted().wait(hours=2)
    story.do(receive, WORKER)
    assert (story.consumed(2), story.leg(2).clock.epoch) == (2 * HOUR, 0)


def test_received_once() -> None:
    """One hop, one signature."""
    story = accepted()
    story.do(receive, WORKER)
    story.refuses(SIGNED, receive, official(OFFICE, Role.HEAD))


def test_a_review_is_received_too() -> None:
    """It is a hop like any other."""
    story = accepted()
    story.do(send_back, WORKER, reason="x")
    story.do(receive, CLERK)
    assert story.leg(3).received_by == CLERK.id


def test_the_intake_needs_no_receipt() -> None:
    """There the citizen handed over."""
    Story().refuses(ConflictError("leg.not_running", pointer="/leg"), receive, CLERK)


@pytest.mark.parametrize("actor", [CLERK, SURVEYOR, CITIZEN_OWNER, official(OFFICE, Role.LEADER)])
def test_only_the_receiver_signs_or_declines(actor: Actor) -> None:
    """Nobody takes over in another unit's name."""
    story = accepted()
    error = ForbiddenError("decision.not_yours")
    story.refuses(error, receive, actor)
    story.refuses(error, decline_receipt, actor, reason="x")


def test_declined_the_giver_looks_again() -> None:
    """The receiver's clock stands still meanwhile."""
    story = accepted().wait(hours=1)
    (event,) = story.do(decline_receipt, WORKER, reason="two pages are missing")
    review, waiting = story.leg(3), story.leg(2)
    assert (review.kind, review.holder, review.giver) == (LegKind.REVIEW, DESK, OFFICE)
    assert (review.clock.budget, review.step, review.code) == (4 * HOUR, 0, "review")
    assert (waiting.state, waiting.waits, waiting.clock.consumed) == (LegState.PAUSED, 3, HOUR)
    assert (event.type, event.leg, event.data) == ("receipt_declined", 2, {"to": [3]})
    assert story.notes[-1] == "two pages are missing"
    assert (story.dossier.status, story.dossier.stage) == (Status.PROCESSING, Stage.INTAKE)


def test_the_giver_may_be_another_unit() -> None:
    """Then that department looks again, not the desk."""
    story = accepted(TWO_UNITS)
    story.do(hand_over, WORKER)
    story.do(decline_receipt, SURVEYOR, reason="x")
    assert story.leg(4).holder == OFFICE
    assert story.dossier.stage is Stage.DEPARTMENT


def test_the_review_hours_are_the_procedures() -> None:
    """Four working hours are a default."""
    story = accepted(procedure(*TWO_UNITS.route, review_hours=6))
    story.do(decline_receipt, WORKER, reason="x")
    assert story.leg(3).clock.budget == 6 * HOUR


def test_what_is_signed_cannot_be_declined() -> None:
    """The second signature is final; a fault found later is sent back."""
    story = accepted()
    story.do(receive, WORKER)
    story.refuses(SIGNED, decline_receipt, WORKER, reason="x")


def test_a_leg_that_nobody_gave_cannot_be_declined() -> None:
    """There would be nobody to look again."""
    story = accepted()
    story.dossier.leg(2).giver = None
    story.refuses(SIGNED, decline_receipt, WORKER, reason="x")


def test_a_review_cannot_be_declined() -> None:
    """Else two units could decline each other for ever."""
    story = accepted()
    story.do(decline_receipt, WORKER, reason="x")
    error = ConflictError("leg.not_running", pointer="/leg")
    story.refuses(error, decline_receipt, CLERK, reason="y")


def test_the_named_leg_is_meant() -> None:
    """A client that names a leg never acts on another."""
    story = accepted()
    error = ConflictError("leg.not_running", pointer="/leg")
    story.refuses(error, receive, WORKER, leg=1)
    story.refuses(error, decline_receipt, WORKER, reason="x", leg=1)
    story.do(receive, WORKER, leg=2)


def test_a_declined_leg_comes_back_unsigned() -> None:
    """After the giver has mended it, the receiver signs or completes as at first."""
    story = accepted()
    story.do(decline_receipt, WORKER, reason="x")
    story.do(hand_over, CLERK)
    (event,) = story.do(complete, WORKER, result="R-1")
    assert event.data["received"] is True
