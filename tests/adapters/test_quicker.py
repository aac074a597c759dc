"""The quicker moto answers what moto answers, and a copy of a table stays as it was."""

from typing import Any, Final

import boto3
import pytest
from botocore.exceptions import ClientError
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends

from tests import aws, quicker
from tests.entrypoints.served import REGION, Snapshot, stored

VALUES: Final[dict[str, Any]] = {
    "text": {"S": ""},
    "number": {"N": "-1.50"},
    "bytes": {"B": b"\x00\xff"},
    "truth": {"BOOL": False},
    "nothing": {"NULL": True},
    "texts": {"SS": ["a", "b"]},
    "list": {"L": [{"M": {"S": {"S": "under the name of a type"}}}, {"L": []}]},
}
ADDS: Final = {
    "UpdateExpression": "ADD n :one",
    "ExpressionAttributeValues": {":one": {"N": "1"}},
}


def at(partition: str, sort: str) -> dict[str, Any]:
    return {"PK": {"S": partition}, "SK": {"S": sort}}


def write(client: Any) -> None:
    """In another order than that of the keys."""
    for partition, sort, wakes in (("b", "2", "1"), ("a", "2", "3"), ("b", "10", "2")):
        index = {"open": {"S": "OPEN"}, "wake_at": {"S": wakes}}
        client.put_item(TableName=aws.RECORD, Item=at(partition, sort) | index | VALUES)
    client.put_item(TableName=aws.TOKEN, Item={"PK": {"S": "b"}})
    for partition in ("a", "new"):
        client.update_item(TableName=aws.RECORD, Key=at(partition, "2"), **ADDS)


def refused(client: Any) -> Any:
    """Why a transaction was, whose last part fails."""
    wrong = {"ConditionExpression": "attribute_not_exists(PK)"}
    parts = [
        {"Update": {"TableName": aws.RECORD, "Key": at("a", "2"), **ADDS}},
        {"Update": {"TableName": aws.RECORD, "Key": at("none", "1"), **ADDS}},
        {"Delete": {"TableName": aws.RECORD, "Key": at("b", "2")}},
        {"Put": {"TableName": aws.TOKEN, "Item": {"PK": {"S": "b"}}, **wrong}},
    ]
    with pytest.raises(ClientError) as error:
        client.transact_write_items(TransactItems=parts)
    return error.value.response["CancellationReasons"]


def queried(client: Any, name: str, value: str, **more: Any) -> list[list[Any]]:
    """Page by page."""
    pages = client.get_paginator("query").paginate(
        TableName=aws.RECORD,
        KeyConditionExpression="#name = :value",
        ExpressionAttributeNames={"#name": name},
        ExpressionAttributeValues={":value": {"S": value}},
        PaginationConfig={"PageSize": 1},
        **more,
    )
    return [page["Items"] for page in pages]


def everything() -> list[Any]:
    """What a stage answers after writes and a refused transaction, and what its stream holds."""
    with aws.aws():
        client = boto3.client("dynamodb")
        stream = {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}
        client.update_table(TableName=aws.RECORD, StreamSpecification=stream)
        write(client)
        reasons = refused(client)
        client.update_item(TableName=aws.RECORD, Key=at("a", "2"), **ADDS)
        shard = dynamodb_backends[DEFAULT_ACCOUNT_ID][REGION].tables[aws.RECORD].stream_shard
        return [
            reasons,
            *(queried(client, "PK", partition) for partition in ("a", "b", "new", "none")),
            queried(client, "PK", "b", ScanIndexForward=False),
            queried(client, "open", "OPEN", IndexName="open"),
            client.scan(TableName=aws.RECORD)["Items"],
            client.scan(TableName=aws.TOKEN)["Items"],
            [record.record["dynamodb"]["NewImage"] for record in shard.items],
        ]


def test_the_answers_are_motos(monkeypatch: pytest.MonkeyPatch) -> None:
    """All other tests stand on them."""
    quick = everything()
    for owner, name, plain in quicker.PLAIN:
        if plain:
            monkeypatch.setattr(owner, name, plain)
        else:
            monkeypatch.delattr(owner, name)
    assert quick == everything()
    assert [len(page) for page in quick[2]] == [1, 1]


def test_a_snapshot_stays_as_it_was() -> None:
    """What a test does must not reach the next one."""
    with aws.aws():
        client = boto3.client("dynamodb")
        write(client)
        before, snapshot = stored(), Snapshot()
        for _ in range(2):
            client.update_item(TableName=aws.RECORD, Key=at("a", "2"), **ADDS)
            client.put_item(TableName=aws.RECORD, Item=at("b", "2"))
            client.delete_item(TableName=aws.RECORD, Key=at("b", "10"))
            client.put_item(TableName=aws.RECORD, Item=at("b", "3"))
            assert stored() != before
            snapshot.restore()
            assert stored() == before
