"""What an operation and a dossier may cost, and whether they do (ARCHITECTURE.md, "Habits")."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from bench.life import Life, shipped
from bench.table import Row

CALLS: Final = {  # AWS calls of one operation, warm
    "submit": 2,
    "submit, form above 4 KB": 3,
    "track": 2,
    "decide": 2,
    "decide accept": 3,  # with the register's next number
    "withdraw": 2,
    "callback": 3,
    "callback, replayed": 3,
    "measure: all units": len(shipped().agencies),
}
PER_DOSSIER: Final = 24  # write units, and then
PER_STAGE: Final = 16
PER_AGENCY: Final = 8
CASE_BYTES: Final = 1024
INPUT_BYTES: Final = 1024


@dataclass(frozen=True, slots=True)
class Budget:
    """One figure and the most it may be."""

    what: str
    found: float
    most: float

    @property
    def is_kept(self) -> bool:
        """Whether it is within."""
        return self.found <= self.most

    def __str__(self) -> str:
        mark = "ok    " if self.is_kept else "BROKEN"
        return f"{mark} {self.what}: {self.found:g} of {self.most:g}"


def of_operations(rows: Mapping[str, Row]) -> Iterator[Budget]:
    """Calls of each operation that has a budget; `rows` are warm."""
    for name, row in rows.items():
        kind = "decide" if name.startswith("decide ") else name
        if most := CALLS.get(name) or CALLS.get(kind):
            yield Budget(f"{name}: calls", row.calls, most)


def of_life(
    name: str, life: Life, *, agencies: int = 0, fired: int = 0, armed_again: int = 0
) -> Iterator[Budget]:
    """A whole life: write units when on time; states, of which timers and re-arming cost more."""
    work, stages = life.world.work, life.stages
    if not fired:
        most = PER_DOSSIER + PER_STAGE * stages + PER_AGENCY * agencies
        yield Budget(f"{name}: write units", work.total("").write_units, most)
    entries = 2 * stages + 3 + 3 * fired + 2 * armed_again
    yield Budget(f"{name}: state entries", life.entries, entries)
    yield Budget(f"{name}: bytes of CASE", work.case_bytes, CASE_BYTES)
    yield Budget(f"{name}: bytes of an execution's data", work.input_bytes, INPUT_BYTES)


def of_growth(first: Iterable[Row], later: Iterable[Row], name: str) -> Iterator[Budget]:
    """A later dossier costs what the first did, piece by piece."""
    for one, other in zip(first, later, strict=True):
        for column in ("calls", "write_units", "read_units", "bytes_out"):
            most, found = getattr(one, column), getattr(other, column)
            if found > most:
                yield Budget(f"{name}, {one.operation}: {column}", found, most)
