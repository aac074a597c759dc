"""Delivery of stream records: in order, again after a failure, and nothing lost in silence."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from infra.local import streams
from infra.local.bridge import LambdaClient
from infra.local.failed_events import FailedEvents
from infra.local.streams import Lane, to_lambda

if TYPE_CHECKING:
    from pathlib import Path

Handle = Callable[[list[int]], Any]


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "_FIRST_PAUSE", 0.0)


def _record(number: int) -> dict[str, Any]:
    return {"dynamodb": {"SequenceNumber": str(number), "Keys": {"PK": {"S": "D#1"}}}}


def _deliver(tmp_path: Path, handle: Handle, count: int = 8) -> tuple[list[int], list[int]]:
    """Numbers in the order they were taken, and those that were given up on."""
    taken: list[int] = []

    def handler(event: Any, _context: Any) -> Any:
        numbers = [int(record["dynamodb"]["SequenceNumber"]) for record in event["Records"]]
        answer = handle(numbers)
        failed = [
            int(item["itemIdentifier"]) for item in (answer or {}).get("batchItemFailures", [])
        ]
        taken.extend(numbers[: numbers.index(min(failed))] if failed else numbers)
        return answer

    file = tmp_path / "failed"
    Lane("t", handler, FailedEvents(file)).deliver([_record(number) for number in range(count)])
    lines = file.read_text().splitlines() if file.exists() else []
    given_up = [json.loads(line)["event"]["dynamodb"]["SequenceNumber"] for line in lines]
    return taken, [int(number) for number in given_up]


def test_reported_failure_is_tried_again_from_there(tmp_path: Path) -> None:
    """ReportBatchItemFailures: what came before is done, the rest comes again in order."""
    left = {3: 2, 5: 1}

    def handle(numbers: list[int]) -> Any:
        failed = [number for number in numbers if left.get(number, 0) > 0]
        for number in failed:
            left[number] -= 1
        return {"batchItemFailures": [{"itemIdentifier": str(number)} for number in failed]}

    assert _deliver(tmp_path, handle) == (list(range(8)), [])


def test_poison_does_not_take_its_neighbours_along(tmp_path: Path) -> None:
    """A handler that raises fails its whole batch: halving finds the one record to give up."""

    def handle(numbers: list[int]) -> None:
        if 5 in numbers:
            raise ValueError("poison")

    taken, given_up = _deliver(tmp_path, handle)
    assert (taken, given_up) == ([0, 1, 2, 3, 4, 6, 7], [5])


def test_outage_loses_nothing(tmp_path: Path) -> None:
    """While an emulator restarts every call fails for seconds: all must arrive afterwards."""
    calls = 0

    def handle(_numbers: list[int]) -> None:
        nonlocal calls
        calls += 1
        if calls < streams.TRIES:
            raise ConnectionError

    assert _deliver(tmp_path, handle) == (list(range(8)), [])


def test_unknown_identifier_fails_the_batch(tmp_path: Path) -> None:
    """As in Lambda: a misspelt identifier must not count as success."""
    calls = 0

    def handle(_numbers: list[int]) -> Any:
        nonlocal calls
        calls += 1
        return {"batchItemFailures": [{"itemIdentifier": "999"}]} if calls == 1 else None

    lane_calls = _deliver_plain(tmp_path, handle)
    assert lane_calls[0] == list(range(4))
    assert [n for call in lane_calls[1:] for n in call] == [
        0,
        1,
        2,
        3,
    ]


def _deliver_plain(tmp_path: Path, handle: Handle) -> list[list[int]]:
    seen: list[list[int]] = []

    def handler(event: Any, _context: Any) -> Any:
        seen.append([int(record["dynamodb"]["SequenceNumber"]) for record in event["Records"]])
        return handle(seen[-1])

    Lane("t", handler, FailedEvents(tmp_path / "f")).deliver([_record(n) for n in range(4)])
    return seen


def test_record_has_the_form_lambda_gives(tmp_path: Path) -> None:
    """boto3 hands out datetimes and bytes; a handler gets JSON, and may rely on it."""
    del tmp_path
    record = {
        "eventID": "1",
        "dynamodb": {
            "ApproximateCreationDateTime": datetime(2026, 11, 24, tzinfo=UTC),
            "NewImage": {"a": {"L": [{"B": b"\x00\xff"}]}},
        },
    }
    got = json.loads(json.dumps(to_lambda(record, "arn:x")))
    assert got["eventSourceARN"] == "arn:x"
    assert got["dynamodb"]["ApproximateCreationDateTime"] == 1795478400
    assert base64.b64decode(got["dynamodb"]["NewImage"]["a"]["L"][0]["B"]) == b"\x00\xff"


def test_exception_becomes_a_function_error() -> None:
    """The interpreter's Catch sees FunctionError and errorType, as from AWS Lambda."""

    class QuotaError(Exception):
        pass

    def handler(_event: Any, _context: Any) -> Any:
        raise QuotaError("too many")

    answer = LambdaClient({"f": handler}).invoke("arn:aws:lambda:r:1:function:f", b"{}")
    assert answer["FunctionError"] == "Unhandled"
    assert json.load(answer["Payload"])["errorType"] == "QuotaError"
