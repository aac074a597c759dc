"""A province on a virtual clock: the real use cases, the real state machine, people and faults.

Everything random comes from one seed. Messages of the stream are delayed, doubled, reordered and
lost; the process dies before or after any call of a port; others act in the middle of a decision;
the workers stand still for days. `story` is what happened, for a human.
"""

import heapq
import random
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from math import inf
from typing import Any, Final

from chalicelib.domain.directory import Directory
from chalicelib.domain.errors import Error
from chalicelib.domain.event import Event
from chalicelib.domain.ids import DossierCode
from chalicelib.domain.procedure import ProcedureVersion
from chalicelib.ports import Change, Deps, LateTokenError, Token
from chalicelib.use_cases.deliver import deliver
from chalicelib.use_cases.escalate import escalate
from chalicelib.use_cases.lead import look
from chalicelib.use_cases.reconcile import GRACE, reconcile
from chalicelib.use_cases.roll_over import roll_over
from tests.simulator import odd, sample
from tests.simulator.asl import ConditionalCheckFailedError, Crash, Execution, Machine
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
from tests.simulator.faults import NO_FAULTS, RECONCILE_EVERY, Faults
from tests.simulator.hazards import Crashing, Doors, Racing, SimulatedWorkflow

DAY: Final = 24 * 3600  # seconds
REDELIVERIES: Final = 6
FAR: Final = START + timedelta(days=300)  # running this far means: to the end

__all__ = ["NO_FAULTS", "Violation", "World", "horizon"]  # others tell stories with these

PROCEDURES: Final[list[ProcedureVersion]] = sample.procedures()
ODD: Final[list[ProcedureVersion]] = odd.procedures()  # for those who ask for them by name
DIRECTORY: Final[Directory] = sample.directory()


class Violation(BaseException):
    """A rule was broken; the message names it. Nothing in the code under test may catch it."""


class World:
    """One seed's province."""

    def __init__(
        self,
        seed: int,
        faults: Faults = NO_FAULTS,
        at: datetime = START,
        *,
        definition: str | None = None,
    ) -> None:
        self.definition = definition  # of the state machine; the shipped one
        self.random = random.Random(seed)  # noqa: S311 - reproducible on purpose
        self.faults = faults
        self.clock = VirtualClock(at)
        self.story: list[tuple[datetime, str | Callable[[], str]]] = []
        self.calls = 0
        self.survived = 0  # faults that befell it
        self.deaths: set[int] = set()  # the calls at which the process dies
        self.fates: deque[int] = deque()  # how many copies of the next messages arrive
        # Entries of the queue: when, tie-breaker, what to do (None: done already), about what.
        self._heap: list[list[Any]] = []
        self._order = 0
        self._now = at.timestamp()
        self._racing = False
        self.outage = self._outage()
        self._plan_death()
        self._wire()

    def _wire(self) -> None:
        self.files = InMemoryFiles()
        self.outbox = InMemoryDeliveries()
        self.records = InMemoryRecords(self.files, self.outbox)
        self.records.on_commit.append(self._stream)
        self.tokens = InMemoryTokens()
        self.webhooks = InMemoryWebhooks()
        functions = {"${WakeFunction}": self._wake, "${RolloverFunction}": self._roll}
        self.machine = Machine(functions, self._register, self.after, self.definition)
        self.on_pass: list[Callable[[list[DossierCode]], None]] = []
        self.on_token: list[Callable[[Token, Execution], None]] = []
        self.plain = self._deps(self.records, lambda port: port)
        self.deps = self._deps(Racing(self.records, self), lambda port: Crashing(port, self))
        self._next_pass = inf

    def _deps(self, records: Any, wrap: Callable[[Any], Any]) -> Deps:
        return Deps(
            records=wrap(records),
            deliveries=wrap(self.outbox),
            tokens=wrap(self.tokens),
            workflow=wrap(SimulatedWorkflow(self)),
            reference=FixedReference([*PROCEDURES, *ODD], DIRECTORY),
            files=wrap(self.files),
            clock=self.clock,
            webhooks=wrap(Doors(self.webhooks, self)),
            throttle=InMemoryThrottle(),
            keys=PlainKeys(),
            forms=NoForms(),
            public_url="https://motcua.example",
        )

    # -- time

    def after(self, seconds: float, act: Callable[[], object], about: str = "") -> None:
        """Do it `seconds` from now; `about` is the dossier or the execution it concerns."""
        self._order += 1
        heapq.heappush(self._heap, [self._now + seconds, self._order, act, about])

    def run(self, until: datetime) -> None:
        """Let time pass until nothing is left to do, or `until`."""
        heap, last, clock, second = self._heap, until.timestamp(), self.clock, 0
        while heap and heap[0][0] <= last:
            self._now, _, act, _ = heapq.heappop(heap)
            if act:
                if second != (second := int(self._now)):
                    clock.at = datetime.fromtimestamp(second, UTC)
                act()
        if until < FAR:
            self._now, self.clock.at = last, until.replace(microsecond=0)

    # -- faults

    def chance(self, probability: float) -> bool:
        return probability > 0 and self.random.random() < probability

    def die(self) -> None:
        """The process dies at this call."""
        self._plan_death()
        self.survived += 1
        self.tell(f"the process died at point {self.calls}")
        raise Crash

    def _plan_death(self) -> None:
        """Deaths come `1 / crash` points apart on average."""
        if self.faults.crash:
            self.deaths = {self.calls + 1 + int(self.random.expovariate(self.faults.crash))}

    def _outage(self) -> tuple[float, float]:
        """When the workers stand still, if ever: from and until, in seconds since 1970."""
        if not self.chance(self.faults.outage):
            return (0, 0)
        begins = self._now + self.random.uniform(DAY, 20 * DAY)
        return (begins, begins + self.random.uniform(DAY / 4, 6 * DAY))

    @property
    def loses(self) -> bool:
        """Whether anything is lost, so that only the reconciler brings it back."""
        return self.faults.loses or self.outage[1] > 0

    def is_out(self) -> bool:
        """Whether the workers stand still now."""
        return self.outage[0] <= self._now < self.outage[1]

    def let_another_act(self, code: str) -> None:
        """In the middle of a decision somebody else who was about to act does so."""
        if self._racing or not self.chance(self.faults.race):
            return
        waiting = list(self._rivals(code))
        if not waiting:
            return
        entry = self.random.choice(waiting)
        act, entry[2] = entry[2], None
        self.tell(f"{code}: meanwhile")
        self.survived += 1
        self._racing = True
        try:
            act()
        finally:
            self._racing = False

    def _rivals(self, code: str) -> Iterator[list[Any]]:
        """People and messages come at any time, an execution's timer in its second only."""
        execution = f"{code}.g"
        for entry in self._heap:
            about = entry[3]
            if entry[2] and (
                about == code or (about.startswith(execution) and entry[0] < self._now + 1)
            ):
                yield entry

    def tell(self, line: str | Callable[[], str]) -> None:
        """One line of the story; written out only when somebody reads it."""
        self.story.append((self.clock.at, line))

    def written(self) -> list[str]:
        """The story so far."""
        return [
            f"{at:%m-%d %H:%M:%S} {line if isinstance(line, str) else line()}"
            for at, line in self.story
        ]

    def guard(self, act: Callable[[], object]) -> bool:
        """Run a worker; False when it died or must be tried again."""
        if self.is_out():
            return False
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
        self._message(partial(look, code, self.deps), code)
        for delivery in change.deliveries:
            self._message(partial(deliver, delivery.id, self.deps), code)
        self._reconcile_by(self.clock.now() if change.deliveries else change.dossier.wake_at)

    def _message(self, act: Callable[[], object], code: str) -> None:
        copies = self.fates.popleft() if self.fates else self._copies()
        if not copies:
            self.survived += 1
            self.tell(f"{code}: a message of the stream is lost")
        for _ in range(copies):
            slow = self.chance(self.faults.delay)
            self._attempt(act, code, self.random.uniform(30, 900) if slow else 0.2)

    def _copies(self) -> int:
        if self.chance(self.faults.lose):
            return 0
        return 2 if self.chance(self.faults.double) else 1

    def _attempt(
        self, act: Callable[[], object], code: str, seconds: float, tries: int = 0
    ) -> None:
        def attempt() -> None:
            if not self.guard(act) and tries < REDELIVERIES:
                self._attempt(act, code, 1 + 2**tries, tries + 1)

        self.after(seconds, attempt, code)

    # -- the state machine's functions

    def _wake(self, given: Mapping[str, Any]) -> Any:
        if self.is_out():
            raise Crash
        code, generation = DossierCode(given["dossier_id"]), given["generation"]
        going = escalate(code, generation, self.deps)
        return {"dossier_id": code, "generation": generation, "next": going.as_output()}

    def _roll(self, given: Mapping[str, Any]) -> Any:
        if self.is_out():
            raise Crash
        return {"generation": roll_over(given["dossier_id"], given["generation"], self.deps)}

    def _register(self, item: Mapping[str, Any], run: Execution) -> None:
        self._may_die()
        code = DossierCode(item["PK"]["S"])
        token = Token(int(item["seq"]["N"]), int(item["generation"]["N"]), item["token"]["S"])
        known = self.tokens.get(code)
        if known and known.generation > token.generation:
            raise ConditionalCheckFailedError
        self.tokens.tokens[code] = token
        for tell in self.on_token:
            tell(token, run)
        self._message(partial(look, code, self.deps), code)
        if self.chance(self.faults.vanish):
            self.after(self.random.uniform(0, 7200), partial(self._vanish, run))
        self._may_die()

    def _may_die(self) -> None:
        self.calls += 1
        if self.calls in self.deaths:
            self.die()

    def _vanish(self, run: Execution) -> None:
        if run.running:
            self.tell(f"{run.name} vanishes")
            self.machine.vanish(run.name)

    # -- the schedule

    def _reconcile_by(self, wake: datetime | None) -> None:
        """A pass comes every few hours; those before `wake` would find nothing and are left out."""
        if wake is None:
            return
        passes = max(wake.timestamp(), self._now) // RECONCILE_EVERY + 1
        if self._next_pass > (at := passes * RECONCILE_EVERY):
            self._next_pass = at
            self.after(at - self._now, partial(self._pass, at))

    def _pass(self, at: float) -> None:
        if at != self._next_pass:
            return  # an earlier one came between
        self._next_pass = inf
        due = self.records.overdue(self.clock.now() - GRACE)
        if self.guard(lambda: reconcile(self.deps, failed=self._failed)):
            for tell in self.on_pass:
                tell(due)
        self._reconcile_by(self.records.next_wake())

    def _failed(self, key: str, error: Exception) -> None:
        raise Violation(f"the reconciler can repair what it sees: {key}") from error

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
        raise Violation("a request is answered at last")


def _line(event: Event) -> str:
    where = f"{event.status}/{event.stage}"
    what = f"{event.type} leg={event.leg} by {event.actor} -> {where} {dict(event.data)}"
    return f"{event.dossier} #{event.ev} {what}"


def horizon(days: int) -> datetime:
    """Far enough for everything to end."""
    return START + timedelta(days=days)
