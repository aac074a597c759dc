"""Finds the running local cloud and registers the demo's agencies with it."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from infra.demo.clock import Clock
from infra.local.clock import Anchor
from infra.local.process import lives
from infra.local.settings import ROOT, Home, Ports, environment

if TYPE_CHECKING:
    from infra.demo.agency import AgencyServer

SLOWEST, FASTEST = 600, 7200  # beyond, it takes too long, or days pass between two requests
START_IT = "  MOTCUA_HOME=.local/demo SPEED=3600 START=2026-10-05T07:00 make run"
THEN = "and in another terminal:\n\n  MOTCUA_HOME=.local/demo make demo"


class NotReadyError(Exception):
    """There is no local cloud that the demo could run on; the message says what to do."""


@dataclass(frozen=True)
class Running:
    """A running local cloud: its address, its clock and what its processes are told."""

    home: Home
    api: str
    clock: Clock
    environment: dict[str, str]


def find(home: Home) -> Running:
    """The cloud that runs in `home`. Raise NotReadyError."""
    try:
        facts: dict[str, Any] = json.loads(home.cloud.read_text())
    except FileNotFoundError:
        raise NotReadyError(
            f"No local cloud runs in {home.path}. Start one:\n\n{START_IT}\n\n{THEN}\n"
        ) from None
    if not lives(facts["pids"]["supervisor"]):
        raise NotReadyError(
            f"The local cloud in {home.path} ended without saving. Start it again:\n\n{START_IT}\n"
        )
    ports = Ports(*(int(facts[name].rpartition(":")[2]) for name in ("api", "data", "workflow")))
    clock = Clock(Anchor(**facts["clock"]))
    told = {**environment(home, ports, facts["clock"]), **facts.get("names", {})}
    return Running(home, facts["api"], clock, told)


def check(running: Running, port: str | None) -> None:
    """Raise NotReadyError for a cloud on another port than asked for, or of a wrong speed."""
    if port and running.api.rpartition(":")[2] != port:
        raise NotReadyError(
            f"PORT is {port}, but the local cloud in {running.home.path} is at {running.api}. "
            "Set MOTCUA_HOME to the folder of the one you mean, or leave PORT out."
        )
    speed = running.clock.speed
    if not SLOWEST <= speed <= FASTEST:
        wrong = "slow: days must pass in minutes" if speed < SLOWEST else "fast to act in time"
        raise NotReadyError(
            f"The clock of the local cloud in {running.home.path} runs at {speed:g} × real time, "
            f"too {wrong}. SPEED must lie between {SLOWEST} and {FASTEST}, best 3600. "
            f"End that one with Ctrl-C, then:\n\n{START_IT}\n\n{THEN}\n"
        )


def register(running: Running, server: AgencyServer) -> None:
    """Enter the agencies' addresses and secrets, as an operator does. Raise NotReadyError."""
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda agency: _register(running, server, agency), server.secrets))


def _register(running: Running, server: AgencyServer, agency: str) -> None:
    command = [sys.executable, "-m", "catalogue.load", "webhook", agency, server.url(agency), "-"]
    done = subprocess.run(  # noqa: S603 - our own module, with arguments of our own
        command,
        cwd=ROOT,
        env=running.environment,
        input=server.secrets[agency],
        text=True,
        capture_output=True,
        check=False,
    )
    if done.returncode:
        why = done.stderr.strip().splitlines()[-1:] or ["no reason given"]
        raise NotReadyError(f"{agency} could not be registered: {why[0]}")
