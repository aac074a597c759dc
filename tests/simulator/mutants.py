"""Break the protocol in one place and see it found: `python -m tests.simulator.mutants`.

A simulator that never fails proves nothing. Each mutant is one change of the sources, made in a
copy; it is found when a rule is violated there, or the code no longer runs. It gets the scripted
stories, then random provinces, then the stories dying at every call, up to the first violation.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.simulator.mutant_list import MUTANTS, Mutant
from tests.simulator.run import say

ROOT = Path(__file__).parents[2]
COPIED = ("chalicelib", "state_machines", "tests/simulator", "tests/__init__.py")
SEEDS = "1-40"
WANTED = 0.95
MOST_SECONDS = 120  # of one mutant: it runs in circles


@dataclass(frozen=True)
class Outcome:
    """By what a mutant was found, if it was."""

    mutant: Mutant
    by: str
    seconds: float

    def __str__(self) -> str:
        word = "found   " if self.by else "SURVIVED"
        return f"{word} {self.seconds:5.1f} s  {self.mutant.name}: {self.by}"


def found(mutant: Mutant, seeds: str = SEEDS, last: str = "--crash-points") -> Outcome:
    """Run it; `last` is one more option for the run."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        for part in COPIED:
            source, copy = ROOT / part, Path(folder) / part
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copytree(source, copy) if source.is_dir() else shutil.copy(source, copy)
        for path, old, new in mutant.edits:
            _edit(Path(folder) / path, old, new)
        by = _fails(folder, ["-m", "tests.simulator.run", "--stories", "--seeds", seeds, last])
    return Outcome(mutant, by, time.monotonic() - began)


def _edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    if old not in text:
        raise SystemExit(f"{path.name} no longer has {old!r}: bring the mutant up to date")
    path.write_text(text.replace(old, new))


def _fails(folder: str, command: list[str]) -> str:
    """The rule that was broken, or the last line of a traceback; empty when all went well."""
    environment = {**os.environ, "PYTHONPATH": folder, "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        ended = subprocess.run(  # noqa: S603 - our own interpreter, our own module
            [sys.executable, *command],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=MOST_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return "it runs in circles"
    if not ended.returncode:
        return ""
    lines = (ended.stdout + ended.stderr).strip().splitlines()
    broken = [line for line in lines if line.startswith(("VIOLATION", "BROKEN"))]
    rule, _, about = (broken or lines[-1:])[0].removeprefix("VIOLATION ").partition(":")
    return rule if broken else f"{rule}:{about}"[:80]


def hunt(mutants: list[Mutant], seeds: str, jobs: int, tell: Callable[[str], None]) -> float:
    """The share of the mutants that is found."""
    count = 0
    with ThreadPoolExecutor(jobs) as pool:
        for outcome in pool.map(lambda mutant: found(mutant, seeds), mutants):
            count += bool(outcome.by)
            tell(str(outcome))
    tell(f"{count} of {len(mutants)} mutants found ({count / len(mutants):.0%})")
    return count / len(mutants)


def main() -> int:
    """Print every mutant and by what it was found; 1 when fewer than 95 % were."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", default=SEEDS, help="seeds per mutant (default: %(default)s)")
    parser.add_argument("--only", default="", help="part of a mutant's name")
    parser.add_argument("--jobs", type=int, default=2, help="processes (default: %(default)s)")
    given = parser.parse_args()
    chosen = [mutant for mutant in MUTANTS if given.only in mutant.name]
    share = hunt(chosen, given.seeds, given.jobs, say)
    return 0 if share >= WANTED else 1


if __name__ == "__main__":
    sys.exit(main())
