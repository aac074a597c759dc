"""How late the province is right now, for whoever runs the system."""

from dataclasses import dataclass
from datetime import datetime

from chalicelib.domain.calendar import HOUR, WorkCalendar
from chalicelib.ports import Deps


@dataclass(slots=True)
class Gauges:
    """How many legs are late; the worst of them, and of intakes: dossiers without an answer.

    In working hours past due, on the calendar of the unit: a Tết week is no delay.
    """

    overdue: int = 0
    oldest_overdue: int = 0
    oldest_undecided: int = 0


def measure(deps: Deps) -> Gauges:
    """One question for each unit's queue, answered by what is late in it and nothing else."""
    found, now, directory = Gauges(), deps.clock.now(), deps.reference.directory()
    for agency in directory:
        late = deps.records.late(f"{agency.code}#work", now)
        calendar = directory.calendar(agency.code)
        found.overdue += late.legs
        found.oldest_overdue = max(found.oldest_overdue, _hours(calendar, late.since, now))
        undecided = _hours(calendar, late.undecided_since, now)
        found.oldest_undecided = max(found.oldest_undecided, undecided)
    return found


def _hours(calendar: WorkCalendar, since: datetime | None, now: datetime) -> int:
    return calendar.between(since, now) // HOUR if since else 0
