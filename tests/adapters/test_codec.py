"""Whole lives told on both stores at once: after every decision both must load the same dossier."""

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.adapters import clients
from chalicelib.adapters.item_codec import upload_to_item
from chalicelib.adapters.records import DynamoRecords
from chalicelib.adapters.table import Table
from chalicelib.domain.dossier import Dossier
from chalicelib.domain.ids import DossierCode
from chalicelib.ports import Change, ContextOf, Upload
from tests import aws
from tests.simulator.fakes import InMemoryRecords
from tests.simulator.script import STORIES, Story
from tests.simulator.world import NO_FAULTS, World


class Twin(InMemoryRecords):
    """The fake, with DynamoDB beside it; what they give back is compared."""

    def __init__(self, world: World, table: Table) -> None:
        super().__init__(world.files, world.outbox)
        self.on_commit = world.records.on_commit
        self._table = table
        self._real = DynamoRecords(table, clients.s3, aws.FILES)
        self.largest = 0

    def load(self, code: DossierCode, context: ContextOf) -> Dossier:
        fake, stored = super().load(code, context), self._real.load(code, context)
        assert stored == fake
        return stored

    def commit(self, change: Change) -> None:
        super().commit(change)  # first: it knows which files have arrived
        for file in change.files:
            upload = replace(Upload(file, "a", "b", 1, "c", "d"), present=True)
            self._table.client.put_item(TableName=aws.RECORD, Item=upload_to_item(upload))
        self._real.commit(change)
        assert self._real.events(change.dossier.code) == self.events(change.dossier.code)
        self.largest = max(self.largest, _case_bytes(self._table, change.dossier.code))


def _case_bytes(table: Table, code: DossierCode) -> int:
    from bench.meter import item_size  # noqa: PLC0415 - the meter is a program's, not a test's

    item = table.client.get_item(
        TableName=aws.RECORD, Key={"PK": {"S": f"D#{code}"}, "SK": {"S": "CASE"}}
    )["Item"]
    return item_size(item)


@pytest.mark.parametrize("name", STORIES)
def test_both_stores_tell_the_same_story(name: str, table: Table) -> None:
    """A field the codec forgets would change a later decision; a case above 1 KB costs double."""
    world = World(1, NO_FAULTS)
    twin = Twin(world, table)
    world.records = twin
    world.plain = replace(world.plain, records=twin)
    world.deps = replace(world.deps, records=twin)
    story: Any = Story(world)
    STORIES[name](story)
    story.ends()
    assert 400 < twin.largest <= 1024
