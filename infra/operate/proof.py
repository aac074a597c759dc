"""Does a dossier's record hold together: its hash chain, and the time that was spent on it.

Both are judged from what is stored alone, so that anybody may do it again.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING

from chalicelib.domain.control_slip import periods
from chalicelib.domain.event import GENESIS
from chalicelib.domain.terms import EventType, LegKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from chalicelib.domain.dossier import Dossier
    from chalicelib.domain.event import Event


def chain_faults(dossier: Dossier, events: Sequence[Event]) -> list[str]:
    """What is wrong with the record: events missing or changed, or a case that is not theirs."""
    return list(_chain(dossier, events))


def linked(events: Iterable[Event]) -> tuple[list[str], str]:
    """What is wrong between events that should be one chain; and the digest it ends with."""
    found: list[str] = []
    before = GENESIS
    for number, event in enumerate(events, 1):
        if event.ev != number:
            return [*found, f"event {number} is missing: {event.ev} comes in its place"], ""
        if event.prev != before:
            why = f"event {number} does not follow event {number - 1}"
            found.append(f"{why}: one of them was changed")
        before = event.digest()
    return found, before


def _chain(dossier: Dossier, events: Sequence[Event]) -> Iterator[str]:
    faults, before = linked(events)
    yield from faults
    if not before:
        return
    if len(events) != dossier.ev:
        yield f"there are {len(events)} events, and the case counts {dossier.ev}"
    if before != dossier.head:
        yield "the case does not end in its last event: one of them was changed"
    if events and (events[-1].status, events[-1].stage) != (dossier.status, dossier.stage):
        yield f"the case says {dossier.status}/{dossier.stage}, its last event does not"


def time_faults(dossier: Dossier, events: Sequence[Event]) -> list[str]:
    """Every second of its life has a holder, and each is counted once (conservation of time)."""
    return list(_time(dossier, events))


def _time(dossier: Dossier, events: Sequence[Event]) -> Iterator[str]:
    for before, event in pairwise(events):
        if event.at < before.at:
            yield f"event {event.ev} is earlier than the one before it"
        if not before.holders and event.type is not EventType.CALLBACK_FILED:
            yield f"nobody holds it after event {before.ev}"
    if not events:
        return
    now = max(dossier.ctx.now, events[-1].at)
    end = next((each.at for each in events if not each.holders), now)
    lived = int((end - events[0].at).total_seconds())
    held = sum(period.seconds for period in periods(events, dossier.ctx.now))
    if held != lived:
        yield f"it was held {held} s of the {lived} s of its life"


def ledger_notes(dossier: Dossier, events: Sequence[Event]) -> list[str]:
    """Legs whose clock does not agree with the record of holders.

    That is no proof of a fault: a calendar that was amended for days past counts them anew here,
    while a clock that stood still since then keeps what it had counted.
    """
    worked = _worked(dossier, events)
    return [
        f"leg {leg.n} ({leg.holder}) has {leg.clock.consumed} working seconds on its clock, "
        f"{worked[leg.n]} by the record of holders and the calendar of today"
        for leg in dossier.legs
        if worked[leg.n] != leg.clock.consumed
    ]


def _worked(dossier: Dossier, events: Sequence[Event]) -> dict[int, int]:
    """Working seconds of each leg's stretches that have ended."""
    worked: dict[int, int] = defaultdict(int)
    since: dict[int, datetime] = {}
    for event in events:
        running, anew = {n for n, _ in event.holders}, _anew(dossier, event)
        for n in [n for n in since if n not in running or n in anew]:
            leg = dossier.leg(n)
            worked[n] += dossier.calendar(leg).between(since.pop(n), event.at)
        for n in anew:
            worked[n] = 0
        for n in running:
            since.setdefault(n, event.at)
    return worked


def _anew(dossier: Dossier, event: Event) -> set[int]:
    """The intake of a dossier that was supplemented begins anew."""
    if event.type is not EventType.SUPPLEMENTED:
        return set()
    return {n for n in event.data["resumed"] if dossier.leg(n).kind is LegKind.INTAKE}
