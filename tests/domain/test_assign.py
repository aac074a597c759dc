"""Heads assign and reassign; the clock goes on (DOMAIN.md, "Hand-over")."""

import pytest

from chalicelib.domain.actor import Actor
from chalicelib.domain.desk import request_supplement
from chalicelib.domain.errors import ConflictError, ForbiddenError
from chalicelib.domain.ids import OfficerId
from chalicelib.domain.terms import Role
from chalicelib.domain.unit import assign, complete, send_back
from tests.domain.builders import CHAIR, CLERK, DESK, LAND, OFFICE, WORKER, marks, official
from tests.domain.story import Story, accepted

AN = OfficerId("OF-AN")
BINH = OfficerId("OF-BINH")
OFFICE_HEAD = official(OFFICE, Role.HEAD)
DESK_HEAD = official(DESK, Role.HEAD)


def test_the_official_has_it_and_the_clock_goes_on() -> None:
    """Reassigning never gives time back."""
    story = accepted().wait(hours=1)
    before = story.leg(2).clock
    (event,) = story.do(assign, OFFICE_HEAD, officer=AN)
    assert (story.leg(2).assignee, story.leg(2).clock) == (AN, before)
    assert (event.type, event.leg, event.data) == ("assigned", 2, {"officer": AN})
    assert story.leg(2).received_at is None
    story.do(assign, OFFICE_HEAD, officer=BINH)
    assert story.leg(2).assignee == BINH


@pytest.mark.parametrize("actor", [WORKER, CLERK, CHAIR, official(LAND, Role.HEAD)])
def test_only_the_head_of_the_holder_assigns(actor: Actor) -> None:
    """The head answers for who is told of a warning."""
    accepted().refuses(ForbiddenError("decision.not_yours"), assign, actor, officer=AN)


def test_the_desks_work_is_assigned_too() -> None:
    """Intake, review and return are work like any other."""
    story = Story()
    story.do(assign, DESK_HEAD, officer=AN)
    assert story.leg(1).assignee == AN
    review = accepted()
    review.do(send_back, WORKER, reason="x")
    review.do(assign, DESK_HEAD, officer=AN)
    assert review.leg(3).assignee == AN
    handing = accepted()
    handing.do(complete, WORKER, result="R-1")
    handing.do(assign, DESK_HEAD, officer=AN)
    assert handing.leg(3).assignee == AN


def test_the_citizens_leg_has_no_official() -> None:
    """Nobody is assigned to wait."""
    story = Story()
    story.do(request_supplement, CLERK, checks=marks("paper:id"))
    error = ConflictError("leg.not_running", pointer="/leg")
    story.refuses(error, assign, DESK_HEAD, officer=AN)


def test_the_named_leg_is_meant() -> None:
    """And no other."""
    story = accepted()
    error = ConflictError("leg.not_running", pointer="/leg")
    story.refuses(error, assign, OFFICE_HEAD, officer=AN, leg=1)
    story.do(assign, OFFICE_HEAD, officer=AN, leg=2)


def test_the_assignee_is_the_one_who_is_warned() -> None:
    """The warning reaches the person who has the work, not the post."""
    story = accepted()
    story.do(assign, OFFICE_HEAD, officer=AN)
    (event,) = story.until("2026-10-07 15:30").wake()
    assert event.data["told"] == [
        {"officer": AN, "rung": "officer", "agency": OFFICE, "stand_in": False}
    ]
