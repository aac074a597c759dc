"""Whether what the system is made of answers: five calls, each tried once and for two seconds.

The answer is kept for some seconds, so that asking for it loads nothing, however often.
"""

import json
from collections.abc import Callable, Iterator
from time import monotonic
from typing import Any, Final
from urllib.request import urlopen

from chalicelib.adapters import clients
from chalicelib.adapters import table_keys as keys
from chalicelib.adapters.reference import Kept
from chalicelib.watch import unexpected

KEPT_SECONDS: Final = 5.0
CHECKS: Final = ("record", "catalogue", "workflow", "files", "key", "sign_in")


class Probe:
    """`table` is the record's name, `state_machine` an ARN.

    `key` reads the deployment's secret, past what the process remembers of it, and `sign_in` what
    tokens are checked by; each raises where it cannot.
    """

    def __init__(
        self,
        table: str,
        state_machine: str,
        bucket: str,
        key: Callable[[], object],
        sign_in: Callable[[], object],
        read: Callable[[], float] = monotonic,
    ) -> None:
        self._table = table
        self._state_machine = state_machine
        self._bucket = bucket
        self._more = {"key": key, "sign_in": sign_in}
        self._kept = Kept(lambda: tuple(self._ask()), read, KEPT_SECONDS)

    def failing(self) -> tuple[str, ...]:
        """The `CHECKS` that failed, none when all is well; why they did stands in the log."""
        return self._kept.get()

    def _ask(self) -> Iterator[str]:
        lines = _answer("record", self._lines)
        if lines is None:
            yield "record"
        elif not lines["Items"]:
            yield "catalogue"
        if _answer("workflow", self._machine) is None:
            yield "workflow"
        if _answer("files", self._place) is None:
            yield "files"
        for check, ask in self._more.items():
            if _answer(check, ask) is None:
                yield check

    def _lines(self) -> Any:
        """A line of the catalogue shows both: the table answers, and something may be filed."""
        return clients.impatient("dynamodb").query(
            TableName=self._table,
            KeyConditionExpression="PK = :catalogue",
            ExpressionAttributeValues={":catalogue": {"S": keys.CATALOGUE}},
            Limit=1,
        )

    def _machine(self) -> Any:
        client = clients.impatient("stepfunctions")
        return client.describe_state_machine(stateMachineArn=self._state_machine)

    def _place(self) -> Any:
        """The least that may be asked of a bucket: nothing of what is in it."""
        return clients.impatient("s3").get_bucket_location(Bucket=self._bucket)


def issuer_key(url: str) -> object:
    """One of the keys at an issuer's address. Raise OSError, ValueError or LookupError.

    Past PyJWT: its cryptography takes longer to import than this whole answer.
    """
    with urlopen(url, timeout=2) as answer:  # noqa: S310 - a setting: https, or of this machine
        return json.load(answer)["keys"][0]


def _answer(check: str, ask: Callable[[], Any]) -> Any:
    """None where there is none."""
    try:
        return ask()
    except Exception as error:  # noqa: BLE001 - whatever it is, the check has failed
        unexpected("check failed", error, check=check)
        return None
