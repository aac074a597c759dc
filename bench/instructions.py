"""What importing the API and answering a request cost, against boto3 alone doing the same calls.

Counted in instructions by valgrind's callgrind (`.ci/install-valgrind`): the same in every run,
whatever else the machine does. Where there is no valgrind it is CPU time, the median of 7 runs of
both in turn, and only shown: a machine that is busy must not fail anybody's change.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from shutil import which
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final

from bench.budgets import Budget
from bench.recorded import OPERATIONS, record
from infra.deploy.project import OF_PROCESSES

ROOT: Final = Path(__file__).parents[1]
MOST_OF_IMPORT: Final = 1.8  # times bare boto3; Chalice, Logger, 40 models and PyJWT alone: 1.66
MOST_OF_HANDLER: Final = 1.4
MOST_OF_FIRST: Final = 2.2  # import and first answer: no import is cheap that puts everything off
RUNS: Final = 7  # of CPU time
SIDES: Final = ("app", "bare")
TIMES: Final = 10  # that each request is answered again
# `replayed._mark` calls getppid, and callgrind then writes down what was spent since the last.
_CALLGRIND: Final = ("valgrind", "--tool=callgrind", "--dump-before=getppid")
_SPENT: Final = re.compile(r"^summary: (\d+)$", re.MULTILINE)

Spent = Mapping[str, Sequence[float]]  # by side: until the first mark, then from each to the next


def is_counted() -> bool:
    """Whether instructions can be counted here."""
    return which(_CALLGRIND[0]) is not None


def measured() -> Iterator[Budget]:
    """Import, each operation once warm, and the first answer of a process."""
    with TemporaryDirectory() as place:
        folder = Path(place)
        file = record(folder)
        for side in SIDES:
            replay(file, side)  # compiles what is imported
        runs = _counted(file) if is_counted() else _timed(file)
    return budgets(runs, is_gate=is_counted())


def budgets(runs: Sequence[Spent], *, is_gate: bool) -> Iterator[Budget]:
    """What runs of `replayed` say, each of them of both sides."""
    unit = "instructions" if is_gate else "CPU time, no gate"

    def budget(what: str, parts: Sequence[int], most: float) -> Budget:
        ratios = [
            sum(run["app"][n] for n in parts) / sum(run["bare"][n] for n in parts) for run in runs
        ]
        ratio = round(median(ratios), 3)
        return Budget(
            f"{what}, times those of boto3 ({unit})", ratio, most if is_gate else max(most, ratio)
        )

    yield budget("import of the API", [0], MOST_OF_IMPORT)
    for number, name in enumerate(OPERATIONS):
        yield budget(name, [2 * number + 2], MOST_OF_HANDLER)
    yield budget(f"import and the first {OPERATIONS[0]}", [0, 1], MOST_OF_FIRST)


def _counted(file: Path) -> list[Spent]:
    def count(side: str) -> list[float]:
        out = file.with_name(side)
        replay(file, side, *_CALLGRIND, f"--callgrind-out-file={out}")
        parts = range(1, 2 + 2 * len(OPERATIONS))
        found = [_SPENT.search(Path(f"{out}.{part}").read_text("utf-8")) for part in parts]
        return [float(each[1]) for each in found if each]

    with ThreadPoolExecutor() as pool:
        return [dict(zip(SIDES, pool.map(count, SIDES), strict=True))]


def _timed(file: Path) -> list[Spent]:
    def time(side: str) -> list[float]:
        marks: list[float] = json.loads(replay(file, side).splitlines()[-1])
        return [b - a for a, b in zip([0.0, *marks], marks, strict=False)]

    return [{side: time(side) for side in SIDES} for _ in range(RUNS)]


def replay(file: Path, side: str, *under: str) -> str:
    """Run it with nothing of this process's environment, so that it does the same everywhere."""
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "PYTHONPYCACHEPREFIX": str(file.with_name("compiled")),
        "PYTHONHASHSEED": "0",
        **OF_PROCESSES,
        "AWS_ACCESS_KEY_ID": "of-nobody",
        "AWS_SECRET_ACCESS_KEY": "of-nobody",
        "AWS_DEFAULT_REGION": "ap-southeast-1",
    }
    command = [*under, sys.executable, "bench/replayed.py", str(file), side, str(TIMES)]
    done = subprocess.run(  # noqa: S603 - our own program
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout
