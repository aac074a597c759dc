"""Carries a table's stream to the stream handler, as Lambda's event source mapping would.

One reader per table follows the shard from its start; lanes work in parallel, and all
records of one partition key stay in one lane, in order. A record is left only when the
handler took it or, after many tries, when it is written to the file of failed events.
"""

from __future__ import annotations

import base64
import json
import os
import queue
import threading
import time
import traceback
import zlib
from datetime import datetime
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from infra.local.handlers import Handler, context_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.local.failed_events import FailedEvents

Json = dict[str, Any]

LANES = 4
BATCH = 25
# With the pauses below 16 take about a minute, which outlasts a restart of a child.
TRIES = int(os.environ.get("MOTCUA_TRIES", "16"))
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0  # seconds
_BUSY_POLL, _IDLE_POLL, _BUSY_FOR = 0.08, 0.2, 3.0  # seconds


def to_lambda(record: Json, stream_arn: str) -> Json:
    """A record of GetRecords in the form Lambda gets: numbers and base64, and its source."""
    return {**_plain(record), "eventSourceARN": stream_arn}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    return value.timestamp() if isinstance(value, datetime) else value


class Lane:
    """Hands records to the handler in order, in batches, until each one is taken."""

    def __init__(self, source: str, handler: Handler, failed: FailedEvents) -> None:
        self._source = source
        self._handler = handler
        self._failed = failed
        self.queue: queue.Queue[Json] = queue.Queue(maxsize=1000)

    def run(self) -> None:
        """Work for ever; a thread's target."""
        while True:
            batch = [self.queue.get()]
            while len(batch) < BATCH and not self.queue.empty():
                batch.append(self.queue.get())
            self.deliver(batch)

    def deliver(self, batch: list[Json]) -> None:
        """Call the handler until the whole batch is taken or given up on."""
        size, tries = len(batch), 0
        while batch:
            chunk = batch[:size]
            taken, raised = self._call(chunk)
            batch = batch[taken:]
            if taken == len(chunk):
                size, tries = len(batch), 0
            elif raised and len(chunk) > 1:
                size = len(chunk) // 2  # find the one record it chokes on
            else:
                tries = 1 if taken else tries + 1
                tries = self._wait_or_give_up(batch, tries)

    def _wait_or_give_up(self, batch: list[Json], tries: int) -> int:
        if tries < TRIES:
            time.sleep(min(_FIRST_PAUSE * 2**tries, _LONGEST_PAUSE))
            return tries
        self._failed.add(self._source, batch.pop(0))
        return 0

    def _call(self, records: list[Json]) -> tuple[int, bool]:
        """How many leading records the handler took, and whether the call as a whole failed."""
        try:
            answer = self._handler({"Records": records}, context_for("on_change"))
        except Exception:  # noqa: BLE001 - whatever a handler raises, the batch is delivered again
            traceback.print_exc()
            return 0, True
        taken = leading(records, answer)
        return taken or 0, taken is None


def leading(records: list[Json], answer: Any) -> int | None:
    """Records before the first one reported as failed; None if an identifier is unknown."""
    failures = (answer or {}).get("batchItemFailures") or []
    numbers = [record["dynamodb"]["SequenceNumber"] for record in records]
    named = [failure.get("itemIdentifier") for failure in failures]
    if any(name not in numbers for name in named):
        return None  # to Lambda, too, this means that the whole batch failed
    return min((numbers.index(name) for name in named), default=len(records))


class Reader:
    """Follows one table's stream and deals its records out to the lanes."""

    def __init__(self, table: str, handler: Handler, failed: FailedEvents) -> None:
        self._client = boto3.client("dynamodbstreams")
        self._table = table
        self._lanes = [Lane(table, handler, failed) for _ in range(LANES)]
        self._last: str | None = None  # the checkpoint: sequence number dealt out last
        self._arn = self._client.list_streams(TableName=table)["Streams"][0]["StreamArn"]

    def start(self) -> None:
        """Start the reader's and the lanes' threads."""
        targets: list[Callable[[], None]] = [self._follow, *(lane.run for lane in self._lanes)]
        for target in targets:
            threading.Thread(target=target, daemon=True, name=f"stream-{self._table}").start()

    def _follow(self) -> None:
        """Read for ever, starting again from the checkpoint whenever reading fails."""
        while True:
            try:
                self._read_on(self._iterator())
            except (BotoCoreError, ClientError):
                traceback.print_exc()
                time.sleep(1)

    def _iterator(self) -> str:
        description = self._client.describe_stream(StreamArn=self._arn)["StreamDescription"]
        place: Json = {"ShardIteratorType": "TRIM_HORIZON"}
        if self._last:
            place = {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": self._last}
        answer = self._client.get_shard_iterator(
            StreamArn=self._arn, ShardId=description["Shards"][-1]["ShardId"], **place
        )
        iterator: str = answer["ShardIterator"]
        return iterator

    def _read_on(self, iterator: str) -> None:
        busy_until = 0.0
        while True:
            page = self._client.get_records(ShardIterator=iterator)
            for record in page["Records"]:
                self._deal(to_lambda(record, self._arn))
            if page["Records"]:
                busy_until = time.monotonic() + _BUSY_FOR
            iterator = page["NextShardIterator"]
            time.sleep(_BUSY_POLL if time.monotonic() < busy_until else _IDLE_POLL)

    def _deal(self, record: Json) -> None:
        key = json.dumps(record["dynamodb"]["Keys"]["PK"]).encode()
        self._lanes[zlib.crc32(key) % LANES].queue.put(record)
        self._last = record["dynamodb"]["SequenceNumber"]
