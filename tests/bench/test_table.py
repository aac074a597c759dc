"""Rows: what the meter puts into them, how they are printed and compared; workflow costs."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws

from bench import table
from bench.meter import Meter, Row, UnpricedCallError, workflow_cost

SESSION = boto3.Session("id", "secret", region_name="ap-southeast-1")
KEY = {"PK": {"S": "D#1"}}


@pytest.fixture
def raw() -> Iterator[Any]:
    """Give an unmetered client of a cloud with the table `t`."""
    with mock_aws():
        raw = SESSION.client("dynamodb")
        raw.create_table(
            TableName="t",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "PK", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "PK", "KeyType": "HASH"}],
        )
        yield raw


@pytest.fixture
def meter(raw: Any) -> Meter:
    return Meter(raw=raw)


@pytest.fixture
def client(meter: Meter) -> Any:
    client = SESSION.client("dynamodb")
    meter.attach(client)
    return client


def test_calls_are_counted_per_operation(meter: Meter, client: Any) -> None:
    """Calls go to the innermost operation by its whole path, and to (other) outside of any."""
    with meter.operation("accept"):
        client.put_item(TableName="t", Item=KEY)
        with meter.operation("replay"):
            client.get_item(TableName="t", Key=KEY)
        client.get_item(TableName="t", Key=KEY)
    client.get_item(TableName="t", Key=KEY)
    assert [(row.operation, row.by_call) for row in meter.rows()] == [
        ("accept", {"dynamodb.PutItem": 1, "dynamodb.GetItem": 1}),
        ("accept/replay", {"dynamodb.GetItem": 1}),
        ("(other)", {"dynamodb.GetItem": 1}),
    ]
    assert [row.calls for row in meter.rows()] == [2, 1, 1]


def test_drained_meter_counts_anew(meter: Meter, client: Any) -> None:
    """What one piece of work cost is not in the next one's row."""
    client.put_item(TableName="t", Item=KEY)
    assert [row.calls for row in meter.drain()] == [1]
    client.get_item(TableName="t", Key=KEY)
    assert [row.by_call for row in meter.drain()] == [{"dynamodb.GetItem": 1}]
    assert meter.rows() == []


def test_cancelled_transaction_is_counted_and_still_raised(meter: Meter, client: Any) -> None:
    """Refused calls are calls, and their error reaches the caller; the operation ends with it."""
    refused = {"TableName": "t", "Item": KEY, "ConditionExpression": "attribute_exists(PK)"}
    with pytest.raises(client.exceptions.TransactionCanceledException), meter.operation("accept"):
        client.transact_write_items(TransactItems=[{"Put": refused}])
    client.get_item(TableName="t", Key=KEY)
    accept, other = meter.rows()
    assert (accept.by_call, accept.write_units) == ({"dynamodb.TransactWriteItems": 1}, 2)
    assert other.operation == "(other)"


def test_call_that_never_arrives_costs_nothing(meter: Meter, client: Any) -> None:
    """A broken connection is a call without units."""

    def broken(**_: object) -> None:
        raise TimeoutError

    client.meta.events.register_first("before-send.dynamodb", broken)
    with suppress(TimeoutError):
        client.get_item(TableName="t", Key=KEY)
    assert [(row.calls, row.read_units) for row in meter.rows()] == [(1, 0)]


def test_partiql_is_not_guessed(client: Any) -> None:
    """A statement names no items, so its price would be a guess."""
    with pytest.raises(UnpricedCallError, match="ExecuteStatement"):
        client.execute_statement(Statement='SELECT * FROM "t"')


def test_item_that_could_not_be_seen_is_not_guessed(raw: Any) -> None:
    """A raw client that may not look makes the meter useless: it says so instead of counting 0."""
    with Stubber(raw) as stub:
        stub.add_client_error("describe_table", "AccessDeniedException")
        client = SESSION.client("dynamodb")
        Meter(raw=raw).attach(client)
        with pytest.raises(UnpricedCallError, match="PutItem"):
            client.put_item(TableName="t", Item=KEY)


def test_threads_count_by_themselves(meter: Meter, client: Any) -> None:
    """Operations of two threads do not mix, and no call is lost between them."""

    def work(name: str) -> None:
        with meter.operation(name):
            for _ in range(20):
                client.get_item(TableName="t", Key=KEY)

    with ThreadPoolExecutor(2) as pool, meter.operation("main"):
        list(pool.map(work, ["a", "b"]))
    assert {row.operation: (row.calls, row.read_units) for row in meter.rows()} == {
        "a": (20, 10),
        "b": (20, 10),
    }


def test_attached_session_meters_all_its_clients_once(raw: Any) -> None:
    """Session and client attached together count once; other services count calls and bytes."""
    session = boto3.Session("id", "secret", region_name="ap-southeast-1")
    meter = Meter(raw=raw)
    meter.attach(session)
    client = session.client("s3")
    meter.attach(client)
    place = {"LocationConstraint": "ap-southeast-1"}
    client.create_bucket(Bucket="files", CreateBucketConfiguration=place)
    with meter.operation("file"):
        client.put_object(Bucket="files", Key="k", Body="Hồ sơ".encode())  # 8 bytes
    session.client("sts").get_caller_identity()
    other, file = meter.rows()
    assert file == Row("file", calls=1, bytes_out=8, by_call={"s3.PutObject": 1})
    assert other.by_call == {"s3.CreateBucket": 1, "sts.GetCallerIdentity": 1}
    assert other.bytes_out > len("Action=GetCallerIdentity&Version=2011-06-15")


def test_bytes_out_is_the_request_body(meter: Meter, client: Any) -> None:
    """Only the body counts: of a GetItem, this JSON."""
    client.get_item(TableName="t", Key=KEY)
    assert meter.rows()[0].bytes_out == len('{"TableName": "t", "Key": {"PK": {"S": "D#1"}}}')


def test_resource_is_priced_like_a_client(meter: Meter) -> None:
    """The resource's Python values have become attribute values when the meter looks."""
    resource = SESSION.resource("dynamodb")
    meter.attach(resource.meta.client)
    items = resource.Table("t")
    items.put_item(Item={"PK": "D#1", "n": 123, "x": "x" * 1024})
    assert items.get_item(Key={"PK": "D#1"})["Item"]["n"] == 123
    assert [(row.write_units, row.read_units) for row in meter.rows()] == [(2, 0.5)]


def test_meter_finds_its_own_raw_client(raw: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without `raw` it looks through a client of the default session."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", raw.meta.region_name)
    meter, client = Meter(), SESSION.client("dynamodb")
    meter.attach(client)
    client.put_item(TableName="t", Item=KEY)
    assert [(row.calls, row.write_units) for row in meter.rows()] == [(1, 1)]


ROWS = [
    Row("accept", 2, 1009.5, 0.5, 12345, {"s3.HeadObject": 1, "dynamodb.TransactWriteItems": 1}),
    Row("đọc", calls=1),
]


def test_render() -> None:
    """Columns line up as plain text, numbers to the right; it is a Markdown table."""
    assert table.render([Row("accept", 2, 1009.5, 0.5, 12345, {"b.B": 1, "a.A": 2}), ROWS[1]]) == (
        "| operation | calls | write_units | read_units | bytes_out | by_call      |\n"
        "| --------- | ----: | ----------: | ---------: | --------: | ------------ |\n"
        "| accept    |     2 |     1,009.5 |        0.5 |    12,345 | a.A 2, b.B 1 |\n"
        "| đọc       |     1 |           0 |          0 |         0 |              |"
    )


@pytest.mark.parametrize(
    ("baseline", "worse"),
    [
        ({}, []),
        ({"accept": {"calls": 2, "write_units": 1009.5, "s3.HeadObject": 1}}, []),
        ({"accept": {"calls": 3, "write_units": 2000, "s3.GetObject": 1}}, []),
        (
            {"accept": {"calls": 1, "write_units": 1009, "bytes_out": 12345, "s3.HeadObject": 0}},
            [
                "accept: calls 2, baseline 1",
                "accept: write_units 1,009.5, baseline 1,009",
                "accept: s3.HeadObject 1, baseline 0",
            ],
        ),
        ({"gone": {"calls": 1}}, ["gone: calls is no longer measured (baseline 1)"]),
        ({"đọc": {"cals": 1}}, ["đọc: cals is no longer measured (baseline 1)"]),
    ],
)
def test_compare(baseline: table.Figures, worse: list[str]) -> None:
    """Only what is above its baseline is named, and what has disappeared from the measurement."""
    assert table.compare(ROWS, baseline) == worse


def test_baseline_round_trip(tmp_path: Path) -> None:
    """What is saved compares clean; the checked-in baseline has the same form."""
    table.save(ROWS, tmp_path / "baseline.json")
    assert table.load(tmp_path / "baseline.json") == table.figures(ROWS)
    assert table.compare(ROWS, table.load(tmp_path / "baseline.json")) == []
    assert all(isinstance(columns, dict) for columns in table.load().values())


def test_workflow_cost() -> None:
    """Two pages of history: 2 states entered, 4 events, the largest payload 10 bytes of UTF-8."""
    arn = "arn:aws:states:ap-southeast-1:123456789012:execution:m:x"
    kinds: list[dict[str, Any]] = [
        {"type": "ExecutionStarted", "executionStartedEventDetails": {"input": "{}"}},
        {"type": "TaskStateEntered", "stateEnteredEventDetails": {"name": "A", "input": "{}"}},
        {"type": "TaskStateExited", "stateExitedEventDetails": {"name": "A", "output": '"Hồ sơ"'}},
        {"type": "ChoiceStateEntered", "stateEnteredEventDetails": {"name": "B"}},
    ]
    events = [{"timestamp": 0, "id": number, **kind} for number, kind in enumerate(kinds, 1)]
    client = SESSION.client("stepfunctions")
    with Stubber(client) as stub:
        asked = {"executionArn": arn}
        stub.add_response("get_execution_history", {"events": events[:3], "nextToken": "n"}, asked)
        stub.add_response(
            "get_execution_history", {"events": events[3:]}, {**asked, "nextToken": "n"}
        )
        cost = workflow_cost(client, arn)
    assert cost == table.WorkflowCost(state_entries=2, events=4, bytes_max=10)
