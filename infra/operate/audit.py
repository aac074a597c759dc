"""What operators did: one line in the record table for each change, before it is made.

The line is beside every dossier's own events: a dossier's record holds what people and time did to
it; that somebody ran a command is the stage's history.
"""

from __future__ import annotations

import uuid
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from chalicelib import bootstrap
from chalicelib.adapters import table_keys as keys
from chalicelib.adapters.item_codec import to_attributes, to_item
from chalicelib.domain.event import stamp

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chalicelib.adapters.table import Table
    from infra.operate.target import Target


@contextmanager
def audited(target: Target, command: str, **about: str) -> Iterator[None]:
    """A change, written down with who makes it, when, on what, and how it ended."""
    with noted(bootstrap.record(), target.who(), command, **about):
        yield


@contextmanager
def noted(table: Table, who: str, command: str, **about: str) -> Iterator[None]:
    """The same, for a command that was given its table."""
    now = datetime.now(UTC)
    key = keys.operated(f"{now:%Y-%m}", f"{now:%Y-%m-%dT%H:%M:%S.%fZ}#{uuid.uuid4().hex[:8]}")
    line = {"command": command, "by": who, "at": stamp(now), "about": about}
    table.client.put_item(TableName=table.name, Item=to_item(key, line))
    try:
        yield
    except BaseException as error:
        _ended(table, key, f"{type(error).__name__}")
        raise
    _ended(table, key, "done")


def _ended(table: Table, key: keys.Key, outcome: str) -> None:
    table.client.update_item(
        TableName=table.name,
        Key=to_attributes(key),
        UpdateExpression="SET outcome = :outcome",
        ExpressionAttributeValues=to_attributes({":outcome": outcome}),
    )


def this_month() -> str:
    """Real time: what operators do is not part of the business clock."""
    return f"{datetime.now(UTC):%Y-%m}"


def lines(month: str) -> list[dict[str, Any]]:
    """What was done in a month (`2026-10`), in order; without an outcome it is still going on."""
    names = ("at", "by", "command", "about", "outcome")
    found = bootstrap.record().partition(keys.operated(month, "")["PK"])
    return [{name: data.get(name, "") for name in names} for data in found]
