"""The meter against AWS's published rules, each case computed by hand.

Units read (write, read). Tables as in infra/stacks/data.yaml: `record` has the index `open`
(KEYS_ONLY, keys open + wake_at) and `worklist` (INCLUDE row, keys queue + due).
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from bench.meter import Meter, item_size
from infra.templates import STACKS, load

Item = dict[str, Any]
RECORD, TOKEN, WIDE = "record", "token", "wide"
SESSION = boto3.Session("id", "secret", region_name="ap-southeast-1")
NEW = "attribute_not_exists(PK)"


class Lab:
    """A metered client on fresh tables, and an unmetered one to set the scene."""

    def __init__(self) -> None:
        self.raw, self.client = SESSION.client("dynamodb"), SESSION.client("dynamodb")
        self.meter = Meter(raw=self.raw, pad={TOKEN: {"token": 1024}})
        self.meter.attach(self.client)

    def units(self, method: str, **params: Any) -> tuple[float, float]:
        """Cost of one call, refused or not; the table is `record` unless it says otherwise."""
        if "TransactItems" not in params and "RequestItems" not in params:
            params.setdefault("TableName", RECORD)
        name = str(len(self.meter.rows()))
        with self.meter.operation(name), suppress(ClientError):
            getattr(self.client, method)(**params)
        return next((r.write_units, r.read_units) for r in self.meter.rows() if r.operation == name)

    def given(self, *items: Item) -> None:
        for item in items:
            self.raw.put_item(TableName=RECORD, Item=item)

    def change(self, expression: str, **values: str) -> tuple[float, float]:
        """UpdateItem of the item `sized` makes; every name in `expression` is an alias."""
        names = {f"#{name}": name for name in re.findall(r"#(\w+)", expression)}
        filled = {f":{name}": {"S": value} for name, value in values.items()}
        extra = {"ExpressionAttributeValues": filled} if filled else {}
        update = {"UpdateExpression": expression, "ExpressionAttributeNames": names}
        return self.units("update_item", Key=KEY, **update, **extra)


KEY = {"PK": {"S": "D#1"}, "SK": {"S": "CASE"}}


def sized(size: int, sk: str = "CASE", **texts: str) -> Item:
    """Make an item of `size` bytes: 2 + 3 for PK, 2 and 1 for the names SK and x, and text."""
    item = {**KEY, "SK": {"S": sk}, **{name: {"S": text} for name, text in texts.items()}}
    used = 2 + 3 + 2 + len(sk) + 1 + sum(len(name) + len(text) for name, text in texts.items())
    return {**item, "x": {"S": "x" * (size - used)}}


@pytest.fixture
def lab() -> Iterator[Lab]:
    with mock_aws():
        lab = Lab()
        resources = load(STACKS / "data.yaml")["Resources"]
        for name, resource in ((RECORD, "RecordTable"), (TOKEN, "TokenTable")):
            create(lab.raw, name, resources[resource]["Properties"])
        wide = resources["RecordTable"]["Properties"]
        for index in wide["GlobalSecondaryIndexes"]:
            index["Projection"] = {"ProjectionType": "ALL"}
        create(lab.raw, WIDE, wide)
        yield lab


def create(raw: Any, name: str, properties: Item) -> None:
    known = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")
    raw.create_table(TableName=name, **{k: properties[k] for k in known if k in properties})


@pytest.mark.parametrize(
    ("value", "size", "why"),
    [
        ({"S": "abc"}, 3, "ASCII is a byte a letter"),
        ({"S": "Hồ sơ"}, 8, "H 1, ồ 3, space 1, s 1, ơ 2"),
        ({"N": "0"}, 1, "no significant digit"),
        ({"N": "-0"}, 1, "zero has no sign"),
        ({"N": "123"}, 3, "1 + two pairs"),
        ({"N": "100"}, 2, "trailing zeros are trimmed"),
        ({"N": "0.0010"}, 2, "leading zeros too"),
        ({"N": "-1.5"}, 4, "1 + 1 before and 1 after the point + 1 for the sign"),
        ({"N": "100.5"}, 4, "zeros before a fraction are significant: 1 + 2 + 1"),
        ({"N": "1E125"}, 2, "the exponent is free"),
        ({"N": "12345678901234567890123456789012345678"}, 20, "1 + 19 pairs, the most there is"),
        ({"B": b"\x00\x01\x02"}, 3, "raw bytes, not base64"),
        ({"NULL": True}, 1, "one, as BOOL"),
        ({"L": [{"S": "ab"}, {"BOOL": True}]}, 8, "3 + (1 + 2) + (1 + 1)"),
        ({"M": {"tên": {"S": "ab"}, "l": {"L": []}}}, 15, "3 + (1 + 4 + 2) + (1 + 1 + 3)"),
        ({"SS": ["ab", "ơ"]}, 4, "2 + 2, nothing per element"),
        ({"NS": ["1", "-22"]}, 5, "2 + 3"),
        ({"BS": [b"ab", b"c"]}, 3, "2 + 1 raw bytes"),
    ],
)
def test_item_size(value: Item, size: int, why: str) -> None:
    assert item_size({"đ": value}) == 2 + size, why  # đ is two bytes


@pytest.mark.parametrize(("size", "units"), [(100, 1), (1024, 1), (1025, 2), (2049, 3)])
def test_put_costs_one_per_started_kb(lab: Lab, size: int, units: int) -> None:
    item = sized(size)
    assert item_size(item) == size
    assert lab.units("put_item", Item=item) == (units, 0)


def test_larger_image_counts(lab: Lab) -> None:
    """Put, update and delete look at the old item too; a delete of nothing is still a write."""
    lab.given(sized(3000))
    assert lab.units("put_item", Item=sized(2000)) == (3, 0)  # max(3000, 2000)
    assert lab.change("SET #x = :x", x="short") == (2, 0)  # max(2000, 17)
    assert lab.change("SET #x = :x", x="x" * 1013) == (2, 0)  # max(17, 12 + 1013 = 1025)
    assert lab.units("delete_item", Key=KEY) == (2, 0)  # 1025
    assert lab.units("delete_item", Key=KEY) == (1, 0)  # nothing


def test_add_on_fresh_item(lab: Lab) -> None:
    """An upsert by ADD writes one small item where there was none."""
    add = {"UpdateExpression": "ADD n :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}
    assert lab.units("update_item", Key=KEY, **add) == (1, 0)


def test_sparse_index(lab: Lab) -> None:
    """Index `open`: half a key is no entry; in, moved, out are 1, 2 and 1 beside the table's 1."""
    lab.given(sized(100))
    assert lab.change("SET #open = :o", o="S0") == (1, 0)  # wake_at is missing
    assert lab.change("SET #wake_at = :w", w="2026-01") == (2, 0)  # appears
    assert lab.change("SET #x = :x", x="y") == (1, 0)  # not projected
    assert lab.change("SET #wake_at = :w", w="2026-02") == (3, 0)  # delete + put
    assert lab.change("SET #open = :o", o="S1") == (3, 0)  # the other key counts too
    assert lab.change("REMOVE #open") == (2, 0)  # disappears


def test_include_projection(lab: Lab) -> None:
    """Index `worklist` holds table keys (12), index keys (8 + 10) and row, whatever x weighs."""
    keys = {"queue": "AQ1", "due": "2026-01"}  # 5 + 3 and 3 + 7
    fits = "r" * (1024 - 5 - 6 - 8 - 10 - 3)  # "row" is 3
    assert lab.units("put_item", Item=sized(3000, **keys, row=fits)) == (3 + 1, 0)  # 1024
    assert lab.change("SET #row = :r", r=f"{fits}r") == (3 + 2, 0)  # changed in place: 1025
    assert lab.change("SET #row = :r", r="r") == (3 + 2, 0)  # larger image of the two
    assert lab.change("SET #x = :x", x="y") == (2, 0)  # not projected; before: under 2048


def test_moved_entry_rounds_each_image(lab: Lab) -> None:
    """Delete of a 1.5 KB entry and put of a 1.5 KB entry are 2 + 2, not one of 3 KB."""
    lab.given(sized(1600, queue="A", due="1", row="r" * 1450))
    assert lab.change("SET #due = :d", d="2") == (2 + 4, 0)


def test_all_projection_follows_every_attribute(lab: Lab) -> None:
    """ALL: both indexes of `wide` hold the whole 1.5 KB item."""
    item = sized(1500, open="S0", wake_at="1", queue="A", due="1")
    assert lab.units("put_item", TableName=WIDE, Item=item) == (2 + 2 + 2, 0)
    assert lab.units("put_item", TableName=WIDE, Item=item) == (2, 0)  # identical: indexes rest
    assert lab.units("put_item", TableName=WIDE, Item=item | {"x": {"S": "y"}}) == (6, 0)
    lab.units("put_item", TableName=WIDE, Item=item | {"tags": {"SS": ["a", "b"]}})
    same = item | {"tags": {"SS": ["b", "a"]}}
    assert lab.units("put_item", TableName=WIDE, Item=same) == (2, 0)


def act(kind: str, **request: Any) -> Item:
    return {kind: {"TableName": RECORD, **request}}


def test_transaction_doubles_the_table_only(lab: Lab) -> None:
    """Three small items are 3 x 2; one enters `open` (1), one moves within `worklist` (1 + 1)."""
    lab.given(sized(200, "LEG#1", queue="A", due="1"), sized(100, "FORM"))
    leg = {"Key": KEY | {"SK": {"S": "LEG#1"}}, "UpdateExpression": "SET due = :d"}
    writes = [
        act("Put", Item=sized(300, open="S0", wake_at="1"), ConditionExpression=NEW),
        act("Update", **leg, ExpressionAttributeValues={":d": {"S": "2"}}),
        act("ConditionCheck", Key=KEY | {"SK": {"S": "FORM"}}, ConditionExpression="x <> PK"),
    ]
    assert lab.units("transact_write_items", TransactItems=writes) == (6 + 1 + 2, 0)
    # The app's replay is refused: failed conditions consume, indexes stay as they are.
    assert lab.units("transact_write_items", TransactItems=writes) == (6, 0)


def test_transaction_rounds_each_item(lab: Lab) -> None:
    """1.5 KB checked and 1.5 KB deleted are 2 x 2 each, by the stored item and not by the key."""
    lab.given(sized(1500), sized(1500, "FORM"))
    writes = [
        act("ConditionCheck", Key=KEY, ConditionExpression="attribute_exists(PK)"),
        act("Delete", Key=KEY | {"SK": {"S": "FORM"}}),
    ]
    assert lab.units("transact_write_items", TransactItems=writes) == (8, 0)


def test_replayed_client_token_is_a_read(lab: Lab) -> None:
    """First 2 x ceil(5000 / 1024) = 10 written; then 2 x ceil(5000 / 4096) = 4 read."""
    call = {"TransactItems": [act("Put", Item=sized(5000))], "ClientRequestToken": "t" * 36}
    assert lab.units("transact_write_items", **call) == (10, 0)
    assert lab.units("transact_write_items", **call) == (0, 4)


@pytest.mark.parametrize(
    ("method", "params", "units", "why"),
    [
        ("put_item", {"Item": sized(100, open="S0", wake_at="1")}, 2, "the stored 1500 is larger"),
        ("put_item", {"Item": sized(2500)}, 3, "the refused 2500 is larger"),
        ("update_item", {"Key": KEY, "UpdateExpression": "REMOVE x"}, 2, "the stored 1500"),
        ("delete_item", {"Key": KEY}, 2, "the stored 1500"),
    ],
)
def test_failed_condition_costs(lab: Lab, method: str, params: Item, units: int, why: str) -> None:
    lab.given(sized(1500))
    assert lab.units(method, **params, ConditionExpression=NEW) == (units, 0), why
    assert lab.raw.get_item(TableName=RECORD, Key=KEY)["Item"] == sized(1500)


def test_refused_calls_are_free_and_fail_as_ever(lab: Lab) -> None:
    """A bad request is not charged, and looking first does not change the caller's error."""
    assert lab.units("update_item", Key=KEY, UpdateExpression="SET") == (0, 0)
    for table, item in (("missing", sized(100)), (RECORD, {"PK": {"S": "D#1"}})):
        assert lab.units("put_item", TableName=table, Item=item) == (0, 0)
    with pytest.raises(lab.client.exceptions.ResourceNotFoundException):
        lab.client.put_item(TableName="missing", Item=sized(100))


def test_batch_write_rounds_each_item(lab: Lab) -> None:
    """500 B put and 3.5 KB deleted are 1 + 4, not ceil(4 KB)."""
    lab.given(sized(3584, "FORM"))
    delete = {"DeleteRequest": {"Key": KEY | {"SK": {"S": "FORM"}}}}
    asked = {RECORD: [{"PutRequest": {"Item": sized(500)}}, delete]}
    assert lab.units("batch_write_item", RequestItems=asked) == (5, 0)


@pytest.mark.parametrize(("size", "units"), [(0, 1), (4096, 1), (4097, 2)])
def test_get_costs_per_started_4_kb(lab: Lab, size: int, units: int) -> None:
    """A miss costs like a small item, and a projection saves nothing."""
    if size:
        lab.given(sized(size))
    assert lab.units("get_item", Key=KEY) == (0, units / 2)
    assert lab.units("get_item", Key=KEY, ConsistentRead=True) == (0, units)
    assert lab.units("get_item", Key=KEY, ProjectionExpression="SK") == (0, units / 2)
    gets = [act("Get", Key=KEY), act("Get", Key=KEY | {"SK": {"S": "none"}})]
    assert lab.units("transact_get_items", TransactItems=gets) == (0, 2 * units + 2)


def test_batch_get_rounds_each_item(lab: Lab) -> None:
    """1.5 KB and 6.5 KB are 1 + 2 steps, where their sum would be 2."""
    lab.given(sized(1536), sized(6656, "FORM"))
    asked: Item = {"Keys": [KEY, KEY | {"SK": {"S": "FORM"}}]}
    assert lab.units("batch_get_item", RequestItems={RECORD: asked}) == (0, 1.5)
    asked["ConsistentRead"] = True
    assert lab.units("batch_get_item", RequestItems={RECORD: asked}) == (0, 3)


P = {":p": {"S": "D#1"}}
WHOLE: Item = {"KeyConditionExpression": "PK = :p", "ExpressionAttributeValues": P}


def test_query_costs_the_sum_of_what_it_reads(lab: Lab) -> None:
    """Nine items of 456 B are 4,104 B, two steps of 4 KB; eight of them are one."""
    lab.given(*(sized(456, f"EV#{number}") for number in range(9)))
    assert lab.units("query", **WHOLE) == (0, 1)
    assert lab.units("query", **WHOLE, ConsistentRead=True) == (0, 2)
    assert lab.units("query", **WHOLE, Limit=8) == (0, 0.5)
    assert lab.units("scan") == (0, 1)
    # Filter, projection and count come after reading; finding nothing costs one step.
    values = P | {":x": {"S": "none"}}
    narrow = {"FilterExpression": "#x = :x", "ExpressionAttributeNames": {"#x": "x"}}
    filtered = WHOLE | narrow | {"ExpressionAttributeValues": values}
    assert lab.units("query", **filtered) == (0, 1)
    assert lab.units("query", **WHOLE, Select="COUNT") == (0, 1)
    assert lab.units("query", **WHOLE, ProjectionExpression="SK") == (0, 1)
    nothing = WHOLE | {"ExpressionAttributeValues": {":p": {"S": "D#2"}}}
    assert lab.units("query", **nothing) == (0, 0.5)


def test_index_query_reads_entries(lab: Lab) -> None:
    """Three items of 3,000 B are three steps in the table, one in a KEYS_ONLY index."""
    lab.given(*(sized(3000, f"LEG#{number}", open="D#1", wake_at="1") for number in range(3)))
    assert lab.units("query", **WHOLE) == (0, 1.5)
    index = WHOLE | {"IndexName": "open", "KeyConditionExpression": "#o = :p"}
    assert lab.units("query", **index, ExpressionAttributeNames={"#o": "open"}) == (0, 0.5)


def test_padded_token(lab: Lab) -> None:
    """A short token counts as 1,024 B: 2 + 3 + 5 + 1024 = 1034; a longer one as it is."""
    key = {"PK": {"S": "D#1"}}
    short, long = ({**key, "token": {"S": "t" * size}} for size in (20, 2100))
    assert lab.units("put_item", TableName=TOKEN, Item=short) == (2, 0)
    assert lab.units("put_item", Item=short | {"SK": {"S": "CASE"}}) == (1, 0)  # not padded there
    remove = {"TableName": TOKEN, "Key": key, "UpdateExpression": "REMOVE #t"}
    assert lab.units("update_item", **remove, ExpressionAttributeNames={"#t": "token"}) == (2, 0)
    assert lab.units("put_item", TableName=TOKEN, Item=long) == (3, 0)
