"""AWS for whole lives: the clients of production on moto, each of their calls watched.

Step Functions is the simulator's interpreter behind a real client, so that time can be virtual;
everything else is moto. Whoever only looks on has plain clients, whose calls nobody watches.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import boto3

from chalicelib.adapters import clients
from chalicelib.adapters.table import Table
from chalicelib.ports import LateTokenError
from tests import aws
from tests.simulator.asl import Machine

Answer = tuple[str, dict[str, Any]]


class Watcher(Protocol):
    """Whom the calls of the watched clients concern."""

    machine: Machine

    def point(self, call: str) -> None:
        """Before or after a call, as "PutItem"."""

    def carried_out(self, call: str, given: Mapping[str, Any]) -> None:
        """A call was carried out with these parameters."""


@dataclass(frozen=True)
class Answered:
    """Of an HTTP answer, what botocore looks at."""

    status_code: int


class Cloud:
    """`record` and `token` are the watched tables, `plain_…` the same through plain clients.

    Made once within `tests.aws.aws()`, as making a client takes longer than most stories.
    """

    def __init__(self) -> None:
        self.watcher: Watcher | None = None
        self.dynamodb, self.s3 = boto3.client("dynamodb"), boto3.client("s3")
        self.plain_record = Table(self.dynamodb, aws.RECORD)
        self.plain_token = Table(self.dynamodb, aws.TOKEN)
        self.record = Table(clients.dynamodb(), aws.RECORD)
        self.token = Table(clients.dynamodb(), aws.TOKEN)
        for client in (clients.dynamodb(), clients.s3(), clients.stepfunctions()):
            client.meta.events.register("before-parameter-build", self._built)
            client.meta.events.register_first("before-call", self._before)
            client.meta.events.register_last("after-call", self._after)
        clients.stepfunctions().meta.events.register_last("before-call", self._interpret)

    def empty(self) -> None:
        """Forget the last story."""
        for table in (self.plain_record, self.plain_token):
            for item in self.dynamodb.scan(TableName=table.name)["Items"]:
                key = {name: item[name] for name in ("PK", "SK") if name in item}
                self.dynamodb.delete_item(TableName=table.name, Key=key)
        for each in self.s3.list_objects_v2(Bucket=aws.FILES).get("Contents", ()):
            self.s3.delete_object(Bucket=aws.FILES, Key=each["Key"])

    def _watching(self) -> Watcher:
        if self.watcher is None:
            raise RuntimeError("a watched client is used, and nobody watches")
        return self.watcher

    def _built(self, params: Mapping[str, Any], context: dict[str, Any], **_: object) -> None:
        context["given"] = params

    def _before(self, model: Any, **_: object) -> None:
        self._watching().point(model.name)

    def _after(self, model: Any, context: Any, parsed: Mapping[str, Any], **_: object) -> None:
        if "Error" not in parsed:
            self._watching().carried_out(model.name, context["given"])
        self._watching().point(model.name)

    def _interpret(self, model: Any, params: Mapping[str, Any], **_: object) -> Any:
        """Answer for Step Functions; nothing is sent."""
        error, answer = executions(self._watching().machine, model.name, json.loads(params["body"]))
        if error:
            return Answered(400), {"Error": {"Code": error, "Message": error}}
        return Answered(200), answer


def executions(machine: Machine, call: str, given: Mapping[str, str]) -> Answer:
    """Do what the adapter asked for: the code of an error, and the answer."""
    match call:
        case "StartExecution":
            run = machine.executions.get(given["name"])
            if run and not run.running:
                return "ExecutionAlreadyExists", {}
            machine.start(given["name"], json.loads(given["input"]))
        case "SendTaskSuccess":
            try:
                machine.succeed(given["taskToken"], json.loads(given["output"]))
            except LateTokenError:
                return "TaskTimedOut", {}
        case "DescribeExecution":
            run = machine.executions.get(given["executionArn"].rpartition(":")[2])
            if run is None:
                return "ExecutionDoesNotExist", {}
            return "", {"status": "RUNNING" if run.running else "SUCCEEDED"}
        case _:
            raise NotImplementedError(call)
    return "", {}
