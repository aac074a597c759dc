"""How late the province is right now, for whoever runs the system."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from chalicelib.domain.calendar import HOUR, WorkCalendar
from chalicelib.domain.ids import AgencyCode, DossierCode
from chalicelib.domain.value import value
from chalicelib.ports import Deps


@value(frozen=True, slots=True)
class Worst:
    """The dossier that is the latest of all, by working hours on the calendar of the unit.

    Working hours, so that a Tết week is no delay.
    """

    hours: int = 0
    dossier: DossierCode | None = None
    unit: AgencyCode | None = None


@dataclass(slots=True)
class Gauges:
    """Legs past due by unit; the worst of them, and of intakes: who has not even an answer."""

    late: Counter[AgencyCode] = field(default_factory=Counter)
    overdue: Worst = field(default_factory=Worst)
    undecided: Worst = field(default_factory=Worst)


def measure(deps: Deps) -> Gauges:
    """One question for each unit's queue, answered by what is late in it and nothing else."""
    found, now, directory = Gauges(), deps.clock.now(), deps.reference.directory()

    def worse(known: Worst, first: tuple[datetime, DossierCode] | None, unit: AgencyCode) -> Worst:
        if first is None:
            return known
        hours = _hours(directory.calendar(unit), first[0], now)
        return max(known, Worst(hours, first[1], unit), key=lambda each: each.hours)

    for agency in directory:
        late = deps.records.late(f"{agency.code}#work", now)
        found.late[agency.code] = late.legs
        found.overdue = worse(found.overdue, late.first, agency.code)
        found.undecided = worse(found.undecided, late.undecided, agency.code)
    return found


def _hours(calendar: WorkCalendar, since: datetime, now: datetime) -> int:
    return calendar.between(since, now) // HOUR
