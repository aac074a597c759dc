"""The data plane exports tables to a bucket, as DynamoDB does: whole, or what changed.

The emulator answers the calls and writes nothing; and what its expiry deletes appears in no
stream. So every change is noted here as it is made, and an export is written in the layout of
"DynamoDB table export output format" (AWS developer guide). Unlike AWS it takes windows of any
length, and it can go back no further than the start of this process, which it says, as AWS does
of a table whose recovery was switched on just then.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import importlib
import json
import math
import time
from collections import deque
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

Json = dict[str, Any]
Answer = tuple[int, Json, bytes]

_KEPT = 26 * 3600  # seconds; a window of AWS has 24 hours at most
_LONGEST = 24 * 3600
_PARTS = 2  # data files of an export, so that nobody relies on there being one


class Change(NamedTuple):
    """An item as it was after a change; `image` is None when it was removed."""

    at: float
    keys: Json
    image: Json | None


class Journal:
    """What was changed in each table since `began`, oldest first."""

    def __init__(self) -> None:
        self._began = math.ceil(time.time())
        self._changes: dict[str, deque[Change]] = {}  # by the table's ARN

    def note(self, table: Json, item: Json, image: Json | None) -> None:
        """One change, now; what is older than any window is forgotten."""
        changes = self._changes.setdefault(table["TableArn"], deque())
        now = time.time()
        changes.append(Change(now, _keys(table, item), image))
        while changes[0].at < now - _KEPT:
            self._began = math.ceil(changes.popleft().at) + 1

    @property
    def earliest(self) -> int:
        """Epoch seconds; from then on it is complete."""
        return self._began

    def last_images(self, table: Json, since: float, until: float) -> list[Change]:
        """The last change of each item in `since` <= time < `until`."""
        last: dict[str, Change] = {}
        for change in self._changes.get(table["TableArn"], ()):
            if since <= change.at < until:
                last[json.dumps(change.keys, sort_keys=True)] = change
        return list(last.values())


def install() -> None:
    """Put notes on the emulator's changes, and exports in the place of its empty ones."""
    dynamodb: Any = importlib.import_module("ministack.services.dynamodb")
    service = _Exports(dynamodb, Journal())
    for name in ("_emit_stream_event", "_remove_item"):
        setattr(dynamodb, name, getattr(service, name.strip("_")))
    for name in ("_export_table_to_point_in_time", "_describe_continuous_backups"):
        setattr(dynamodb, name, getattr(service, name.strip("_")))


class _Exports:
    """Stands in for four functions of the emulator; the names are theirs."""

    def __init__(self, dynamodb: Any, journal: Journal) -> None:
        self._dynamodb = dynamodb
        self._journal = journal
        self._emit = dynamodb._emit_stream_event  # noqa: SLF001 - the emulator offers no other way
        self._remove = dynamodb._remove_item  # noqa: SLF001 - as above
        self._begin = dynamodb._export_table_to_point_in_time  # noqa: SLF001 - as above
        self._describe = dynamodb._describe_continuous_backups  # noqa: SLF001 - as above

    def emit_stream_event(
        self, name: str, event: str, old: Json | None, new: Json | None, **more: Any
    ) -> None:
        table = self._tables.get(name)
        if table and (item := new or old):
            self._journal.note(table, item, new)
        self._emit(name, event, old, new, **more)

    def remove_item(self, table: Json, pk_val: Any, sk_val: Any) -> Any:
        """Also called when an item expires, which no stream tells."""
        old = self._remove(table, pk_val, sk_val)
        if old is not None:
            self._journal.note(table, old, None)
        return old

    def describe_continuous_backups(self, data: Json) -> Answer:
        status, headers, body = self._describe(data)
        answer = json.loads(body)
        if status == 200:  # noqa: PLR2004 - HTTP
            found = answer["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
            if found["PointInTimeRecoveryStatus"] == "ENABLED":
                found["EarliestRestorableDateTime"] = self._journal.earliest
                found["LatestRestorableDateTime"] = int(time.time())
        return status, headers, json.dumps(answer).encode()

    def export_table_to_point_in_time(self, data: Json) -> Answer:
        table = self._table(data.get("TableArn", ""))
        if table and (refused := self._refusal(table, data)):
            answer: Answer = self._dynamodb.error_response_json(*refused)
            return answer
        status, headers, body = self._begin(data)
        if status == 200 and table:  # noqa: PLR2004 - HTTP
            arn = json.loads(body)["ExportDescription"]["ExportArn"]
            if not self._written(data["S3Bucket"], _folder(arn)):  # a token is known already
                self._write(table, data, arn)
        return status, headers, body

    @property
    def _tables(self) -> Any:
        return self._dynamodb._tables  # noqa: SLF001 - as above

    def _table(self, arn: str) -> Json | None:
        found: Json | None = self._tables.get(arn.rpartition("/")[2])
        return found

    def _refusal(self, table: Json, data: Json) -> tuple[str, str] | None:
        name = table["TableArn"].rpartition("/")[2]
        if not self._dynamodb._pitr_settings.get(name):  # noqa: SLF001 - as above
            why = "Point in time recovery is not enabled for table"
            return "PointInTimeRecoveryUnavailableException", f"{why} '{name}'"
        window = data.get("IncrementalExportSpecification")
        if window is None:
            return None
        since, until = window["ExportFromTime"], window["ExportToTime"]
        if not 0 < until - since <= _LONGEST:
            return "ValidationException", "The export window is not between 0 and 24 hours"
        if since < self._journal.earliest or until > time.time():
            return "InvalidExportTimeException", "outside of the point in time recovery window"
        return None

    def _write(self, table: Json, data: Json, arn: str) -> None:
        window = data.get("IncrementalExportSpecification")
        kind = {"exportType": "FULL_EXPORT"}
        with self._dynamodb._lock:  # noqa: SLF001 - the expiry changes tables under it
            if window:
                lines = _changed(self._journal, table, window)
                kind = {"exportType": "INCREMENTAL_EXPORT", "outputView": "NEW_IMAGE"}
            else:
                lines = [
                    {"Item": item} for rows in table["items"].values() for item in rows.values()
                ]
        folder = _folder(arn)
        place = "AWSDynamoDB" if window else folder  # increments share one folder of data
        files = [
            self._part(data["S3Bucket"], f"{place}/data/{_name(arn, n)}.json.gz", lines[n::_PARTS])
            for n in range(_PARTS)
        ]
        self._put(data["S3Bucket"], f"{folder}/manifest-files.json", _lines(files))
        summary = {
            "version": "2023-08-01",
            "exportArn": arn,
            "tableArn": table["TableArn"],
            "s3Bucket": data["S3Bucket"],
            "itemCount": len(lines),
            "outputFormat": "DYNAMODB_JSON",
            "manifestFilesS3Key": f"{folder}/manifest-files.json",
            "endTime": datetime.now(UTC).isoformat(),
            **kind,
        }
        self._put(data["S3Bucket"], f"{folder}/manifest-summary.json", json.dumps(summary).encode())

    def _part(self, bucket: str, key: str, lines: list[Json]) -> Json:
        body = gzip.compress(_lines(lines), mtime=0)
        self._put(bucket, key, body)
        digest = hashlib.md5(body, usedforsecurity=False)
        return {
            "itemCount": len(lines),
            "md5Checksum": base64.b64encode(digest.digest()).decode(),
            "etag": f"{digest.hexdigest()}-1",
            "dataFileS3Key": key,
        }

    def _put(self, bucket: str, key: str, body: bytes) -> None:
        s3: Any = importlib.import_module("ministack.services.s3")
        status = s3._put_object(bucket, key, body, {})[0]  # noqa: SLF001 - as above
        if status != 200:  # noqa: PLR2004 - HTTP
            raise RuntimeError(f"export to {bucket}/{key}: status {status}")

    def _written(self, bucket: str, folder: str) -> bool:
        s3: Any = importlib.import_module("ministack.services.s3")
        found = s3._buckets.get(bucket) or {"objects": {}}  # noqa: SLF001 - as above
        return f"{folder}/manifest-summary.json" in found["objects"]


def _changed(journal: Journal, table: Json, window: Json) -> list[Json]:
    changes = journal.last_images(table, window["ExportFromTime"], window["ExportToTime"])
    return [
        {
            "Metadata": {"WriteTimestampMicros": {"N": str(int(change.at * 1_000_000))}},
            "Keys": change.keys,
            **({"NewImage": change.image} if change.image is not None else {}),
        }
        for change in changes
    ]


def _keys(table: Json, item: Json) -> Json:
    return {key["AttributeName"]: item[key["AttributeName"]] for key in table["KeySchema"]}


def _folder(arn: str) -> str:
    return f"AWSDynamoDB/{arn.rpartition('/')[2]}"


def _name(arn: str, n: int) -> str:
    return hashlib.sha256(f"{arn} {n}".encode()).hexdigest()[:26]


def _lines(values: Iterable[Json]) -> bytes:
    return b"".join(json.dumps(value, ensure_ascii=False).encode() + b"\n" for value in values)
