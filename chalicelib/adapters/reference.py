"""The catalogue, the directory and the calendars, read from the table and kept for a minute.

A published version never changes, so it is kept for good; which version is in force, who holds a
post and when the province works may change any day.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from threading import Lock
from time import monotonic
from typing import Any, Final, Generic, TypeVar

from chalicelib.adapters import table_keys as keys
from chalicelib.adapters.reference_codec import agency_from_data, procedure_from_data
from chalicelib.adapters.schema import Data
from chalicelib.adapters.table import Table
from chalicelib.domain.calendar import WorkCalendar
from chalicelib.domain.directory import Directory
from chalicelib.domain.errors import NotFoundError
from chalicelib.domain.ids import AgencyCode, ProcedureCode
from chalicelib.domain.procedure import ProcedureVersion, Text
from chalicelib.domain.value import value
from chalicelib.ports import Endpoint, Offered

KEPT_SECONDS: Final = 60.0
T = TypeVar("T")


@value(frozen=True, slots=True)
class Line:
    """One procedure of the catalogue, as a list shows it."""

    code: ProcedureCode
    version: int
    name: Text
    field: Text
    receiving: tuple[str, ...]


class DynamoReference:
    """See the port."""

    def __init__(self, table: Table, read: Callable[[], float] = monotonic) -> None:
        self._table = table
        self._lines = Kept(self._read_lines, read)
        self._directory = Kept(self._read_directory, read)
        self._endpoints = KeptByName(self._read_endpoint, read)
        self._paused = KeptByName(self._read_paused, read)
        self._version = lru_cache(maxsize=1024)(self._read_version)

    def procedure(self, code: ProcedureCode, version: int | None = None) -> ProcedureVersion:
        if version is None:
            line = self._lines.get().get(code)
            if line is None:
                raise NotFoundError("procedure.not_found")
            version = line.version
        return self._version(code, version)

    def procedures(self) -> Sequence[Offered]:
        return list(self._lines.get().values())

    def versions(self, code: ProcedureCode) -> Sequence[int]:
        found = self._table.partition(
            keys.procedure(code), keys.VERSIONS, consistent=False, ProjectionExpression="SK"
        )
        return sorted((keys.number_of(data["SK"]) for data in found), reverse=True)

    def directory(self) -> Directory:
        return self._directory.get()

    def endpoint(self, agency: AgencyCode) -> Endpoint | None:
        return self._endpoints.get(agency)

    def is_paused(self, agency: AgencyCode) -> bool:
        return bool(self._paused.get(agency))

    def accounts(self) -> list[Mapping[str, Any]]:
        """Demo accounts of the local stage, as `catalogue.load` wrote them."""
        return [_content(data) for data in self._table.partition(keys.DIRECTORY, keys.OFFICERS)]

    # -- reading

    def _read_version(self, code: ProcedureCode, version: int) -> ProcedureVersion:
        data = self._table.get(keys.version(code, version), consistent=False)
        if data is None:
            raise NotFoundError("procedure.not_found")
        return procedure_from_data(_content(data))

    def _read_lines(self) -> dict[ProcedureCode, Line]:
        found = map(_content, self._table.partition(keys.CATALOGUE, consistent=False))
        return {line.code: line for line in map(_line, found)}

    def _read_directory(self) -> Directory:
        """Everything but the officers, which come last in the partition."""
        where = "PK = :pk AND SK < :officers"
        values = {":pk": keys.DIRECTORY, ":officers": keys.OFFICERS}
        items = {data["SK"]: _content(data) for data in self._table.query(where, values)}
        return Directory(
            [
                agency_from_data(data)
                for key, data in items.items()
                if key.startswith(keys.AGENCIES)
            ],
            {
                data["code"]: WorkCalendar.from_data(data)
                for key, data in items.items()
                if key.startswith(keys.CALENDARS)
            },
            items.get(keys.AREAS, {}),
        )

    def _read_endpoint(self, agency: str) -> Endpoint | None:
        data = self._table.get(keys.webhook(AgencyCode(agency)), consistent=False)
        if data is None:
            return None
        content = _content(data)
        return Endpoint(content["url"], tuple(content["secrets"]))

    def _read_paused(self, agency: str) -> bool:
        data = self._table.get(keys.paused(AgencyCode(agency)), consistent=False)
        return bool(data and data.get("since"))


def _content(data: Data) -> Any:
    return json.loads(data["data"])


def _line(data: Mapping[str, Any]) -> Line:
    return Line(
        ProcedureCode(data["code"]),
        int(data["version"]),
        Text(**data["name"]),
        Text(**data["field"]),
        tuple(data["receiving"]),
    )


class Kept(Generic[T]):
    """A value read again when it is older than a minute, or `seconds`; one reader at a time."""

    def __init__(
        self, read: Callable[[], T], clock: Callable[[], float], seconds: float = KEPT_SECONDS
    ) -> None:
        self._read = read
        self._clock = clock
        self._seconds = seconds
        self._lock = Lock()
        self._value: tuple[float, T] | None = None

    def get(self) -> T:
        """The value, at most so many seconds old."""
        kept = self._value
        if kept and self._clock() - kept[0] < self._seconds:
            return kept[1]
        with self._lock:
            kept = self._value
            if not kept or self._clock() - kept[0] >= self._seconds:
                kept = self._value = (self._clock(), self._read())
            return kept[1]


class KeptByName(Generic[T]):
    """The same by name; that something is not there is never kept."""

    def __init__(self, read: Callable[[str], T | None], clock: Callable[[], float]) -> None:
        self._read = read
        self._clock = clock
        self._values: dict[str, tuple[float, T]] = {}

    def get(self, name: str) -> T | None:
        """The value, at most `KEPT_SECONDS` old; None where there is none."""
        kept = self._values.get(name)
        if kept and self._clock() - kept[0] < KEPT_SECONDS:
            return kept[1]
        value = self._read(name)
        if value is not None:
            self._values[name] = (self._clock(), value)
        return value
