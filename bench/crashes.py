"""Dies before and after every AWS call of whole lives: `python -m bench.crashes`.

Each story of the simulator is told once on the real record. At each point the process forks: the
child dies there, is retried, redelivered and reconciled as in production, tells its story to the
end, and must end as the undisturbed one does (record, messages, payment, forms, executions).
"""

import argparse
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from bench.cloud import Cloud
from tests import aws
from tests.simulator.script import STORIES, Story
from tests.stories.crash_world import RealWorld

FAILED: Final = "failed: "
SHOW: Final = 3  # failures that are printed in full


@dataclass
class Forks:
    """Decides at each point whether to die there, in a child, `jobs` of them at a time.

    Of the points every `every`-th is taken; an odd number takes befores and afters in turn.
    """

    every: int = 1
    jobs: int = 2
    reports: dict[int, str] = field(default_factory=dict)  # point -> how the story ended
    _running: dict[int, tuple[int, int]] = field(default_factory=dict)  # point -> pid, pipe
    _way_out: int = -1  # of a child, where it reports

    def __call__(self, point: int) -> bool:
        """Whether this process dies at this point."""
        if self.is_child or point % self.every:
            return False
        if len(self._running) >= self.jobs:
            self._collect()
        way_in, way_out = os.pipe()
        sys.stdout.flush()
        pid = os.fork()
        if pid == 0:
            os.close(way_in)
            self._way_out = way_out
            return True
        os.close(way_out)
        self._running[point] = pid, way_in
        return False

    @property
    def is_child(self) -> bool:
        """Whether this process is one that died and lives on."""
        return self._way_out >= 0

    def report(self, ended: str) -> None:
        """The last thing a child does."""
        with os.fdopen(self._way_out, "w") as pipe:
            pipe.write(ended)
        os._exit(0)

    def collect_all(self) -> None:
        """Wait for the children that still run."""
        while self._running:
            self._collect()

    def _collect(self) -> None:
        point = min(self._running)
        pid, pipe = self._running.pop(point)
        with os.fdopen(pipe) as told:
            self.reports[point] = told.read() or f"{FAILED}the process ended without a word"
        os.waitpid(pid, 0)


@dataclass(frozen=True)
class Verdict:
    """Of one story: its points, those where a process died, what went wrong at which."""

    points: int
    died: int
    wrong: dict[int, str]


def judge(name: str, cloud: Cloud, forks: Forks, *, lost: bool = False) -> Verdict:
    """Tell one story with all its deaths. Raise RuntimeError if it fails undisturbed."""
    cloud.empty()
    world = RealWorld(cloud, forks, lost=lost)
    ended = _told(world, STORIES[name])
    if forks.is_child:
        forks.report(ended)
    forks.collect_all()
    if ended.startswith(FAILED):
        raise RuntimeError(f"{name}, undisturbed: {ended}")
    wrong = {point: report for point, report in forks.reports.items() if report != ended}
    return Verdict(len(world.points), len(forks.reports), wrong)


def _told(world: RealWorld, steps: Callable[[Story], None]) -> str:
    """How it ended, as text; a child must not leave by an exception."""
    try:
        story = Story(world)
        steps(story)
        ended = repr(story.ends())
        return ended if world.agrees() else f"{FAILED}the stream and the table disagree"
    except BaseException:  # noqa: BLE001 - a broken rule is a BaseException, and all is told
        return f"{FAILED}{traceback.format_exc()}"


def run(names: Sequence[str], every: int, jobs: int, *, lost: bool) -> int:
    """Print each story's verdict; returns how many points did not recover."""
    died, wrong = 0, 0
    with aws.aws():
        cloud = Cloud()
        for name in names:
            verdict = judge(name, cloud, Forks(every, jobs), lost=lost)
            died, wrong = died + verdict.died, wrong + len(verdict.wrong)
            print(f"{name}: {verdict.points} points, died at {verdict.died}", flush=True)
            for point, report in list(verdict.wrong.items())[:SHOW]:
                print(f"{name} died at point {point} and ended otherwise:\n{report}", flush=True)
    print(f"crash points: {died - wrong} of {died} recovered")
    return wrong


def main() -> int:
    """1 when a point did not recover."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--story", choices=STORIES, action="append", help="only this one")
    parser.add_argument("--every", type=int, default=1, help="take every n-th point only")
    parser.add_argument("--jobs", type=int, default=2, help="processes beside this one")
    parser.add_argument("--lost", action="store_true", help="no redelivery: the reconciler's turn")
    given = parser.parse_args()
    return 1 if run(given.story or list(STORIES), given.every, given.jobs, lost=given.lost) else 0


if __name__ == "__main__":
    sys.exit(main())
