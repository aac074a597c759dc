"""Working time and legal limits: what a citizen is promised on the receipt depends on them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from chalicelib.domain.calendar import (
    HOUR,
    WORKING_DAY,
    CalendarDataError,
    CalendarError,
    LimitUnit,
    NaiveTimeError,
    TimeLimit,
    WorkCalendar,
)
from tests.domain.calendars import (
    ALWAYS,
    EVERY_DAY,
    FULL,
    HALF,
    MORNING,
    NIGHT_AND_DAY,
    PLAIN_WEEK,
    PROVINCE,
    PROVINCE_DATA,
    SECOND,
    at,
    fresh,
)

if TYPE_CHECKING:
    from collections.abc import Callable


# --- cases worked out by hand -------------------------------------------------------------------

WH, WD, CD = LimitUnit.WORKING_HOURS, LimitUnit.WORKING_DAYS, LimitUnit.CALENDAR_DAYS
MO, SD = LimitUnit.MONTHS, LimitUnit.SAME_DAY

CASES = [
    # received, amount, unit, due, why
    ("2026-10-08 22:00", 0, WH, "2026-10-09 07:00", "no time at all is due at the next start"),
    ("2026-10-08 10:00", 0, CD, "2026-10-08 17:00", "today"),
    ("2026-10-08 23:00", 0, CD, "2026-10-09 17:00", "today is over: the next working day"),
    ("2026-10-08 15:00:01", 1, SD, "2026-10-09 17:00", "a second after 15:00 is after 15:00"),
    ("2026-10-08 06:00", 9, SD, "2026-10-08 17:00", "the amount is ignored"),
    ("2050-01-03 07:00", 10, WD, "2050-01-14 17:00", "years ahead: the plain week"),
    ("2050-01-31 09:00", 1, MO, "2050-02-28 17:00", "years ahead, a Monday"),
    ("2019-03-01 16:00", 2, WH, "2019-03-04 08:00", "years back: the plain week"),
]


@pytest.mark.parametrize(("received", "amount", "unit", "due", "why"), CASES)
def test_due_time_where_nobody_looks(
    received: str, amount: int, unit: LimitUnit, due: str, why: str
) -> None:
    """Odd limits and far years; what a clerk meets daily is in deadlines.yaml."""
    assert TimeLimit(amount, unit).due(PROVINCE, at(received)) == at(due), why


HALF_DAY_CASES = [
    # Thursday 08/10/2026 closes at 11:30, Wednesday 14/10/2026 at 14:30
    ("2026-10-08 11:29", 1, SD, "2026-10-08 11:30", "a half day ends with its last block"),
    ("2026-10-08 11:30", 1, SD, "2026-10-09 17:00", "the half day is over"),
    ("2026-10-08 11:45", 1, SD, "2026-10-09 17:00", "over, although it is before 15:00"),
    ("2026-10-14 14:45", 1, SD, "2026-10-15 17:00", "a short day that ends before 15:00"),
    ("2026-10-08 10:00", 6, WH, "2026-10-09 11:30", "1:30 today, 4:30 on Friday"),
    ("2026-10-08 07:00", 1, WD, "2026-10-09 10:30", "a working day is 8 hours: 4:30 and 3:30"),
    ("2026-10-06 09:00", 2, CD, "2026-10-08 11:30", "days that end on a half day"),
    ("2026-10-08 12:00", 0, CD, "2026-10-09 17:00", "today is over at 11:30"),
]


@pytest.mark.parametrize(("received", "amount", "unit", "due", "why"), HALF_DAY_CASES)
def test_due_time_around_half_days(
    received: str, amount: int, unit: LimitUnit, due: str, why: str
) -> None:
    """Half days before holidays are where a promise is easiest to get wrong."""
    assert TimeLimit(amount, unit).due(HALF, at(received)) == at(due), why


@pytest.mark.parametrize(
    ("moment", "seconds", "expected", "why"),
    [
        ("2026-10-09 07:00", HOUR, "2026-10-08 16:00", "back over the night"),
        ("2026-10-12 08:00", 2 * HOUR, "2026-10-09 16:00", "back over the weekend"),
        ("2026-10-08 17:00", 12_600, "2026-10-08 13:30", "the latest start, not 11:30"),
        ("2026-10-08 17:00", 0, "2026-10-09 07:00", "17:00 is no start"),
        ("2026-02-23 08:00", 2 * HOUR, "2026-02-13 16:00", "back over Tết"),
    ],
)
def test_subtract_by_hand(moment: str, seconds: int, expected: str, why: str) -> None:
    """Warnings go out so much working time before the due time."""
    assert PROVINCE.subtract(at(moment), seconds) == at(expected), why


@pytest.mark.parametrize(
    ("start", "end", "hours", "why"),
    [
        ("2024-12-30 07:00", "2025-01-02 17:00", 32, "Monday to Thursday over a new year"),
        ("2023-12-29 16:00", "2024-01-02 08:00", 10, "Friday 1:00, Monday 8:00, Tuesday 1:00"),
        ("2020-12-31 16:00", "2021-01-01 08:00", 2, "the last hour and the first, years back"),
        ("2031-12-31 16:00", "2032-01-01 08:00", 2, "and years ahead"),
        ("2022-01-03 07:00", "2023-01-02 07:00", 52 * 40, "a whole year, the first of it"),
        ("2025-01-01 00:00", "2025-01-01 07:30", 0.5, "the first day that is known"),
        ("2025-12-31 16:30", "2026-01-01 00:00", 0.5, "the last day of the year"),
    ],
)
def test_the_turn_of_the_year_loses_no_day(start: str, end: str, hours: float, why: str) -> None:
    """Working time is kept year by year; a leg that runs over the seam must not notice."""
    assert fresh().between(at(start), at(end)) == hours * HOUR, why


@pytest.mark.parametrize(
    ("moment", "seconds", "expected", "why"),
    [
        ("2026-10-08 09:00", 200 * PLAIN_WEEK, "2030-08-08 09:00", "200 weeks ahead"),
        ("2026-10-08 09:00", -200 * PLAIN_WEEK, "2022-12-08 09:00", "200 weeks back"),
        ("2025-01-01 07:00", -1, "2024-12-31 16:59:59", "the second before the year"),
        ("2025-12-31 16:59:59", 1, "2025-12-31 17:00", "the year's last second ends at closing"),
        ("2025-12-31 16:59:59", 2, "2026-01-01 07:00:01", "the second after it is next year's"),
        ("2025-12-31 17:00", 0, "2026-01-01 07:00", "work can start in the next year only"),
        ("2019-03-01 17:00", 1, "2019-03-04 07:00:01", "over a weekend, years back"),
    ],
)
def test_a_due_time_in_another_year(moment: str, seconds: int, expected: str, why: str) -> None:
    """Land cases run for years, and a due time may lie in a year nobody has looked at yet."""
    assert fresh().add(at(moment), seconds) == at(expected), why


@pytest.mark.parametrize("closing", ["2026-10-08 11:30", "2026-10-08 17:00", "2026-12-31 17:00"])
def test_the_last_second_of_a_block_ends_with_it(closing: str) -> None:
    """One second of work before lunch is due at lunch, not after it."""
    assert fresh().add(at(closing) - SECOND, 1) == at(closing)
    assert fresh().add(at(closing) - SECOND, 2) > at(closing) + SECOND


@pytest.mark.parametrize(
    ("day", "works"),
    [
        ("2026-10-08", True),
        ("2026-10-10", False),
        ("2026-10-12", False),
        ("2026-10-17", True),
        ("2026-10-18", True),
        ("2012-10-08", True),
        ("2012-10-07", False),
    ],
)
def test_a_working_day_is_one_with_any_working_time(day: str, works: bool) -> None:  # noqa: FBT001
    """The desk's calendar shows it: a half day and a make-up day are open, a day off is not."""
    worked = {"2026-10-17": None, "2026-10-18": MORNING}
    calendar = fresh(days_off=["2026-10-12"], working_days=worked)
    assert calendar.is_working_day(date.fromisoformat(day)) is works


def test_a_make_up_day_is_worked_like_a_monday() -> None:
    """The decree swaps whole days, so the hours are those of the week's first day."""
    week = {"mon": FULL, "tue": MORNING, "fri": MORNING}
    calendar = fresh(week=week, working_days={"2026-10-10": None})
    assert calendar.end_of_day(date(2026, 10, 10)) == at("2026-10-10 17:00")
    assert calendar.between(at("2026-10-10 00:00"), at("2026-10-11 00:00")) == WORKING_DAY


def test_a_half_day_has_its_own_hours() -> None:
    """To the minute, even on a day that is otherwise worked in full or not at all."""
    worked = {"2026-10-08": [["07:45", "10:20"]], "2026-10-10": MORNING}
    calendar = fresh(working_days=worked)
    assert calendar.next_working(at("2026-10-08 06:00")) == at("2026-10-08 07:45")
    assert calendar.end_of_day(date(2026, 10, 8)) == at("2026-10-08 10:20")
    assert calendar.end_of_day(date(2026, 10, 10)) == at("2026-10-10 11:30")


def test_a_day_off_is_passed_over() -> None:
    """Nobody is due on a holiday, and its hours are nobody's working time."""
    calendar = fresh(days_off=["2026-10-08", "2026-10-09"])
    assert calendar.end_of_day(date(2026, 10, 8)) == at("2026-10-12 17:00")
    assert calendar.add(at("2026-10-07 16:00"), 2 * HOUR) == at("2026-10-12 08:00")


def test_days_off_and_make_up_days_stand_side_by_side() -> None:
    """A swap needs both: the bridge day is off and the Saturday before it is worked."""
    calendar = fresh(days_off=["2026-10-09"], working_days={"2026-10-10": None})
    assert calendar.between(at("2026-10-09 00:00"), at("2026-10-10 00:00")) == 0
    assert calendar.between(at("2026-10-10 00:00"), at("2026-10-11 00:00")) == WORKING_DAY


@pytest.mark.parametrize(
    ("amount", "unit", "due"),
    [
        (5, WH, "2026-10-11 03:30"),
        (2, WD, "2026-10-11 14:30"),
        (1, MO, "2026-11-11 00:00"),
        (1, SD, "2026-10-12 00:00"),
    ],
)
def test_other_units_round_the_clock(amount: int, unit: LimitUnit, due: str) -> None:
    """Hours run on at night, 8 of them are a day; a month and a late same day end at 24:00."""
    assert TimeLimit(amount, unit).due(ALWAYS, at("2026-10-10 22:30")) == at(due)


# --- conventions and errors ---------------------------------------------------------------------


def test_a_block_is_right_open() -> None:
    """At 11:30 sharp lunch has begun: nobody may be counted as working."""
    texts = ["06:59:59", "07:00", "11:29:59", "11:30", "13:30", "16:59:59", "17:00"]
    working = [PROVINCE.is_working(at(f"2026-10-08 {text}")) for text in texts]
    assert working == [False, True, True, False, True, True, False]


def test_microseconds_are_floored() -> None:
    """Events carry microseconds; sums of durations must still be exact in seconds."""
    almost = at("2026-10-08 11:29:59.999999")
    assert PROVINCE.is_working(almost)
    assert PROVINCE.next_working(almost) == at("2026-10-08 11:29:59")
    assert PROVINCE.between(almost, at("2026-10-08 13:30:00.9")) == 1
    assert TimeLimit(1, SD).due(PROVINCE, at("2026-10-08 15:00:00.5")) == at("2026-10-08 17:00")


def test_always_is_shared() -> None:
    """Use cases ask for it on every request; it must not be built each time."""
    assert WorkCalendar.always() is ALWAYS
    assert ALWAYS.continuous
    assert not PROVINCE.continuous


@pytest.mark.parametrize(
    ("change", "continuous"),
    [
        ({"week": dict.fromkeys(EVERY_DAY, NIGHT_AND_DAY)}, True),
        ({"week": dict.fromkeys(EVERY_DAY, FULL)}, False),
        ({"week": dict.fromkeys(EVERY_DAY[:6], NIGHT_AND_DAY)}, False),
        ({"week": dict.fromkeys(EVERY_DAY, NIGHT_AND_DAY), "days_off": ["2026-10-08"]}, False),
        (
            {
                "week": dict.fromkeys(EVERY_DAY, NIGHT_AND_DAY),
                "working_days": {"2026-10-08": MORNING},
            },
            False,
        ),
    ],
)
def test_a_calendar_is_continuous_when_every_second_works(
    change: dict[str, Any],
    continuous: bool,  # noqa: FBT001 - a column of the table
) -> None:
    """Only then are days counted to the second; with a single gap they end at closing."""
    calendar = fresh(**change)
    assert calendar.continuous is continuous
    due = TimeLimit(2, CD).due(calendar, at("2026-10-10 09:30"))
    assert (due == at("2026-10-12 09:30")) is continuous


def test_a_calendar_keeps_its_code_and_zone() -> None:
    """The directory finds an agency's calendar by its code, and results are in its zone."""
    calendar = fresh(code="dak-lak-2", tz="Asia/Bangkok")
    assert (calendar.code, calendar.tz) == ("dak-lak-2", ZoneInfo("Asia/Bangkok"))
    assert calendar.next_working(at("2026-10-08 09:00")).tzinfo == ZoneInfo("Asia/Bangkok")


def test_offsets_come_from_the_zone() -> None:
    """An hour is lost on a summer-time night; a hard-coded offset would not see it."""
    berlin = WorkCalendar.from_data(
        {
            "code": "berlin",
            "tz": "Europe/Berlin",
            "week": {"sat": [["00:00", "24:00"]], "sun": [["00:00", "20:00"]]},
        }
    )
    saturday = datetime(2026, 3, 28, tzinfo=berlin.tz)
    assert berlin.between(saturday, saturday + timedelta(2)) == 43 * HOUR
    assert berlin.end_of_day(date(2026, 3, 29)) == datetime(2026, 3, 29, 20, tzinfo=berlin.tz)
    assert berlin.add(saturday, 43 * HOUR) == datetime(2026, 3, 29, 20, tzinfo=berlin.tz)


def test_a_naive_time_is_refused() -> None:
    """Seven hours of silent error is a day late; every entrance must refuse."""
    naive = datetime(2026, 10, 8, 9)  # noqa: DTZ001 - the point of the test
    good = at("2026-10-08 09:00")
    calls: list[Callable[[], object]] = [
        partial(PROVINCE.add, naive, 1),
        partial(PROVINCE.subtract, naive, 1),
        partial(PROVINCE.next_working, naive),
        partial(PROVINCE.is_working, naive),
        partial(PROVINCE.between, naive, good),
        partial(PROVINCE.between, good, naive),
        *(partial(TimeLimit(1, unit).due, PROVINCE, naive) for unit in LimitUnit),
    ]
    for call in calls:
        with pytest.raises(NaiveTimeError, match="2026-10-08 09:00:00 has no time zone"):
            call()


def test_a_negative_limit_is_refused() -> None:
    """A typing error in a procedure must not make dossiers late at birth."""
    with pytest.raises(CalendarError, match="-1 working_days"):
        TimeLimit(-1, WD)


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"week": {}}, "week"),
        ({"week": {"mon": []}}, "week"),
        ({"week": {"monday": FULL}}, "monday"),
        ({"week": {"monday": FULL}}, "some of mon, tue, wed, thu, fri, sat, sun, got"),
        ({"week": {"mon": [["07:00", "12:00"], ["12:00", "17:00"]]}}, "touch"),
        ({"week": {"mon": [["07:00", "07:00"]]}}, "empty"),
        ({"working_days": {"2026-10-08": [["11:30", "07:00"]]}}, "out of order"),
        ({"week": {"mon": [["7:00", "11:30"]]}}, "7:00"),
        ({"week": {"mon": [["07:00", "24:30"]]}}, "24:30"),
        ({"week": {"mon": [["11:30", "07:00"]]}}, "11:30"),
        ({"week": {"mon": [["07:00", "12:00"], ["11:30", "17:00"]]}}, "overlap"),
        ({"week": {"mon": [["07:00"]]}}, "dak-lak"),
        ({"week": None}, "dak-lak"),
        ({"tz": "Asia/Buon_Ma_Thuot"}, "Buon_Ma_Thuot"),
        ({"days_off": ["2026-02-30"]}, "dak-lak"),
        ({"days_off": ["2026-10-08"], "working_days": {"2026-10-08": None}}, "2026-10-08"),
    ],
)
def test_wrong_data_is_refused_by_name(change: dict[str, Any], names: str) -> None:
    """The person who edited the table must be able to find the entry."""
    with pytest.raises(CalendarDataError, match=names):
        WorkCalendar.from_data(PROVINCE_DATA | change)
