"""The emulator's exports of a table: DynamoDB's layout, and nothing that changed is left out."""

from __future__ import annotations

import asyncio
import base64
import gzip
import hashlib
import importlib
import json
import time
from typing import Any

import pytest

from infra.local import exports

TABLE, BUCKET = "exported-record", "exported-changes"
TARGET = "DynamoDB_20120810."


@pytest.fixture(scope="module")
def dynamodb() -> Any:
    """The emulator's own modules, in this process, with our exports in them."""
    service = importlib.import_module("ministack.services.dynamodb")
    exports.install()
    _s3("PUT", f"/{BUCKET}")
    keys = [{"AttributeName": name, "AttributeType": "S"} for name in ("PK", "SK")]
    schema = [
        {"AttributeName": "PK", "KeyType": "HASH"},
        {"AttributeName": "SK", "KeyType": "RANGE"},
    ]
    _call(
        "CreateTable",
        TableName=TABLE,
        AttributeDefinitions=keys,
        KeySchema=schema,
        BillingMode="PAY_PER_REQUEST",
    )
    _call(
        "UpdateContinuousBackups",
        TableName=TABLE,
        PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True},
    )
    return service


def _call(action: str, **request: Any) -> dict[str, Any]:
    status, body = _answer(action, **request)
    assert status == 200, body
    return body


def _answer(action: str, **request: Any) -> tuple[int, dict[str, Any]]:
    service: Any = importlib.import_module("ministack.services.dynamodb")
    headers = {"x-amz-target": TARGET + action}
    status, _, body = asyncio.run(
        service.handle_request("POST", "/", headers, json.dumps(request).encode(), {})
    )
    return status, json.loads(body)


def _s3(method: str, path: str) -> bytes:
    service: Any = importlib.import_module("ministack.services.s3")
    status, _, body = asyncio.run(service.handle_request(method, path, {}, b"", {}))
    assert status == 200, body
    content: bytes = body
    return content


def _put(n: int, **more: Any) -> None:
    item = {"PK": {"S": f"P#{n}"}, "SK": {"S": "ITEM"}, **more}
    _call("PutItem", TableName=TABLE, Item=item)


def _arn() -> str:
    return str(_call("DescribeTable", TableName=TABLE)["Table"]["TableArn"])


def _export(**more: Any) -> list[dict[str, Any]]:
    """Lines of an export, all hashes checked on the way."""
    begun = _call("ExportTableToPointInTime", TableArn=_arn(), S3Bucket=BUCKET, **more)
    name = begun["ExportDescription"]["ExportArn"].rpartition("/")[2]
    summary = json.loads(_s3("GET", f"/{BUCKET}/AWSDynamoDB/{name}/manifest-summary.json"))
    listed = _s3("GET", f"/{BUCKET}/{summary['manifestFilesS3Key']}").splitlines()
    lines: list[dict[str, Any]] = []
    for row in map(json.loads, listed):
        body = _s3("GET", f"/{BUCKET}/{row['dataFileS3Key']}")
        md5 = hashlib.md5(body, usedforsecurity=False).digest()
        assert base64.b64encode(md5).decode() == row["md5Checksum"]
        found = [json.loads(line) for line in gzip.decompress(body).splitlines()]
        assert len(found) == row["itemCount"]
        lines += found
    assert len(lines) == summary["itemCount"]
    return lines


def _changes(since: int, until: int) -> dict[str, Any]:
    window = {"ExportFromTime": since, "ExportToTime": until, "ExportViewType": "NEW_IMAGE"}
    lines = _export(ExportType="INCREMENTAL_EXPORT", IncrementalExportSpecification=window)
    return {line["Keys"]["PK"]["S"]: line.get("NewImage") for line in lines}


def _next_second() -> int:
    time.sleep(1 - time.time() % 1 + 0.005)
    return int(time.time())


def test_changes_are_those_of_the_window(dynamodb: Any) -> None:
    """Each item once, as it was at the end; what was removed by its key alone."""
    for n in range(3):
        _put(n)
    since = _next_second()
    _put(1, v={"N": "1"})
    _put(1, v={"N": "2"})
    _call("DeleteItem", TableName=TABLE, Key={"PK": {"S": "P#2"}, "SK": {"S": "ITEM"}})
    until = _next_second()
    _put(0, v={"N": "9"})
    found = _changes(since, until)
    assert set(found) == {"P#1", "P#2"}
    assert found["P#1"]["v"] == {"N": "2"}
    assert found["P#2"] is None
    assert dynamodb


def test_expired_items_are_changes(dynamodb: Any) -> None:
    """The emulator's expiry tells no stream: a copy made from the stream would keep them."""
    _put(7)
    since = _next_second()
    table = dynamodb._tables[TABLE]
    dynamodb._remove_item(table, "P#7", "ITEM")  # as its expiry does, behind everything else
    assert _changes(since, _next_second()) == {"P#7": None}


def test_whole_table(dynamodb: Any) -> None:
    """Items as they are now."""
    assert dynamodb
    found = {line["Item"]["PK"]["S"] for line in _export(ExportType="FULL_EXPORT")}
    assert found == {"P#0", "P#1"}


def test_same_token_is_the_same_export(dynamodb: Any) -> None:
    """A call that was repeated after a crash must not export twice."""
    assert dynamodb
    names = {
        _call("ExportTableToPointInTime", TableArn=_arn(), S3Bucket=BUCKET, ClientToken="t")[
            "ExportDescription"
        ]["ExportArn"]
        for _ in range(2)
    }
    assert len(names) == 1


@pytest.mark.parametrize(
    ("since", "until", "code"),
    [
        (-10_000, -9_000, "InvalidExportTimeException"),  # before the emulator was started
        (0, 500, "InvalidExportTimeException"),  # not yet
        (0, 0, "ValidationException"),
        (-90_000, 0, "ValidationException"),  # more than a day
    ],
)
def test_windows_that_aws_refuses(dynamodb: Any, since: int, until: int, code: str) -> None:
    """Whoever relies on them here would learn of it in production."""
    assert dynamodb
    now = int(time.time())
    window = {"ExportFromTime": now + since, "ExportToTime": now + until}
    status, body = _answer(
        "ExportTableToPointInTime",
        TableArn=_arn(),
        S3Bucket=BUCKET,
        ExportType="INCREMENTAL_EXPORT",
        IncrementalExportSpecification=window,
    )
    assert (status, body["__type"].rpartition("#")[2]) == (400, code)


def test_past_begins_with_the_process(dynamodb: Any) -> None:
    """After a restart the changes before it are unknown, and it must say so."""
    assert dynamodb
    answer = _call("DescribeContinuousBackups", TableName=TABLE)
    found = answer["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    assert found["EarliestRestorableDateTime"] < found["LatestRestorableDateTime"] <= time.time()
