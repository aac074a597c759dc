"""The running local cloud: workflow, streams, uploads and concurrent requests."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import resource
import time
from typing import Any

import pytest
import requests
from botocore.config import Config

from infra.local.settings import FILE_BUCKET, STATE_MACHINE_ARN, TOKEN_TABLE
from tests.local.cloud import Cloud, eventually


def test_decision_wakes_the_waiting_execution(cloud: Cloud) -> None:
    """The whole chain: table, stream, start, token in the other emulator, wake, end."""
    cloud.case("d1", "Intake", 1)
    eventually(lambda: cloud.token_seq("d1") == 1)
    began = time.monotonic()
    cloud.case("d1", "Department", 2)
    eventually(lambda: cloud.token_seq("d1") == 2)
    assert time.monotonic() - began < 2, "a decision must move the workflow at once"
    cloud.case("d1", "Closed", 3)
    eventually(lambda: cloud.execution("d1") == "SUCCEEDED")


def test_deadline_calls_wake_again(cloud: Cloud) -> None:
    """A timer that is never kept (ministack does that) would let every deadline pass."""
    cloud.case("late", "Intake", 1, timeout=1, close_at_wake=2)
    eventually(lambda: cloud.execution("late") == "SUCCEEDED")
    wakes = cloud.get("WAKES#late", "N")
    assert wakes is not None
    assert wakes["n"] == "2"  # Locate, then Escalate
    entered = [_state(event) for event in cloud.history("late.g1")]
    assert [name for name in entered if name] == [
        "Locate",
        "Next",
        "Intake",
        "Escalate",
        "Next",
        "Closed",
    ]
    waited = _moment(cloud, "late.g1", "Escalate") - _moment(cloud, "late.g1", "Intake")
    assert 0.9 < waited < 4, "in real seconds"


def _state(event: dict[str, Any]) -> str:
    name: str = event.get("stateEnteredEventDetails", {}).get("name", "")
    return name


def _moment(cloud: Cloud, execution: str, state: str) -> float:
    found = [event for event in cloud.history(execution) if _state(event) == state]
    moment: float = found[0]["timestamp"].timestamp()
    return moment


def test_older_generation_leaves_the_token_alone(cloud: Cloud) -> None:
    """Two executions of one dossier: the older must see the failed condition, and look again."""
    newer = {"PK": {"S": "old"}, "generation": {"N": "5"}, "seq": {"N": "9"}, "token": {"S": "x"}}
    cloud.client("dynamodb").put_item(TableName=TOKEN_TABLE, Item=newer)
    cloud.case("old", "Intake", 1, close_at_wake=2)
    cloud.client("stepfunctions").start_execution(
        stateMachineArn=STATE_MACHINE_ARN,
        name="old.g1",
        input=json.dumps({"dossier_id": "old", "generation": 1}),
    )
    eventually(lambda: cloud.execution("old") == "SUCCEEDED")
    assert "Escalate" in [_state(event) for event in cloud.history("old.g1")]
    assert cloud.token("old") == {"PK": "old", "generation": "5", "seq": "9", "token": "x"}


def test_handler_error_is_a_lambda_error(cloud: Cloud) -> None:
    """Retry and Catch match on errorType, so the exception's class must arrive there."""
    cloud.case("failing", "Intake", 1, fails="yes")
    eventually(lambda: cloud.token_seq("failing") == 1)
    kind = "taskFailedEventDetails"
    failed = [event[kind]["error"] for event in cloud.history("failing.g1") if kind in event]
    assert failed == ["LookupError"]


def test_spent_token_is_refused(cloud: Cloud) -> None:
    """By itself moto takes a spent token and does nothing: a wake-up lost in silence."""
    cloud.case("spent", "Intake", 1)
    eventually(lambda: cloud.token_seq("spent") == 1)
    spent = cloud.token("spent")
    assert spent is not None
    cloud.case("spent", "Department", 2)
    eventually(lambda: cloud.token_seq("spent") == 2)
    client = cloud.client("stepfunctions")
    with pytest.raises(client.exceptions.TaskTimedOut):
        client.send_task_success(taskToken=spent["token"], output="{}")


def test_records_of_a_key_come_in_order(cloud: Cloud) -> None:
    """A later change handled before an earlier one would undo it, also after failures."""
    keys = [f"COUNT#{number}" for number in range(6)]
    refusals: dict[tuple[str, int], dict[str, Any]] = {
        (keys[1], 3): {"refuse": 2},
        (keys[2], 0): {"refuse": 1, "raise": "yes"},
    }
    for n in range(8):
        for key in keys:
            cloud.put(key, "ITEM", n=n, **refusals.get((key, n), {}))
    eventually(lambda: all(7 in cloud.seen(key) for key in keys))
    for key in keys:
        assert list(dict.fromkeys(cloud.seen(key))) == list(range(8))


def test_upload_reaches_its_handler(cloud: Cloud) -> None:
    """Files are marked present by their event, so the event must come, and limits hold."""
    post = _presigned(cloud, "up/1.pdf")
    assert _send_file(post, b"%PDF").status_code == 204
    assert _send_file(post, b"x" * 11).status_code == 400
    eventually(lambda: cloud.get("FILE#up/1.pdf", "FILE"))


def test_file_must_be_the_one_promised(cloud: Cloud) -> None:
    """A form can be sent again: nobody may put another file of that size in its place."""
    promise = {"x-amz-checksum-sha256": _checksum(b"%PDF")}
    post = _presigned(cloud, "up/4.pdf", promise)
    assert _send_file(post, b"%PDF").status_code == 204
    refused = _send_file(post, b"%PDX")
    assert refused.status_code == 400
    assert "BadDigest" in refused.text
    twice = {"file": b"%PDX", "FILE": b"%PDF"}  # the emulator takes only the first for the file
    assert requests.post(post["url"], post["fields"], files=twice, timeout=5).status_code == 400
    kept = cloud.client("s3").get_object(Bucket=FILE_BUCKET, Key="up/4.pdf")
    assert kept["Body"].read() == b"%PDF"


def _checksum(content: bytes) -> str:
    return base64.b64encode(hashlib.sha256(content).digest()).decode()


def test_pages_of_the_site_may_send_files(cloud: Cloud) -> None:
    """The bucket is another origin: without these headers the browser throws the answer away."""
    site = f"http://127.0.0.1:{cloud.port}"
    post = _presigned(cloud, "up/2.pdf")
    sent = _send_file(post, b"%PDF", Origin=site)
    assert sent.status_code == 204
    assert sent.headers["Access-Control-Allow-Origin"] == site
    assert "ETag" in sent.headers["Access-Control-Expose-Headers"]
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-own"}
    allowed = requests.options(post["url"], headers={"Origin": site, **asked}, timeout=5)
    assert allowed.status_code == 200
    assert allowed.headers["Access-Control-Allow-Origin"] == site
    assert allowed.headers["Access-Control-Allow-Headers"] == "x-own"


@pytest.mark.parametrize("origin", ["https://example.org", "null"])
def test_other_pages_may_not(cloud: Cloud, origin: str) -> None:
    """The emulator checks no signature: any page in the same browser could read the tables."""
    post = _presigned(cloud, "up/3.pdf")
    assert _send_file(post, b"%PDF", Origin=origin).status_code == 403
    url = cloud.facts()["data"]
    foreign = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    for answer in (
        requests.options(post["url"], headers=foreign, timeout=5),
        requests.options(url, headers=foreign, timeout=5),
        requests.post(url, headers=foreign, data="{}", timeout=5),
    ):
        assert answer.status_code == 403
        assert "Access-Control-Allow-Origin" not in answer.headers
    assert cloud.get("FILE#up/3.pdf", "FILE") is None


def _presigned(cloud: Cloud, key: str, fields: dict[str, str] | None = None) -> Any:
    """A form for a file of up to 10 bytes, signed as the application's client signs."""
    client = cloud.client(
        "s3", Config(signature_version="s3v4", s3={"addressing_style": "virtual"})
    )
    conditions: list[Any] = [{name: value} for name, value in (fields or {}).items()]
    conditions.append(["content-length-range", 1, 10])
    return client.generate_presigned_post(FILE_BUCKET, key, Fields=fields, Conditions=conditions)


def _send_file(post: Any, content: bytes, **headers: str) -> requests.Response:
    return requests.post(
        post["url"], data=post["fields"], files={"file": content}, headers=headers, timeout=5
    )


def test_concurrent_requests_never_mix(cloud: Cloud) -> None:
    """Chalice keeps the current request on the app: threads would answer each other's."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 4096)), hard))
    answers = asyncio.run(_echo_all(cloud.port, connections=400, each=5))
    wrong = [sent for sent, got in answers if not _is_echo(sent, got)]
    assert len(answers) == 2000
    assert not wrong


async def _echo_all(port: int, connections: int, each: int) -> list[tuple[str, Any]]:
    """All requests of a connection are sent at once, so all 2,000 are on their way together."""

    async def talk(number: int) -> list[tuple[str, Any]]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        names = [f"{number}-{turn}" for turn in range(each)]
        for name in names:
            head = f"GET /api/v1/echo/{name}?q={name} HTTP/1.1\r\nHost: local\r\n\r\n"
            writer.write(head.encode())
        answers = [(name, await _read_json(reader)) for name in names]
        writer.close()
        return answers

    talks = await asyncio.gather(*(talk(number) for number in range(connections)))
    return [answer for each_talk in talks for answer in each_talk]


async def _read_json(reader: asyncio.StreamReader) -> Any:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    length = head.partition("content-length: ")[2].partition("\r\n")[0]
    return json.loads(await reader.readexactly(int(length)))


def _is_echo(sent: str, got: Any) -> bool:
    mine = got["name"] == got["uri"] == sent and got["query"] == {"q": [sent]}
    return bool(mine and got["context"])
