"""In-memory adapters. The contract suite in tests/adapters runs on these and on the real ones."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any, Final

from chalicelib.domain.directory import Directory
from chalicelib.domain.errors import NotFoundError, ThrottledError
from chalicelib.domain.ids import AgencyCode, DossierCode, PersonRef, ProcedureCode
from chalicelib.domain.procedure import ProcedureVersion
from chalicelib.ports import CallbackTarget, Endpoint, Fault, Sent, Token
from tests.simulator.fake_records import (
    InMemoryDeliveries,
    InMemoryFiles,
    InMemoryRecords,
    Stored,
)

__all__ = [
    "START",
    "FixedReference",
    "InMemoryDeliveries",
    "InMemoryFiles",
    "InMemoryRecords",
    "InMemoryThrottle",
    "InMemoryTokens",
    "InMemoryWebhooks",
    "NoForms",
    "PlainKeys",
    "Stored",
    "VirtualClock",
]

START: Final = datetime(2026, 10, 5, 1, 0, tzinfo=UTC)  # a Monday, 08:00 in Buôn Ma Thuột


class InMemoryTokens:
    """The token table; `on_put` is its stream."""

    def __init__(self) -> None:
        self.tokens: dict[DossierCode, Token] = {}

    def get(self, code: DossierCode) -> Token | None:
        return self.tokens.get(code)


class InMemoryThrottle:
    """Ten wrong tries in fifteen minutes."""

    def __init__(self, limit: int = 10) -> None:
        self.counts: dict[str, int] = defaultdict(int)
        self._limit = limit

    def check(self, caller: str) -> None:
        if self.counts[caller] >= self._limit:
            raise ThrottledError("secret.throttled", retry_after=900)

    def count(self, caller: str) -> None:
        self.counts[caller] += 1


class FixedReference:
    """A catalogue that does not change."""

    def __init__(self, procedures: Iterable[ProcedureVersion], directory: Directory) -> None:
        self._procedures = {(each.code, each.version): each for each in procedures}
        self._directory = directory
        self._latest = {each.code: each for each in self._procedures.values()}

    def procedure(self, code: ProcedureCode, version: int | None = None) -> ProcedureVersion:
        found = self._procedures.get((code, version)) if version else self._latest.get(code)
        if found is None:
            raise NotFoundError("procedure.not_found")
        return found

    def versions(self, code: ProcedureCode) -> Sequence[int]:
        return sorted((version for each, version in self._procedures if each == code), reverse=True)

    def procedures(self) -> Sequence[ProcedureVersion]:
        return list(self._latest.values())

    def directory(self) -> Directory:
        return self._directory

    def endpoint(self, agency: AgencyCode) -> Endpoint | None:
        return Endpoint(f"memory:{agency}", ("secret",))

    def is_paused(self, agency: AgencyCode) -> bool:
        del agency
        return False


class VirtualClock:
    """Moves only when told to."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def advance(self, **by: float) -> None:
        self.at += timedelta(**by)

    def timer_seconds(self, until: datetime) -> int:
        ahead = until - self.at
        seconds = math.ceil(ahead.total_seconds())
        return max(1, min(seconds, 2_592_000))


class InMemoryWebhooks:
    """The agencies' doors: what arrived, and whether they are shut."""

    def __init__(self) -> None:
        self.arrived: list[tuple[str, str, str]] = []
        self.down = False

    def send(self, url: str, id: str, secrets: Sequence[str], body: str) -> Sent:  # noqa: A002, ARG002
        if self.down:
            return Sent(error="down")
        self.arrived.append((url, id, body))
        return Sent()


class PlainKeys:
    """Derives keys by a hash without a secret."""

    def opaque(self, *parts: str) -> str:
        return blake2b("\0".join(parts).encode(), digest_size=11).hexdigest()

    def tracking_secret(self, code: DossierCode) -> str:
        return self.opaque("secret", code)

    def person_ref(self, number: str) -> PersonRef:
        return PersonRef(self.opaque("person", number))

    def callback_id(self, code: DossierCode, leg: int, agency: AgencyCode) -> str:
        return f"{code}~{leg}~{agency}"

    def callback_of(self, callback_id: str) -> CallbackTarget:
        code, leg, agency = callback_id.split("~")
        return CallbackTarget(DossierCode(code), int(leg), AgencyCode(agency))


class NoForms:
    """Every form is good; the schema has its own tests."""

    def faults(self, version: ProcedureVersion, answers: Mapping[str, Any]) -> Sequence[Fault]:  # noqa: ARG002
        return ()
