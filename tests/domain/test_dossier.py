"""The aggregate's own moves: what guards writes, wakes executions and shows to people."""

import pytest

from chalicelib.domain.calendar import WorkCalendar
from chalicelib.domain.desk import request_supplement
from chalicelib.domain.dossier import IDLE, SILENT
from chalicelib.domain.errors import NotFoundError, StaleError
from chalicelib.domain.leg import CITIZEN, SETTLEMENT_LEG
from chalicelib.domain.milestones import claim_passed, next_wake
from chalicelib.domain.procedure import Effect, Milestone
from chalicelib.domain.terms import EventType, LegKind, LegState, Stage, Status
from chalicelib.domain.unit import complete, decline_receipt, extend, hand_over, receive, send_back
from tests.domain.builders import (
    CALENDARS,
    CHAIR,
    CLERK,
    LAND_TRANSFER,
    ONE_UNIT,
    SURVEYOR,
    TWO_UNITS,
    WORKER,
    at,
    days,
    marks,
    procedure,
    step,
    unit_leg,
)
from tests.domain.story import Story, accept, accepted


def test_a_leg_is_found_by_its_number() -> None:
    """From 1 on, in the order in which they were opened."""
    dossier = accepted().dossier
    assert [dossier.leg(n).n for n in (1, 2)] == [1, 2]
    for n in (0, 3, -1):
        with pytest.raises(NotFoundError) as caught:
            dossier.leg(n)
        assert (caught.value.code, caught.value.pointer) == ("leg.not_found", "/leg")
        assert caught.value.params == {"leg": n}


def test_the_settlement_is_number_zero_and_no_hop() -> None:
    """It is a clock beside the legs."""
    assert SETTLEMENT_LEG == 0
    assert [leg.n for leg in accepted().dossier.legs] == [1, 2]


def test_a_citizens_leg_runs_round_the_clock() -> None:
    """Thirty days are thirty days; an office's are its own."""
    story = Story()
    story.do(request_supplement, CLERK, checks=marks("paper:id"))
    dossier = story.dossier
    assert dossier.leg(2).holder == CITIZEN == "citizen"
    assert dossier.calendar(dossier.leg(2)) is WorkCalendar.always()
    assert dossier.calendar(dossier.leg(1)) is CALENDARS["ordinary"]


def test_a_decision_on_an_older_state_is_stale() -> None:
    """The official sees what changed and decides again."""
    dossier = accepted().dossier
    dossier.expect(2)
    with pytest.raises(StaleError) as caught:
        dossier.expect(1)
    assert (caught.value.code, caught.value.pointer) == ("dossier.stale", "/rev")
    assert caught.value.params == {"rev": 2}


def test_rev_rises_once_with_every_decision() -> None:
    """Whatever number of events it has."""
    story = accepted()
    assert story.dossier.rev == 2
    story.do(receive, WORKER)
    assert story.dossier.rev == 3


def test_silent_events_leave_rev() -> None:
    """They change neither stage nor leg nor papers."""
    assert {each.value for each in SILENT} == {
        "milestone_passed",
        "generation_started",
        "callback_filed",
        "agency_progressed",
        "contacted",
    }


@pytest.mark.parametrize("type_", EventType)
def test_one_event_that_is_not_silent_raises_rev(type_: EventType) -> None:
    """Also beside a silent one."""
    dossier = accepted().loaded()
    dossier.record(EventType.MILESTONE_PASSED, CLERK)
    dossier.record(type_, CLERK)
    rev = dossier.rev
    dossier.finish(next_wake)
    assert dossier.rev == rev + (type_ not in SILENT)


def test_without_anything_happening_nothing_rises() -> None:
    """A look is no change."""
    dossier = accepted().loaded()
    before = (dossier.rev, dossier.ev, dossier.seq, dossier.head)
    assert dossier.finish(next_wake) == []
    assert (dossier.rev, dossier.ev, dossier.seq, dossier.head) == before


def test_seq_rises_with_the_stage() -> None:
    """The execution must leave the wait it is in."""
    story = accepted(LAND_TRANSFER)
    assert (story.dossier.seq, story.dossier.stage) == (2, Stage.DEPARTMENT)
    story.do(hand_over, SURVEYOR)
    assert (story.dossier.seq, story.dossier.stage) == (3, Stage.INTER_AGENCY)


def test_seq_rises_with_the_step_though_the_stage_is_the_same() -> None:
    """Each step is a wait of its own."""
    story = accepted(TWO_UNITS)
    story.do(hand_over, WORKER)
    assert (story.dossier.seq, story.dossier.stage) == (3, Stage.DEPARTMENT)


def test_seq_stays_when_only_people_changed() -> None:
    """A receipt is no reason to wake an execution."""
    story = accepted()
    story.do(receive, WORKER)
    assert story.dossier.seq == 2


def test_a_deadline_that_moved_later_costs_one_idle_wake_up_and_no_seq() -> None:
    """The timer that is set fires early, finds nothing and waits again."""
    story = accepted()
    story.do(extend, CHAIR, limit=days(2), reason="x")
    assert story.dossier.seq == 2


def test_a_deadline_that_moved_earlier_wakes_the_execution() -> None:
    """Same stage, seq + 1: the timer that is set would fire too late."""
    story = accepted()
    dossier = story.loaded()
    dossier.finish(lambda _: at("2026-10-06 08:00"))
    assert (dossier.seq, dossier.wake_at) == (3, at("2026-10-06 08:00"))
    dossier.finish(lambda _: at("2026-10-06 08:00"))
    assert dossier.seq == 3


def test_a_closed_dossier_wakes_nobody() -> None:
    """But the execution hears of the end, once."""
    story = Story()
    seq = story.dossier.seq
    story.wait(days=9)
    dossier = story.loaded()
    dossier.end(Status.WITHDRAWN, "withdrawn")
    dossier.finish(next_wake)
    assert (dossier.seq, dossier.stage, dossier.wake_at) == (seq + 1, Stage.CLOSED, None)
    dossier.finish(lambda _: at("2026-10-06 08:00"))
    assert (dossier.seq, dossier.wake_at) == (seq + 1, None)


def test_a_dossier_oversleeps_from_its_wake_up_on() -> None:
    """Then somebody must look, whether or not a milestone has passed."""
    story = Story()
    assert story.dossier.wake_at == at("2026-10-05 16:00")
    assert not story.until("2026-10-05 15:59:59").loaded().has_overslept
    assert story.until("2026-10-05 16:00").loaded().has_overslept
    story.dossier.wake_at = None
    assert not story.loaded().has_overslept


def test_idle_is_thirty_days() -> None:
    """Well under the year after which AWS ends an execution."""
    assert IDLE.days == 30


def test_of_several_events_only_the_last_shows_where_it_led() -> None:
    """The earlier ones keep the place they happened at."""
    story = Story()
    story.do(request_supplement, CLERK, checks=marks("paper:id"))
    events = story.until("2026-11-04 08:00").wake()
    assert [event.status for event in events] == [
        "supplement_requested",
        "supplement_requested",
        "refused",
    ]
    assert [event.stage for event in events] == ["Supplement", "Supplement", "Closed"]
    assert [event.holders for event in events] == [((2, "citizen"),), ((2, "citizen"),), ()]


def test_a_pause_touches_the_settlement_with_the_citizen_only() -> None:
    """A review is the administration's own time."""
    story = accepted()
    story.do(decline_receipt, WORKER, reason="x")
    assert story.leg(0).state is LegState.RUNNING
    story.do(request_supplement, CLERK, checks=marks("paper:id"))
    assert (story.leg(0).state, story.leg(0).clock.since) == (LegState.PAUSED, None)
    assert (story.due(0), story.leg(0).clock.epoch) == (None, 1)


def test_due_is_of_running_legs_only() -> None:
    """Neither waiting nor ended legs have one."""
    story = accepted()
    story.do(send_back, WORKER, reason="x")
    assert [story.due(n) for n in (1, 2)] == [None, None]
    assert story.due(3) == at("2026-10-05 15:00")


def test_a_paused_leg_that_is_cut_short_keeps_its_ledger() -> None:
    """Closing what stands still consumes nothing."""
    story = accepted().wait(hours=1)
    story.do(send_back, WORKER, reason="x")
    dossier = story.wait(days=3).loaded()
    dossier.close(dossier.leg(2), "withdrawn", LegState.CANCELLED)
    leg = dossier.leg(2)
    assert (leg.clock.consumed, leg.clock.epoch, leg.waits) == (3600, 1, None)
    assert (leg.state, leg.outcome, leg.closed_at) == (LegState.CANCELLED, "withdrawn", story.now)


def test_status_5_goes_before_6() -> None:
    """Of a supplement and a payment at once the citizen is asked for the papers."""
    dossier = accepted().loaded()
    dossier.cancel_open("x")
    dossier.status = Status.PROCESSING
    dossier.open_leg(LegKind.PAYMENT, CITIZEN, 3600)
    dossier.finish(next_wake)
    assert (dossier.status, dossier.stage) == (Status.PAYMENT_REQUESTED, Stage.PAYMENT)
    dossier.status = Status.PROCESSING
    dossier.open_leg(LegKind.SUPPLEMENT, CITIZEN, 3600)
    dossier.finish(next_wake)
    assert dossier.status is Status.SUPPLEMENT_REQUESTED


def test_a_loaded_dossier_knows_the_place_it_was_stored_at() -> None:
    """Else every decision would wake the execution."""
    story = accepted()
    dossier = story.loaded()
    dossier.finish(next_wake)
    assert dossier.seq == story.dossier.seq == 2
    story.do(complete, WORKER, result="R-1")
    assert story.dossier.seq == 3


def test_the_intakes_place_is_a_wait_of_its_own() -> None:
    """Submission is seq 1, acceptance seq 2."""
    story = Story(ONE_UNIT)
    assert story.dossier.seq == 1
    story.do(accept, CLERK)
    assert story.dossier.seq == 2


def test_a_decision_stores_the_legs_that_it_changed() -> None:
    """The transaction writes those and no others, each under its number."""
    dossier = accepted().loaded()
    receive(dossier, WORKER)
    assert dossier.touched == {2}


def test_a_milestone_that_passed_stores_its_leg() -> None:
    """The claim is what keeps a second timer from warning again."""
    dossier = accepted().until("2026-10-07 11:00").loaded()
    assert claim_passed(dossier) == 1
    assert dossier.touched == {2}


def test_a_leg_has_the_ladder_that_its_route_gives_it() -> None:
    """Officials configure warnings per leg, so the leg's own code finds them (R2)."""
    own = (Milestone("half", Effect.REMIND, 50),)
    story = accepted(procedure(step(unit_leg("do", ladder=own), unit_leg("other", "land"))))
    assert story.dossier.ladder(story.leg(2)) == own
    assert story.dossier.wake_at == at("2026-10-06 15:00")


def test_a_warning_given_at_the_moment_of_a_pause_stays_given() -> None:
    """The clock stands at the very threshold: what has passed has passed, nobody hears it twice."""
    story = accepted().until("2026-10-07 11:00")
    assert [event.data["milestone"] for event in story.wake()] == ["due_soon"]
    story.do(send_back, WORKER, reason="x")
    story.wait(hours=3).do(hand_over, CLERK)
    assert story.leg(2).claimed == ("due_soon",)
    assert story.wake() == []
