"""What several commands read: dossiers with their context, the open index, whole-table scans."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from chalicelib import bootstrap
from chalicelib.adapters import clients
from chalicelib.adapters import table_keys as keys
from chalicelib.adapters.item_codec import from_item, to_attributes
from chalicelib.domain.delivery import Delivery, deliveries
from chalicelib.domain.dossier import Context, Dossier
from chalicelib.domain.ids import DeliveryId, DossierCode
from chalicelib.domain.terms import FINAL

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from chalicelib.adapters.schema import Data
    from chalicelib.domain.event import Event
    from chalicelib.domain.ids import ProcedureCode

UNITS_A_DOLLAR: Final = 7_000_000  # read request units, on demand, Singapore, roughly
UNIT_BYTES: Final = 8192  # that one unit reads, eventually consistent


def now() -> datetime:
    """Service time."""
    return bootstrap.clock().now()


def context(code: ProcedureCode, version: int) -> Context:
    """Of a look at a dossier; needs no secret."""
    reference = bootstrap.reference()
    return Context(now(), reference.procedure(code, version), reference.directory())


def dossier(code: str) -> Dossier:
    """As it is on record. Raise NotFoundError."""
    return bootstrap.records().load(DossierCode(code), context)


def messages(of: Dossier, events: list[Event]) -> list[Delivery]:
    """The messages to agencies that these events caused, as they stand now."""
    found = (bootstrap.deliveries().get(each.id) for each in deliveries(of, events))
    return [each for each in found if each]


def open_keys() -> Iterator[str]:
    """`D#code` and `DEL#id` of everything that is open, by the index."""
    return iter(bootstrap.records().overdue_for_waking(None))


def open_dossiers() -> Iterator[DossierCode]:
    """Codes of all dossiers that have not ended."""
    return (keys.code_of(key) for key in open_keys() if key.startswith("D#"))


def waiting_messages() -> Iterator[Delivery]:
    """All messages that are still to be sent, one read each."""
    for key in open_keys():
        if key.startswith("DEL#"):
            found = bootstrap.deliveries().get(DeliveryId(key.removeprefix("DEL#")))
            if found:
                yield found


# -- the whole table


@dataclass(frozen=True)
class Size:
    """Of the record table, as DynamoDB last counted it (every six hours)."""

    items: int
    bytes: int

    @property
    def dollars(self) -> float:
        """What reading all of it costs, roughly."""
        return self.bytes / UNIT_BYTES / UNITS_A_DOLLAR


def size() -> Size:
    """See `Size`."""
    name = bootstrap.settings().record_table
    found = clients.dynamodb().describe_table(TableName=name)["Table"]
    return Size(found.get("ItemCount", 0), found.get("TableSizeBytes", 0))


def scan(where: str, values: Mapping[str, Any], names: Mapping[str, str]) -> Iterator[list[Data]]:
    """Pages of the table's items that fit: PK and SK of them. Reads, and pays for, all of it."""
    request: dict[str, Any] = {
        "TableName": bootstrap.settings().record_table,
        "FilterExpression": where,
        "ExpressionAttributeValues": to_attributes(values),
        "ProjectionExpression": "PK, SK",
        "Select": "SPECIFIC_ATTRIBUTES",  # a role may be allowed no other way of reading all
    }
    if names:
        request["ExpressionAttributeNames"] = dict(names)
    for page in clients.dynamodb().get_paginator("scan").paginate(**request):
        yield [from_item(item) for item in page["Items"]]


def all_dossiers() -> Iterator[DossierCode]:
    """Codes of every dossier there ever was."""
    for page in scan("SK = :case", {":case": keys.CASE}, {}):
        yield from (keys.code_of(data["PK"]) for data in page)


def is_closed(status: str) -> bool:
    """Whether a status is final."""
    return status in FINAL


def speed() -> float:
    """Service seconds per real second."""
    anchor = bootstrap.settings().clock_anchor
    return anchor.speed if anchor else 1.0


def workers() -> int:
    """Threads that read at once."""
    return min(8, 2 * (os.cpu_count() or 1))
