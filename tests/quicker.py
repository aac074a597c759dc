"""moto with the same answers for a fraction of the work.

It copies a whole table deeply for every part of a transaction, sorts all of it for every query,
and looks for each of an attribute value's ten types under six names. Here items are never changed
once they are in a table, but replaced: so a copy of a table may share them. And whenever it starts
it forgets boto3's session, with all that this has read of AWS's services: here sessions share it.
"""

import copy
from collections import defaultdict
from collections.abc import Mapping
from typing import Any, Final

from botocore.loaders import Loader
from moto.core.serialize import BaseJSONSerializer
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import Item
from moto.dynamodb.models.table import Table

_loader: Final[Any] = Loader.__init__
_loaded: Final[dict[Any, Any]] = {}
_update: Final[Any] = DynamoDBBackend.update_item
_query: Final[Any] = Table.query
_structure: Final[Any] = BaseJSONSerializer._serialize_type_structure

_INDEX: Final = 6  # of a query's arguments after the partition


def _loader_sharing(loader: Any, *given: Any, **more: Any) -> None:
    _loader(loader, *given, **more)
    loader._cache = _loaded


def copied(items: Mapping[Any, Any]) -> Any:
    """A table's items, to go back to: by partition, and in it by sort key where there are any."""
    return defaultdict(dict, {partition: _shared(rows) for partition, rows in items.items()})


def _shared(rows: Any) -> Any:
    return rows if isinstance(rows, Item) else dict(rows)


def _table_copied(table: Any, memo: dict[int, Any]) -> Any:
    twin = memo[id(table)] = copy.copy(table)
    twin.items = copied(table.items)
    if table.stream_shard:
        twin.stream_shard = copy.copy(table.stream_shard)
        twin.stream_shard.table, twin.stream_shard.items = twin, [*table.stream_shard.items]
    return twin


def _item_replaced(backend: Any, table_name: str, key: Any, **given: Any) -> Any:
    table = backend.get_table(table_name)
    partition, sort = backend.get_keys_value(table, key)
    if stored := table.get_item(partition, sort):
        place, name = (table.items[partition], sort) if sort else (table.items, partition)
        place[name] = copy.deepcopy(stored)
    return _update(backend, table_name, key, **given)


def _partition_queried(table: Any, partition: Any, *given: Any, **more: Any) -> Any:
    if not given[_INDEX]:
        table, rows = copy.copy(table), table.items
        table.items = {partition: rows[partition]} if partition in rows else {}
    return _query(table, partition, *given, **more)


def _all_items(table: Any) -> list[Any]:
    """Keys are texts here, which need no comparison of types."""
    found: list[Any] = []
    for rows in table.items.values():
        found += [rows] if isinstance(rows, Item) else rows.values()
    return sorted(found, key=_key)


def _key(item: Any) -> tuple[str, str]:
    return item.hash_key.value, item.range_key.value if item.range_key else ""


def _value_serialized(serializer: Any, serialized: Any, value: Any, shape: Any, key: str) -> None:
    if shape.name != "AttributeValue":
        _structure(serializer, serialized, value, shape, key)
        return
    ((kind, content),) = value.items()
    typed: dict[str, Any] = {}
    serializer._serialize(typed, content, shape.members[kind], kind)
    serializer._default_serialize(serialized, typed, shape, key)


QUICKER: Final[tuple[tuple[Any, str, Any], ...]] = (
    (Loader, "__init__", _loader_sharing),
    (Table, "__deepcopy__", _table_copied),
    (Table, "query", _partition_queried),
    (Table, "all_items", _all_items),
    (DynamoDBBackend, "update_item", _item_replaced),
    (BaseJSONSerializer, "_serialize_type_structure", _value_serialized),
)
PLAIN: Final = tuple((owner, name, getattr(owner, name, None)) for owner, name, _ in QUICKER)


def install() -> None:
    """For every use of moto in this process."""
    for owner, name, quicker in QUICKER:
        setattr(owner, name, quicker)
