"""A stage in AWS, on moto, and an operator who types commands, with the rights of a role."""

import io
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal

import boto3
import pytest
from moto.awslambda.models import LambdaBackend

from bench.cloud import Answered
from chalicelib import bootstrap
from chalicelib.adapters import clients, reference
from chalicelib.domain.delivery import DeliveryState
from chalicelib.domain.ids import DeliveryId
from infra.local import handlers
from infra.operate import callers, status, verify
from infra.operate.__main__ import main
from infra.operate.target import Target
from tests import aws
from tests.entrypoints.served import forget
from tests.infra.asked import arn
from tests.infra.guard import Guard, acting
from tests.simulator.asl import DEFINITION
from tests.stories.crash_world import MACHINE
from tests.upgrades import recorded
from tests.upgrades.province import Province, province
from tests.upgrades.scenes import Scene

STAGE: Final = "test"
DEAD, UPLOADS = f"motcua-{STAGE}-dead", f"motcua-{STAGE}-uploads"
CHANGES_BUCKET: Final = f"motcua-{STAGE}-changes"
ANYBODY: Final = ""
ROLE: Final = "arn:aws:iam::123456789012:role/test"
MAPPINGS: Final = {
    "on_change": [
        {"EventSourceArn": f"{arn('dynamodb', f'table/{table}')}/stream/2026", "State": "Enabled"}
        for table in (aws.RECORD, aws.TOKEN)
    ],
    "on_upload": [{"EventSourceArn": arn("sqs", UPLOADS), "State": "Enabled"}],
}
SETTINGS: Final = (
    "STAGE",
    "RECORD_TABLE",
    "TOKEN_TABLE",
    "FILE_BUCKET",
    "STATE_MACHINE_ARN",
    "PUBLIC_URL",
    "SECRET_KEY_FILE",
    "CLOCK_ANCHOR",
)


@contextmanager
def deployed(folder: Path, guard: Guard | None = None) -> Iterator[Province]:
    """All of the stage but what only AWS does; what commands and functions call is guarded."""
    guard = guard or Guard()
    with province(folder, guard) as made, pytest.MonkeyPatch.context() as patch:
        patch.setenv("STATE_MACHINE_ARN", MACHINE)
        forget()
        patch.setattr(LambdaBackend, "invoke", _invoke)
        patch.setattr(verify, "ThreadPoolExecutor", SameActor)
        patch.setattr(Target, "client", _guarded(Target.client, guard))
        for client in (clients.stepfunctions(), clients.dynamodbstreams()):
            guard.attach(client)
        listed = partial(_executions, made)
        clients.stepfunctions().meta.events.register("before-call.sfn.ListExecutions", listed)
        patch.setattr(status, "BEGINS", 0)
        _deploy()
        yield made


def _executions(made: Province, **_: object) -> Any:
    """Those that run; moto has none of them."""
    running = [{"name": run.name} for run in made.machine.executions.values() if run.running]
    return Answered(200), {"executions": running}


class SameActor(ThreadPoolExecutor):
    """Its threads act as whoever gave them their work."""

    def submit(self, call: Any, /, *given: Any, **named: Any) -> Future[Any]:
        return super().submit(copy_context().run, call, *given, **named)


def _mappings(params: Any, **_: object) -> Any:
    """Moto's would call functions whenever something changes."""
    function = params["query_string"]["FunctionName"]
    assert function.endswith(":live")
    name = function.removeprefix(f"motcua-{STAGE}-").removesuffix(":live")
    return Answered(200), {"EventSourceMappings": MAPPINGS[name]}


def _guarded(client: Callable[[Target, str], Any], guard: Guard) -> Callable[[Target, str], Any]:
    def made(target: Target, service: str) -> Any:
        guard.attach(found := client(target, service))
        asked = "before-call.lambda.ListEventSourceMappings"
        found.meta.events.register(asked, _mappings, unique_id="mappings")
        return found

    return made


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Province]:
    with deployed(tmp_path_factory.mktemp("keys")) as made:
        yield made


@pytest.fixture
def made(founded: Province) -> Iterator[Province]:
    """As it was in the beginning."""
    environment = dict(os.environ)
    founded.begin()
    for queue in (DEAD, UPLOADS):
        boto3.client("sqs").create_queue(QueueName=queue)
    yield founded
    for queue in (DEAD, UPLOADS):
        boto3.client("sqs").delete_queue(QueueUrl=url(queue))
    os.environ.clear()
    os.environ.update(environment)


_played: dict[str, recorded.Recorded] = {}


def messages_of(code: str) -> dict[str, DeliveryState]:
    """A dossier's messages to agencies, by their ids."""
    found = (bootstrap.deliveries().get(DeliveryId(f"{code}.{n}.3")) for n in range(1, 20))
    return {each.id: each.state for each in found if each}


def events_of(code: str) -> list[str]:
    """Types of a dossier's events."""
    return [event.type.value for event in bootstrap.records().events(code)]  # type: ignore[arg-type]


def play(made: Province, scene: Scene) -> str:
    """The stage after one scene, with agencies that answer; each is played once, then restored."""
    name = scene.__name__
    if name not in _played:
        code = scene(made).code
        made.settle()
        _played[name] = recorded.taken(made, "", code, recorded.versions(recorded.DEFINITIONS)[-1])
    recorded.restore(made, _played[name])
    return _played[name].dossier


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a pause changes is seen by everybody at once, not within a minute."""
    monkeypatch.setattr(reference, "KEPT_SECONDS", 0.0)


def _deploy() -> None:
    """What `make deploy` leaves, as far as commands look at it."""
    for table in (aws.RECORD, aws.TOKEN):
        recovery(table, enabled=True)
    boto3.client("iam").create_role(RoleName="test", AssumeRolePolicyDocument="{}")
    name = bootstrap.settings().state_machine_arn.rpartition(":")[2]
    definition = DEFINITION.read_text("utf-8")
    boto3.client("stepfunctions").create_state_machine(
        name=name, definition=definition, roleArn=ROLE
    )
    for name in callers.SCHEDULED:
        schedule(name, "ENABLED", create=True)
    for function in Target(STAGE).functions():
        boto3.client("lambda").create_function(
            FunctionName=function,
            Runtime="python3.11",
            Role=ROLE,
            Handler="app.app",
            Code={"ZipFile": b"code"},
            Environment={"Variables": {name: os.environ[name] for name in SETTINGS}},
            Publish=True,
        )
        boto3.client("lambda").create_alias(FunctionName=function, Name="live", FunctionVersion="1")


def _invoke(
    _: object, name: str, _qualifier: object, body: Any, _sent: object, answered: Any
) -> bytes:
    """Moto starts containers for functions; here they run in this process, as their role."""
    try:
        key = name.removeprefix(f"motcua-{STAGE}-")
        with acting(key):
            answer = handlers.load(key)(json.loads(body), handlers.context_for(key))
    except Exception as error:  # noqa: BLE001 - Lambda reports whatever a function raises
        answered["x-amz-function-error"] = "Unhandled"
        answer = {"errorType": type(error).__name__, "errorMessage": str(error)}
    return json.dumps(answer).encode()


def recovery(table: str, *, enabled: bool) -> None:
    """Point-in-time recovery, on or off."""
    boto3.client("dynamodb").update_continuous_backups(
        TableName=table, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": enabled}
    )


def schedule(name: str, state: Literal["ENABLED", "DISABLED"], *, create: bool = False) -> None:
    """Of a function, on or off."""
    client: Any = boto3.client("scheduler")
    (client.create_schedule if create else client.update_schedule)(
        Name=f"motcua-{STAGE}-{name}",
        ScheduleExpression="rate(5 minutes)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": arn("lambda", f"function:motcua-{STAGE}-{name}:live"), "RoleArn": ROLE},
        State=state,
    )


def exporting(patch: pytest.MonkeyPatch) -> None:
    """Into a store of the province; nothing has gone there yet."""
    patch.setenv("EXPORT_ENDPOINT", "https://store.example")
    patch.setenv("CHANGES_BUCKET", CHANGES_BUCKET)
    where: Any = {"LocationConstraint": "ap-southeast-1"}
    boto3.client("s3").create_bucket(Bucket=CHANGES_BUCKET, CreateBucketConfiguration=where)


def url(queue: str) -> str:
    found: str = boto3.client("sqs").get_queue_url(QueueName=queue)["QueueUrl"]
    return found


def send(queue: str, body: object) -> None:
    """A message of a queue."""
    text = body if isinstance(body, str) else json.dumps(body)
    boto3.client("sqs").send_message(QueueUrl=url(queue), MessageBody=text)


def waiting(queue: str) -> int:
    """Messages that anybody may receive."""
    name = "ApproximateNumberOfMessages"
    found = boto3.client("sqs").get_queue_attributes(QueueUrl=url(queue), AttributeNames=[name])
    return int(found["Attributes"][name])


@dataclass
class Operator:
    """Types commands; `out` and `err` are what the last one printed.

    As `ANYBODY` it is somebody who may do everything in the account.
    """

    capsys: pytest.CaptureFixture[str]
    monkeypatch: pytest.MonkeyPatch
    role: str = "operator"
    out: str = ""
    err: str = ""

    def types(self, *words: str, said: str = "", stage: str = STAGE) -> int:
        """Exit status; `said` comes on standard input."""
        self.monkeypatch.setattr(sys, "stdin", io.StringIO(said))
        self.capsys.readouterr()  # what functions told while the scene was played
        with acting(self.role):
            code = main([*words, "--stage", stage])
        self.out, self.err = self.capsys.readouterr()
        return code

    def asks(self, *words: str, code: int = 0, said: str = "") -> Mapping[str, Any]:
        """The JSON it answers, with that exit status."""
        found = self.types(*words, "--json", said=said)
        assert found == code, self.out + self.err
        answer: Mapping[str, Any] = json.loads(self.out)
        return answer

    def logged(self) -> list[tuple[str, Mapping[str, str], str]]:
        """Commands on the operators' log: what, on what, and how it ended."""
        lines = self.asks("log")["lines"]
        return [(line["command"], line["about"], line["outcome"]) for line in lines]


@pytest.fixture
def operator(
    made: Province,  # noqa: ARG001 - the stage that is there
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Operator:
    return Operator(capsys, monkeypatch)
