"""One seed, start to end: `python -m tests.simulator.run --seeds 1-100 --dossiers 20`."""

import argparse
import re
import sys
import time
from collections import Counter

from tests.simulator.check import Checker
from tests.simulator.people import DAY, People
from tests.simulator.world import CALM, PROCEDURES, Faults, Violation, World, horizon

DOSSIERS = 20
STORY_LINES = 60
CODE = re.compile(r"S1\.1-\d{6}-\d{4}")


def simulate(seed: int, dossiers: int = DOSSIERS, faults: Faults | None = None) -> World:
    """Run one province; raise Violation with its story.

    Every other seed is calm: nothing is lost, so everything must be prompt as well.
    """
    world = World(seed, faults or (Faults() if seed % 2 else CALM))
    people = People(world)
    checker = Checker(world, people)
    for number in range(dossiers):
        procedure = world.random.choice(PROCEDURES).code
        owner = f"06609000{number:04d}"
        at = world.random.uniform(0, 3 * DAY)
        world.after(at, lambda procedure=procedure, owner=owner: people.file(procedure, owner))  # type: ignore[misc]
    try:
        world.run(horizon(900))
        checker.at_the_end()
    except Violation as violation:
        violation.add_note(f"seed {seed}")
        for line in _about([line() for line in world.story], str(violation))[-STORY_LINES:]:
            violation.add_note(line)
        raise
    return world


def _about(story: list[str], rule: str) -> list[str]:
    """The story of the dossier that the violation names; the whole story where it names none."""
    found = CODE.search(rule)
    return [line for line in story if found.group() in line] if found else story


def main() -> int:
    """Run the seeds; print how they ended; 1 when a rule was broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", default="1-50", help="first-last (default: %(default)s)")
    parser.add_argument("--dossiers", type=int, default=DOSSIERS, help="per seed")
    given = parser.parse_args()
    first, _, last = given.seeds.partition("-")
    seeds = range(int(first), int(last or first) + 1)
    return run_all(seeds, given.dossiers)


def run_all(seeds: range, dossiers: int) -> int:
    """As `main`, for other programs."""
    ended: Counter[str] = Counter()
    began = time.process_time()
    for seed in seeds:
        try:
            world = simulate(seed, dossiers)
        except Violation as violation:
            print(f"VIOLATION {violation}", *violation.__notes__, sep="\n")
            return 1
        ended.update(stored.dossier.status for stored in world.records.stored.values())
        ended["faults survived"] += world.survived
        if sys.stdout.isatty() and seed % 10 == 0:
            print(f"\rseed {seed}", end="", flush=True)
    seconds = time.process_time() - began
    count = len(seeds) * dossiers
    print(f"{count} dossiers, 0 violations, {count / seconds:.0f} per CPU second, {dict(ended)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
