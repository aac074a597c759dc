"""What must hold in every run. Written from DOMAIN.md, not from the code: it repeats its rules."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

from chalicelib.domain.calendar import WorkCalendar
from chalicelib.domain.delivery import DeliveryState
from chalicelib.domain.dossier import Dossier
from chalicelib.domain.event import Event, moment, stamp
from chalicelib.domain.ids import DossierCode
from chalicelib.domain.leg import Leg
from chalicelib.ports import Change, Token
from tests.simulator.asl import Execution
from tests.simulator.people import WEBHOOK_AGENCIES, People
from tests.simulator.world import DIRECTORY, RECONCILE_EVERY, Violation, World

ALLOWED: Final = {
    "submitted": {"accepted", "refused", "supplement_requested", "payment_requested", "withdrawn"},
    "accepted": {"processing", "payment_requested", "withdrawn"},
    "processing": {
        "supplement_requested",
        "payment_requested",
        "withdrawn",
        "stopped",
        "settled",
    },
    "supplement_requested": {
        "submitted",
        "refused",
        "withdrawn",
        "processing",
        "stopped",
    },
    "payment_requested": {"submitted", "refused", "processing", "withdrawn", "stopped"},
    "settled": {"returned"},
}
# One decision may receive a leg and settle with it: two allowed moves in one event.
IN_ONE_EVENT: Final = {("accepted", "settled"), ("payment_requested", "settled"), ("accepted", "supplement_requested")}
FINAL: Final = {"refused", "withdrawn", "stopped", "returned"}
STAGE_OF_CITIZEN: Final = {"supplement_requested": "Supplement", "payment_requested": "Payment"}
# How late a milestone may be claimed: a few passes of the reconciler may die one after the other;
# where no message is lost the execution's own timer does it, but for retries.
LATEST: Final = timedelta(seconds=5 * RECONCILE_EVERY)
LATEST_CALM: Final = timedelta(hours=1)
MOST_ENTRIES: Final = 400  # of an execution in one dossier's life: more means that it spins
ROUND_THE_CLOCK: Final = WorkCalendar.always()


def require(truth: object, rule: str, *facts: object) -> None:
    """Raise Violation unless `truth`."""
    if not truth:
        raise Violation(f"{rule}: {facts}")


class Checker:
    """Watches every commit and every token, and judges the end."""

    def __init__(self, world: World, people: People) -> None:
        self.world = world
        self.people = people
        self.latest = LATEST if world.faults.loses else LATEST_CALM
        self._seq_since: dict[tuple[DossierCode, int], datetime] = {}
        self._last: dict[DossierCode, Event] = {}
        self._accepted: dict[DossierCode, datetime] = {}
        self._claims: Counter[tuple[Any, ...]] = Counter()
        self._closed: dict[tuple[DossierCode, int], tuple[str, datetime | None]] = {}
        world.records.on_commit.append(self.committed)
        world.on_token.append(self.registered)
        world.on_pass.append(self.passed)

    # -- every commit

    def committed(self, change: Change) -> None:
        """One unit of work was stored."""
        stored = self.world.records.stored[change.dossier.code]
        for event in change.events:
            self._event(event)
            self._last[event.dossier] = event
        nominal = [event.data["nominal_at"] for event in change.events if "nominal_at" in event.data]
        require(nominal == sorted(nominal), "milestones pass in nominal order", nominal)
        seq = (change.dossier.code, change.dossier.seq)
        self._seq_since.setdefault(seq, self.world.clock.now())
        self._legs(stored.dossier)
        self._route(stored.dossier)
        self._place(stored.dossier)

    def _event(self, event: Event) -> None:
        before = self._last.get(event.dossier)
        require(event.ev == (before.ev + 1 if before else 1), "events are numbered without gaps", event)
        require(event.prev == (before.digest() if before else "0" * 43), "the chain holds", event)
        require(event.at <= self.world.clock.now(), "no event is of the future", event)
        if before:
            require(event.at >= before.at, "time goes forward", event)
            self._transition(before.status, event)
            if before.status in FINAL:
                require(event.type == "callback_filed", "nothing happens after the end", event)
        else:
            require(event.status == "submitted", "a dossier starts submitted", event)
        if event.type == "accepted":
            self._accepted[event.dossier] = event.at
        if event.type == "milestone_passed":
            self._milestone(event, before)

    def _transition(self, was: str, event: Event) -> None:
        now = event.status
        fine = now == was or now in ALLOWED.get(was, ()) or (was, now) in IN_ONE_EVENT
        require(fine, "only allowed transitions", was, event.type, now)

    def _milestone(self, event: Event, before: Event | None) -> None:
        data = event.data
        mark = (event.dossier, event.leg, data["epoch"], data["milestone"])
        self._claims[mark] += 1
        require(self._claims[mark] == 1, "a milestone passes once", mark)
        nominal = moment(data["nominal_at"])
        require(nominal <= event.at, "a milestone passes after its time", mark, event.at)
        # Accepted late, the settlement clock starts in the past: claimable from then on only.
        known = self._accepted.get(event.dossier, nominal) if event.leg == 0 else nominal
        late = event.at - max(nominal, known)
        require(late <= self.latest, "a milestone is claimed in time", mark, event.at)
        if event.leg and before:
            require(event.leg in dict(before.holders), "only a running leg passes milestones", mark)

    def _legs(self, dossier: Dossier) -> None:
        for leg in dossier.legs:
            mark = (dossier.code, leg.n)
            if mark in self._closed:
                require(self._closed[mark] == (leg.outcome, leg.closed_at), "a leg ends once", mark)
            elif not leg.is_open:
                self._closed[mark] = (leg.outcome, leg.closed_at)
            require(leg.is_running == (leg.clock.since is not None), "a clock runs with its leg", mark)
        if dossier.is_closed:
            require(not list(dossier.open_legs()), "an ended dossier has no open leg", dossier.code)
        else:
            require(list(dossier.running()), "every minute has a holder", dossier.code)

        settlement = dossier.settlement
        before_result = dossier.status not in FINAL | {"settled"}
        if settlement:
            require(settlement.is_open == before_result, "the settlement clock ends with the result", dossier.code)
        for leg in dossier.legs:
            if leg.outcome == "paid":
                require(dossier.paid >= dossier.dues or dossier.status == "settled", "paid is paid in full", dossier.code)

    def _route(self, dossier: Dossier) -> None:
        """A step opens when the required legs of the one before it are over."""
        latest = max((leg.step for leg in dossier.legs if leg.kind in ("unit", "agency")), default=0)
        for leg in dossier.open_legs():
            if leg.kind in ("unit", "agency") and leg.required and leg.code != "requested":
                require(leg.step == latest, "steps follow each other", dossier.code, leg.n)

    def _place(self, dossier: Dossier) -> None:
        running = list(dossier.running())
        only_citizen = running and all(leg.holder == "citizen" for leg in running)
        waits = dossier.status in STAGE_OF_CITIZEN
        require(bool(only_citizen) == waits, "status 5 and 6 only when no other leg runs", dossier.status)
        if waits:
            require(dossier.stage == STAGE_OF_CITIZEN[dossier.status], "stage follows status", dossier.stage)
        if dossier.settlement and not dossier.is_closed and dossier.status != "settled":
            rests = dossier.settlement.clock.since is None
            require(rests == waits, "the settlement clock rests with the citizen only", dossier.code)
        if dossier.status in FINAL:
            require(dossier.stage == "Closed", "an ended dossier is Closed", dossier.code)
        if dossier.status == "returned":
            require(dossier.paid == dossier.dues, "returned only when paid", dossier.code)

    # -- every token

    def registered(self, token: Token, run: Execution) -> None:
        """An execution began to wait."""
        code = DossierCode(run.name.rpartition(".g")[0])
        dossier = self.world.records.stored[code].dossier
        require(token.seq <= dossier.seq, "no wait is ahead of the record", code)
        require(run.entries < MOST_ENTRIES, "an execution does not spin", run.name)
        if not self.world.faults.loses:
            since = self._seq_since[code, token.seq]
            lag = self.world.clock.now() - since
            again = run.visited.count("Escalate")
            require(again or lag <= LATEST_CALM, "the execution follows promptly", code, lag)
        if token.seq == dossier.seq and not dossier.is_closed:
            require(run.state == dossier.stage, "the execution stands where the record says", run.state, dossier.stage)
            timeout = run.data["next"]["timeout_seconds"]
            fires = self.world.clock.now() + timedelta(seconds=timeout)
            assert dossier.wake_at is not None
            late = fires - max(dossier.wake_at, self.world.clock.now())
            require(late <= timedelta(minutes=20), "the timer fires in time", code, fires, dossier.wake_at)

    def passed(self, due: list[DossierCode]) -> None:
        """The reconciler ended a pass over what was due before it."""
        for code in due:
            dossier = self.world.records.stored[code].dossier
            run = self.world.machine.executions.get(f"{code}.g{dossier.generation}")
            led = dossier.is_closed or (run is not None and run.running)
            require(led, "what the reconciler saw is led by an execution", code)

    # -- the end

    def at_the_end(self) -> None:
        """Everything has come to rest."""
        for code, stored in self.world.records.stored.items():
            dossier = stored.dossier
            require(dossier.is_closed, "every dossier ends", code, dossier.status, dossier.stage)
            require([e.ev for e in stored.events] == list(range(1, dossier.ev + 1)), "no event is lost", code)
            self._conservation(dossier, stored.events)
            self._escalated(dossier, stored.events)
            self._supplement_once(stored.events)
        require(len(self.world.records.stored) <= self.people.filed, "filed once is stored once")
        for code in self.people.accepted:
            require(code in self.world.records.stored, "nothing accepted is lost", code)
        for run in self.world.machine.executions.values():
            require(not run.running, "every execution ends", run.name, run.state)
        self._agencies_heard()

    def _conservation(self, dossier: Dossier, events: list[Event]) -> None:
        """Each leg's ledger is what the record of holders says, on the leg's own calendar."""
        worked: Counter[int] = Counter()
        life = timedelta()
        for event, after in zip(events, events[1:], strict=False):
            life += after.at - event.at
            require(event.holders or event.status in FINAL, "every minute has a holder", event)
            if event.type == "supplemented":
                self._restart(dossier, event, worked)
            for n, holder in event.holders:
                worked[n] += _calendar(holder).between(event.at, after.at)
        require(life == events[-1].at - events[0].at, "the life is partitioned", dossier.code)
        for leg in dossier.legs:
            require(worked[leg.n] == leg.clock.consumed, "conservation", dossier.code, leg.n, worked[leg.n], leg.clock.consumed)

    def _restart(self, dossier: Dossier, event: Event, worked: Counter[int]) -> None:
        for n in event.data["resumed"]:
            if dossier.legs[n - 1].kind == "intake":
                worked[n] = 0

    def _escalated(self, dossier: Dossier, events: list[Event]) -> None:
        """Every milestone that a leg's ledger ran past was claimed, at its very second."""
        claimed = {
            (e.leg, e.data["milestone"], e.data["nominal_at"]) for e in events if "milestone" in e.data
        }
        for leg in dossier.legs:
            for mark in dossier.ctx.procedure.ladder(leg.kind, leg.step, leg.code):
                at = self._crossing(leg, mark.threshold(leg.clock.budget), events)
                if at:
                    require((leg.n, mark.code, stamp(at)) in claimed, "every leg closes or escalates", dossier.code, leg.n, mark.code, at)

    def _crossing(self, leg: Leg, threshold: int, events: list[Event]) -> datetime | None:
        """When the leg's worked seconds reached `threshold`, if it then ran on long enough."""
        worked, calendar = 0, _calendar(leg.holder)
        for event, after in zip(events, events[1:], strict=False):
            if event.type == "supplemented" and leg.kind == "intake":
                worked = 0
            if leg.n not in dict(event.holders):
                continue
            span = calendar.between(event.at, after.at)
            if worked < threshold <= worked + span:
                at = calendar.add(event.at, threshold - worked)
                if at + self.latest < after.at:
                    return at
            worked += span
        return None

    def _supplement_once(self, events: Iterable[Event]) -> None:
        """One request; listed items once more; anything else only as an approved second one."""
        listed: set[str] | None = None
        again = 0
        for event in events:
            if event.type != "supplement_requested" or event.data["second"]:
                continue
            asked = set(event.data["faulty"])
            if listed is None:
                listed = asked
                continue
            again += 1
            require(asked <= listed and again == 1, "supplement once", event.dossier, asked, listed)

    def _agencies_heard(self) -> None:
        bodies: dict[str, str] = {}
        for _, id, body in self.world.webhooks.arrived:  # noqa: A001
            require(bodies.setdefault(id, body)[:40] == body[:40], "one id is one message", id)
        for delivery in self.world.outbox.all.values():
            require(delivery.state is not DeliveryState.PENDING, "every message ends", delivery.id)
            if delivery.state is DeliveryState.DELIVERED:
                require(delivery.id in bodies, "delivered means arrived", delivery.id)
        for code, stored in self.world.records.stored.items():
            for leg in stored.dossier.legs:
                if leg.holder in WEBHOOK_AGENCIES:
                    told = any(d.dossier == code and d.leg == leg.n and d.message == "leg.opened" for d in self.world.outbox.all.values())
                    require(told, "an agency hears of its leg", code, leg.n)


def _calendar(holder: str) -> WorkCalendar:
    return ROUND_THE_CLOCK if holder == "citizen" else DIRECTORY.calendar(holder)  # type: ignore[arg-type]

