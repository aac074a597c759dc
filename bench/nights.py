"""What a night of the export costs, on two emulators: calls, and what the table pays (nothing).

Counted for records of two sizes and for nights of two lengths: a night may depend on what changed
in it, never on what the record holds.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from bench.budgets import Budget
from bench.meter import Meter
from bench.metered import add
from bench.table import Row
from tests.backup.plane import ALWAYS, PDF, Plane, Town, next_second, started

SMALL, LARGE = 10, 60  # dossiers in the record before the night
SHORT, LONG = 5, 10  # dossiers filed in it, each with a paper of its own
CALLS_OF_A_PAPER: Final = 3  # is it there? read it, store it
MOST_CALLS: Final = 28  # of a night, beside its papers
NOTHING: Final = "export: nothing due"


def nights() -> tuple[list[Row], list[Budget]]:
    """One row for each night, and the budgets they are held against."""
    with TemporaryDirectory() as folder, started(Path(folder)) as plane:
        meter = Meter(plane.client("dynamodb", anew=True))
        for service in ("dynamodb", "s3", "store"):
            meter.attach(plane.client(service))
        rows = {
            (size, length): _night(plane, meter, size, length)
            for size, length in ((SMALL, SHORT), (SMALL, LONG), (LARGE, SHORT))
        }
        early = _early(plane, meter)
    return [*rows.values(), early], list(_budgets(rows))


def _night(plane: Plane, meter: Meter, size: int, length: int) -> Row:
    town = plane.town()
    _file(town, range(1, size + 1))
    next_second()
    town.export()
    _file(town, range(size + 1, size + length + 1))
    return _metered(
        town, meter, f"export: a night of {length} dossiers with a paper, {size} before"
    )


def _file(town: Town, numbers: range) -> None:
    for n in numbers:
        town.submit(n, town.upload(f"f-{n}", PDF + str(n).encode()))


def _early(plane: Plane, meter: Meter) -> Row:
    town = plane.town()
    town.export()
    meter.drain()
    town.export(replace(ALWAYS, least=ALWAYS.full_every))
    return _only_counts(add(NOTHING, meter.drain()))


def _metered(town: Town, meter: Meter, name: str) -> Row:
    meter.drain()
    town.export()
    return _only_counts(add(name, meter.drain()))


def _only_counts(row: Row) -> Row:
    """Bytes follow from what people write and how well it packs."""
    return replace(row, bytes_out=0)


def _budgets(rows: dict[tuple[int, int], Row]) -> Iterator[Budget]:
    night = rows[SMALL, SHORT]
    for row in rows.values():
        yield Budget(f"{row.operation}: units of the table", row.write_units + row.read_units, 0)
    papers = (rows[SMALL, LONG].calls - night.calls) / (LONG - SHORT)
    yield Budget("export: calls for each paper more", papers, CALLS_OF_A_PAPER)
    yield Budget(
        "export: calls of a night beside its papers",
        night.calls - SHORT * CALLS_OF_A_PAPER,
        MOST_CALLS,
    )
    grown = rows[LARGE, SHORT].calls - night.calls
    yield Budget("export: calls more in a larger record", grown, 0)
