"""The ledger of working time: every due time on a receipt is read off it."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.clock import Clock
from tests.domain.builders import CALENDARS, HOUR, MONDAY, WORKING_DAY, at

ORDINARY = CALENDARS["ordinary"]
MINUTES = st.integers(0, 60 * 24 * 20).map(lambda minutes: timedelta(minutes=minutes))


def test_only_working_time_is_consumed() -> None:
    """A night or a weekend must not be held against an official."""
    clock = Clock(WORKING_DAY, since=at("2026-10-02 16:00"))  # a Friday
    assert clock.consumed_at(ORDINARY, at("2026-10-05 08:30")) == 2.5 * HOUR


def test_consumed_adds_to_what_was_consumed_before() -> None:
    """After a pause the unit goes on where it stood, not from zero."""
    clock = Clock(WORKING_DAY, consumed=3 * HOUR, since=MONDAY)
    assert clock.consumed_at(ORDINARY, at("2026-10-05 09:00")) == 4 * HOUR


@pytest.mark.parametrize("moment", ["2026-10-05 08:00", "2026-10-02 08:00"])
def test_a_clock_never_runs_backwards(moment: str) -> None:
    """A settlement clock may start in the past or future; the ledger must not shrink."""
    assert Clock(WORKING_DAY, 60, MONDAY).consumed_at(ORDINARY, at(moment)) == 60


def test_a_paused_clock_consumes_nothing() -> None:
    """The citizen's time is not the unit's."""
    assert Clock(WORKING_DAY, 60).consumed_at(ORDINARY, at("2026-12-05 08:00")) == 60


def test_due_is_where_the_budget_is_used_up() -> None:
    """One working day from Monday 08:00 is Tuesday 08:00."""
    assert Clock(WORKING_DAY, since=MONDAY).due(ORDINARY) == at("2026-10-06 08:00")


def test_due_counts_what_was_consumed() -> None:
    """Seven hours spent leave one."""
    assert Clock(WORKING_DAY, 7 * HOUR, MONDAY).due(ORDINARY) == at("2026-10-05 09:00")


def test_a_paused_clock_has_no_due_time() -> None:
    """Nobody may be told a date that is not known."""
    clock = Clock(WORKING_DAY)
    assert clock.due(ORDINARY) is None
    assert clock.reached(ORDINARY, 0) is None


def test_the_last_second_of_the_budget_is_the_due_time() -> None:
    """With one second left it is due one second on; with none, at once."""
    assert Clock(61, 60, MONDAY).due(ORDINARY) == at("2026-10-05 08:00:01")
    assert Clock(60, 60, MONDAY).due(ORDINARY) == MONDAY


def test_a_budget_of_nothing_is_due_at_its_start() -> None:
    """A start outside working time is not moved: `reached` says when, not when to work."""
    night = at("2026-10-05 22:00")
    assert Clock(0, since=night).due(ORDINARY) == night


def test_pause_keeps_the_ledger_and_begins_an_epoch() -> None:
    """The epoch tells an old deadline from the present one."""
    clock = Clock(WORKING_DAY, HOUR, MONDAY, epoch=4)
    assert clock.pause(ORDINARY, at("2026-10-05 10:00")) == Clock(WORKING_DAY, 3 * HOUR, None, 5)


def test_pausing_twice_is_pausing_once() -> None:
    """Closing a paused leg must not begin an epoch."""
    clock = Clock(WORKING_DAY, HOUR, epoch=5)
    assert clock.pause(ORDINARY, MONDAY) is clock


def test_resume_goes_on_where_it_stood() -> None:
    """Consumed time stays, a new epoch begins."""
    assert Clock(WORKING_DAY, HOUR, epoch=5).resume(MONDAY) == Clock(WORKING_DAY, HOUR, MONDAY, 6)


def test_resuming_a_running_clock_changes_nothing() -> None:
    """Else a second resume would give the unit its time back."""
    clock = Clock(WORKING_DAY, HOUR, MONDAY, 6)
    assert clock.resume(at("2026-10-06 08:00")) is clock


def test_extend_adds_to_the_budget_in_a_new_epoch() -> None:
    """Milestones pass again on the longer clock."""
    assert Clock(HOUR, 60, MONDAY, 1).extend(30) == Clock(HOUR + 30, 60, MONDAY, 2)


def test_restart_has_the_whole_budget_again() -> None:
    """The desk has its full time for a resubmitted dossier."""
    again = Clock(HOUR, 60, MONDAY, 1).restart(at("2026-10-06 08:00"), 2 * HOUR)
    assert again == Clock(2 * HOUR, 0, at("2026-10-06 08:00"), 2)


@given(MINUTES, MINUTES, st.integers(1, 10 * WORKING_DAY))
def test_a_pause_moves_the_due_time_by_exactly_the_paused_working_time(
    ran: timedelta, rested: timedelta, budget: int
) -> None:
    """The rule citizens and units both rely on, for any pause before the due time."""
    clock = Clock(budget, since=MONDAY)
    paused_at = MONDAY + ran
    due = _due(clock)
    if paused_at >= due:
        return
    resumed_at = paused_at + rested
    paused = ORDINARY.between(paused_at, resumed_at)
    again = clock.pause(ORDINARY, paused_at).resume(resumed_at)
    assert ORDINARY.between(due, _due(again)) == paused


def test_a_pause_moves_a_missed_due_time_by_exactly_the_paused_working_time() -> None:
    """A unit two hours late before the citizen's supplement is still two hours late after it."""
    clock = Clock(WORKING_DAY, since=MONDAY)  # due on Tuesday at 08:00
    paused = clock.pause(ORDINARY, at("2026-10-06 10:00"))
    assert paused.resume(at("2026-10-07 10:00")).due(ORDINARY) == at("2026-10-07 08:00")


def test_an_amended_calendar_moves_the_due_time_by_the_days_that_changed() -> None:
    """A new holiday reaches running clocks: the ledger is in seconds, not in dates."""
    clock = Clock(8 * WORKING_DAY, since=MONDAY)
    assert clock.due(CALENDARS["early"]) == at("2026-10-14 08:00")
    assert clock.due(ORDINARY) == at("2026-10-16 08:00")


def _due(clock: Clock) -> datetime:
    due = clock.due(ORDINARY)
    assert due
    return due
