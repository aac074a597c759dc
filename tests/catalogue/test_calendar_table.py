"""The province's calendar: a typing error in the yearly edit must never cost a citizen a day."""

import json
from datetime import date, timedelta
from pathlib import Path

import pytest

from catalogue.calendar_build import build
from chalicelib.domain.calendar import CalendarDataError, WorkCalendar

TABLE = Path(__file__).parents[2] / "catalogue" / "calendar.yaml"
MORNING = [["07:00", "11:30"]]
PROVINCE_DATA = build(TABLE)
PROVINCE = WorkCalendar.from_data(PROVINCE_DATA)

DAYS = [
    ("2025-01-29", False, "Tết Ất Tỵ"),
    ("2026-02-17", False, "Tết Bính Ngọ"),
    ("2027-02-06", False, "Tết Đinh Mùi"),
    ("2028-01-26", False, "Tết Mậu Thân"),
    ("2027-02-09", False, "Tết 2027 runs to its fourth day"),
    ("2027-02-10", False, "and a day in lieu of Sunday"),
    ("2025-04-07", False, "Giỗ Tổ"),
    ("2026-04-26", False, "Giỗ Tổ, a Sunday"),
    ("2026-04-27", False, "in lieu of it"),
    ("2026-04-28", True, "and no longer"),
    ("2027-04-16", False, "Giỗ Tổ"),
    ("2028-04-04", False, "Giỗ Tổ"),
    ("2025-11-24", True, "not yet a holiday"),
    ("2026-11-24", False, "a holiday from 2026"),
    ("2025-05-02", False, "swapped for 26/04"),
    ("2025-04-26", True, "Saturday worked for 02/05"),
    ("2025-04-19", False, "an ordinary Saturday"),
    ("2026-01-02", False, "swapped for 10/01, from the province's table"),
    ("2026-01-10", True, "Saturday worked for 02/01"),
    ("2026-08-22", True, "Saturday worked for 31/08"),
    ("2026-08-31", False, "swapped for 22/08"),
]


@pytest.mark.parametrize(("day", "works", "why"), DAYS)
def test_known_days(day: str, works: bool, why: str) -> None:  # noqa: FBT001 - a table column
    """Anchors from official notices: an update of the package must not move them unseen."""
    assert PROVINCE.is_working_day(date.fromisoformat(day)) is works, why


# The years whose days off are announced: weekdays off, Saturdays worked.
ANNOUNCED = [
    (
        2025,
        "01-01 01-27 01-28 01-29 01-30 01-31 04-07 04-30 05-01 05-02 09-01 09-02",
        "04-26",
    ),
    (
        2026,
        "01-01 01-02 02-16 02-17 02-18 02-19 02-20 04-27 04-30 05-01 08-31 09-01 09-02 11-24",
        "01-10 08-22",
    ),
]


@pytest.mark.parametrize(("year", "off", "worked"), ANNOUNCED)
def test_a_year_that_was_announced(year: int, off: str, worked: str) -> None:
    """The whole year: a day off too many makes units late by law and on time by the program."""
    first = date(year, 1, 1)
    days = [first + timedelta(n) for n in range((date(year + 1, 1, 1) - first).days)]
    changed = [day for day in days if PROVINCE.is_working_day(day) is not (day.weekday() < 5)]
    assert [f"{day:%m-%d}" for day in changed] == sorted(f"{off} {worked}".split())
    assert [f"{day:%m-%d}" for day in changed if day.weekday() == 5] == worked.split()


def test_built_data_can_be_stored() -> None:
    """It goes through JSON into the table and must come back as the same calendar."""
    assert json.loads(json.dumps(PROVINCE_DATA)) == PROVINCE_DATA
    assert PROVINCE.code == "dak-lak"
    assert PROVINCE_DATA["days_off"] == sorted(PROVINCE_DATA["days_off"])


def written(path: Path, old: str, new: str) -> Path:
    """Copy of the province's table with one place changed."""
    text = TABLE.read_text(encoding="utf-8")
    assert text.count(old) == 1
    table = path / "calendar.yaml"
    table.write_text(text.replace(old, new), encoding="utf-8")
    return table


def test_the_table_wins_over_the_package(tmp_path: Path) -> None:
    """The province decides: it may work on a holiday and be off on a make-up Saturday."""
    table = written(tmp_path, "  - 2026-01-02\n", "  - 2026-01-02\n  - 2026-08-22\n")
    text = table.read_text(encoding="utf-8").replace("  - 2026-01-10", "  - 2026-09-01")
    table.write_text(
        text.replace("half_days: {}", 'half_days:\n  2026-11-24: [["07:00", "11:30"]]')
    )
    data = build(table)
    assert {"2026-08-22"} <= set(data["days_off"]) - data["working_days"].keys()
    assert data["working_days"]["2026-09-01"] is None
    assert data["working_days"]["2026-11-24"] == MORNING
    assert not {"2026-09-01", "2026-11-24"} & set(data["days_off"])


def test_only_the_years_of_the_table_are_built(tmp_path: Path) -> None:
    """The package lists make-up days over a year's end for all years; one belongs to 2019 alone."""
    data = build(written(tmp_path, "first: 2024\n  last: 2032", "first: 2026\n  last: 2026"))
    assert {day[:4] for day in [*data["days_off"], *data["working_days"]]} == {"2026"}


@pytest.mark.parametrize(
    ("old", "new", "names"),
    [
        ("make_up_days:", "makeup_days:", "makeup_days"),
        ("  - 2026-01-02", "  - 2036-01-02", "2036"),
        ("  - 2026-01-02", "  - 2026-02-30", "day"),
        ("  - 2026-01-02", '  - "2026-01-02"', "2026-01-02"),
        ("  - 2026-01-10", "  - 2026-01-02", "2026-01-02"),
        ("half_days: {}", "half_days:", "calendar.yaml"),
        ("half_days: {}", "half_days: {2026-12-31: [[07:00, 11:3O]]}", "11:3O"),
        ("code: dak-lak", "code: [", "calendar.yaml"),
    ],
)
def test_a_wrong_table_is_refused_by_name(tmp_path: Path, old: str, new: str, names: str) -> None:
    """A typing error in the yearly edit must stop the build, not lose a holiday."""
    with pytest.raises(CalendarDataError, match=names):
        build(written(tmp_path, old, new))
