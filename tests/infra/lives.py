"""Whole lives of dossiers in which each piece of work has its own function's policy, and no more.

The record is real (adapters of production on moto), the workflow is the simulator's interpreter;
every piece begins cold, so that its function reads all it ever reads.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final

import boto3

from bench.life import Life, fill
from bench.lives import crooked, on_time
from bench.metered import MeteredCloud, MeteredWorld
from chalicelib.adapters import clients
from chalicelib.adapters.files import S3Files
from chalicelib.adapters.keys import SecretKeys
from chalicelib.domain.terms import LegKind
from chalicelib.ports import Upload
from infra.policies import lambda_name
from tests import aws
from tests.infra.asked import Asked, arn
from tests.infra.guard import Guard, acting

WHO: Final = {  # does which piece of the benchmark's work; all others are requests to the API
    "confirm upload": "on_upload",
    "look": "on_change",
    "deliver": "on_change",
    "wake: nothing passed": "wake",
    "rollover": "rollover",
    "register token": "workflow",
    "measure: all units": "measure",
    "reconcile": "reconcile",
    "reconcile: nothing due": "reconcile",
    "reconcile all: one idle dossier": "reconcile",
}
KEY: Final = "motcua-test-key"


class GuardedCloud(MeteredCloud):
    """Its watched clients are guarded; the deployment's key is where it is in AWS."""

    def __init__(self, guard: Guard) -> None:
        super().__init__()
        self.guard = guard
        self._secrets = boto3.client("secretsmanager")
        self._secrets.create_secret(Name=KEY, SecretString=aws.SECRET.decode())
        for client in (clients.dynamodb(), clients.s3(), clients.stepfunctions(), self._secrets):
            guard.attach(client)
        fill(self)

    def secret(self) -> bytes:
        """The deployment's key, asked for every time it is used."""
        answer = self._secrets.get_secret_value(SecretId=KEY)
        return str(answer["SecretString"]).encode()


class SignedForms(S3Files):
    """A promise is worth something only if its signer may store what it promises."""

    def __init__(self, cloud: GuardedCloud) -> None:
        super().__init__(cloud.record, clients.s3, aws.FILES)
        self._guard = cloud.guard

    def promise(self, upload: Upload) -> Mapping[str, Any]:
        request = super().promise(upload)
        assert self._guard.send_form(request, aws.FILES)
        return request


class RoledWorld(MeteredWorld):
    """Says of every piece of work whose it is; the first of each kind begins cold."""

    cloud: GuardedCloud

    def __init__(self, cloud: GuardedCloud) -> None:
        self._known: set[str] = set()
        super().__init__(cloud, cold=True)

    def _wire(self) -> None:
        super()._wire()
        keys, files = SecretKeys(self.cloud.secret), SignedForms(self.cloud)
        self.deps = replace(self.deps, keys=keys, files=files)

    @contextmanager
    def metered(self, name: str) -> Iterator[None]:
        """The same, by whoever does it."""
        self.cold = name not in self._known
        self._known.add(name)
        with acting(WHO.get(name, "api")), super().metered(name):
            yield

    def _wake(self, given: Mapping[str, Any]) -> Any:
        self._invoked("wake")
        return super()._wake(given)

    def _roll(self, given: Mapping[str, Any]) -> Any:
        self._invoked("rollover")
        with self.metered("rollover"):
            return super()._roll(given)

    def _invoked(self, function: str) -> None:
        """By the state machine, as its role."""
        named = arn("lambda", f"function:{lambda_name(function, 'test')}")
        with acting("workflow"):
            assert self.cloud.guard.ask(Asked("lambda:InvokeFunction", named))

    def _pass(self, at: float) -> None:
        with self.metered("reconcile"):
            super()._pass(at)


def lost(life: Life) -> None:
    """What the stream should have brought never comes: the reconciler does it all."""
    life.world.fates.append(0)  # nobody starts it
    life.submits()
    life.later(hours=30)
    life.world.fates.append(0)  # nobody wakes it
    life.decides("accept", LegKind.INTAKE)
    life.reconciled()
    life.world.fates.extend([1, 0])  # the tax office is not told
    life.decides("hand_over", LegKind.UNIT)
    life.later(hours=30)


def gone(life: Life) -> None:
    """Whoever looks after the execution is gone starts its successor; so does it when it is old."""
    life.submits()
    _vanish(life)
    key = {"PK": {"S": life.code}}
    life.world.cloud.plain_token.client.delete_item(TableName=aws.TOKEN, Key=key)
    life.decides("accept", LegKind.INTAKE)
    _vanish(life)
    life.decides("hand_over", LegKind.UNIT)
    life.world._roll({"dossier_id": life.code, "generation": life.now.generation})
    life.later(hours=1)


def _vanish(life: Life) -> None:
    life.world.machine.vanish(f"{life.code}.g{life.now.generation}")


LIVES: Final = (on_time, crooked, lost, gone)


def live(cloud: GuardedCloud) -> None:
    """All of them, one after the other."""
    for steps in LIVES:
        steps(Life(RoledWorld(cloud)))
