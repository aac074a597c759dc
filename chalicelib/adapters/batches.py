"""A batch of a table's stream that was given up on: only where its records lie is kept of it."""

from collections.abc import Mapping
from typing import Any, Final

from botocore.exceptions import ClientError

from chalicelib.adapters.clients import Client

MOST: Final = 1000  # records that one call gives
_TRIMMED: Final = frozenset(
    {"TrimmedDataAccessException", "ResourceNotFoundException", "ExpiredIteratorException"}
)

Json = Mapping[str, Any]


def records(client: Client, batch: Json) -> list[Json]:
    """From the first that failed to the last; none once they left their stream, after a day."""
    try:
        iterator = client.get_shard_iterator(
            StreamArn=batch["streamArn"],
            ShardId=batch["shardId"],
            ShardIteratorType="AT_SEQUENCE_NUMBER",
            SequenceNumber=batch["startSequenceNumber"],
        )["ShardIterator"]
        page = client.get_records(ShardIterator=iterator, Limit=min(batch["batchSize"], MOST))
    except ClientError as error:
        if error.response["Error"]["Code"] in _TRIMMED:
            return []
        raise
    last = int(batch["endSequenceNumber"])
    return [
        record for record in page["Records"] if int(record["dynamodb"]["SequenceNumber"]) <= last
    ]
