"""Can the tests of the rules fail? Mutation testing of the domain: `python -m bench.mutation`.

Everything happens in a copy in a temporary folder, so the sources are never left mutated. mutmut
makes the mutants. Running them is ours: mutmut starts pytest anew for each, which takes a second;
here pytest collects once, and a fork per mutant calls the tests that reach the mutated function,
the fastest first, until one fails. Tests that are expected to fail or need fixtures take no part.

The random machine of tests/domain is left out: it takes seconds, and each rule should have a
test that names it. mutmut leaves properties and the constants of a module alone (the tables in
`terms` and `procedure`); tests compare those word for word.
"""

import argparse
import ast
import os
import re
import shutil
import signal
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from difflib import unified_diff
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import settings

ROOT: Final = Path(__file__).parents[1]
DOMAIN: Final = Path("chalicelib/domain")
COPIED: Final = ("chalicelib", "catalogue", "tests/domain", "tests/__init__.py")
LEFT_OUT: Final = ("__pycache__", "test_dossier_machine.py")
LEAST: Final = 0.85  # of the mutants of each module; what is equivalent cannot be killed
ACTIVE: Final = "MUTANT_UNDER_TEST"  # mutmut's: the mutant to be called in place of the original
PLAIN: Final = (
    '[tool.pytest.ini_options]\npythonpath = ["."]\n[tool.mutmut]\nsource_paths = ["."]\n'
)
PYTEST: Final = ("-s", "-p", "no:terminal", "-p", "no:cacheprovider", "--hypothesis-seed=0")


Test = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the mutants of one module."""

    module: str
    killed: int
    survivors: tuple[str, ...] = ()

    @property
    def total(self) -> int:
        """All mutants."""
        return self.killed + len(self.survivors)

    @property
    def share(self) -> float:
        """Killed of all; of none, all."""
        return self.killed / self.total if self.total else 1.0


@dataclass(slots=True)
class Runner:
    """A pytest plugin that runs mutants in place of tests; `mutants` are their names."""

    mutants: list[str]
    processes: int
    reach: dict[str, list[tuple[float, Test]]] = field(default_factory=dict)
    killed: set[str] = field(default_factory=set)
    running: dict[int, str] = field(default_factory=dict)  # process id -> mutant

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run the tests once as they are, then a fork per mutant."""
        self._record(session)
        done = 0
        for done, mutant in enumerate(self.mutants):
            if done % max(1, len(self.mutants) // 20) == 0:
                print(f"{done:5} of {len(self.mutants)} mutants", flush=True)
            if len(self.running) == self.processes:
                self._wait()
            self._start(mutant)
        while self.running:
            self._wait()
        return True

    def _record(self, session: pytest.Session) -> None:
        """Note which tests reach which function, and how long each takes."""
        hits: set[str] = import_module("mutmut.state").state()._stats  # noqa: SLF001 - no other way
        os.environ[ACTIVE] = "stats"
        reach = defaultdict(list)
        tests = [test for item in session.items if (test := _test(item))]
        for test in tests:
            hits.clear()
            began = time.process_time()
            test()
            took = time.process_time() - began
            for function in hits:
                reach[function].append((took, test))
        self.reach = {
            name: sorted(found, key=lambda pair: pair[0]) for name, found in reach.items()
        }
        print(f"{len(tests)} tests reach {len(reach)} functions", flush=True)

    def _start(self, mutant: str) -> None:
        tests = self.reach.get(mutant.partition("__mutmut_")[0], [])
        if (child := os.fork()) != 0:
            self.running[child] = mutant
            return
        status = 1
        try:
            os.environ[ACTIVE] = mutant
            _silence()
            # Ends it by a signal: a mutant that never ends is noticed, too.
            signal.setitimer(signal.ITIMER_PROF, 5 + 3 * sum(took for took, _ in tests))
            for _, test in tests:
                test()
            status = 0
        finally:
            os._exit(status)  # whatever a test raised: nothing of pytest may go on in the fork

    def _wait(self) -> None:
        child, status = os.wait()
        mutant = self.running.pop(child)
        if status:
            self.killed.add(mutant)


def _test(item: pytest.Item) -> Test | None:
    """Return the bare call of a test; None for one that takes no part."""
    assert isinstance(item, pytest.Function)
    given = item.callspec.params if hasattr(item, "callspec") else {}
    fixtures = set(item.fixturenames) - set(given) - {"request"}
    if fixtures or item.get_closest_marker("xfail"):
        return None
    return partial(item.obj, **given)


def _silence() -> None:
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)


def main() -> int:
    """Print killed and survived per module and every survivor; 1 if a module is below `--least`."""
    given = _arguments()
    os.nice(10)  # it runs for minutes beside other work
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="motcua-mutants-") as name:
        folder = Path(name)
        copy(folder)
        os.chdir(folder)
        # The tests must import the copy, whatever the caller's path says.
        sys.path[:] = [name, *(each for each in sys.path if each and Path(each) != ROOT)]
        mutants = {module: mutate(folder, module) for module in given.module or _names()}
        runner = Runner([each for found in mutants.values() for each in found], given.processes)
        settings.register_profile("mutants", deadline=None, database=None)
        settings.load_profile("mutants")
        if pytest.main([*PYTEST, "tests/domain"], plugins=[runner]) not in (0, 5):
            raise SystemExit("pytest could not run the tests")
        outcomes = [outcome(module, found, runner.killed) for module, found in mutants.items()]
        for each in outcomes:
            for survivor in each.survivors:
                print("\n".join(difference(folder, each.module, survivor)), end="\n\n")
        os.chdir(ROOT)
    report([each for each in outcomes if each.total], given.least)
    print(f"{time.monotonic() - began:.0f} seconds")
    return int(any(each.share < given.least for each in outcomes))


def _names() -> list[str]:
    return [path.stem for path in sorted((ROOT / DOMAIN).glob("*.py")) if path.stem != "__init__"]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.mutation", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--module", action="append", choices=_names(), help="this one; repeatable")
    parser.add_argument("--processes", type=int, default=2, help="default: %(default)s")
    parser.add_argument("--least", type=float, default=LEAST, help="share, default: %(default)s")
    return parser.parse_args()


def copy(folder: Path) -> None:
    """Put the rules, their tests and what those need into `folder`."""
    for part in COPIED:
        source, target = ROOT / part, folder / part
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns(*LEFT_OUT))
        else:
            shutil.copy(source, target)
    (folder / "pyproject.toml").write_text(PLAIN)


def mutate(folder: Path, module: str) -> list[str]:
    """Write all mutants of a module beside its functions; returns their names."""
    make: Any = import_module("mutmut.mutation.file_mutation").mutate_file_contents
    path = folder / DOMAIN / f"{module}.py"
    mutated = make(str(path), path.read_text())
    path.write_text(mutated.code)
    return [f"chalicelib.domain.{module}.{name}" for name in mutated.mutant_names]


def outcome(module: str, mutants: Iterable[str], killed: set[str]) -> Outcome:
    """Sort a module's mutants."""
    survivors = tuple(each for each in mutants if each not in killed)
    return Outcome(module, len(list(mutants)) - len(survivors), survivors)


def difference(folder: Path, module: str, survivor: str) -> list[str]:
    """Name a survivor and show how it differs from the original."""
    name = survivor.rpartition(".")[2]
    original = re.sub(r"\d+$", "orig", name)
    bodies = {
        node.name: [line for part in node.body for line in ast.unparse(part).splitlines()]
        for node in ast.walk(ast.parse((folder / DOMAIN / f"{module}.py").read_text()))
        if isinstance(node, ast.FunctionDef) and node.name in (name, original)
    }
    changed = unified_diff(bodies[original], bodies[name], n=0, lineterm="")
    return [survivor, *(f"    {line}" for line in list(changed)[2:] if not line.startswith("@@"))]


def report(found: list[Outcome], least: float) -> None:
    """Print a line per module and one for all."""
    print(f"{'module':<14}{'killed':>8}{'survived':>10}{'share':>8}")
    survivors = tuple(name for each in found for name in each.survivors)
    for each in [*found, Outcome("all", sum(each.killed for each in found), survivors)]:
        low = "  too few" if each.share < least else ""
        survived = len(each.survivors)
        print(f"{each.module:<14}{each.killed:>8}{survived:>10}{each.share:>8.1%}{low}")


if __name__ == "__main__":
    sys.exit(main())
