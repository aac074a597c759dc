"""What everything costs: `python -m bench`; exits 1 when a budget is broken or a figure got worse.

One table in AWS calls, DynamoDB units and bytes, by AWS's own rules (bench/meter.py), for single
operations and for whole dossiers; then budgets (the last of them in instructions, against boto3
alone), packages, crash points and the simulator. Figures are compared with bench/baseline.json.
Counts, not milliseconds: they are the same everywhere.
"""

import argparse
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bench import budgets, imports, instructions, table
from bench.budgets import Budget
from bench.growth import NUMBERS, grown
from bench.life import STEPS, Life, fill
from bench.lives import crooked, declined, late, lived, on_time, refused
from bench.metered import MeteredCloud, Work
from bench.nights import nights
from bench.table import Row
from tests import aws

ROOT: Final = Path(__file__).parents[1]
LATE: Final = 3  # stages of the late life, in which
FIRED: Final = 6  # timers fire: four of the department, two of the whole
ARMED_AGAIN: Final = 1  # and the date of the apology is earlier than the timer
MIB: Final = 1 << 20


@dataclass
class Measured:
    """Rows of the table, and the budgets they were held against."""

    rows: list[Row] = field(default_factory=list)
    budgets: list[Budget] = field(default_factory=list)

    def add(self, rows: Iterable[Row], held: Iterable[Budget] = ()) -> None:
        """More of both."""
        self.rows += rows
        self.budgets += held


def progress(line: str) -> None:
    """To the other stream, so that the table can be kept."""
    print(line, file=sys.stderr, flush=True)


def operations(cloud: MeteredCloud) -> Measured:
    """Every operation warm, then cold; the dearest of each kind."""
    warm, cold, found = Work(), Work(), Measured()
    for steps in (on_time, crooked, late, declined, refused):
        progress(f"one operation after the other: {steps.__name__}")
        for work, is_cold in ((warm, False), (cold, True)):
            stages = LATE if steps is late else max(STEPS)
            work.pieces += lived(cloud, steps, stages, cold=is_cold).world.work.pieces
    found.add(warm.kinds().values(), budgets.of_operations(warm.kinds()))
    found.add(_renamed(row, f"{kind}, cold") for kind, row in cold.kinds().items())
    return found


def dossiers(cloud: MeteredCloud) -> Measured:
    """Whole lives on time, and one that is late."""
    found = Measured()
    for stages, route in STEPS.items():
        name = f"dossier, {stages} stages"
        progress(name)
        life = lived(cloud, on_time, stages)
        held = budgets.of_life(name, life, agencies=route.count("tax"))
        found.add([_whole(name, life)], held)
    name = f"dossier, {LATE} stages, {FIRED} timers fire"
    life = lived(cloud, late, LATE)
    held = budgets.of_life(name, life, fired=FIRED, armed_again=ARMED_AGAIN)
    found.add([_whole(name, life)], held)
    return found


def growth(numbers: Iterable[int]) -> Measured:
    """The first dossier, and later ones beside those that are open then."""
    found, first = Measured(), Work()
    for number, life in grown(numbers):
        progress(f"dossier number {number}")
        work, name = life.world.work, f"dossier number {number:,}"
        first = first if first.pieces else work
        held = list(budgets.of_growth(first.pieces, work.pieces, name))
        same = Budget(f"{name}: dearer pieces than of the first", len(held), 0)
        found.add([_whole(name, life)], [*held, same])
    return found


def _whole(name: str, life: Life) -> Row:
    """All of a life, with what is not a call beside the calls."""
    row = life.world.work.total(name)
    row.by_call |= {
        "workflow.StateEntries": life.entries,
        "workflow.LargestData": life.world.work.input_bytes,
        "item.CaseBytes": life.world.work.case_bytes,
    }
    return row


def _renamed(row: Row, name: str) -> Row:
    row.operation = name
    return row


def measure(*, quick: bool = False) -> Measured:
    """Everything that is counted; without what takes long, if `quick`."""
    found = Measured()
    with aws.aws():
        cloud = MeteredCloud()
        fill(cloud)
        parts = [operations(cloud), dossiers(cloud)]
    parts.append(growth(NUMBERS[:2] if quick else NUMBERS))
    progress("nights of the export")
    parts.append(Measured(*nights()))
    for part in parts:
        found.add(part.rows, part.budgets)
    found.add(map(imports.imported, imports.MODULES))
    if not quick:
        progress("instructions of importing and answering")
        found.add([], instructions.measured())
    return found


def packages() -> str:
    """What a function's package weighs, unpacked, and the heaviest in it."""
    found = imports.weights()
    heavy = sorted(found.items(), key=lambda each: -each[1])[:6]
    listed = ", ".join(f"{name} {size / MIB:.1f}" for name, size in heavy)
    return f"requirements.txt, unpacked: {sum(found.values()) / MIB:.0f} MiB ({listed}, …)"


def others(given: argparse.Namespace) -> Iterator[list[str]]:
    """The programs that take long, each in a process of its own."""
    if not given.quick:
        yield ["bench.crashes"]
        yield ["bench.crashes", "--lost", "--every", "7"]
    if given.simulate:
        yield ["tests.simulator.run", "--total", str(given.simulate), "--jobs", "2"]


def worse(found: Measured, *, quick: bool) -> list[str]:
    """What got dearer; a quick run does not miss what it leaves out."""
    baseline = table.load()
    measured = {row.operation for row in found.rows}
    kept = {name: row for name, row in baseline.items() if not quick or name in measured}
    return table.compare(found.rows, kept)


def main() -> int:
    """Print; 1 when something is not as it should be."""
    given = _arguments()
    found = measure(quick=given.quick)
    if given.accept:
        table.save(found.rows)
    dearer = worse(found, quick=given.quick)
    print(table.render(found.rows), "", *found.budgets, "", packages(), *dearer, sep="\n")
    broken = [budget for budget in found.budgets if not budget.is_kept]
    failed = 0
    for command in others(given):
        progress(" ".join(command))
        failed += subprocess.call([sys.executable, "-m", *command], cwd=ROOT) != 0  # noqa: S603 - our own programs
    print(f"{len(broken)} budgets broken, {len(dearer)} figures worse, {failed} programs failed")
    return 1 if broken or dearer or failed else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="no 1,000th dossier, instructions, crash points"
    )
    parser.add_argument("--accept", action="store_true", help="make the figures the baseline")
    parser.add_argument("--simulate", type=int, default=0, metavar="N", help="dossiers, afterwards")
    given = parser.parse_args()
    if given.accept and given.quick:
        parser.error("a baseline is made of everything: --accept without --quick")
    return given


if __name__ == "__main__":
    sys.exit(main())
