"""What must hold at every moment. Written from DOMAIN.md, not from the code."""

import hashlib
from base64 import urlsafe_b64encode
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from json import JSONEncoder
from typing import Any, Final

from chalicelib.domain.dossier import Dossier
from chalicelib.domain.event import Event, moment
from chalicelib.domain.ids import DossierCode, PersonRef
from chalicelib.domain.leg import Leg
from chalicelib.ports import Change, Token
from tests.simulator.asl import Execution
from tests.simulator.officials import Agencies
from tests.simulator.people import People
from tests.simulator.verdict import FINAL, Verdict, require
from tests.simulator.world import Violation, World

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
IN_ONE_EVENT: Final = {
    ("accepted", "settled"),
    ("payment_requested", "settled"),
    ("accepted", "supplement_requested"),
}
STAGE_OF_CITIZEN: Final = {"supplement_requested": "Supplement", "payment_requested": "Payment"}
MOST_GENERATIONS: Final = 60
HASHED_ANEW: Final = "7"  # last digits of the dossiers whose chain is hashed here once more
GENESIS: Final = "0" * 43
_canonical = JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


def aloud(watch: Callable[..., None]) -> Callable[..., None]:
    """A fault of the checker's own must not be swallowed by the code that it watches."""

    def watching(*args: Any) -> None:
        try:
            watch(*args)
        except Exception as error:
            raise Violation(f"the checker fails: {error!r}") from error

    return watching


class Checker:
    """Watches every commit and every token, and judges the end."""

    def __init__(self, world: World, people: People, agencies: Agencies) -> None:
        self.world = world
        self.people = people
        self.agencies = agencies
        self.verdict = Verdict(world, people)
        self._seq_since: dict[tuple[DossierCode, int], datetime] = {}
        self._stage_since: dict[DossierCode, datetime] = {}
        self._last: dict[DossierCode, Event] = {}
        self._head: dict[DossierCode, str] = {}
        self._kept: dict[DossierCode, Dossier] = {}
        self._accepted: dict[DossierCode, datetime] = {}
        self._claims: set[tuple[Any, ...]] = set()
        self._requests: set[tuple[DossierCode, str]] = set()
        self._stored: Counter[PersonRef] = Counter()
        self._answers: Counter[tuple[DossierCode, int]] = Counter()
        world.records.on_commit.append(aloud(self.committed))
        world.on_token.append(aloud(self.registered))
        world.on_pass.append(aloud(self.passed))

    # -- every commit

    def committed(self, change: Change) -> None:
        """One unit of work was stored."""
        code = change.dossier.code
        dossier, before = self.world.records.stored[code].dossier, self._kept.get(code)
        for event in change.events:
            self._event(event)
            self._last[code] = event
        self._chain(change.events, dossier)
        self._in_order(change.events)
        self._seq_since.setdefault((code, dossier.seq), self.world.clock.now())
        require(dossier.generation < MOST_GENERATIONS, "generations do not spin", code)
        self._follows(before, dossier)
        running = [leg for leg in dossier.legs if leg.state == "running"]
        self._legs(before, dossier, running)
        self._route(dossier)
        self._place(dossier, running)
        self._kept[code] = dossier

    def _in_order(self, events: list[Event]) -> None:
        if len(events) > 1:
            nominal = [event.data["nominal_at"] for event in events if "nominal_at" in event.data]
            require(nominal == sorted(nominal), "milestones pass in nominal order", events)

    def _chain(self, events: list[Event], dossier: Dossier) -> None:
        """Each decision is chained to the one before; of some dossiers all is hashed once more."""
        head = self._head.get(dossier.code, GENESIS)
        if not events:  # an idle month: only the wake-up was set anew
            require(dossier.head == head, "the chain holds", dossier.code)
            return
        require(events[0].prev == head, "the chain holds", events[0])
        if dossier.code[-1] in HASHED_ANEW:
            for event in events:
                require(event.prev == head, "the chain holds", event)
                head = digest(event)
            require(dossier.head == head, "the chain holds", dossier.code)
        self._head[dossier.code] = dossier.head

    def _event(self, event: Event) -> None:
        before, code = self._last.get(event.dossier), event.dossier
        require(event.ev == (before.ev + 1 if before else 1), "events have no gaps", event)
        require(event.at <= self.world.clock.now(), "no event is of the future", event)
        if before:
            self._goes_on(before, event)
        else:
            self._begins(event)
        if event.type == "accepted":
            self._accepted[code] = event.at
        if "milestone" in event.data:
            self._milestone(event, before)
        self._once(event)

    def _begins(self, event: Event) -> None:
        require(event.status == "submitted", "a dossier starts submitted", event)
        owner = self.world.records.stored[event.dossier].dossier.owner
        self._stored[owner] += 1
        require(self._stored[owner] <= self.people.filed[owner], "filed once is stored once", event)

    def _goes_on(self, before: Event, event: Event) -> None:
        require(event.at >= before.at, "time goes forward", event)
        was, now = before.status, event.status
        fine = now == was or now in ALLOWED.get(was, ()) or (was, now) in IN_ONE_EVENT
        require(fine, "only allowed transitions", was, event)
        if was in FINAL:
            require(event.type == "callback_filed", "nothing happens after the end", event)

    def _once(self, event: Event) -> None:
        """A request and an agency's message are carried out once."""
        if event.idempotency:
            mark = (event.dossier, event.idempotency)
            require(mark not in self._requests, "a request is carried out once", event)
            self._requests.add(mark)
        if event.actor.startswith("agency:"):
            leg = (event.dossier, event.leg or event.data["of"])
            self._answers[leg] += 1
            require(self._answers[leg] <= self.agencies.sent[leg], "a message counts once", event)

    def _milestone(self, event: Event, before: Event | None) -> None:
        data = event.data
        mark = (event.dossier, event.leg, data["epoch"], data["milestone"])
        require(mark not in self._claims, "a milestone passes once", mark)
        self._claims.add(mark)
        nominal = moment(data["nominal_at"])
        require(nominal <= event.at, "a milestone passes after its time", mark, event.at)
        by = self.verdict.due_by(max(nominal, self._claimable(event)))
        require(event.at <= by, "a milestone is claimed in time", mark, nominal, event.at)
        if event.leg and before:
            running = dict(before.holders)
            require(event.leg in running, "only a running leg passes milestones", mark)

    def _claimable(self, event: Event) -> datetime:
        """Since when its clock has run; accepted late, the settlement's starts in the past."""
        known, n = self._kept[event.dossier], event.leg
        leg = known.legs[n - 1] if n else known.settlement
        assert leg
        assert leg.clock.since
        return leg.clock.since if n else max(leg.clock.since, self._accepted[event.dossier])

    def _follows(self, was: Dossier | None, now: Dossier) -> None:
        """Where nothing is lost, the execution had come to where the record said it is."""
        at = self.world.clock.now()
        if was is None or was.stage != now.stage:
            since = self._stage_since.get(now.code, at)
            self._stage_since[now.code] = at
        else:
            since = self._stage_since[now.code]
        if (
            was
            and not was.is_closed
            and not self.world.loses
            and at - since > self.world.faults.latest
        ):
            run = self.world.machine.executions.get(f"{was.code}.g{was.generation}")
            place = run and run.place
            require(place == was.stage, "the execution follows", was.code, place, was.stage)

    # -- legs and their clocks

    def _legs(self, before: Dossier | None, dossier: Dossier, running: list[Leg]) -> None:
        known = before.legs if before else []
        for leg in dossier.legs:
            was = known[leg.n - 1] if leg.n <= len(known) else None
            if leg is not was:
                self._leg(dossier, was, leg)
        if dossier.is_closed:
            require(not dossier.open_legs(), "an ended dossier has no open leg", dossier.code)
        else:
            require(running, "every minute has a holder", dossier.code)
        settlement = dossier.settlement
        if settlement:
            _epoch(dossier.code, before.settlement if before else None, settlement)
            before_result = dossier.status not in FINAL | {"settled"}
            same = settlement.is_open == before_result
            require(same, "the settlement clock ends with the result", dossier.code)

    def _leg(self, dossier: Dossier, was: Leg | None, leg: Leg) -> None:
        mark = (dossier.code, leg.n)
        _epoch(dossier.code, was, leg)
        if was and not was.is_open:
            same = (was.outcome, was.closed_at) == (leg.outcome, leg.closed_at)
            require(same, "a leg ends once", mark)
        require(leg.is_running == (leg.clock.since is not None), "a clock runs with its leg", mark)
        if leg.outcome == "paid":
            full = dossier.paid >= dossier.dues or dossier.status == "settled"
            require(full, "paid is paid in full", dossier.code)

    def _route(self, dossier: Dossier) -> None:
        """A step opens when the required legs of the one before it are over."""
        legs = [leg for leg in dossier.legs if leg.kind in ("unit", "agency")]
        latest = max((leg.step for leg in legs), default=0)
        for leg in legs:
            if leg.is_open and leg.required and leg.code != "requested":
                require(leg.step == latest, "steps follow each other", dossier.code, leg.n)

    def _place(self, dossier: Dossier, running: list[Leg]) -> None:
        code, status, settlement = dossier.code, dossier.status, dossier.settlement
        only_citizen = bool(running) and all(leg.holder == "citizen" for leg in running)
        waits = status in STAGE_OF_CITIZEN
        fine = only_citizen == waits or status == "settled"  # an independent leg may still go on
        require(fine, "status 5 and 6 only when no other leg runs", code, status)
        if waits:
            stage = STAGE_OF_CITIZEN[status]
            require(dossier.stage == stage, "stage follows status", code, dossier.stage)
        if settlement and not dossier.is_closed and status != "settled":
            rests = settlement.clock.since is None
            require(rests == waits, "the settlement clock rests with the citizen only", code)
        if status in FINAL:
            require(dossier.stage == "Closed", "an ended dossier is Closed", code)
        if status == "returned":
            require(dossier.paid == dossier.dues, "returned only when paid", code)

    # -- every token

    def registered(self, token: Token, run: Execution) -> None:
        """An execution began to wait."""
        code = DossierCode(run.name.rpartition(".g")[0])
        dossier = self.world.records.stored[code].dossier
        require(token.seq <= dossier.seq, "no wait is ahead of the record", code)
        if not self.world.loses and not run.escalated:
            now = self.world.clock.now()
            lag = now - self._seq_since.get((code, token.seq), now)
            require(lag <= self.world.faults.latest, "the execution follows promptly", code, lag)
        if token.seq == dossier.seq and not dossier.is_closed:
            at_place = run.state == dossier.stage
            require(at_place, "an execution stands where the record says", code, run.state)
            self._timer(dossier, run.data["next"]["timeout_seconds"])

    def _timer(self, dossier: Dossier, seconds: int) -> None:
        now = self.world.clock.now()
        fires = now + timedelta(seconds=seconds)
        assert dossier.wake_at is not None
        late = fires - max(dossier.wake_at, now)
        require(late <= timedelta(minutes=20), "the timer fires in time", dossier.code, fires)

    def passed(self, due: list[DossierCode]) -> None:
        """The reconciler ended a pass over what was due before it."""
        for code in due:
            dossier = self.world.records.stored[code].dossier
            run = self.world.machine.executions.get(f"{code}.g{dossier.generation}")
            led = dossier.is_closed or (run is not None and run.running)
            require(led, "what the reconciler saw is led by an execution", code)

    def at_the_end(self) -> None:
        """Everything has come to rest."""
        self.verdict.at_the_end()


def digest(event: Event) -> str:
    """The chain's hash, computed here once more: SHA-256 of canonical JSON in base64url."""
    content = hashlib.sha256(_canonical(event.body()).encode()).digest()
    return urlsafe_b64encode(content).decode().rstrip("=")


def _epoch(code: DossierCode, was: Leg | None, leg: Leg) -> None:
    """A clock that stops, runs on or is extended begins a new epoch."""
    if was is None or was.clock is leg.clock:
        return
    same = (was.clock.since, was.clock.budget) == (leg.clock.since, leg.clock.budget)
    fine = same or leg.clock.epoch > was.clock.epoch
    require(fine, "an old deadline is told from the present one", code, leg.n)
