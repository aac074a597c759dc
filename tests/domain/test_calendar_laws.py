"""Laws of working time, for any calendar, moment and limit."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from chalicelib.domain.calendar import (
    HOUR,
    LimitUnit,
    TimeLimit,
    WorkCalendar,
)
from tests.domain.calendars import (
    ALWAYS,
    HALF,
    HALF_DATA,
    ODD,
    ODD_DATA,
    PLAIN_WEEK,
    PROVINCE,
    PROVINCE_DATA,
    SECOND,
    TZ,
    at,
    fresh,
)

calendars = st.sampled_from([PROVINCE, HALF, ODD, ALWAYS])
zones = st.sampled_from([UTC, TZ])
# Any instant, and often one where something opens or closes.
edges = st.sampled_from([time(), time(7), time(11, 30), time(13, 30), time(15), time(17)])
days = st.dates(date(2022, 1, 1), date(2030, 1, 1)) | st.dates(
    date(2026, 10, 4), date(2026, 10, 18)
)
moments = st.builds(
    lambda day, clock, zone: datetime.combine(day, clock, TZ).astimezone(zone),
    days,
    st.times() | edges,
    zones,
)
amounts = st.integers(0, 60 * 8 * HOUR) | st.sampled_from([0, 1, 12_600, 16_200, 28_800])
limits = st.builds(TimeLimit, st.integers(0, 60), st.sampled_from(LimitUnit))

quick = settings(deadline=None, max_examples=200)


@quick
@given(calendars, moments, amounts)
def test_subtract_undoes_add(calendar: WorkCalendar, t: datetime, s: int) -> None:
    """A due date moved by a pause and moved back must be the one that was promised."""
    assert calendar.subtract(calendar.add(t, s), s) == calendar.next_working(t)
    assert calendar.add(t, -s) == calendar.subtract(t, s)


@quick
@given(calendars, moments, amounts)
def test_between_measures_what_add_added(calendar: WorkCalendar, t: datetime, s: int) -> None:
    """Consumed time and budget are the same measure, else every clock would drift."""
    assert calendar.between(t, calendar.add(t, s)) == s
    assert calendar.between(calendar.subtract(t, s), t) == s
    assert calendar.between(calendar.add(t, s), t) == -s


@quick
@given(calendars, moments, amounts, amounts)
def test_adding_in_two_steps_is_adding_once(
    calendar: WorkCalendar, t: datetime, a: int, b: int
) -> None:
    """A leg that pauses and goes on has the due time of one that never paused."""
    end = calendar.add(calendar.add(t, a), b)
    assert calendar.next_working(end) == calendar.next_working(calendar.add(t, a + b))
    assert b == 0 or end == calendar.add(t, a + b)


@quick
@given(calendars, moments, moments, amounts, amounts)
def test_add_is_monotonic(calendar: WorkCalendar, t: datetime, u: datetime, a: int, b: int) -> None:
    """Filing later or having more time never makes a due time earlier."""
    (t, u), (a, b) = sorted([t, u]), sorted([a, b])
    assert calendar.add(t, a) <= calendar.add(t, b) <= calendar.add(u, b)


@quick
@given(calendars, moments, amounts)
def test_times_lie_in_working_time(calendar: WorkCalendar, t: datetime, s: int) -> None:
    """Nobody is due at night: a start is in ``[start, end)``, a due time in ``(start, end]``."""
    assert calendar.is_working(calendar.next_working(t))
    assert calendar.is_working(calendar.subtract(t, s))
    assert calendar.is_working(calendar.add(t, s) - SECOND * (s > 0))
    assert calendar.is_working(t) == (calendar.next_working(t) == t.replace(microsecond=0))


@quick
@given(calendars, moments, amounts)
def test_results_do_not_depend_on_the_zone_of_the_input(
    calendar: WorkCalendar, t: datetime, s: int
) -> None:
    """Stores speak UTC and people local time; both must get one answer, in local time."""
    assert calendar.add(t.astimezone(UTC), s) == calendar.add(t.astimezone(TZ), s)
    assert calendar.add(t, s).tzinfo is calendar.tz


@quick
@given(
    st.sampled_from([(PROVINCE, PROVINCE_DATA), (HALF, HALF_DATA), (ODD, ODD_DATA)]),
    moments,
    st.integers(0, 90 * 86_400),
)
def test_between_agrees_with_walking_day_by_day(
    pair: tuple[WorkCalendar, dict[str, Any]], t: datetime, length: int
) -> None:
    """An independent, slow count catches what the fast one gets wrong consistently."""
    calendar, data = pair
    start = t.replace(microsecond=0)
    end = (start.astimezone(UTC) + length * SECOND).astimezone(TZ)
    assert calendar.between(start, end) == walk(data, start.astimezone(TZ), end)


def walk(data: dict[str, Any], start: datetime, end: datetime) -> int:
    """Count working seconds by looking at each local day's blocks."""
    total = 0.0
    for number in range((end.date() - start.date()).days + 1):
        day = start.date() + timedelta(number)
        midnight = datetime.combine(day, time(), TZ)
        for block in blocks_of(data, day):
            hours = [(int(text[:2]), int(text[3:])) for text in block]
            opens, closes = (midnight + timedelta(hours=h, minutes=m) for h, m in hours)
            total += max(0.0, (min(end, closes) - max(start, opens)).total_seconds())
    return int(total)


def blocks_of(data: dict[str, Any], day: date) -> list[list[str]]:
    """Blocks of one day, straight from the data."""
    key, week = day.isoformat(), data["week"]
    blocks: list[list[str]] = week.get(f"{day:%a}".lower(), [])
    if key in data["days_off"]:
        blocks = []
    if key in data["working_days"]:
        blocks = data["working_days"][key] or week["mon"]
    return blocks


@quick
@given(calendars, moments, limits)
def test_budget_and_due_are_one_clock(
    calendar: WorkCalendar, received: datetime, limit: TimeLimit
) -> None:
    """Dossiers store both figures; whichever is read, the clock must end at the same moment."""
    budget, due = limit.budget(calendar, received), limit.due(calendar, received)
    assert budget >= 0
    assert calendar.between(received, due) == budget
    assert due == calendar.add(received, budget)
    assert due >= calendar.next_working(received)


@quick
@given(calendars, moments, moments, limits)
def test_filing_later_is_never_due_earlier(
    calendar: WorkCalendar, t: datetime, u: datetime, limit: TimeLimit
) -> None:
    """Otherwise citizens would gain by waiting, and queues would not be fair."""
    t, u = sorted([t, u])
    assert limit.due(calendar, t) <= limit.due(calendar, u)


@quick
@given(moments, st.integers(0, 400))
def test_days_are_exact_round_the_clock(received: datetime, days: int) -> None:
    """A citizen's 30 days are 30 times 24 hours, weekends and nights included."""
    limit = TimeLimit(days, LimitUnit.CALENDAR_DAYS)
    assert limit.budget(ALWAYS, received) == days * 86_400
    assert limit.due(ALWAYS, received) == received.replace(microsecond=0) + timedelta(days)
    assert ALWAYS.is_working(received)


@settings(deadline=None, max_examples=60)
@given(st.sampled_from([PROVINCE_DATA, HALF_DATA, ODD_DATA]), moments, st.integers(0, 90 * 86_400))
@example(PROVINCE_DATA, at("2023-12-30 10:00"), 3 * 86_400)
@example(PROVINCE_DATA, at("2028-12-30 10:00"), 3 * 86_400)
def test_the_first_question_is_answered_like_any_other(
    data: dict[str, Any], t: datetime, length: int
) -> None:
    """Lambdas start cold: whichever year they are asked about first must be counted right."""
    start = t.astimezone(TZ).replace(microsecond=0)
    end = start + length * SECOND
    assert fresh(data).between(start, end) == walk(data, start, end)
    assert fresh(data).between(end, start) == -walk(data, start, end)
    assert fresh(data).is_working(start) == (walk(data, start, start + SECOND) == 1)


@settings(deadline=None, max_examples=40)
@given(moments, st.integers(-60, 60))
@example(at("2025-01-01 09:00"), -150)
@example(at("2025-12-31 16:00"), 150)
def test_whole_weeks_of_work_are_whole_weeks(t: datetime, weeks: int) -> None:
    """Where no day is special 40 hours are a week, however many years ahead or back."""
    calendar = fresh()
    start = calendar.next_working(t)
    moved = start + timedelta(weeks=weeks)
    assert calendar.next_working(calendar.add(start, weeks * PLAIN_WEEK)) == moved
    assert fresh().between(start, moved) == weeks * PLAIN_WEEK
