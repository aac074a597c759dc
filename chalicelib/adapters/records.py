"""The record of dossiers in DynamoDB: one Query loads, one transaction stores.

Warm, a decision costs two calls: load and commit. A form above 4 KB lies in the object store,
under a name made of its content, so that a transaction that fails leaves nothing wrong behind.
"""

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from time import time
from typing import Any, Final

from botocore.exceptions import ClientError

from chalicelib.adapters import table_keys as keys
from chalicelib.adapters.clients import Client
from chalicelib.adapters.dossier_codec import (
    case_to_item,
    dossier_from_data,
    leg_to_item,
    procedure_of,
)
from chalicelib.adapters.item_codec import (
    Item,
    delivery_to_item,
    event_from_data,
    event_to_item,
    form_from_json,
    form_to_json,
    from_item,
    note_to_item,
    to_attributes,
    to_item,
)
from chalicelib.adapters.table import Table
from chalicelib.domain.dossier import Dossier
from chalicelib.domain.errors import NotFoundError, RuleError
from chalicelib.domain.event import Event, stamp
from chalicelib.domain.ids import DossierCode, FileId
from chalicelib.domain.register import Book, Line
from chalicelib.domain.terms import LegKind
from chalicelib.ports import (
    Change,
    ContextOf,
    FileNotReadyError,
    Form,
    Late,
    Mark,
    NumberTakenError,
    Page,
    RaceError,
    SeenError,
    WorkRow,
)

MOST_INLINE: Final = 4096  # bytes of a form kept in the table
DAY: Final = 86_400
_ABSENT: Final = {"ConditionExpression": "attribute_not_exists(PK)"}
_LOST: Final = frozenset({"ConditionalCheckFailed", "TransactionConflict"})


class DynamoRecords:
    """`store` is asked for the S3 client only when a form is large."""

    def __init__(self, table: Table, store: Callable[[], Client], bucket: str) -> None:
        self._table = table
        self._store = store
        self._bucket = bucket

    # -- dossiers

    def load(self, code: DossierCode, context: ContextOf) -> Dossier:
        found = list(self._table.partition(keys.dossier(code), keys.CASE))
        if not found:
            raise NotFoundError("dossier.not_found")
        case, *legs = found
        return dossier_from_data(case, legs, context(*procedure_of(case)))

    def commit(self, change: Change) -> None:
        parts = list(self._parts(change))
        try:
            self._table.client.transact_write_items(TransactItems=[action for _, action in parts])
        except ClientError as error:
            why = _meaning([part for part, _ in parts], error)
            if isinstance(why, SeenError | FileNotReadyError):
                self._forget_form(change)
            raise why from error

    def _parts(self, change: Change) -> Iterator[tuple[Any, dict[str, Any]]]:
        """Each write with what it is about: a mark and a file have errors of their own."""
        dossier = change.dossier
        yield None, self._put(case_to_item(dossier), **_unchanged(change))
        for n in sorted(dossier.touched - {0}):
            yield None, self._put(leg_to_item(dossier, dossier.leg(n)))
        for event in change.events:
            yield None, self._put(event_to_item(event), **_ABSENT)
        for ev, text in change.notes.items():
            yield None, self._put(note_to_item(dossier.code, ev, text))
        for delivery in change.deliveries:
            yield None, self._put(delivery_to_item(delivery), **_ABSENT)
        for file in change.files:
            yield file, self._attach(file, dossier.code)
        if change.form:
            yield None, self._put(self._form_item(dossier.code, change.form))
        if change.mark:
            yield change.mark, self._put(_mark_item(change.mark), **_ABSENT, **_TELL_OLD)
        if line := change.line:
            entered = to_item(keys.line(line.book, line.number), {"dossier": line.dossier})
            yield line, self._put(entered, **_ABSENT)

    def _put(self, item: Item, **more: Any) -> dict[str, Any]:
        return {"Put": {"TableName": self._table.name, "Item": item, **more}}

    def _attach(self, file: FileId, code: DossierCode) -> dict[str, Any]:
        """A file that is there and free; it is kept from now on.

        One of this dossier's own would make an applicant's paper the result of a unit.
        """
        return {
            "Update": {
                "TableName": self._table.name,
                "Key": to_attributes(keys.file(file)),
                "UpdateExpression": "SET dossier = :code REMOVE expires",
                "ConditionExpression": "present = :yes AND attribute_not_exists(dossier)",
                "ExpressionAttributeValues": to_attributes({":code": code, ":yes": True}),
            }
        }

    def mark(self, key: str) -> Mapping[str, Any] | None:
        data = self._table.get(keys.mark(key))
        return data["content"] if data else None

    def next_serial(self, counter: str) -> int:
        answer = self._table.client.update_item(
            TableName=self._table.name,
            Key=to_attributes(keys.serial(counter)),
            UpdateExpression="ADD n :one",
            ExpressionAttributeValues={":one": {"N": "1"}},
            ReturnValues="UPDATED_NEW",
        )
        return int(answer["Attributes"]["n"]["N"])

    # -- registers

    def last_number(self, book: Book) -> int:
        last = self._table.partition(keys.register(book), ScanIndexForward=False, Limit=1)
        return next((int(data["SK"]) for data in last), 0)

    def lines(self, book: Book, after: int, limit: int) -> Sequence[Line]:
        found = self._table.query(
            "PK = :pk AND SK > :after",
            {":pk": keys.register(book), ":after": keys.line(book, after)["SK"]},
            Limit=limit,
        )
        return [Line(book, int(data["SK"]), DossierCode(data["dossier"])) for data in found]

    # -- what lies beside a dossier

    def events(self, code: DossierCode) -> list[Event]:
        return [
            event_from_data(data) for data in self._table.partition(keys.dossier(code), keys.EVENTS)
        ]

    def notes(self, code: DossierCode) -> Mapping[int, str]:
        found = self._table.partition(keys.dossier(code), keys.NOTES)
        return {keys.number_of(data["SK"]): data["text"] for data in found}

    def form(self, code: DossierCode) -> Form:
        latest = self._table.partition(
            keys.dossier(code), keys.FORMS, ScanIndexForward=False, Limit=1
        )
        data = next(iter(latest), None)
        if data is None:
            raise NotFoundError("dossier.not_found")
        text = data["content"] if "content" in data else self._fetch(data["object"])
        return form_from_json(keys.number_of(data["SK"]), text)

    def _form_item(self, code: DossierCode, form: Form) -> Item:
        text = form_to_json(form)
        key = keys.form(code, form.number)
        if len(text.encode()) <= MOST_INLINE:
            return to_item(key, {"content": text})
        return to_item(key, {"object": self._keep(code, form.number, text.encode())})

    def _keep(self, code: DossierCode, number: int, content: bytes) -> str:
        name = _form_name(code, number, content)
        self._store().put_object(
            Bucket=self._bucket, Key=name, Body=content, ContentType="application/json"
        )
        return name

    def _forget_form(self, change: Change) -> None:
        """Of a dossier that was not filed nothing personal may stay; its code is nobody else's."""
        if change.form and change.dossier.ev == len(change.events):
            text = form_to_json(change.form).encode()
            if len(text) > MOST_INLINE:
                name = _form_name(change.dossier.code, change.form.number, text)
                self._store().delete_object(Bucket=self._bucket, Key=name)

    def _fetch(self, name: str) -> str:
        answer = self._store().get_object(Bucket=self._bucket, Key=name)
        return str(answer["Body"].read().decode())

    # -- indexes

    def worklist(self, queue: str, limit: int, cursor: str, due: str) -> Page:
        after, until = _after(cursor), due or "~"
        if after > until:
            return Page([])
        answer = self._table.client.query(
            TableName=self._table.name,
            IndexName="worklist",
            KeyConditionExpression="queue = :queue AND due BETWEEN :after AND :until",
            ExpressionAttributeValues=to_attributes(
                {":queue": queue, ":after": after, ":until": until}
            ),
            Limit=limit,
        )
        rows = [from_item(item) for item in answer["Items"]]
        more = bool(rows) and "LastEvaluatedKey" in answer
        return Page([_row(data) for data in rows], _cursor(rows[-1]["due"]) if more else "")

    def late(self, queue: str, now: datetime) -> Late:
        found = self._table.query(
            "queue = :queue AND due < :now",
            {":queue": queue, ":now": stamp(now), ":kind": LegKind.RETURN.value},
            IndexName="worklist",
            FilterExpression="#row.#kind <> :kind",
            ProjectionExpression="due, #row.#kind",
            ExpressionAttributeNames={"#row": "row", "#kind": "kind"},
        )
        return _late((data["due"], data["row"]["kind"]) for data in found)

    def overdue_for_waking(self, before: datetime | None) -> Iterable[str]:
        for shard in range(keys.SHARDS):
            yield from self._overdue(before, shard)

    def _overdue(self, before: datetime | None, shard: int) -> Iterable[str]:
        where, values = "#open = :open", {":open": keys.shard(shard)}
        if before is not None:
            where, values = f"{where} AND wake_at < :before", {**values, ":before": stamp(before)}
        found = self._table.query(
            where, values, IndexName="open", ExpressionAttributeNames={"#open": "open"}
        )
        return (str(data["PK"]) for data in found)


_TELL_OLD: Final = {"ReturnValuesOnConditionCheckFailure": "ALL_OLD"}


def _unchanged(change: Change) -> dict[str, Any]:
    """Nobody has decided since it was loaded, nor moved its wake-up, which needs no event."""
    before = change.dossier.ev - len(change.events)
    if before == 0:
        return _ABSENT
    where = "ev = :before"
    values: dict[str, str | int] = {":before": before}
    if change.woke_at:
        where, values[":woke_at"] = f"{where} AND wake_at = :woke_at", stamp(change.woke_at)
    return {"ConditionExpression": where, "ExpressionAttributeValues": to_attributes(values)}


def _form_name(code: DossierCode, number: int, content: bytes) -> str:
    return f"forms/{code}/{number:03d}-{hashlib.sha256(content).hexdigest()[:32]}.json"


def _mark_item(mark: Mark) -> Item:
    expires = int(time()) + mark.keep_days * DAY
    return to_item(keys.mark(mark.key), {"content": dict(mark.content), "expires": expires})


def _meaning(parts: list[Any], error: ClientError) -> Exception:
    """A mark that was there says more than a race: the same request came before."""
    if error.response["Error"]["Code"] == "TransactionInProgressException":
        return RaceError("in progress")
    reasons = error.response.get("CancellationReasons", [])
    failed = [
        (part, reason)
        for part, reason in zip(parts, reasons, strict=False)
        if reason.get("Code") in _LOST
    ]
    for part, reason in failed:
        if isinstance(part, Mark) and "Item" in reason:
            return SeenError(from_item(reason["Item"])["content"])
    if any(part is None or isinstance(part, Mark) for part, _ in failed):
        return RaceError("another write came first")
    if any(isinstance(part, Line) for part, _ in failed):
        return NumberTakenError("somebody else's dossier has that number")
    for part, reason in failed:
        conflict = reason["Code"] == "TransactionConflict"
        return RaceError("another write came first") if conflict else FileNotReadyError(part)
    return error


def _after(cursor: str) -> str:
    """The first sort key behind the one the cursor names."""
    if not cursor:
        return "0"
    try:
        return urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode() + " "
    except ValueError:
        raise RuleError("list.cursor", pointer="/query/cursor") from None


def _cursor(due: str) -> str:
    return urlsafe_b64encode(due.encode()).decode().rstrip("=")


def _late(rows: Iterable[tuple[str, str]]) -> Late:
    """Of sort keys and kinds, the most urgent first: counted as they are read, none is kept."""
    legs, first, undecided = 0, "", ""
    for due, kind in rows:
        legs += 1
        first = first or due
        if kind == LegKind.INTAKE:
            undecided = undecided or due
    return Late(legs, _urgent(first), _urgent(undecided))


def _urgent(text: str) -> tuple[datetime, DossierCode] | None:
    due = keys.due_of(text) if text else None
    return (due.at, due.code) if due and due.at else None


def _row(data: Mapping[str, Any]) -> WorkRow:
    due = keys.due_of(data["due"])
    return WorkRow(due.code, due.leg, due.at, data["row"])
