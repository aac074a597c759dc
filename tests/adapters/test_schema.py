"""The stored schema: what is older is lifted when it is read, what is newer is refused."""

from decimal import Decimal

import pytest

from chalicelib.adapters import clients, schema
from chalicelib.adapters.item_codec import from_item, to_attributes, to_item
from chalicelib.adapters.schema import Data, NewerSchemaError, present
from chalicelib.adapters.table import Table
from tests import aws

KEY = {"PK": "D#S1.1-261005-0001", "SK": "CASE"}


def _to_2(data: Data) -> Data:
    """Version 2 spells the channel out."""
    return {**{key: value for key, value in data.items() if key != "chan"}, "channel": data["chan"]}


def _to_3(data: Data) -> Data:
    return {**data, "channel": data["channel"].upper()}


def test_the_present_schema_is_read_as_it_is() -> None:
    """Every read goes through here: it must cost nothing and change nothing."""
    data = {**KEY, "v": schema.known(), "chan": "online"}
    assert present(data) is data


def test_what_is_written_can_be_read() -> None:
    """A schema is known one release before it is written, never the other way round."""
    assert 1 <= schema.WRITTEN <= schema.known()
    assert from_item(to_item(KEY, {"status": "submitted"}))["v"] == schema.WRITTEN


@pytest.mark.parametrize(
    ("written", "channel"), [(1, "ONLINE"), (2, "ONLINE"), (3, "online")], ids=str
)
def test_each_step_is_taken_once(
    written: int, channel: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dossier that rested for three versions is read like one of yesterday's."""
    monkeypatch.setattr(schema, "STEPS", (_to_2, _to_3))
    name = "chan" if written == 1 else "channel"
    read = from_item(to_attributes({**KEY, "v": written, name: "online"}))
    assert read == {**KEY, "v": 3, "channel": channel}


def test_a_step_does_not_change_what_it_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was read may still be compared with what is stored."""
    monkeypatch.setattr(schema, "STEPS", (_to_2,))
    old = {**KEY, "v": Decimal(1), "chan": "online"}
    assert present(old)["v"] == 2
    assert old == {**KEY, "v": Decimal(1), "chan": "online"}


def test_a_newer_one_is_refused_by_name() -> None:
    """After a step back the old code must stop, not store half of what it does not understand."""
    newer = to_attributes({**KEY, "v": schema.known() + 1, "status": "submitted"})
    with pytest.raises(NewerSchemaError, match=r"D#S1.1-261005-0001/CASE has schema 2"):
        from_item(newer)


def test_the_table_refuses_it_too() -> None:
    """There is no way to the codecs around it."""
    with aws.aws():
        table = Table(clients.dynamodb(), aws.RECORD)
        item = to_attributes({**KEY, "v": schema.known() + 1})
        table.client.put_item(TableName=aws.RECORD, Item=item)
        with pytest.raises(NewerSchemaError):
            table.get(KEY)
        with pytest.raises(NewerSchemaError):
            list(table.partition(KEY["PK"]))


@pytest.mark.parametrize("data", [{"PK": "SEQ#S1.1", "SK": "SEQ", "n": 7}, {"queue": "S1.1#work"}])
def test_what_has_no_version_is_left_alone(data: Data, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counters and rows of an index are the same in every version."""
    monkeypatch.setattr(schema, "STEPS", (_to_2,))
    assert present(data) is data
