"""The functions beside the API, called as AWS calls them, on what a town has stored."""

import json
import os
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, Final

import boto3

from chalicelib.adapters import clients
from chalicelib.entrypoints.schedules import measure, reconcile
from chalicelib.entrypoints.stream import on_change
from chalicelib.entrypoints.tasks import rollover, wake
from chalicelib.entrypoints.uploads import on_upload
from infra.local.handlers import context_for
from tests import aws
from tests.entrypoints.served import forget, stored

PASS: Final = '{"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}}'  # led by nobody
ROLE: Final = "arn:aws:iam::123456789012:role/workflow"
HANDLERS: Final = {
    "on_change": on_change,
    "on_upload": on_upload,
    "wake": wake,
    "rollover": rollover,
    "reconcile": reconcile,
    "measure": measure,
}


def make_state_machine() -> None:
    """One that exists, so that executions can be started."""
    made = boto3.client("stepfunctions").create_state_machine(
        name="dossier", definition=PASS, roleArn=ROLE
    )
    os.environ["STATE_MACHINE_ARN"] = made["stateMachineArn"]
    forget()


def call(name: str, event: Mapping[str, Any] | None = None) -> Any:
    """Invoke a function."""
    return HANDLERS[name](event or {}, context_for(f"motcua-test-{name}"))


def records(keys: Iterable[tuple[str, str]] | None = None) -> dict[str, Any]:
    """A batch of the record table's stream: all that is stored was just written."""
    items = stored()
    return {
        "Records": [
            {
                "eventName": "INSERT",
                "dynamodb": {
                    "Keys": {"PK": {"S": partition}, "SK": {"S": sort}},
                    "NewImage": items[partition, sort],
                    "SequenceNumber": f"{number:021d}",
                },
            }
            for number, (partition, sort) in enumerate(keys or items, 1)
        ]
    }


def arrived(file: str) -> dict[str, Any]:
    """The bucket's event, as the queue hands it on."""
    told = {"Records": [{"s3": {"object": {"key": f"uploads/{file}"}}}]}
    return {"Records": [{"messageId": file, "body": json.dumps(told)}]}


def spoil(code: str, status: str) -> tuple[str, str]:
    """A case with a status that there is not, long due; its key. Nobody can decode it."""
    key = (f"D#{code}", "CASE")
    boto3.client("dynamodb").update_item(
        TableName=aws.RECORD,
        Key={"PK": {"S": key[0]}, "SK": {"S": key[1]}},
        UpdateExpression="SET #status = :status, wake_at = :past",
        ExpressionAttributeNames={"#status": "status"},
        ExpressionAttributeValues={
            ":status": {"S": status},
            ":past": {"S": "2026-10-01T00:00:00Z"},
        },
    )
    return key


@contextmanager
def calls() -> Iterator[list[str]]:
    """Names of the calls to AWS that are made within, by the clients of production."""
    made: list[str] = []
    looked = [clients.dynamodb(), clients.s3(), clients.stepfunctions()]
    looked += map(clients.impatient, ("dynamodb", "stepfunctions", "s3"))

    def note(model: Any, **_: object) -> None:
        made.append(model.name)

    for client in looked:
        client.meta.events.register("before-call", note)
    try:
        yield made
    finally:
        for client in looked:
            client.meta.events.unregister("before-call", note)


class _Answering(BaseHTTPRequestHandler):
    answer: tuple[int, bytes]

    def do_POST(self) -> None:
        status, body = self.answer
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST  # noqa: N815 - as the server calls it

    def log_message(self, *_: Any) -> None:
        """Quiet."""


@contextmanager
def answering(status: int, content: object = None) -> Iterator[str]:
    """A service on this machine that answers everything so; its address."""
    body = json.dumps(content).encode()
    handler = type("Answering", (_Answering,), {"answer": (status, body)})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
