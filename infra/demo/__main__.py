"""`python -m infra.demo`: seven dossiers, side by side, through a running local cloud."""

from __future__ import annotations

import argparse
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import requests
from rich.console import Console

from infra.demo import cloud
from infra.demo.agency import AgencyServer, open_for
from infra.demo.client import ApiError, Client
from infra.demo.clock import LAST_START, StoryError, within_office_hours
from infra.demo.play import AGENCIES, CITIZEN, DESK, Check, Play
from infra.demo.progress import Progress
from infra.demo.stories import STORIES, Story
from infra.demo.tables import Names, promise, report, summary
from infra.local.settings import Home

if TYPE_CHECKING:
    from collections.abc import Sequence

_EPILOG = f"""\
environment:
  PORT          must be the running cloud's, where it is set
  MOTCUA_HOME   folder of the running cloud (default .local)

start the cloud with its clock running fast, in another terminal:
{cloud.START_IT}

exit status: 0 every story ended as promised, 1 one did not, 2 no cloud to run on
"""
_KEPT = "demo-agencies.json"  # in the cloud's folder: port and secrets of the little agencies
_WIDTH = 160  # columns where no terminal says


@dataclass
class Told:
    """How a story went."""

    story: Story
    play: Play
    checks: list[Check] = field(default_factory=list)

    @property
    def code(self) -> str:
        """Its dossier's code; empty when it came to none."""
        return self.play.dossiers[0].code if self.play.dossiers else ""

    @property
    def kept(self) -> bool:
        """Whether it ended as promised."""
        return bool(self.checks) and all(check.kept for check in self.checks)

    def run(self) -> None:
        """Tell it; whatever stops it is a promise not kept."""
        try:
            self.checks += self.story.tell(self.play) + self.play.record_checks()
        except (StoryError, ApiError, requests.RequestException) as stopped:
            self.play.say(f"stopped: {stopped}")
            self.checks.append(Check(f"came to its end; {stopped}", kept=False))


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status as in the epilog of --help."""
    given = _parser().parse_args(arguments)
    # Tables in a pipe or a log are as wide as they need to be.
    console = Console(width=None if sys.stdout.isatty() else _WIDTH)
    try:
        running = cloud.find(Home.from_environment())
        cloud.check(running, os.environ.get("PORT"))
        with open_for(AGENCIES, running.home.path / _KEPT) as agencies:
            cloud.register(running, agencies)
            told = _tell(console, running, agencies, _chosen(given.only))
    except cloud.NotReadyError as missing:
        Console(stderr=True).print(f"\n{missing}", highlight=False, markup=False, soft_wrap=True)
        return 2
    _show(console, running, told, brief=given.brief)
    return 0 if all(each.kept for each in told) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m infra.demo",
        description="Drives seven dossiers to their end and checks that each ends as promised.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    numbers = range(1, len(STORIES) + 1)
    parser.add_argument(
        "--only", type=int, nargs="+", choices=numbers, metavar="N", help="tell only these stories"
    )
    parser.add_argument("--brief", action="store_true", help="show only what was promised")
    return parser


def _chosen(numbers: Sequence[int] | None) -> list[Story]:
    return [STORIES[number - 1] for number in numbers or range(1, len(STORIES) + 1)]


def _tell(
    console: Console, running: cloud.Running, agencies: AgencyServer, stories: Sequence[Story]
) -> list[Told]:
    """All stories at once, each in a thread of its own."""
    clock, began = running.clock, time.monotonic()
    console.print(f"\n  {running.api}, {clock.speed:g} × real time; Vietnam time throughout")
    opening = within_office_hours(clock.now(), LAST_START)
    if opening > clock.now():
        console.print(f"  The offices open on {opening:%A %d/%m at %H:%M}; waiting for that.")
        clock.sleep_until(opening)
    with Progress(console, clock, [story.title for story in stories]) as progress:
        told = [
            Told(story, Play(Client(running.api), agencies, clock, partial(progress.say, number)))
            for number, story in enumerate(stories)
        ]
        with ThreadPoolExecutor(len(told)) as pool:
            list(pool.map(Told.run, told))
    console.print(f"  {len(told)} stories in {time.monotonic() - began:.0f} s\n")
    return told


def _show(console: Console, running: cloud.Running, told: Sequence[Told], *, brief: bool) -> None:
    client = Client(running.api)
    names = Names(client.get("/dev/accounts")["items"])
    seen = [each for each in told if each.code]
    for each in seen:
        names.learn(client.get(f"/dossiers/{each.code}", CITIZEN))
    for each in told:
        console.rule(f"[bold]{each.story.title}  {each.code}", align="left")
        if each.code and not brief:
            full = client.get(f"/dossiers/{each.code}/full", DESK)
            console.print(report(full, each.checks, names))
        else:
            console.print(*map(promise, each.checks), sep="\n")
    console.print(summary({each.story.title: (each.code, each.checks) for each in told}))


if __name__ == "__main__":
    sys.exit(main())
