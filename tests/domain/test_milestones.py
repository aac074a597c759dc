"""Warnings: each once per leg, epoch and milestone, in nominal order, at its very second."""

import pytest

from chalicelib.domain.citizen import supplement
from chalicelib.domain.desk import request_supplement
from chalicelib.domain.event import stamp
from chalicelib.domain.milestones import ahead, claim_passed, next_wake
from chalicelib.domain.terms import Rung
from chalicelib.domain.unit import complete, decline_receipt, hand_over, send_back
from tests.domain.builders import (
    CITIZEN_OWNER,
    CLERK,
    OFFICE,
    SECOND,
    WORKER,
    at,
    marks,
    procedure,
    step,
    unit_leg,
)
from tests.domain.story import Story, accepted, require_chain

# The office's three working days from Monday 09:00, then 8 and 24 working hours more.
LADDER = [
    ("due_soon", "2026-10-07 11:00"),
    ("due", "2026-10-08 09:00"),
    ("overdue_8h", "2026-10-09 09:00"),
    ("overdue_24h", "2026-10-13 09:00"),
]


def names(story: Story, leg: int = 2) -> list[str]:
    """Milestones that the record has of a leg."""
    passed = [each for each in story.events if each.leg == leg and "milestone" in each.data]
    return [each.data["milestone"] for each in passed]


@pytest.mark.parametrize(("code", "when"), LADDER)
def test_a_milestone_passes_at_its_second_not_before(code: str, when: str) -> None:
    """Warn before, escalate at and after the due time."""
    early, there = accepted(), accepted()
    early.until(at(when) - SECOND).wake()
    there.until(when).wake()
    assert code not in names(early)
    assert names(there)[-1] == code
    last = [event for event in there.events if event.leg == 2][-1]
    assert last.data["nominal_at"] == stamp(at(when))


def test_the_event_tells_all_of_it() -> None:
    """Who was told, for which rung, when it was meant and when it happened."""
    story = accepted().until("2026-10-08 09:05")
    soon, due = story.wake()
    assert (soon.type, soon.leg, soon.actor) == ("milestone_passed", 2, "system:motcua")
    assert (due.at, due.data["nominal_at"]) == (at("2026-10-08 09:05"), "2026-10-08T02:00:00Z")
    assert due.data == {
        "milestone": "due",
        "effect": "escalate",
        "epoch": 0,
        "nominal_at": "2026-10-08T02:00:00Z",
        "rung": "head",
        "told": [{"officer": "office-head", "rung": "head", "agency": OFFICE, "stand_in": False}],
        "vacant": [],
        "cancelled": [],
    }
    assert story.leg(2).claimed == ("due_soon", "due")
    assert story.leg(2).told == ("office-head",)


def test_claimed_once() -> None:
    """A second timer, a reconciler, a retry: all find nothing to do."""
    story = accepted().until("2026-10-08 09:05")
    assert len(story.wake()) == 2
    assert story.wake() == []
    assert story.wait(minutes=5).wake() == []


def test_it_says_how_many() -> None:
    """The caller knows whether there is anything to store."""
    dossier = accepted().until("2026-10-08 09:05").loaded()
    assert (claim_passed(dossier), claim_passed(dossier)) == (2, 0)


def test_one_timer_may_pass_several_in_nominal_order() -> None:
    """After an outage everybody hears in the order it should have been, across legs."""
    story = accepted().until("2026-11-20 08:00")
    events = story.wake()
    assert [(event.leg, event.data["milestone"]) for event in events] == [
        (2, "due_soon"),
        (2, "due"),
        (2, "overdue_8h"),
        (2, "overdue_24h"),
        (0, "due_soon"),
        (0, "due"),
    ]
    nominal = [event.data["nominal_at"] for event in events]
    assert nominal == sorted(nominal)
    require_chain(story.events)


def test_a_reminder_never_gives_an_official_a_conflict() -> None:
    """`rev` stays; `ev` guards the write."""
    story = accepted().until("2026-10-07 15:30")
    rev, ev = story.dossier.rev, story.dossier.ev
    story.wake()
    assert (story.dossier.rev, story.dossier.ev) == (rev, ev + 1)


def test_nothing_passes_while_paused() -> None:
    """The unit's time stands still, so does its ladder."""
    story = accepted()
    story.do(send_back, WORKER, reason="x")
    story.do(request_supplement, CLERK, checks=marks("paper:id"))
    story.until("2026-10-16 08:00").wake()
    assert names(story, 2) == names(story, 0) == []


def test_nothing_passes_after_the_leg_is_over() -> None:
    """A timer that was set before the hand-over finds nothing."""
    story = accepted(procedure(step(unit_leg("a")), step(unit_leg("b", amount=20))))
    story.do(hand_over, WORKER)
    story.until("2026-10-13 09:00").wake()
    assert names(story, 2) == []


def test_after_a_pause_the_rest_of_the_ladder_has_moved() -> None:
    """By exactly the paused working time; what has passed does not return."""
    story = accepted().until("2026-10-07 16:00")
    story.wake()
    story.do(send_back, WORKER, reason="x")
    story.do(request_supplement, CLERK, checks=marks("paper:id"))
    story.until("2026-10-08 16:00").do(supplement, CITIZEN_OWNER, subjects=["paper:id"])
    assert (story.leg(2).claimed, story.leg(2).clock.epoch) == (("due_soon",), 2)
    story.until("2026-10-09 08:59:59").wake()
    assert names(story) == ["due_soon"]
    (event,) = story.until("2026-10-09 09:00").wake()
    assert (event.data["milestone"], event.data["epoch"]) == ("due", 2)


def test_the_settlement_keeps_what_is_behind_it_after_a_pause() -> None:
    """The desk is warned once of the same 80 %."""
    story = accepted(procedure(step(unit_leg("do", amount=30)))).until("2026-10-15 09:00")
    story.wake()
    assert story.leg(0).claimed == ("due_soon",)
    story.do(send_back, WORKER, reason="x")
    story.do(request_supplement, CLERK, checks=marks("paper:id"))
    story.wait(days=1).do(supplement, CITIZEN_OWNER, subjects=["paper:id"])
    assert story.leg(0).claimed == ("due_soon",)
    assert story.leg(0).clock.epoch == 2


def test_the_execution_wakes_at_the_earliest() -> None:
    """Of all running legs and of the settlement."""
    story = accepted(procedure(step(unit_leg("a"), unit_leg("b", "land", 2))))
    assert {each.leg.n for each in ahead(story.loaded())} == {0, 2, 3}
    assert story.dossier.wake_at == next_wake(story.loaded()) == at("2026-10-06 15:00")


def test_with_nothing_ahead_it_sleeps_a_month() -> None:
    """A stage always has a timer; AWS would end an execution without one."""
    story = accepted().until("2026-11-20 08:00")
    story.wake()
    assert next_wake(story.loaded()) is None
    assert story.dossier.wake_at == at("2026-12-20 08:00")


def test_a_declined_leg_has_no_milestone_ahead() -> None:
    """Only its review has."""
    story = accepted()
    story.do(decline_receipt, WORKER, reason="x")
    assert {each.leg.n for each in ahead(story.loaded())} == {0, 3}


def test_after_the_result_only_the_collection_is_ahead() -> None:
    """The settlement's ladder ends with it."""
    story = accepted()
    story.do(complete, WORKER, result="R-1")
    assert {each.leg.n for each in ahead(story.loaded())} == {3}


def test_the_first_warning_of_the_settlement_goes_to_the_desks_official() -> None:
    """At 80 % of the whole."""
    story = accepted(procedure(step(unit_leg("do", amount=30)))).until("2026-10-13 14:12")
    (event,) = story.wake()
    assert (event.leg, event.data["milestone"], event.data["rung"]) == (
        0,
        "due_soon",
        Rung.OFFICER,
    )
    assert event.data["told"][0]["officer"] == "commune-officer"


def test_at_the_due_time_the_system_tells_the_citizen_and_opens_a_task() -> None:
    """Without an apology the desk must write; nobody of the ladder is told for it."""
    story = accepted(procedure(step(unit_leg("do", amount=30)))).until("2026-10-16 09:00")
    due = story.wake()[-1]
    assert (due.leg, due.data["effect"], due.data["rung"]) == (0, "tell_citizen", None)
    assert (due.data["told"], story.dossier.task) == ([], "apologise")


def test_a_warning_before_the_due_time_opens_no_task() -> None:
    """There is nothing to apologise for yet."""
    story = accepted().until("2026-10-15 08:00")
    story.wake()
    assert story.dossier.task == ""


def test_a_pause_before_the_claim_loses_no_milestone() -> None:
    """The timer is a hint: what had passed unclaimed is claimed when the clock runs on."""
    story = accepted().until("2026-10-07 16:00")  # due_soon was at 11:00, nobody woke
    story.do(send_back, WORKER, reason="x")
    story.do(hand_over, CLERK)
    story.wake()
    assert names(story) == ["due_soon"]
