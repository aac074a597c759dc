"""What must hold when everything has come to rest: nothing lost, nobody forgotten."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Final

from chalicelib.domain.calendar import WorkCalendar
from chalicelib.domain.delivery import DeliveryState
from chalicelib.domain.dossier import Dossier
from chalicelib.domain.event import Event, moment, stamp
from chalicelib.domain.ids import AgencyCode, DeliveryId
from chalicelib.domain.leg import Leg
from tests.simulator.faults import BROUGHT_BACK
from tests.simulator.people import WEBHOOK_AGENCIES, People
from tests.simulator.world import DIRECTORY, Violation, World

FINAL: Final = frozenset({"refused", "withdrawn", "stopped", "returned"})
RESTING: Final = FINAL | {"settled", "supplement_requested", "payment_requested"}
ROUND_THE_CLOCK: Final = WorkCalendar.always()


def require(truth: object, rule: str, *facts: object) -> None:
    """Raise Violation unless `truth`."""
    if not truth:
        raise Violation(f"{rule}: {', '.join(map(str, facts))}")


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of time in which a leg's clock ran; working seconds before it and in it."""

    start: datetime
    end: datetime
    before: int
    spent: int


class Verdict:
    """Judges a province at its end."""

    def __init__(self, world: World, people: People) -> None:
        self.world = world
        self.people = people

    def due_by(self, nominal: datetime) -> datetime:
        """Until when what was meant for `nominal` must have happened."""
        latest = self.world.faults.latest
        by = nominal + latest
        begins, ends = self.world.outage
        if begins < by.timestamp() and nominal.timestamp() < ends:
            by = max(by, datetime.fromtimestamp(ends, nominal.tzinfo) + BROUGHT_BACK)
        return by

    def at_the_end(self) -> None:
        """Everything has come to rest."""
        for code, stored in self.world.records.stored.items():
            dossier, events = stored.dossier, stored.events
            require(dossier.is_closed, "every dossier ends", code, dossier.status, dossier.stage)
            numbers = [event.ev for event in events]
            require(numbers == list(range(1, dossier.ev + 1)), "no event is lost", code)
            runs = self._ledger(dossier, events)
            self._escalated(dossier, events, runs)
            self._called(dossier, events)
            self._supplement_once(events)
        for code in self.people.accepted:
            require(code in self.world.records.stored, "nothing accepted is lost", code)
        for run in self.world.machine.executions.values():
            require(not run.running, "every execution ends", run.name, run.state)
        self._agencies_heard()

    # -- time

    def _ledger(self, dossier: Dossier, events: list[Event]) -> dict[int, list[Run]]:
        """Each leg's ledger is what the record of holders says, on the leg's own calendar."""
        for event in events:
            require(event.holders or event.status in FINAL, "every minute has a holder", event)
        runs: dict[int, list[Run]] = defaultdict(list)
        for n, start, end, anew in _stretches(dossier, events):
            before = 0 if anew or not runs[n] else runs[n][-1].before + runs[n][-1].spent
            spent = _calendar(dossier.legs[n - 1].holder).between(start, end)
            runs[n].append(Run(start, end, before, spent))
        for leg in dossier.legs:
            worked = runs[leg.n][-1].before + runs[leg.n][-1].spent if runs[leg.n] else 0
            same = worked == leg.clock.consumed
            require(same, "conservation", dossier.code, leg.n, worked, leg.clock.consumed)
        return runs

    def _escalated(self, dossier: Dossier, events: list[Event], runs: dict[int, list[Run]]) -> None:
        """Every milestone that a leg's ledger ran past was claimed, at its very second."""
        claimed = {
            (event.leg, event.data["milestone"], event.data["nominal_at"])
            for event in events
            if "milestone" in event.data
        }
        extended = {event.leg: event.at for event in events if event.type == "extended"}
        for leg in dossier.legs:
            since = extended.get(leg.n, leg.opened_at)
            for mark in dossier.ctx.procedure.ladder(leg.kind, leg.step, leg.code):
                for at in self._crossings(leg, mark.threshold(leg.clock.budget), runs[leg.n]):
                    found = at < since or (leg.n, mark.code, stamp(at)) in claimed
                    facts = (dossier.code, leg.n, mark.code, at)
                    require(found, "every leg closes or escalates", *facts)

    def _crossings(self, leg: Leg, threshold: int, runs: list[Run]) -> Iterator[datetime]:
        """When the leg's worked seconds reached `threshold`, where it then ran on long enough."""
        for run in runs:
            if run.before < threshold <= run.before + run.spent:
                at = _calendar(leg.holder).add(run.start, threshold - run.before)
                if self.due_by(at) < run.end:
                    yield at

    def _called(self, dossier: Dossier, events: list[Event]) -> None:
        """A promised date that lapses before the result leads to a leader's call."""
        lapsed = {
            e.data["nominal_at"] for e in events if e.data.get("milestone") == "promise_lapsed"
        }
        for number, event in enumerate(events):
            if event.type == "apologised":
                at = self._lapse(_calendar(dossier.desk), events[number:])
                called = at is None or stamp(at) in lapsed
                require(called, "a lapsed promise is noticed", dossier.code, at)

    def _lapse(self, calendar: WorkCalendar, events: list[Event]) -> datetime | None:
        """When the new date came, moved by what the citizen took; None where it was kept."""
        left = calendar.between(events[0].at, moment(events[0].data["promised_at"]))
        for number, (event, after) in enumerate(pairwise(events), 1):
            if event.status in RESTING:
                continue
            spent = calendar.between(event.at, after.at)
            if left <= spent:
                at = calendar.add(event.at, left)
                rests = next((e.at for e in events[number:] if e.status in RESTING), events[-1].at)
                return at if self.due_by(at) < rests else None
            left -= spent
        return None

    # -- people

    def _supplement_once(self, events: Iterable[Event]) -> None:
        """One request; listed items once more; anything else only as an approved second one.

        What a parallel leg asks for while the same is asked for already is no other request.
        """
        listed: set[str] | None = None
        again = 0
        slips = set[int]()
        for event in events:
            if event.type != "supplement_requested" or event.data["second"]:
                continue
            if event.data["slip"] in slips:
                continue
            slips.add(event.data["slip"])
            asked = set(event.data["faulty"])
            if listed is None:
                listed = asked
                continue
            again += 1
            once = asked <= listed and again == 1
            require(once, "supplement once", event.dossier, asked, listed)

    def _agencies_heard(self) -> None:
        bodies: dict[str, str] = {}
        for _, name, body in self.world.webhooks.arrived:
            same = bodies.setdefault(name, body)[:40] == body[:40]
            require(same, "one id is one message", name)
        opened = set()
        for delivery in self.world.outbox.all.values():
            self._ended(delivery.id, delivery.state, bodies)
            if delivery.message == "leg.opened":
                opened.add((delivery.dossier, delivery.leg))
        for code, stored in self.world.records.stored.items():
            for leg in stored.dossier.legs:
                told = leg.holder not in WEBHOOK_AGENCIES or (code, leg.n) in opened
                require(told, "an agency hears of its leg", code, leg.n)

    def _ended(self, name: DeliveryId, state: DeliveryState, arrived: Iterable[str]) -> None:
        require(state is not DeliveryState.PENDING, "every message ends", name)
        if state is DeliveryState.DELIVERED:
            require(name in arrived, "delivered means arrived", name)


def _stretches(
    dossier: Dossier, events: list[Event]
) -> Iterator[tuple[int, datetime, datetime, bool]]:
    """(leg, from, until, whether its clock began anew), by the holders on record."""
    since: dict[int, tuple[datetime, bool]] = {}
    for before, event in pairwise([None, *events]):
        assert event
        anew = _restarted(dossier, event)
        running = dict(event.holders)
        for n in list(since):
            if n not in running or n in anew:
                start, restarted = since.pop(n)
                yield n, start, event.at, restarted
        for n in running:
            since.setdefault(n, (event.at, n in anew or before is None))


def _restarted(dossier: Dossier, event: Event) -> set[int]:
    """A resubmitted dossier's intake begins anew."""
    if event.type != "supplemented":
        return set()
    return {n for n in event.data["resumed"] if dossier.legs[n - 1].kind == "intake"}


def _calendar(holder: AgencyCode) -> WorkCalendar:
    return ROUND_THE_CLOCK if holder == "citizen" else DIRECTORY.calendar(holder)
