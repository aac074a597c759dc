"""Many provinces, start to end: `python -m tests.simulator.run --seeds 1-100 --dossiers 20`.

The same seed tells the same story. Odd seeds are faulty; even ones are calm: nothing is lost, so
everything must be prompt as well. A long run: `--total 100000 --jobs 2`. It ends with 1 at the
first broken rule, with that dossier's story.
"""

import argparse
import gc
import re
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from itertools import chain

from tests.simulator.check import Checker
from tests.simulator.faults import CALM, Faults
from tests.simulator.officials import Officials
from tests.simulator.people import People
from tests.simulator.script import STORIES, tell
from tests.simulator.world import DAY, PROCEDURES, Violation, World, horizon

DOSSIERS = 20
STORY_LINES = 60
BATCH = 5  # seeds that one process takes at a time
SHOW_EVERY = 10  # seconds
CODE = re.compile(r"S1\.1-\d{6}-\d{4}")


def simulate(seed: int, dossiers: int = DOSSIERS, faults: Faults | None = None) -> World:
    """Run one province; raise Violation with its story."""
    world = World(seed, faults or (Faults() if seed % 2 else CALM))
    people = People(world)
    checker = Checker(world, people, Officials(people).agencies)
    for number in range(dossiers):
        procedure = world.random.choice(PROCEDURES).code
        owner = f"06609000{number:04d}"
        at = world.random.uniform(0, 3 * DAY)
        world.after(at, lambda p=procedure, o=owner: people.file(p, o))  # type: ignore[misc]
    try:
        world.run(horizon(900))
        checker.at_the_end()
    except (Violation, Exception) as violation:
        violation.add_note(f"seed {seed}")
        for line in _about(world.written(), str(violation))[-STORY_LINES:]:
            violation.add_note(line)
        raise
    return world


def _about(story: list[str], rule: str) -> list[str]:
    """The story of the dossier that the violation names; the whole story where it names none."""
    found = CODE.search(rule)
    return [line for line in story if found.group() in line] if found else story


@dataclass
class Tally:
    """How some seeds ended; `broken` is the story of the first violation."""

    dossiers: int = 0
    seconds: float = 0  # of CPU
    ended: Counter[str] = field(default_factory=Counter)
    broken: str = ""

    def add(self, other: "Tally") -> None:
        self.dossiers += other.dossiers
        self.seconds += other.seconds
        self.ended.update(other.ended)
        self.broken = self.broken or other.broken

    def __str__(self) -> str:
        ends = ", ".join(f"{name} {count}" for name, count in sorted(self.ended.items()))
        rate = self.dossiers / self.seconds if self.seconds else 0
        violations = 1 if self.broken else 0
        return (
            f"{self.dossiers} dossiers, {violations} violations, {rate:.0f} per CPU second ({ends})"
        )


def batch(seeds: Iterable[int], dossiers: int) -> Tally:
    """Run these seeds, up to the first broken rule."""
    tally, began = Tally(), time.process_time()
    for seed in seeds:
        try:
            world = simulate(seed, dossiers)
        except Violation as violation:
            tally.broken = "\n".join([f"VIOLATION {violation}", *violation.__notes__])
            break
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told with its story
            tally.broken = f"BROKEN {error!r}\n{traceback.format_exc()}"
            break
        tally.dossiers += dossiers
        tally.ended.update(stored.dossier.status.value for stored in world.records.stored.values())
        tally.ended["(faults survived)"] += world.survived
    gc.collect()
    tally.seconds = time.process_time() - began
    return tally


def stories() -> Tally:
    """The scripted stories, told undisturbed."""
    tally = Tally()
    for name in STORIES:
        try:
            tell(name)
        except Violation as violation:
            tally.broken = f"VIOLATION {violation}\nstory {name}"
    return tally


def crash_points() -> Tally:
    """The scripted stories, dying at each call: they must end the same."""
    tally = Tally()
    for name in STORIES:
        undisturbed, points = tell(name)
        for point in range(1, points + 1):
            try:
                same = tell(name, die_at=point)[0] == undisturbed
                broken = "" if same else "VIOLATION a story ends the same wherever it dies"
            except Violation as violation:
                broken = f"VIOLATION {violation}"
            if broken:
                tally.broken = f"{broken}\nstory {name}, died at {point}"
                return tally
    return tally


def many(seeds: range, dossiers: int, jobs: int) -> Iterator[Tally]:
    """The tallies of batches of seeds, as they end."""
    batches = [seeds[first : first + BATCH] for first in range(0, len(seeds), BATCH)]
    if jobs == 1:
        yield from (batch(each, dossiers) for each in batches)
        return
    with ProcessPoolExecutor(jobs) as pool:
        running = [pool.submit(batch, each, dossiers) for each in batches]
        try:
            for ended in as_completed(running):
                yield ended.result()
        finally:
            pool.shutdown(cancel_futures=True)


def say(line: str) -> None:
    """Progress, seen at once."""
    print(line, flush=True)  # noqa: T201 - a program that prints


def run_all(tallies: Iterable[Tally], wanted: int) -> Tally:
    """Add up, saying how far it is; stops at the first broken rule."""
    total, shown = Tally(), time.monotonic()
    for tally in tallies:
        total.add(tally)
        if total.broken:
            break
        if time.monotonic() - shown > SHOW_EVERY:
            shown = time.monotonic()
            say(f"{total.dossiers / wanted:4.0%}  {total}")
    return total


def main() -> int:
    """Run; print how they ended; 1 when a rule was broken."""
    given = _arguments()
    gc.freeze()  # what is loaded stays
    gc.disable()  # a province ends as a whole: see `batch`
    first, _, last = given.seeds.partition("-")
    seeds = range(int(first), int(last or first) + 1)
    if given.total:
        seeds = range(1, -(-given.total // given.dossiers) + 1)
    total = run_all(
        chain(
            (part() for part in [stories] if given.stories),
            many(seeds, given.dossiers, given.jobs),
            (part() for part in [crash_points] if given.crash_points),
        ),
        len(seeds) * given.dossiers,
    )
    say(str(total))
    if total.broken:
        say(total.broken)
    return 1 if total.broken else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", default="1-50", help="first-last (default: %(default)s)")
    parser.add_argument("--dossiers", type=int, default=DOSSIERS, help="per seed")
    parser.add_argument("--total", type=int, default=0, help="dossiers, instead of --seeds")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--stories", action="store_true", help="tell the scripted stories, too")
    parser.add_argument("--crash-points", action="store_true", help="… dying at every call, last")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
