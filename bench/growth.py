"""Whether the thousandth dossier costs what the first did, in a table that holds the others."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from typing import Any, Final

from moto.dynamodb.models.table import Table as MotoTable

from bench.life import Life, fill
from bench.lives import lived, on_time, stopped_midway
from bench.metered import MeteredCloud
from chalicelib.adapters import table_keys as keys
from chalicelib.adapters.item_codec import Item, to_attributes
from chalicelib.domain.ids import DossierCode
from tests import aws

NUMBERS: Final = (1, 10, 1000)
BATCH: Final = 25  # items of one request


def grown(numbers: Iterable[int] = NUMBERS) -> Iterator[tuple[int, Life]]:
    """Live the dossiers of these numbers, ascending, in one table; the others are midway, open."""
    with aws.aws(), _cheap_transactions():
        cloud = MeteredCloud()
        fill(cloud)
        images: Mapping[str, Item] = {}
        code = DossierCode("")
        there = 0
        for number in numbers:
            if images:
                _put(cloud, images, code, range(there + 1, number))
            _count_to(cloud, code, number - 1)
            life = lived(cloud, on_time)
            yield number, life
            there = number
            if not images:
                midway = lived(cloud, stopped_midway)
                code = midway.code
                images = midway.world.records.stored.images[keys.dossier(code)]
                there = number + 1


def _count_to(cloud: MeteredCloud, code: DossierCode, serial: int) -> None:
    """The next dossier of the desk and day gets the serial after this one."""
    if code:
        desk, day, _ = code.rsplit("-", 2)
        item = {**keys.serial(f"{desk}#{day}"), "n": serial}
        cloud.dynamodb.put_item(TableName=aws.RECORD, Item=to_attributes(item))


def _put(
    cloud: MeteredCloud, images: Mapping[str, Item], code: DossierCode, serials: Iterable[int]
) -> None:
    """Copies of a dossier under other codes, with their rows in all indexes."""
    requests = (
        {"PutRequest": {"Item": _renamed(item, code, f"{code[:-4]}{serial:04d}")}}
        for serial in serials
        for item in images.values()
    )
    while batch := list(islice(requests, BATCH)):
        cloud.dynamodb.batch_write_item(RequestItems={aws.RECORD: batch})


def _renamed(item: Item, code: str, name: str) -> Item:
    renamed: dict[str, Any] = {
        attribute: {"S": value["S"].replace(code, name)} if "S" in value else value
        for attribute, value in item.items()
    }
    return renamed


@contextmanager
def _cheap_transactions() -> Iterator[None]:
    """For each transaction moto copies the whole table, to put it back should the transaction fail.

    None does here (one that is refused ends the benchmark), and a thousand dossiers take too long.
    """
    table: Any = MotoTable
    table.__deepcopy__ = lambda self, _memo: self
    try:
        yield
    finally:
        del table.__deepcopy__
