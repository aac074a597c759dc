"""Wrong tries per caller in the record table, a quarter of an hour at a time, in real time."""

from collections.abc import Callable
from time import time
from typing import Final

from chalicelib.adapters import table_keys as keys
from chalicelib.adapters.item_codec import to_attributes
from chalicelib.adapters.table import Table
from chalicelib.domain.errors import ThrottledError

WINDOW: Final = 900  # seconds
MOST: Final = 10  # wrong tries per window


class DynamoThrottle:
    """See the port; `caller` is a keyed hash, never an address."""

    def __init__(self, table: Table, read: Callable[[], float] = time) -> None:
        self._table = table
        self._read = read

    def check(self, caller: str) -> None:
        window = self._window()
        data = self._table.get(keys.tries(caller, window), consistent=False)
        if data and data["n"] >= MOST:
            raise ThrottledError("throttled", retry_after=self._left(window))

    def count(self, caller: str) -> None:
        window = self._window()
        self._table.client.update_item(
            TableName=self._table.name,
            Key=to_attributes(keys.tries(caller, window)),
            UpdateExpression="ADD n :one SET expires = :expires",
            ExpressionAttributeValues=to_attributes({":one": 1, ":expires": (window + 2) * WINDOW}),
        )

    def _window(self) -> int:
        return int(self._read()) // WINDOW

    def _left(self, window: int) -> int:
        return max(1, (window + 1) * WINDOW - int(self._read()))
