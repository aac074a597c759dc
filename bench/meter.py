"""What an operation costs on AWS: calls, bytes sent, DynamoDB units and workflow states.

Units follow AWS's published rules, never an emulator's ConsumedCapacity. Sources by letter,
S, C, G and T under docs.aws.amazon.com/amazondynamodb/latest/developerguide/:
    S  CapacityUnitCalculations.html: item sizes
    C  read-write-operations.html: units of reads, writes and failed conditions
    G  GSI.html#GSI.ThroughputConsiderations.Writes: index writes
    T  transaction-apis.html: twice in a transaction; indexes follow later; client tokens
    P  where those are silent, as measured on AWS by github.com/paritysuite/dynamodb-conformance
       (67, 74, 137, 149, numberByteSize) and github.com/nubo-db/dynoxide (pull 188)
The price of a cancelled transaction is published nowhere: the table is charged in full, as C has
it for one failed condition. What a batch leaves unprocessed counts; botocore's retries do not.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import replace
from decimal import Decimal
from functools import cache
from itertools import chain
from math import ceil
from threading import Lock
from typing import Any, NamedTuple
from urllib.parse import urlencode

import boto3
from boto3.session import Session
from botocore.client import BaseClient
from botocore.exceptions import ClientError
from botocore.utils import determine_content_length

from bench.table import Row, workflow_cost

__all__ = ["Index", "Meter", "Row", "UnpricedCallError", "item_size", "workflow_cost"]

Item = Mapping[str, Any]  # attribute name -> {"S": ...}; {} stands for "no such item"
Pad = Mapping[str, Mapping[str, int]]  # table -> attribute -> bytes
Params = Mapping[str, Any]  # of a call, or of one request in it
_SETS = {"SS": "S", "NS": "N", "BS": "B"}
_CHARGED = {"", "ConditionalCheckFailedException", "TransactionCanceledException"}
_LATER = {"FilterExpression", "ProjectionExpression", "Select"}


class UnpricedCallError(Exception):
    """A DynamoDB call whose units the meter cannot know; the message names it."""


def item_size(item: Item) -> int:
    """Bytes of an item in attribute-value format: UTF-8 names plus values (S)."""
    return sum(len(name.encode()) + _value_size(value) for name, value in item.items())


def write_units(*sizes: int) -> int:
    """1 per started KB of the largest of `sizes` (bytes), at least 1 (C)."""
    return max(1, ceil(max(sizes) / 1024))


def read_units(size: int, factor: float) -> float:
    """`factor` (0.5 eventual, 1 strong, 2 transactional) per started 4 KB, at least once (C)."""
    return factor * max(1, ceil(size / 4096))


def _value_size(value: Mapping[str, Any]) -> int:
    ((kind, body),) = value.items()
    if kind in {"M", "L"}:
        return 3 + len(body) + (item_size(body) if kind == "M" else sum(map(_value_size, body)))
    if kind in _SETS:  # nothing per element (P: 20,479 numbers of 20 bytes fit into 400 KB)
        return sum(_value_size({_SETS[kind]: element}) for element in body)
    if kind == "N":
        return _number_size(body)
    return 1 if kind in {"NULL", "BOOL"} else len(body.encode() if kind == "S" else body)


def _number_size(text: str) -> int:
    """One byte, one per two significant digits (S: "approximately"), one for a minus sign.

    P: digits before and after the point pair up separately (15 costs 2, 1.5 costs 3); 0 costs 1.
    """
    sign, digits, exponent = Decimal(text).as_tuple()
    significant = "".join(map(str, digits)).strip("0")
    if not significant:
        return 1
    whole = min(max(len(digits) + int(exponent), 0), len(significant))
    return 1 + ceil(whole / 2) + ceil((len(significant) - whole) / 2) + sign


class Index(NamedTuple):
    """A secondary index: its key attributes and those it holds, None for all."""

    keys: tuple[str, ...]
    projected: frozenset[str] | None

    def entry(self, item: Item) -> Item:
        """Cut the item to what the index stores; {} where it lacks an index key (sparse)."""
        if any(key not in item for key in self.keys):
            return {}
        return {n: v for n, v in item.items() if self.projected is None or n in self.projected}

    def write_units(self, before: Item, after: Item) -> int:
        """1 per started KB of the entry written or deleted, 0 if it stays the same (G).

        Never doubled by a transaction: indexes follow after it commits (T), and only the table
        was measured at 2 (P). Changed in place, the larger image counts; moved, each one (P).
        """
        old, new = self.entry(before), self.entry(after)
        if old == new:
            return 0
        if old and new and all(old[key] == new[key] for key in self.keys):
            return write_units(item_size(old), item_size(new))
        return sum(write_units(item_size(entry)) for entry in (old, new) if entry)


class _Shape:
    """A table's keys and indexes, from DescribeTable."""

    def __init__(self, table: Mapping[str, Any]) -> None:
        self.keys = _key_names(table)
        found = table.get("GlobalSecondaryIndexes", []) + table.get("LocalSecondaryIndexes", [])
        self.indexes = {index["IndexName"]: self._index(index) for index in found}

    def _index(self, index: Mapping[str, Any]) -> Index:
        keys, projection = _key_names(index), index["Projection"]
        named = frozenset({*self.keys, *keys, *projection.get("NonKeyAttributes", ())})  # (G)
        return Index(keys, None if projection["ProjectionType"] == "ALL" else named)


def _key_names(schema: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(element["AttributeName"] for element in schema["KeySchema"])


def _named(operation: str, params: Params) -> Iterator[tuple[str, str, Params]]:
    """Yield (table, action, request) for every item that a call names."""
    if operation in {"TransactWriteItems", "TransactGetItems"}:
        for action, request in chain.from_iterable(map(dict.items, params["TransactItems"])):
            yield request["TableName"], action, request
    elif operation in {"GetItem", "PutItem", "UpdateItem", "DeleteItem"}:
        yield params["TableName"], operation.removesuffix("Item"), params
    elif operation == "BatchGetItem":
        for table, asked in params["RequestItems"].items():
            yield from ((table, "Get", {**asked, "Key": key}) for key in asked["Keys"])
    elif operation == "BatchWriteItem":
        for table, entries in params["RequestItems"].items():
            for action, request in chain.from_iterable(map(dict.items, entries)):
                yield table, action.removesuffix("Request"), request


class _Touch(NamedTuple):
    table: str
    action: str  # Get, Put, Update, Delete or ConditionCheck
    request: Params
    before: Item


class _Call(NamedTuple):
    operation: str
    params: Params
    touches: list[_Touch] | None  # None where its items could not be read beforehand


class _Pricer:
    """Prices DynamoDB calls: `look` before one is sent, `price` when it is answered."""

    def __init__(self, raw: Any, pad: Pad) -> None:
        self._raw, self._pad = raw, pad
        self._shape = cache(lambda table: _Shape(raw.describe_table(TableName=table)["Table"]))
        self._written: dict[str, list[int]] = {}  # client token -> bytes of each item

    def look(self, operation: str, params: Params) -> _Call:
        seen = None
        with suppress(ClientError, KeyError):  # AWS will refuse it too, as for a missing table
            seen = [_Touch(t, a, r, self._item(t, r)) for t, a, r in _named(operation, params)]
        return _Call(operation, params, seen)

    def price(self, call: _Call, error: str) -> tuple[float, float]:
        """(write units, read units); a failed condition costs, another error does not (C).

        A transaction sent again is a read of what it wrote (T, P). AWS knows its client token for
        10 minutes, the meter for its own life.
        """
        if error not in _CHARGED:
            return 0, 0
        if call.touches is None or "Execute" in call.operation:  # PartiQL
            raise UnpricedCallError(call.operation)
        transaction = call.operation == "TransactWriteItems"
        token = call.params["ClientRequestToken"] if transaction else ""
        if token in self._written:
            return 0, sum(read_units(size, 2) for size in self._written[token])
        writes = [(t, self._after(t, error)) for t in call.touches if t.action != "Get"]
        if transaction and not error:
            self._written[token] = [max(item_size(t.before), item_size(new)) for t, new in writes]
        units = sum(self._write(t, new, error, 1 + transaction) for t, new in writes)
        return units, self._reads(call)

    def _reads(self, call: _Call) -> float:
        sizes = [(item_size(t.before), t.request) for t in call.touches or () if t.action == "Get"]
        if call.operation in {"Query", "Scan"}:  # rounded once, over all that was read (C)
            sizes = [(self._evaluated(call.operation, call.params), call.params)]
        if call.operation == "TransactGetItems":
            return sum(read_units(size, 2) for size, _ in sizes)
        return sum(read_units(size, 1 if by.get("ConsistentRead") else 0.5) for size, by in sizes)

    def _after(self, touch: _Touch, error: str) -> Item:
        if touch.action == "Put":  # even refused: the larger of the stored and the new item (C)
            return self._normal(touch.table, touch.request["Item"])
        if error or touch.action == "ConditionCheck":  # a check is a write of what it sees (P)
            return touch.before
        return {} if touch.action == "Delete" else self._item(touch.table, touch.request)

    def _write(self, touch: _Touch, after: Item, error: str, factor: int) -> int:
        indexes = () if error else self._shape(touch.table).indexes.values()
        table = factor * write_units(item_size(touch.before), item_size(after))
        return table + sum(index.write_units(touch.before, after) for index in indexes)

    def _evaluated(self, operation: str, params: Params) -> int:
        """Bytes that were read, before filter, projection and count took their share (C)."""
        look = {name: value for name, value in params.items() if name not in _LATER}
        used = set(re.findall(r"[#:]\w+", params.get("KeyConditionExpression", "")))
        for name in ("ExpressionAttributeNames", "ExpressionAttributeValues"):
            kept = {alias: to for alias, to in look.pop(name, {}).items() if alias in used}
            look |= {name: kept} if kept else {}
        found = (self._raw.query if operation == "Query" else self._raw.scan)(**look)["Items"]
        index = self._shape(params["TableName"]).indexes.get(params.get("IndexName", ""))
        items = [self._normal(params["TableName"], item) for item in found]
        return sum(item_size(index.entry(item) if index else item) for item in items)

    def _item(self, table: str, request: Params) -> Item:
        keys = self._shape(table).keys
        key = request.get("Key") or {name: request["Item"][name] for name in keys}
        found = self._raw.get_item(TableName=table, Key=key, ConsistentRead=True)
        return self._normal(table, found.get("Item", {}))

    def _normal(self, table: str, item: Item) -> Item:
        """Pad the item, and put its sets into one order: they are equal in any."""
        pad = self._pad.get(table, {})
        padded = {n: {"S": item[n]["S"].ljust(f)} for n, f in pad.items() if "S" in item.get(n, ())}
        sets = {n: {k: sorted(v[k])} for n, v in item.items() for k in _SETS.keys() & v}
        return {**item, **padded, **sets}


class Meter:
    """Counts what passes through the sessions and clients it is attached to.

    `raw` is the DynamoDB client it looks with, never itself attached; by default a new one.
    `pad` is the least size of a table's string attributes.
    """

    def __init__(self, raw: Any = None, pad: Pad | None = None) -> None:
        self._pricer = _Pricer(raw or boto3.client("dynamodb"), pad or {})
        self._operation = ContextVar("operation", default="")
        self._rows: dict[str, Row] = {}
        self._lock, self._key = Lock(), f"meter-{id(self)}"

    def attach(self, source: Session | BaseClient) -> None:
        """Meter a client, or all that a session makes from now on; attached twice counts once."""
        events = source.meta.events if isinstance(source, BaseClient) else source.events
        for register, event, handler in (
            (events.register_last, "before-parameter-build", self._built),
            (events.register_first, "before-call", self._sent),
            (events.register_first, "after-call.dynamodb", self._answered),
        ):
            register(event, handler, unique_id=f"{self._key}-{event}")

    @contextmanager
    def operation(self, name: str) -> Iterator[None]:
        """Count what this thread or task does under `name`; inside another, `outer/name`."""
        outer = self._operation.get()
        token = self._operation.set(f"{outer}/{name}" if outer else name)
        try:
            yield
        finally:
            self._operation.reset(token)

    def rows(self) -> list[Row]:
        """One per operation, in the order of their first calls; copies."""
        with self._lock:
            return [replace(row, by_call=dict(row.by_call)) for row in self._rows.values()]

    def drain(self) -> list[Row]:
        """The rows so far; counting begins anew. Nothing may be under way."""
        rows = self.rows()
        self._rows.clear()
        return rows

    def _built(self, params: Params, context: dict[str, Any], **_: object) -> None:
        context[self._key] = params

    def _sent(self, model: Any, params: Params, context: dict[str, Any], **_: object) -> None:
        service, name = model.service_model.service_name, self._operation.get()
        call, body = f"{service}.{model.name}", params["body"]
        body = urlencode(body) if isinstance(body, dict) else body
        with self._lock:
            row = self._rows.setdefault(name, Row(name or "(other)"))
            row.calls += 1
            row.by_call[call] = row.by_call.get(call, 0) + 1
            row.bytes_out += determine_content_length(body) or 0
        if service == "dynamodb":
            context[self._key] = row, self._pricer.look(model.name, context[self._key])

    def _answered(self, parsed: Params, context: dict[str, Any], **_: object) -> None:
        row, call = context[self._key]
        write, read = self._pricer.price(call, parsed.get("Error", {}).get("Code", ""))
        with self._lock:
            row.write_units += write
            row.read_units += read
