"""Whole lives of dossiers on the real record, metered: every piece of work is a row of its own."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final

from bench.cloud import Cloud
from bench.meter import Meter, Row, item_size
from chalicelib.adapters import clients
from chalicelib.adapters import table_keys as keys
from chalicelib.adapters.reference import DynamoReference
from chalicelib.domain.ids import AgencyCode, ProcedureCode
from tests import aws
from tests.simulator.asl import Execution
from tests.stories.crash_world import RealWorld

TOKEN_BYTES: Final = 1024  # of a task token on AWS; the interpreter's are short
_KINDS: Final = {  # what a look turned out to be, by what it called
    "look": {
        "StartExecution": "start",
        "SendTaskSuccess": "look: wakes",
        "": "look: nothing to do",
    },
}


class MeteredCloud(Cloud):
    """With one meter on all watched clients."""

    def __init__(self) -> None:
        super().__init__()
        self.meter = Meter(self.dynamodb, {aws.TOKEN: {"token": TOKEN_BYTES}})
        for client in (clients.dynamodb(), clients.s3(), clients.stepfunctions()):
            self.meter.attach(client)


class Reference(DynamoReference):
    """Warm: read once and kept, however long the benchmark runs. `cool` forgets everything."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self.cool()

    def cool(self) -> None:
        """As in a process that has just begun."""
        DynamoReference.__init__(self, self._cloud.record, read=lambda: 0.0)

    def warm(self, procedure: ProcedureCode, agencies: Iterable[AgencyCode]) -> None:
        """As in a process that has served all of this before."""
        for version in self.versions(procedure):
            self.procedure(procedure, version)
        self.procedures()
        self.directory()
        for agency in agencies:
            self.endpoint(agency)


@dataclass
class Work:
    """Pieces of work of one or more dossiers, each with what it cost."""

    pieces: list[Row] = field(default_factory=list)
    case_bytes: int = 0  # of the largest CASE item
    input_bytes: int = 0  # of the largest data of an execution

    def total(self, name: str) -> Row:
        """Everything together."""
        return add(name, self.pieces)

    def kinds(self) -> dict[str, Row]:
        """The dearest of each kind."""
        dearest: dict[str, Row] = {}
        for row in self.pieces:
            kind = _kind(row)
            if kind not in dearest or _weight(row) > _weight(dearest[kind]):
                dearest[kind] = replace(row, operation=kind)
        return dearest


def add(name: str, rows: Iterable[Row]) -> Row:
    """One row of several."""
    total = Row(name)
    for row in rows:
        total.calls += row.calls
        total.write_units += row.write_units
        total.read_units += row.read_units
        total.bytes_out += row.bytes_out
        for call, count in row.by_call.items():
            total.by_call[call] = total.by_call.get(call, 0) + count
    return total


def _kind(row: Row) -> str:
    calls = {call.rpartition(".")[2] for call in row.by_call}
    kinds = _KINDS.get(row.operation, {})
    return next((kind for call, kind in kinds.items() if call in calls or not call), row.operation)


def _weight(row: Row) -> tuple[float, ...]:
    return row.calls, row.write_units, row.read_units, row.bytes_out


class MeteredWorld(RealWorld):
    """`cold` forgets the reference data before each piece of work."""

    def __init__(self, cloud: MeteredCloud, *, cold: bool = False) -> None:
        self.work = Work()
        self.cold = cold
        self.reference = Reference(cloud)
        self._meter = cloud.meter
        super().__init__(cloud)

    def _wire(self) -> None:
        super()._wire()
        self.plain = replace(self.plain, reference=DynamoReference(self.cloud.plain_record))
        self.deps = replace(self.deps, reference=self.reference)

    @contextmanager
    def metered(self, name: str) -> Iterator[None]:
        """One piece of work; passes of the reconciler are none, they cost by the hour."""
        self._meter.drain()
        if self.cold:
            self.reference.cool()
        yield
        self.work.pieces.append(add(name, self._meter.drain()))

    def carried_out(self, call: str, given: Mapping[str, Any]) -> None:
        """Look at the size of what is written, too."""
        super().carried_out(call, given)
        for images in self.records.stored.images.values():
            self.work.case_bytes = max(self.work.case_bytes, item_size(images[keys.CASE]))

    def _message(self, act: Callable[[], object], code: str) -> None:
        name = getattr(act, "func").__name__  # noqa: B009 - a partial of `look` or of `deliver`

        def metered() -> None:
            with self.metered(name):
                act()

        super()._message(metered, code)

    def _wake(self, given: Mapping[str, Any]) -> Any:
        self.committing = None
        with self.metered("wake: nothing passed"):
            answer = super()._wake(given)
        if self.committing:
            passed = len(self.committing.events)
            self.work.pieces[-1].operation = f"escalate: {passed} passed"
        return answer

    def _register(self, item: Mapping[str, Any], run: Execution) -> None:
        size = len(json.dumps(run.data).encode())
        self.work.input_bytes = max(self.work.input_bytes, size)
        with self.metered("register token"):
            super()._register(item, run)
