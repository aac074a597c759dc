"""One DynamoDB table in plain data: consistent reads, and Queries that follow their pages."""

from collections.abc import Iterator, Mapping
from typing import Any

from chalicelib.adapters.clients import Client
from chalicelib.adapters.item_codec import Item, from_item, to_attributes
from chalicelib.adapters.schema import Data


class Table:
    """`client` is a low-level client; values go in and come out as Python's own."""

    def __init__(self, client: Client, name: str) -> None:
        self.client = client
        self.name = name

    def get(self, key: Mapping[str, str], *, consistent: bool = True) -> Data | None:
        """One item; None where there is none."""
        answer = self.client.get_item(
            TableName=self.name, Key=to_attributes(key), ConsistentRead=consistent
        )
        return from_item(answer["Item"]) if "Item" in answer else None

    def partition(
        self, partition: str, prefix: str = "", *, consistent: bool = True, **more: Any
    ) -> Iterator[Data]:
        """Items of one partition whose sort key begins with `prefix`, in order, lazily."""
        where = "PK = :pk AND begins_with(SK, :prefix)" if prefix else "PK = :pk"
        values = {":pk": partition, ":prefix": prefix} if prefix else {":pk": partition}
        return self.query(where, values, ConsistentRead=consistent, **more)

    def query(self, where: str, values: Mapping[str, Any], **more: Any) -> Iterator[Data]:
        """All pages, one after the other as they are read."""
        for item in self.items(where, values, **more):
            yield from_item(item)

    def items(self, where: str, values: Mapping[str, Any], **more: Any) -> Iterator[Item]:
        """Like `query`, undecoded."""
        request = {
            "TableName": self.name,
            "KeyConditionExpression": where,
            "ExpressionAttributeValues": to_attributes(values),
            **more,
        }
        while True:
            page = self.client.query(**request)
            yield from page["Items"]
            if "LastEvaluatedKey" not in page or "Limit" in more:
                return
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]
