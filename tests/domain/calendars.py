"""Calendars for the tests of working time: the province's, with half days, an odd one."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from catalogue.calendar_build import build
from chalicelib.domain.calendar import (
    HOUR,
    WorkCalendar,
)

TABLE = Path(__file__).parents[2] / "catalogue" / "calendar.yaml"
TZ = ZoneInfo("Asia/Ho_Chi_Minh")
SECOND = timedelta(seconds=1)
MORNING = [["07:00", "11:30"]]
FULL = [*MORNING, ["13:30", "17:00"]]

PROVINCE_DATA = build(TABLE)
HALF_DATA = PROVINCE_DATA | {
    "code": "with-half-days",
    "working_days": PROVINCE_DATA["working_days"]
    | {"2026-10-08": MORNING, "2026-10-14": [["07:00", "14:30"]]},
}
# A busy desk: Saturday mornings, an evening shift up to midnight, a day that starts at midnight.
ODD_DATA: dict[str, Any] = {
    "code": "odd",
    "tz": "Asia/Ho_Chi_Minh",
    "week": {"mon": FULL, "tue": [["00:00", "24:00"]], "fri": [["18:00", "24:00"]], "sat": MORNING},
    "days_off": ["2026-10-05"],
    "working_days": {"2026-10-11": None},
}
PLAIN_DATA: dict[str, Any] = {
    "code": "plain",
    "tz": "Asia/Ho_Chi_Minh",
    "week": dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), FULL),
}
PLAIN_WEEK = 40 * HOUR
NIGHT_AND_DAY = [["00:00", "24:00"]]
EVERY_DAY = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
PROVINCE = WorkCalendar.from_data(PROVINCE_DATA)
HALF = WorkCalendar.from_data(HALF_DATA)
ODD = WorkCalendar.from_data(ODD_DATA)
ALWAYS = WorkCalendar.always()


def at(text: str) -> datetime:
    """Read ``2026-10-08 11:29`` as local time."""
    return datetime.fromisoformat(text).replace(tzinfo=TZ)


def fresh(data: dict[str, Any] = PLAIN_DATA, **change: object) -> WorkCalendar:
    """Build a calendar that has not been asked for anything yet."""
    return WorkCalendar.from_data(data | change)
