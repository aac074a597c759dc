"""Stories on the local cloud, whose services are killed under them one after another."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from infra.demo import cloud as demo_cloud
from infra.demo.__main__ import Told
from infra.demo.agency import AgencyServer, new_secret
from infra.demo.client import Client
from infra.demo.play import AGENCIES, DESK, Play
from infra.demo.stories import STORIES
from infra.local.settings import ROOT, STATE_MACHINE_ARN
from tests.local.cloud import Cloud, eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.slow

SERVICES = ("workflow", "data", "pump", "api")  # the pump runs the functions of the streams
CHOSEN = (0, 1, 3)  # taxes and a fee; a supplement; two agencies side by side
PAUSE = 3  # seconds between one's return and the next one's end


@dataclass
class Seen:
    """What was found when all was over."""

    stories: list[Told] = field(default_factory=list)
    killed: Counter[str] = field(default_factory=Counter)
    full: list[dict[str, Any]] = field(default_factory=list)  # each dossier as the desk sees it
    opened: Counter[tuple[str, str]] = field(default_factory=Counter)  # dossier, agency
    runs: Counter[str] = field(default_factory=Counter)  # executions by status
    verified: tuple[int, int] = (-1, 0)  # exit status, dossiers
    dead_letters: str = ""


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    """All told once; each test below reads it."""
    cloud = Cloud(tmp_path_factory.mktemp("killed"))
    cloud.start(MOTCUA_HANDLERS="{}", SPEED="1800", START="2026-10-05T07:00")
    try:
        with AgencyServer({agency: new_secret() for agency in AGENCIES}) as agencies:
            yield _tell(cloud, agencies)
    finally:
        cloud.stop()


def _tell(cloud: Cloud, agencies: AgencyServer) -> Seen:
    running = demo_cloud.find(cloud.home)
    demo_cloud.register(running, agencies)
    seen = Seen()
    for number in CHOSEN:
        play = Play(Client(running.api), agencies, running.clock, say=lambda _: None)
        seen.stories.append(Told(STORIES[number], play))
    with ThreadPoolExecutor() as pool:
        telling = [pool.submit(each.run) for each in seen.stories]
        _kill_in_turn(cloud, seen.killed, lambda: all(each.done() for each in telling))
    _look(cloud, agencies, seen)
    return seen


def _kill_in_turn(cloud: Cloud, killed: Counter[str], over: Callable[[], bool]) -> None:
    """One service after the other, round after round, each once the one before runs again."""
    while True:
        for name in SERVICES:
            time.sleep(PAUSE)
            if over():
                return
            ended = _kill(cloud, name)
            killed[name] += 1
            eventually(lambda: cloud.facts()["pids"].get(name) not in {None, ended})  # noqa: B023


def _kill(cloud: Cloud, name: str) -> int:
    """SIGKILL; answers which process it was.

    The tables of AWS survive an outage, those of the emulator go back to their last save: they are
    killed with everything saved, while whoever writes to them stands still.
    """
    pids: dict[str, int] = cloud.facts()["pids"]
    others = [pids[each] for each in SERVICES if each != name] if name == "data" else []
    for pid in others:
        os.kill(pid, signal.SIGSTOP)
    if others:
        cloud.saved()
    os.kill(pids[name], signal.SIGKILL)
    for pid in others:
        os.kill(pid, signal.SIGCONT)
    return pids[name]


def _look(cloud: Cloud, agencies: AgencyServer, seen: Seen) -> None:
    client = Client(cloud.facts()["api"])
    codes = [each.code for each in seen.stories if each.code]
    seen.full = [client.get(f"/dossiers/{code}/full", DESK) for code in codes]
    seen.opened = Counter((each.dossier, each.agency) for each in agencies.all("leg.opened"))
    eventually(lambda: "RUNNING" not in _runs(cloud))
    seen.runs = _runs(cloud)
    command = [sys.executable, "-m", "infra.operate", "verify", "--all", "--yes", "--json"]
    told = {**os.environ, "MOTCUA_HOME": str(cloud.home.path), "STAGE": "local"}
    done = subprocess.run(  # noqa: S603 - our own module
        command, cwd=ROOT, env=told, capture_output=True, text=True, check=False
    )
    seen.verified = (done.returncode, json.loads(done.stdout)["checked"])
    if cloud.home.failed_events.exists():
        seen.dead_letters = cloud.home.failed_events.read_text()


def _runs(cloud: Cloud) -> Counter[str]:
    listed = cloud.client("stepfunctions").list_executions(stateMachineArn=STATE_MACHINE_ARN)
    return Counter(each["status"] for each in listed["executions"])


def test_every_story_ends_as_promised(seen: Seen) -> None:
    """An outage costs minutes; it must not cost a citizen the result, or a unit its punctuality."""
    assert min(seen.killed[name] for name in SERVICES) >= 1, seen.killed
    broken = [check.promise for each in seen.stories for check in each.checks if not check.kept]
    assert broken == []
    assert [each["status"] for each in seen.full] == ["returned"] * len(CHOSEN)


def test_nothing_happened_twice(seen: Seen) -> None:
    """Every fault is met by doing it again, which must not open a leg or take a fee twice."""
    for full in seen.full:
        events = Counter(
            (each["type"], each["leg"], json.dumps(each["data"], sort_keys=True))
            for each in full["events"]
        )
        assert [event for event, times in events.items() if times > 1] == []
    assert seen.opened
    assert set(seen.opened.values()) == {1}


def test_executions_end_with_their_dossiers(seen: Seen) -> None:
    """One left running would cost money for a year; a failed one is a dossier nobody leads.

    There may be none: an engine that was killed last knows of no execution before.
    """
    assert set(seen.runs) <= {"SUCCEEDED"}


def test_records_hold_together(seen: Seen) -> None:
    """The operator's own check, over all there is in the table."""
    assert seen.verified == (0, len(CHOSEN))


def test_no_event_was_given_up(seen: Seen) -> None:
    """A dead letter needs a person: an outage must not make work for one."""
    assert seen.dead_letters == ""
