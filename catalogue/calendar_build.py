"""Turn the province's calendar table into the data that ``WorkCalendar.from_data`` reads.

For operators and deployment, never for the functions: it needs the ``holidays`` package. The
package gives the public holidays, days in lieu and make-up Saturdays it knows of; where the
province's table (``calendar.yaml``, DOMAIN.md § 2 "Time") says otherwise, the table wins.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any, Final

import holidays
import yaml  # type: ignore[import-untyped,unused-ignore]  # stubs are optional

from chalicelib.domain.calendar import CalendarDataError, WorkCalendar

_KEYS: Final = {"code", "tz", "years", "week", "days_off", "make_up_days", "half_days"}


def build(path: str | Path) -> dict[str, Any]:
    """Merge the table at ``path`` with the national holidays of the years it covers.

    Returns JSON-able data, dates in order, that ``WorkCalendar.from_data`` accepts. Raises
    CalendarDataError, naming the entry, and OSError when there is no such file.
    """
    table = _read(Path(path))
    off, worked = _national(table["years"])
    own_off = set(table["days_off"])
    own_worked = dict.fromkeys(table["make_up_days"]) | table["half_days"]
    days_off = off - own_worked.keys() | own_off
    working_days = dict.fromkeys(worked - own_off) | own_worked
    data = {
        "code": table["code"],
        "tz": table["tz"],
        "week": table["week"],
        "days_off": [day.isoformat() for day in sorted(days_off)],
        "working_days": {day.isoformat(): working_days[day] for day in sorted(working_days)},
    }
    WorkCalendar.from_data(data)
    return data


def _national(years: range) -> tuple[set[date], set[date]]:
    """Days off and make-up days of all Vietnam, weekends included among the days off."""
    country = holidays.country_holidays("VN", years=years)
    # The package lists make-up days across a year's end whatever years it was asked for.
    return set(country), {day for day in country.weekend_workdays if day.year in years}


def _read(path: Path) -> dict[str, Any]:
    """Return the table with ``years`` as a range; refuse other keys, so a typo is no day lost."""
    try:
        table: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
        if table.keys() != _KEYS:
            msg = f"keys missing or unknown: {sorted(table.keys() ^ _KEYS)}"
            raise CalendarDataError(msg)
        table["years"] = range(table["years"]["first"], table["years"]["last"] + 1)
        days = [*table["days_off"], *table["make_up_days"], *table["half_days"].keys()]
        _check_days(days, table["years"])
    except (yaml.YAMLError, AttributeError, KeyError, TypeError, ValueError) as error:
        msg = f"{path}: {error}"
        raise CalendarDataError(msg) from error
    return table


def _check_days(days: list[Any], years: range) -> None:
    """Refuse what is no date or lies outside the years: such an entry would never be read."""
    for day in days:
        if not isinstance(day, date) or day.year not in years:
            msg = f"{day!r}: expected a date in {years.start}-{years.stop - 1}, without quotes"
            raise CalendarDataError(msg)
