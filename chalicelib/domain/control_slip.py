"""The control slip (phiếu kiểm soát) and who held the dossier when: both are read off the record.

The slip has one line per hop, with both signatures (R22, R25). The periods partition the life of
the dossier to the second by the set of those who held it; that is how delay is attributed (R28).
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from itertools import zip_longest

from chalicelib.domain.dossier import Dossier
from chalicelib.domain.event import Event
from chalicelib.domain.ids import AgencyCode
from chalicelib.domain.leg import Leg
from chalicelib.domain.terms import LegKind, LegState
from chalicelib.domain.value import value


class Punctuality(StrEnum):
    """How a hop ended against its time limit; open hops are on time until they are late."""

    EARLY = "early"  # at least half a working day was left
    ON_TIME = "on_time"
    LATE = "late"


@value(frozen=True, slots=True)
class Hop:
    """One line; `budget` and `consumed` in working seconds on the receiver's calendar."""

    leg: int
    kind: LegKind
    code: str
    giver: AgencyCode | None
    receiver: AgencyCode
    state: LegState
    handed_over_at: datetime
    received_at: datetime | None
    closed_at: datetime | None
    due_at: datetime | None
    budget: int
    consumed: int
    punctuality: Punctuality | None
    outcome: str


def is_early(dossier: Dossier) -> bool:
    """There is a result before it was due: the citizen is to be called (R29)."""
    return bool(dossier.result_kind and dossier.settlement and dossier.settlement.is_early)


def control_slip(dossier: Dossier) -> list[Hop]:
    """All hops, in the order they began."""
    return [_hop(dossier, leg) for leg in dossier.legs]


def _hop(dossier: Dossier, leg: Leg) -> Hop:
    consumed = leg.clock.consumed_at(dossier.calendar(leg), dossier.ctx.now)
    return Hop(
        leg=leg.n,
        kind=leg.kind,
        code=leg.code,
        giver=leg.giver,
        receiver=leg.holder,
        state=leg.state,
        handed_over_at=leg.opened_at,
        received_at=leg.received_at,
        closed_at=leg.closed_at,
        due_at=dossier.due(leg),
        budget=leg.clock.budget,
        consumed=consumed,
        punctuality=_punctuality(leg, consumed),
        outcome=leg.outcome,
    )


def _punctuality(leg: Leg, consumed: int) -> Punctuality | None:
    """None for a hop that was cut short before it could be late."""
    if consumed > leg.clock.budget:
        return Punctuality.LATE
    if leg.state is LegState.CANCELLED:
        return None
    return Punctuality.EARLY if leg.is_early else Punctuality.ON_TIME


@value(frozen=True, slots=True)
class Period:
    """From `since` to before `until` the dossier was held by `holders`, all of them at once."""

    since: datetime
    until: datetime
    holders: tuple[str, ...]

    @property
    def seconds(self) -> int:
        """Wall-clock length."""
        return int((self.until - self.since).total_seconds())


def periods(events: Sequence[Event], now: datetime) -> list[Period]:
    """The life of the dossier, without gaps and overlaps; neighbours with equal holders are one.

    It ends with the event after which nobody holds it: what is filed later belongs to no period.
    """
    found: list[Period] = []
    for event, after in zip_longest(events, events[1:]):
        if not event.holders:
            break
        until = after.at if after else max(now, event.at)
        holders = tuple(sorted({holder for _, holder in event.holders}))
        if found and found[-1].holders == holders:
            found[-1] = replace(found[-1], until=until)
        elif until > event.at:
            found.append(Period(event.at, until, holders))
    return found
