"""A province on a virtual clock: the real use cases, the real state machine, people and faults.

Everything random comes from one seed. Messages of the stream are delayed, doubled, reordered and
lost; the process dies before or after any call of a port. `story` is what happened, for a human.
"""

import heapq
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from chalicelib.domain.directory import Directory
from chalicelib.domain.errors import Error
from chalicelib.domain.event import Event
from chalicelib.domain.ids import DeliveryId, DossierCode
from chalicelib.domain.procedure import ProcedureVersion
from chalicelib.ports import Change, Deps, LateTokenError, Next, Token
from chalicelib.use_cases.deliver import deliver
from chalicelib.use_cases.escalate import escalate
from chalicelib.use_cases.lead import look
from chalicelib.use_cases.reconcile import GRACE, reconcile
from chalicelib.use_cases.roll_over import roll_over
from tests.simulator import sample
from tests.simulator.asl import ConditionalCheckFailed, Crash, Execution, Machine
from tests.simulator.fakes import (
    START,
    FixedReference,
    InMemoryDeliveries,
    InMemoryFiles,
    InMemoryRecords,
    InMemoryThrottle,
    InMemoryTokens,
    InMemoryWebhooks,
    NoForms,
    PlainKeys,
    VirtualClock,
)

RECONCILE_EVERY = 4 * 3600  # seconds
REDELIVERIES = 6
FAR = START + timedelta(days=300)  # running this far means: to the end

PROCEDURES: list[ProcedureVersion] = sample.procedures()
DIRECTORY: Directory = sample.directory()


class Violation(BaseException):
    """A rule was broken; the message names it. Nothing in the code under test may catch it."""


@dataclass(frozen=True)
class Faults:
    """Probabilities per message or call."""

    lose: float = 0.02
    double: float = 0.10
    delay: float = 0.15
    crash: float = 0.01
    door_shut: float = 0.05
    vanish: float = 0.02  # an execution disappears while it waits
    lie: float = 0.05  # a running execution is said to be gone


    @property
    def loses(self) -> bool:
        """Whether anything may be lost, so that only the reconciler brings it back."""
        return bool(self.lose or self.vanish or self.lie or self.crash)


CALM = Faults(lose=0, vanish=0, lie=0, crash=0)  # messages only late, doubled and out of order
NO_FAULTS = Faults(0, 0, 0, 0, 0, 0, 0)


class Crashing:
    """A port whose process may die before or after each call."""

    def __init__(self, port: object, world: "World") -> None:
        self._port = port
        self._world = world

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)

        def call(*args: Any, **more: Any) -> Any:
            self._world.may_die()
            answer = method(*args, **more)
            self._world.may_die()
            return answer

        self.__dict__[name] = call
        return call


class SimulatedWorkflow:
    """The Workflow port on the interpreter."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._machine = world.machine

    def start(self, code: DossierCode, generation: int) -> None:
        name = f"{code}.g{generation}"
        self._machine.start(name, {"dossier_id": code, "generation": generation})

    def wake(self, token: str, next: Next) -> None:  # noqa: A002
        self._machine.succeed(token, as_output(next))

    def is_running(self, code: DossierCode, generation: int) -> bool:
        if self._world.chance(self._world.faults.lie):
            return False
        run = self._machine.executions.get(f"{code}.g{generation}")
        return run is not None and run.running


def as_output(next: Next) -> dict[str, Any]:  # noqa: A002
    """What the workflow adapter sends."""
    return {
        "stage": next.stage.value,
        "seq": next.seq,
        "timeout_seconds": next.timeout_seconds,
    }


class World:
    """One seed's province."""

    def __init__(self, seed: int, faults: Faults = NO_FAULTS, at: datetime = START) -> None:
        self.random = random.Random(seed)  # noqa: S311 - reproducible on purpose
        self.faults = faults
        self.clock = VirtualClock(at)
        self.story: list[Callable[[], str]] = []
        self.calls = 0
        self.survived = 0  # faults that befell it
        self._dies_at = self._next_death()
        self.die_at: int | None = None  # the n-th point of dying, for the systematic run
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._order = 0
        self._now = at.timestamp()
        self.files = InMemoryFiles()
        self.outbox = InMemoryDeliveries()
        self.records = InMemoryRecords(self.files, self.outbox)
        self.records.on_commit.append(self._stream)
        self.tokens = InMemoryTokens()
        self.webhooks = InMemoryWebhooks()
        self.machine = Machine(
            {"${WakeFunction}": self._wake, "${RolloverFunction}": self._roll},
            self._register,
            self.after,
        )
        self.on_pass: list[Callable[[list[DossierCode]], None]] = []
        self.on_token: list[Callable[[Token, Execution], None]] = []
        self.plain = self._deps(lambda port: port)
        self.deps = self._deps(self._crashing)
        self._passes_until = 0.0

    def _crashing(self, port: Any) -> Any:
        return Crashing(port, self)

    def _deps(self, wrap: Callable[[Any], Any]) -> Deps:
        return Deps(
            records=wrap(self.records),
            deliveries=wrap(self.outbox),
            tokens=wrap(self.tokens),
            workflow=wrap(SimulatedWorkflow(self)),
            reference=FixedReference(PROCEDURES, DIRECTORY),
            files=wrap(self.files),
            clock=self.clock,
            webhooks=wrap(self.webhooks),
            throttle=InMemoryThrottle(),
            keys=PlainKeys(),
            forms=NoForms(),
            public_url="https://motcua.example",
        )

    # -- time

    def after(self, seconds: float, act: Callable[[], None]) -> None:
        """Do it `seconds` from now."""
        self._order += 1
        heapq.heappush(self._heap, (self._now + seconds, self._order, act))

    def run(self, until: datetime) -> None:
        """Let time pass until nothing is left to do, or `until`."""
        last = until.timestamp()
        while self._heap and self._heap[0][0] <= last:
            self._now, _, act = heapq.heappop(self._heap)
            self.clock.at = datetime.fromtimestamp(int(self._now), UTC)
            act()
        if until < FAR:
            self._now, self.clock.at = last, until

    # -- faults

    def chance(self, probability: float) -> bool:
        return probability > 0 and self.random.random() < probability

    def may_die(self) -> None:
        """One point at which the process may die."""
        self.calls += 1
        if self.calls == self.die_at or self.calls == self._dies_at:
            self._dies_at = self._next_death()
            self.survived += 1
            self.tell(f"the process died at point {self.calls}")
            raise Crash

    def _next_death(self) -> int:
        """Deaths come `1 / crash` points apart on average."""
        if not self.faults.crash:
            return 0
        return self.calls + 1 + int(self.random.expovariate(self.faults.crash))

    def tell(self, line: str | Callable[[], str]) -> None:
        """One line of the story; written out only when somebody reads it."""
        at = self.clock.at
        self.story.append(lambda: f"{at:%m-%d %H:%M:%S} {line if isinstance(line, str) else line()}")

    def guard(self, act: Callable[[], Any]) -> bool:
        """Run a worker; False when it died or must be tried again."""
        try:
            act()
        except (Crash, LateTokenError):
            return False
        return True

    # -- the stream

    def _stream(self, change: Change) -> None:
        for event in change.events:
            self.tell(partial(_line, event))
        code = change.dossier.code
        self._message(lambda: look(code, self.deps))
        for delivery in change.deliveries:
            self._message(lambda id=delivery.id: deliver(id, self.deps))  # type: ignore[misc]
        self._keep_reconciling()

    def _message(self, act: Callable[[], Any]) -> None:
        if self.chance(self.faults.lose):
            self.survived += 1
            self.tell("a message of the stream is lost")
            return
        for _ in range(2 if self.chance(self.faults.double) else 1):
            slow = self.chance(self.faults.delay)
            self.after(self.random.uniform(30, 900) if slow else 0.2, self._attempt(act, 0))

    def _attempt(self, act: Callable[[], Any], tries: int) -> Callable[[], None]:
        def attempt() -> None:
            if not self.guard(act) and tries < REDELIVERIES:
                self.after(1 + 2**tries, self._attempt(act, tries + 1))

        return attempt

    # -- the state machine's functions

    def _wake(self, given: Mapping[str, Any]) -> Any:
        code, generation = DossierCode(given["dossier_id"]), given["generation"]
        going = escalate(code, generation, self.deps)
        return {"dossier_id": code, "generation": generation, "next": as_output(going)}

    def _roll(self, given: Mapping[str, Any]) -> Any:
        return {"generation": roll_over(given["dossier_id"], given["generation"], self.deps)}

    def _register(self, item: Mapping[str, Any], run: Execution) -> None:
        self.may_die()
        code = DossierCode(item["PK"]["S"])
        token = Token(int(item["seq"]["N"]), int(item["generation"]["N"]), item["token"]["S"])
        known = self.tokens.get(code)
        if known and known.generation > token.generation:
            raise ConditionalCheckFailed
        self.tokens.tokens[code] = token
        for tell in self.on_token:
            tell(token, run)
        self._message(lambda: look(code, self.deps))
        if self.chance(self.faults.vanish):
            self.tell(f"execution {run.name} vanishes")
            self.after(self.random.uniform(0, 7200), lambda: self._vanish(run))
        self.may_die()

    def _vanish(self, run: Execution) -> None:
        if run.running:
            self.machine.vanish(run.name)

    # -- the schedule

    def _keep_reconciling(self) -> None:
        if self._passes_until <= self._now:
            self._passes_until = self._now + RECONCILE_EVERY
            self.after(RECONCILE_EVERY, self._pass)

    def _pass(self) -> None:
        """One pass; those that would find nothing due are left out."""
        wake = self.records.next_wake()
        if wake and wake < self.clock.now():
            due = self.records.overdue(self.clock.now() - GRACE)
            if self.guard(lambda: reconcile(self.deps, failed=self.tell)):
                for tell in self.on_pass:
                    tell(due)
        if wake:
            self._passes_until = self._now + RECONCILE_EVERY
            self.after(RECONCILE_EVERY, self._pass)

    def retrying(self, act: Callable[[], Any], tries: int = 20) -> Any:
        """A client that repeats its request until it is answered; returns None for a refusal."""
        for _ in range(tries):
            try:
                return act()
            except Crash:
                continue
            except Error as error:
                self.tell(f"answered {error.code}")
                return None
        raise AssertionError("a request was never answered")


def _line(event: Event) -> str:
    where = f"{event.status}/{event.stage}"
    what = f"{event.type} leg={event.leg} by {event.actor} -> {where} {dict(event.data)}"
    return f"{event.dossier} #{event.ev} {what}"


def horizon(days: int) -> datetime:
    """Far enough for everything to end."""
    return START + timedelta(days=days)
