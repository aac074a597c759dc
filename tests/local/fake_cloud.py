"""Small stand-ins for the system's handlers and app, run by the local cloud under test.

They do the least that shows the machinery works: a case says its stage, a change of it
wakes its execution, and a pass over everything starts executions that are gone.
"""

from __future__ import annotations

import collections
import contextlib
import functools
import json
import os
import time
from typing import Any

import boto3
from chalice.app import Chalice

from infra.local.settings import Home

Json = dict[str, Any]

app = Chalice(app_name="fake")
sick = Chalice(app_name="sick")  # runs, and answers nothing


@app.route("/api/v1/health")
def health() -> Json:
    """The supervisor asks before it welcomes anybody."""
    return {"status": "ok"}


@app.route("/api/v1/dev/accounts")
def accounts() -> Json:
    """The supervisor prints these."""
    return {"items": [{"account": "desk-1", "name": "Trần Thị B", "roles": ["desk"]}]}


@app.route("/api/v1/clock")
def clock() -> Json:
    """The anchor of the business clock as this process was told."""
    anchor: Json = json.loads(os.environ["CLOCK_ANCHOR"])
    return anchor


@app.route("/api/v1/echo/{name}", methods=["GET", "POST"])
def echo(name: str) -> Json:
    """Answers what Chalice believes the request to be, after giving others time to meddle."""
    time.sleep(0.002)
    request: Any = app.current_request  # to its types there may be none
    query = request.query_params
    return {
        "name": name,
        "uri": request.uri_params["name"],
        "context": app.lambda_context.aws_request_id == request.context["requestId"],
        "query": {key: query.getlist(key) for key in query} if query else {},
        "body": json.loads(request.raw_body) if request.raw_body else None,
    }


@app.route("/api/v1/json", methods=["POST"])
def parsed() -> Json:
    """The body as Chalice parses it."""
    request: Any = app.current_request
    return {"got": request.json_body}


@app.route("/api/v1/broken")
def broken() -> Json:
    """A bug."""
    raise RuntimeError("a bug, on purpose")


@app.route("/api/v1/binary", methods=["POST"], content_types=["application/octet-stream"])
def binary() -> Json:
    """The bytes that arrived."""
    request: Any = app.current_request
    return {"hex": request.raw_body.hex()}


@functools.cache
def _client(service: str) -> Any:
    make: Any = boto3.client
    return make(service)


def _case(dossier: str) -> Json | None:
    key = {"PK": {"S": f"D#{dossier}"}, "SK": {"S": "CASE"}}
    found = _client("dynamodb").get_item(
        TableName=os.environ["RECORD_TABLE"], Key=key, ConsistentRead=True
    )
    item: Json | None = found.get("Item")
    return item


def _next(case: Json) -> Json:
    return {
        "stage": case["stage"]["S"],
        "seq": int(case["seq"]["N"]),
        "timeout_seconds": int(case["timeout"]["N"]),
    }


def wake(event: Json, _context: Any) -> Json:
    """Where the record says the dossier is; counts its calls, fails the first if asked to."""
    dossier = event["dossier_id"]
    count = _client("dynamodb").update_item(
        TableName=os.environ["RECORD_TABLE"],
        Key={"PK": {"S": f"WAKES#{dossier}"}, "SK": {"S": "N"}},
        UpdateExpression="ADD n :one",
        ExpressionAttributeValues={":one": {"N": "1"}},
        ReturnValues="ALL_NEW",
    )
    case = _case(dossier)
    if case is None or ("fails" in case and count["Attributes"]["n"]["N"] == "1"):
        raise LookupError(dossier)
    ahead = {"stage": "Closed", "seq": 99, "timeout_seconds": 1}
    late = int(case.get("close_at_wake", {"N": "999"})["N"]) <= int(count["Attributes"]["n"]["N"])
    return {**event, "next": ahead if late else _next(case)}


def rollover(_event: Json, _context: Any) -> Json:
    """Never needed here."""
    return {}


def on_change(event: Json, _context: Any) -> Json:
    """Look at each dossier that changed; note each record of a key that is only counted."""
    for record in event["Records"]:
        key = record["dynamodb"]["Keys"]["PK"]["S"]
        if key.startswith("COUNT#"):
            if _refused(record):
                number = record["dynamodb"]["SequenceNumber"]
                return {"batchItemFailures": [{"itemIdentifier": number}]}
            _note(key, record)
        elif not key.startswith(("WAKES#", "SEQ#", "FILE#", "LOG#")):
            _look(key.removeprefix("D#"))
    return {"batchItemFailures": []}


_refusals: collections.Counter[str] = collections.Counter()


def _refused(record: Json) -> bool:
    """Whether to report this record as failed, as often as it asks; or raises, if it says so."""
    item, number = record["dynamodb"]["NewImage"], record["dynamodb"]["SequenceNumber"]
    if _refusals[number] >= int(item.get("refuse", {"N": "0"})["N"]):
        return False
    _refusals[number] += 1
    if "raise" in item:
        raise RuntimeError("on purpose")
    return True


def _note(key: str, record: Json) -> None:
    line = json.dumps({"key": key, "n": int(record["dynamodb"]["NewImage"]["n"]["N"])})
    with (Home.from_environment().path / "seen.jsonl").open("a") as file:
        file.write(line + "\n")


def _look(dossier: str) -> None:
    case = _case(dossier)
    token = _client("dynamodb").get_item(
        TableName=os.environ["TOKEN_TABLE"], Key={"PK": {"S": dossier}}, ConsistentRead=True
    )
    if case is None:
        return
    if "Item" not in token:
        _start(dossier, 1)
    elif int(token["Item"]["seq"]["N"]) < int(case["seq"]["N"]):
        _send(token["Item"]["token"]["S"], case)


def _send(token: str, case: Json) -> None:
    client = _client("stepfunctions")
    # The execution may have moved on, or be gone, to be started again.
    with contextlib.suppress(client.exceptions.TaskTimedOut, client.exceptions.InvalidToken):
        client.send_task_success(taskToken=token, output=json.dumps(_next(case)))


def _start(dossier: str, generation: int) -> bool:
    client = _client("stepfunctions")
    try:
        client.start_execution(
            stateMachineArn=os.environ["STATE_MACHINE_ARN"],
            name=f"{dossier}.g{generation}",
            input=json.dumps({"dossier_id": dossier, "generation": generation}),
        )
    except client.exceptions.ExecutionAlreadyExists:
        return False
    return True


def _running() -> set[str]:
    listed = _client("stepfunctions").list_executions(
        stateMachineArn=os.environ["STATE_MACHINE_ARN"], statusFilter="RUNNING"
    )
    return {found["name"].partition(".")[0] for found in listed["executions"]}


def seed() -> None:
    """No catalogue: what these tests look at needs none."""


def on_upload(event: Json, _context: Any) -> None:
    """Remember that the file is there."""
    told = [json.loads(message["body"]) for message in event["Records"]]
    for record in [record for each in told for record in each.get("Records", ())]:
        _client("dynamodb").put_item(
            TableName=os.environ["RECORD_TABLE"],
            Item={"PK": {"S": f"FILE#{record['s3']['object']['key']}"}, "SK": {"S": "FILE"}},
        )


def reconcile(event: Json, _context: Any) -> None:
    """Asked for all: start every open case whose execution is gone.

    One that is only about to start is the stream's to start, and not gone.
    """
    if not event.get("all"):
        return
    running = _running()
    page = _client("dynamodb").scan(TableName=os.environ["RECORD_TABLE"])
    for item in page["Items"]:
        dossier = item["PK"]["S"].removeprefix("D#")
        if item["SK"]["S"] == "CASE" and item["stage"]["S"] != "Closed" and dossier not in running:
            _bring_back(dossier)


def measure(_event: Json, _context: Any) -> Json:
    """Nothing to measure here."""
    return {}


def _bring_back(dossier: str) -> None:
    if not _start(dossier, 1) and dossier not in _running():
        _start(dossier, time.time_ns())
