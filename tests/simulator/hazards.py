"""Ports that die, lose races, lie and find doors shut."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from chalicelib.domain.ids import DossierCode
from chalicelib.ports import Change, Next, Sent
from tests.simulator.fakes import InMemoryRecords, InMemoryWebhooks

if TYPE_CHECKING:
    from tests.simulator.world import World


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


class SimulatedWorkflow:
    """The Workflow port on the interpreter."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._machine = world.machine

    def start(self, code: DossierCode, generation: int) -> bool:
        name = f"{code}.g{generation}"
        return self._machine.start(name, {"dossier_id": code, "generation": generation})

    def wake(self, token: str, next: Next) -> None:  # noqa: A002 - the port's own name
        self._machine.succeed(token, next.as_output())

    def is_running(self, code: DossierCode, generation: int) -> bool:
        if self._world.chance(self._world.faults.lie):
            return False
        run = self._machine.executions.get(f"{code}.g{generation}")
        return run is not None and run.running
