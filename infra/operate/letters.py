"""Dead letters: what functions would not take, read in every form that AWS leaves it in.

    stream batch    the mapping's failure destination: where the records lie in their stream
    invocation      an asynchronous call's failure destination: the event is in it
    event           a dead-letter queue's: the event itself, or what the bucket told the queue

Locally they are lines of `failed-events.jsonl`.
"""

from __future__ import annotations

import json
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Protocol

from botocore.exceptions import ClientError

from infra.local.failed_events import FailedEvents
from infra.local.settings import UPLOAD_QUEUE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.operate.screen import Screen
    from infra.operate.target import Target

Json = dict[str, Any]
Outcome = tuple[int, list[str], int]  # taken; left, and why; records no longer in their stream

HIDDEN: Final = 300  # seconds for which a letter in hand is nobody else's
# What reading a form raises that nobody has thought of.
_ODD: Final = (
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)


class GoneError(Exception):
    """The records have left their stream, which keeps them for a day."""


@dataclass(frozen=True)
class Letter:
    """`function` is empty for a form that nobody can read; `handle` finds it again."""

    id: str
    at: str
    function: str
    event: Json
    handle: str = ""


def described(letter: Letter) -> Json:
    """Without its content, which may be personal."""
    return {
        "id": letter.id,
        "at": letter.at,
        "function": letter.function or "unreadable",
        "records": _size(letter.event),
    }


def _size(event: Json) -> int:
    records, batch = event.get("Records"), event.get("DDBStreamBatchInfo")
    size = batch.get("batchSize") if isinstance(batch, dict) else None
    if isinstance(records, list) and records:
        return len(records)
    return size if isinstance(size, int) else 1


class Box(Protocol):
    """Where they lie."""

    def peek(self, limit: int) -> list[Letter]:
        """Some, left as they are."""

    def replay(self, limit: int, screen: Screen) -> Outcome:
        """Hand them to their functions; what is taken is removed."""


def box(target: Target) -> Box:
    """The stage's."""
    return File(target, FailedEvents(target.home.failed_events)) if target.home else Queue(target)


def delivered(target: Target, letter: Letter) -> str:
    """Hand it over; why it was not taken, else nothing. Raise GoneError."""
    if not letter.function:
        return f"{letter.id}: unreadable; look at it where it lies"
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
        with self._in_hand() as held:
            return list(self._received(limit, held))

    def replay(self, limit: int, screen: Screen) -> Outcome:
        """What is not taken is seen again at once, by the next one who looks."""
        taken = gone = 0
        left = []
        with self._in_hand() as held, screen.progress("Thư chết · Dead letters", None) as step:
            for letter in self._received(limit, held):
                try:
                    why = delivered(self._target, letter)
                except GoneError:
                    gone, why = gone + 1, ""
                else:
                    taken += not why
                if why:
                    left.append(why)
                else:
                    self._client.delete_message(QueueUrl=self._url, ReceiptHandle=letter.handle)
                    del held[letter.id]
                step()
        return taken, left, gone

    @contextmanager
    def _in_hand(self) -> Iterator[dict[str, Letter]]:
        """Letters that nobody else sees meanwhile; stopped anywhere, it puts them back."""
        held: dict[str, Letter] = {}
        try:
            yield held
        finally:
            for letter in held.values():
                with suppress(ClientError):  # it is no longer in hand, or will be seen by itself
                    self._show(letter)

    def _received(self, limit: int, held: dict[str, Letter]) -> Iterator[Letter]:
        """Until there are no more, or one comes round again."""
        count = 0
        while count < limit:
            page = self._client.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=min(10, limit - count),
                VisibilityTimeout=HIDDEN,
                WaitTimeSeconds=1,
                AttributeNames=["SentTimestamp"],
            ).get("Messages", [])
            found = [self._read(message) for message in page]
            new = [letter for letter in found if letter.id not in held]
            held.update({letter.id: letter for letter in found})
            if not new:
                return
            count += len(found)
            yield from new

    def _show(self, letter: Letter) -> None:
        self._client.change_message_visibility(
            QueueUrl=self._url, ReceiptHandle=letter.handle, VisibilityTimeout=0
        )

    def _read(self, message: Json) -> Letter:
        at = int(message.get("Attributes", {}).get("SentTimestamp", 0)) / 1000
        try:
            function, event = _meant(json.loads(message["Body"]), message, self._target)
        except _ODD:
            function, event = "", {}
        return Letter(
            message["MessageId"],
            datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds"),
            function,
            event,
            message["ReceiptHandle"],
        )


def _meant(body: Json, message: Json, target: Target) -> tuple[str, Json]:
    """Which function was meant to take what. Raise one of `_ODD`."""
    if "requestContext" in body:
        arn = body["requestContext"]["functionArn"]
        name = arn.partition(":function:")[2].partition(":")[0]
        batch = "DDBStreamBatchInfo" in body
        _object(body["DDBStreamBatchInfo" if batch else "requestPayload"])
        return name.removeprefix(target.name("")), body if batch else body["requestPayload"]
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
    """`failed-events.jsonl`, to which the local cloud adds while this looks."""

    def __init__(self, target: Target, events: FailedEvents) -> None:
        self._target = target
        self._events = events

    def peek(self, limit: int) -> list[Letter]:
        """See `Box`."""
        return [_of_line(*each) for each in enumerate(self._events.lines()[:limit], 1)]

    def replay(self, limit: int, screen: Screen) -> Outcome:
        """Each stays in the file until it was taken."""
        lines = self._events.lines()
        left = [f"line {number}: beyond --limit" for number in range(limit + 1, len(lines) + 1)]
        with screen.progress("Thư chết · Dead letters", len(lines)) as step:
            for number, line in enumerate(lines[:limit], 1):
                if why := delivered(self._target, _of_line(number, line)):
                    left.append(why)
                else:
                    self._events.remove(line)
                step()
        return len(lines) - len(left), left, 0


def _of_line(number: int, line: bytes) -> Letter:
    """A line of the local cloud: one record of a table's stream, or one event of the bucket."""
    name = f"line {number}"
    try:
        content = json.loads(line)
        at = datetime.fromtimestamp(content["at"], UTC).isoformat(timespec="seconds")
        event = _object(content["event"])
        if content["source"] == UPLOAD_QUEUE:
            return Letter(name, at, "on_upload", event)
        return Letter(name, at, "on_change", {"Records": [event]})
    except _ODD:
        return Letter(name, "", "", {})


def _object(given: Any) -> Json:
    """What functions take is an object. Raise TypeError."""
    if not isinstance(given, dict):
        raise TypeError(type(given).__name__)
    return given
