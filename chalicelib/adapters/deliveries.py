"""The outbox in DynamoDB; new messages are stored with the change that causes them."""

from botocore.exceptions import ClientError

from chalicelib.adapters import table_keys as keys
from chalicelib.adapters.item_codec import delivery_from_data, delivery_to_item
from chalicelib.adapters.table import Table
from chalicelib.domain.delivery import Delivery
from chalicelib.domain.ids import DeliveryId
from chalicelib.ports import RaceError


class DynamoDeliveries:
    """See the port."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self, id: DeliveryId) -> Delivery | None:  # noqa: A002 - the port's own name
        data = self._table.get(keys.delivery(id))
        return delivery_from_data(data) if data else None

    def update(self, delivery: Delivery, expected_tries: int) -> None:
        try:
            self._table.client.put_item(
                TableName=self._table.name,
                Item=delivery_to_item(delivery),
                ConditionExpression="tries = :tries",
                ExpressionAttributeValues={":tries": {"N": str(expected_tries)}},
            )
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                raise RaceError(delivery.id) from error
            raise
