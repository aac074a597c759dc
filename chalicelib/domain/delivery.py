"""Messages to agencies' own software: which events cause one, and when to try again.

A delivery is written in the transaction of the event that causes it (the outbox), so it can be
late but never forgotten; its id is derived, so that it can never be written twice.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from chalicelib.domain.directory import Medium
from chalicelib.domain.dossier import Dossier
from chalicelib.domain.event import Event
from chalicelib.domain.ids import AgencyCode, DeliveryId, DossierCode
from chalicelib.domain.leg import CITIZEN, Leg
from chalicelib.domain.terms import EventType
from chalicelib.domain.value import value

RETRY_AFTER: Final = tuple(  # after the n-th failed try; API.md, "Webhooks"
    timedelta(seconds=seconds)
    for seconds in (5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)
)

PAUSED_FOR: Final = timedelta(minutes=30)  # until it is seen whether an agency is still paused


class Message(StrEnum):
    """What an agency is told."""

    LEG_OPENED = "leg.opened"
    LEG_REMINDER = "leg.reminder"
    LEG_OVERDUE = "leg.overdue"
    LEG_CANCELLED = "leg.cancelled"
    SUPPLEMENTED = "dossier.supplemented"
    RETURNED = "dossier.returned"


class DeliveryState(StrEnum):
    """Pending until delivered, or dead after the last try."""

    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"


@value(frozen=True, slots=True)
class Delivery:
    """One message about one leg to one agency."""

    id: DeliveryId
    dossier: DossierCode
    leg: int
    agency: AgencyCode
    message: Message
    created_at: datetime
    next_at: datetime
    tries: int = 0
    state: DeliveryState = DeliveryState.PENDING
    last_error: str = ""

    @property
    def event(self) -> int:
        """Number of the event that caused it; the id is `<dossier>.<event>.<leg>`."""
        return int(self.id.rsplit(".", 2)[1])


def deliveries(dossier: Dossier, events: Iterable[Event]) -> list[Delivery]:
    """The messages that these events cause."""
    found = []
    for event in events:
        for message, leg in _caused(dossier, event):
            if leg.holder == CITIZEN:
                continue
            if dossier.ctx.directory.agency(leg.holder).medium is Medium.WEBHOOK:
                found.append(_delivery(dossier, event, message, leg))
    return found


def _delivery(dossier: Dossier, event: Event, message: Message, leg: Leg) -> Delivery:
    name = DeliveryId(f"{dossier.code}.{event.ev}.{leg.n}")
    return Delivery(name, dossier.code, leg.n, leg.holder, message, event.at, event.at)


def _caused(dossier: Dossier, event: Event) -> Iterator[tuple[Message, Leg]]:
    if event.type is EventType.MILESTONE_PASSED and event.leg:
        leg = dossier.leg(event.leg)
        passed = (mark for mark in dossier.ladder(leg) if mark.code == event.data["milestone"])
        late = any(mark.is_late(leg.clock.budget) for mark in passed)
        yield (Message.LEG_OVERDUE if late else Message.LEG_REMINDER), leg
    for n in event.data.get("cancelled", ()):
        yield Message.LEG_CANCELLED, dossier.leg(n)
    for n in event.data.get("to", ()):
        yield Message.LEG_OPENED, dossier.leg(n)
    for n in event.data.get("resumed", ()):
        yield Message.SUPPLEMENTED, dossier.leg(n)
    if event.type is EventType.RETURNED:
        told: dict[AgencyCode, Leg] = {leg.holder: leg for leg in dossier.legs}
        yield from ((Message.RETURNED, leg) for leg in told.values())


def next_try(tries: int, now: datetime, jitter: float) -> datetime | None:
    """When to try again after `tries` failures; None when that was the last.

    `jitter` in [0, 1) spreads the tries of many deliveries by up to a tenth.
    """
    if tries > len(RETRY_AFTER):
        return None
    return now + RETRY_AFTER[tries - 1] * (1 + jitter / 10)


def postponed(delivery: Delivery, now: datetime) -> Delivery:
    """Its agency is paused: looked at again later; this was no try."""
    return replace(delivery, next_at=now + PAUSED_FOR, last_error="paused")


def anew(delivery: Delivery, now: datetime) -> Delivery:
    """To be sent now, whatever became of it, and tried as often as at first; under its old id.

    Due since a second ago, because the reconciler looks for what is past.
    """
    due = now - timedelta(seconds=1)
    return replace(delivery, next_at=due, tries=0, state=DeliveryState.PENDING, last_error="")
