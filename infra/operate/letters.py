"""Dead letters: what functions would not take, read in every form that AWS leaves it in.

    stream batch    the mapping's failure destination: where the records lie in their stream
    invocation      an asynchronous call's failure destination: the event is in it
    event           a dead-letter queue's: the event itself, or what the bucket told the queue

Locally they are lines of `failed-events.jsonl`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Protocol

from infra.local.settings import UPLOAD_QUEUE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from infra.operate.screen import Screen
    from infra.operate.target import Target

Json = dict[str, Any]
Outcome = tuple[int, list[str], int]  # taken; left, and why; records no longer in their stream

HIDDEN: Final = 300  # seconds for which a letter in hand is nobody else's


class GoneError(Exception):
    """The records have left their stream, which keeps them for a day."""


@dataclass(frozen=True)
class Letter:
    """`function` is empty for a form that nobody knows; `handle` finds it again."""

    id: str
    at: str
    function: str
    event: Json
    handle: str = ""


def described(letter: Letter) -> Json:
    """Without its content, which may be personal."""
    records = letter.event.get("Records") or []
    return {
        "id": letter.id,
        "at": letter.at,
        "function": letter.function or "?",
        "records": len(records) or letter.event.get("DDBStreamBatchInfo", {}).get("batchSize", 1),
    }


class Box(Protocol):
    """Where they lie."""

    def peek(self, limit: int) -> list[Letter]:
        """Some, left as they are."""

    def replay(self, limit: int, screen: Screen) -> Outcome:
        """Hand them to their functions; what is taken is removed."""


def box(target: Target) -> Box:
    """The stage's."""
    return File(target, target.home.failed_events) if target.home else Queue(target)


def delivered(target: Target, letter: Letter) -> str:
    """Hand it over; why it was not taken, else nothing. Raise GoneError."""
    if not letter.function:
        return f"{letter.id}: nobody knows what this is; read it in the queue"
    try:
        answer = target.call(letter.function, letter.event)
    except Exception as error:  # noqa: BLE001 - whatever it is, the letter stays
        return f"{letter.id}: {letter.function}: {error}"
    told = answer if isinstance(answer, dict) else {}
    if told.get("gone"):
        raise GoneError
    failures = told.get("batchItemFailures")
    return f"{letter.id}: {letter.function} did not take {len(failures)} of it" if failures else ""


# -- in AWS


class Queue:
    """`motcua-<stage>-dead`."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._client = target.client("sqs")
        name = target.queues["dead letters"]
        self._url = self._client.get_queue_url(QueueName=name)["QueueUrl"]

    def peek(self, limit: int) -> list[Letter]:
        """See `Box`."""
        found = list(self._received(limit))
        for letter in found:
            self._show(letter)
        return found

    def replay(self, limit: int, screen: Screen) -> Outcome:
        """What is not taken is seen again at once, by the next one who looks."""
        taken = gone = 0
        left, kept = [], []
        with screen.progress("Thư chết · Dead letters", None) as step:
            for letter in self._received(limit):
                try:
                    why = delivered(self._target, letter)
                except GoneError:
                    gone, why = gone + 1, ""
                else:
                    taken += not why
                if why:
                    left.append(why)
                    kept.append(letter)
                else:
                    self._client.delete_message(QueueUrl=self._url, ReceiptHandle=letter.handle)
                step()
        for letter in kept:
            self._show(letter)
        return taken, left, gone

    def _received(self, limit: int) -> Iterator[Letter]:
        count = 0
        while count < limit:
            page = self._client.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=min(10, limit - count),
                VisibilityTimeout=HIDDEN,
                WaitTimeSeconds=1,
                AttributeNames=["SentTimestamp"],
            ).get("Messages", [])
            if not page:
                return
            for message in page:
                count += 1
                yield self._read(message)

    def _show(self, letter: Letter) -> None:
        self._client.change_message_visibility(
            QueueUrl=self._url, ReceiptHandle=letter.handle, VisibilityTimeout=0
        )

    def _read(self, message: Json) -> Letter:
        at = int(message.get("Attributes", {}).get("SentTimestamp", 0)) / 1000
        try:
            function, event = _meant(json.loads(message["Body"]), message, self._target)
        except (ValueError, KeyError, AttributeError):
            function, event = "", {}
        return Letter(
            message["MessageId"],
            datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds"),
            function,
            event,
            message["ReceiptHandle"],
        )


def _meant(body: Json, message: Json, target: Target) -> tuple[str, Json]:
    """Which function was meant to take what."""
    if "requestContext" in body:
        arn = body["requestContext"]["functionArn"]
        name = arn.partition(":function:")[2].partition(":")[0]
        function = name.removeprefix(target.name(""))
        return function, body if "DDBStreamBatchInfo" in body else body["requestPayload"]
    records = body.get("Records") or [{}]
    if records[0].get("eventSource") == "aws:dynamodb":
        return "on_change", body
    if records[0].get("eventSource") == "aws:sqs":
        return "on_upload", body
    if "s3" in records[0] or body.get("Event") == "s3:TestEvent":
        moved = {"messageId": message["MessageId"], "body": message["Body"]}
        return "on_upload", {"Records": [{**moved, "eventSource": "aws:sqs"}]}
    if body in ({}, {"all": True}) or body.get("source") == "aws.events":
        return "reconcile", body
    return "", body


# -- on this machine


class File:
    """`failed-events.jsonl`, which the local cloud only adds to."""

    def __init__(self, target: Target, file: Path) -> None:
        self._target = target
        self._file = file

    def peek(self, limit: int) -> list[Letter]:
        """See `Box`."""
        lines = self._file.read_text().splitlines() if self._file.exists() else []
        return [_of_line(number, line) for number, line in enumerate(lines[:limit], 1)]

    def replay(self, limit: int, screen: Screen) -> Outcome:
        """The file is moved aside first, so that a line that comes meanwhile is not lost."""
        aside = self._file.with_suffix(".replaying")
        if self._file.exists() and not aside.exists():
            self._file.replace(aside)
        lines = aside.read_text().splitlines() if aside.exists() else []
        left = []
        with screen.progress("Thư chết · Dead letters", len(lines)) as step:
            for number, line in enumerate(lines, 1):
                why = (
                    delivered(self._target, _of_line(number, line))
                    if number <= limit
                    else f"line {number}: beyond --limit"
                )
                if why:
                    left.append(why)
                    with self._file.open("a") as file:
                        file.write(line + "\n")
                step()
        aside.unlink(missing_ok=True)
        return len(lines) - len(left), left, 0


def _of_line(number: int, line: str) -> Letter:
    """A line of the local cloud: one record of a table's stream, or one event of the bucket."""
    content = json.loads(line)
    at = datetime.fromtimestamp(content["at"], UTC).isoformat(timespec="seconds")
    if content["source"] == UPLOAD_QUEUE:
        return Letter(f"line {number}", at, "on_upload", content["event"])
    return Letter(f"line {number}", at, "on_change", {"Records": [content["event"]]})
