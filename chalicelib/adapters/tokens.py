"""The token table, which only the state machine writes (see its definition)."""

from chalicelib.adapters.table import Table
from chalicelib.domain.ids import DossierCode
from chalicelib.ports import Token


class DynamoTokens:
    """See the port."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self, code: DossierCode) -> Token | None:
        data = self._table.get({"PK": code})
        if data is None:
            return None
        return Token(int(data["seq"]), int(data["generation"]), data["token"])
