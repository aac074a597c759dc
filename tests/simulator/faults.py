"""What goes wrong: probabilities, and ports that die, lose races and find doors shut."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from chalicelib.ports import Change, Sent
from tests.simulator.fakes import InMemoryRecords, InMemoryWebhooks

if TYPE_CHECKING:
    from tests.simulator.world import World

RECONCILE_EVERY: Final = 4 * 3600  # seconds


@dataclass(frozen=True)
class Faults:
    """Probabilities per message or call."""

    lose: float = 0.02
    double: float = 0.10
    delay: float = 0.15
    crash: float = 0.01
    door_shut: float = 0.05  # an agency's endpoint is down, or its answer is lost
    vanish: float = 0.02  # an execution disappears while it waits
    lie: float = 0.05  # a running execution is said to be gone
    race: float = 0.10  # somebody else acts between a load and its commit
    unnoticed: float = 0.10  # the store's word that a file arrived is late
    outage: float = 0.30  # per province: the workers stand still for days

    @property
    def loses(self) -> bool:
        """Whether anything may be lost, so that only the reconciler brings it back."""
        return bool(self.lose or self.vanish or self.lie or self.crash or self.outage)

    @property
    def latest(self) -> timedelta:
        """How late a milestone may be claimed.

        A few passes of the reconciler may die one after the other; where nothing is lost, the
        execution's own timer does it, but for two slow messages; else it is a matter of seconds.
        """
        if self.loses:
            return timedelta(seconds=5 * RECONCILE_EVERY)
        return timedelta(minutes=35) if self.delay else timedelta(minutes=1)


CALM: Final = Faults(lose=0, vanish=0, lie=0, crash=0, outage=0)  # late, doubled, out of order
NO_FAULTS: Final = Faults(0, 0, 0, 0, 0, 0, 0, 0, 0, 0)


class Crashing:
    """A port whose process may die before or after each call."""

    def __init__(self, port: object, world: "World") -> None:
        self._port = port
        self._world = world

    def __getattr__(self, name: str) -> Any:
        method, world = getattr(self._port, name), self._world

        def call(*args: Any, **more: Any) -> Any:
            world.calls += 1
            if world.calls in world.deaths:
                world.die()
            answer = method(*args, **more)
            world.calls += 1
            if world.calls in world.deaths:
                world.die()
            return answer

        self.__dict__[name] = call
        return call


class Racing:
    """Records on which somebody else may act between a load and its commit."""

    def __init__(self, records: InMemoryRecords, world: "World") -> None:
        self._records = records
        self._world = world

    def __getattr__(self, name: str) -> Any:
        method = self.__dict__[name] = getattr(self._records, name)
        return method

    def commit(self, change: Change) -> None:
        self._world.let_another_act(change.dossier.code)
        self._records.commit(change)


class Doors:
    """The way to the agencies: a door may be shut, an answer lost, another sender in between."""

    def __init__(self, webhooks: InMemoryWebhooks, world: "World") -> None:
        self._webhooks = webhooks
        self._world = world

    def send(self, url: str, id: str, secrets: Sequence[str], body: str) -> Sent:  # noqa: A002
        chance, shut = self._world.chance, self._world.faults.door_shut
        if chance(shut):
            return Sent(error="no answer")
        self._world.let_another_act(id.rsplit(".", 2)[0])
        sent = self._webhooks.send(url, id, secrets, body)
        return Sent(error="the answer was lost") if chance(shut / 2) else sent
