"""Starts on a home that cannot be used: one sentence, which names the file and what to do."""

from __future__ import annotations

import json
import os
import signal
import stat
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
import requests

from infra.local import ports
from infra.local.settings import Home
from tests.local.cloud import HANDLERS, Cloud, eventually

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def idle(tmp_path: Path) -> Cloud:
    """A cloud that was never started."""
    return Cloud(tmp_path / "home")


def _refusal(cloud: Cloud, **settings: str) -> str:
    """What a start prints that is refused as wrong use."""
    status, printed = cloud.outcome(cloud.launch(**settings))
    assert status == 2, printed
    assert "Traceback" not in printed
    return printed


@pytest.mark.parametrize("below", ["", "deeper"])
def test_home_that_cannot_be_made_is_explained(idle: Cloud, below: str) -> None:
    """MOTCUA_HOME is typed by hand; a traceback does not say which of its parts is wrong."""
    idle.home.path.touch()
    home = idle.home.path / below
    printed = _refusal(idle, MOTCUA_HOME=str(home))
    assert f"{home} cannot be the folder of the local cloud" in printed
    assert "MOTCUA_HOME=" in printed


@pytest.mark.parametrize(
    "content", ["", "[]", "null", "{}", '{"ceiling": "x", "simulated": 1}', '{"ceiling": NaN}']
)
def test_clock_of_another_form_is_explained(idle: Cloud, content: str) -> None:
    """Beginning at any other moment could turn service time back: a person has to decide."""
    idle.home.create()
    idle.home.clock.write_text(content)
    assert f"{idle.home.clock} does not say how far" in _refusal(idle)
    assert idle.home.clock.read_text() == content


@pytest.mark.parametrize("length", [0, 31])
def test_short_key_is_explained(idle: Cloud, length: int) -> None:
    """Every request would fail with an error of the server, and nothing would say why."""
    idle.home.create()
    idle.home.secret_key.write_bytes(b"k" * length)
    printed = _refusal(idle)
    assert f"{idle.home.secret_key} has {length} bytes, not 32" in printed
    assert len(idle.home.secret_key.read_bytes()) == length


def test_key_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    """A start killed while it wrote the key must not leave half of one to the next."""
    home = Home(tmp_path)
    home.create()
    home.secret_key.with_suffix(".new").write_bytes(b"half of a key")
    home.make_secret()
    made = home.secret_key.read_bytes()
    assert len(made) == 32
    assert stat.S_IMODE(home.secret_key.stat().st_mode) == 0o600
    home.make_secret()
    assert home.secret_key.read_bytes() == made
    assert not home.secret_key.with_suffix(".new").exists()


@pytest.mark.parametrize(
    "content", ["", "[]", "7", '{"data": "x"}', '{"data": -1, "workflow": 70000}', '{"data": true}']
)
def test_ports_of_another_form_are_ignored(idle: Cloud, content: str) -> None:
    """The file only remembers a preference."""
    idle.home.create()
    idle.home.ports.write_text(content)
    chosen = ports.choose(idle.home, idle.port)
    kept = json.loads(idle.home.ports.read_text())
    assert kept == {"data": chosen.data, "workflow": chosen.workflow}
    assert len({chosen.api, chosen.data, chosen.workflow}) == 3


def test_interrupt_in_the_first_moments_is_quiet(idle: Cloud) -> None:
    """Who notices a typing error presses Ctrl-C before anything runs."""
    idle.home.create()
    os.mkfifo(idle.home.ports)  # whoever reads it waits
    process = idle.launch()
    eventually(idle.home.secret_key.exists)
    process.send_signal(signal.SIGINT)
    status, printed = idle.outcome(process)
    assert status == -signal.SIGINT  # a shell says 130
    assert printed == ""


def test_unhealthy_api_is_told_before_the_welcome(idle: Cloud) -> None:
    """A process that listens and answers every request with an error looks started."""
    named = {name: f"tests.local.fake_cloud.{name}" for name in HANDLERS}
    sick = {**named, "app": "tests.local.fake_cloud.sick"}
    try:
        idle.start(MOTCUA_HANDLERS=json.dumps(sick))
    finally:
        printed = idle.stop()
    told, _, welcome = printed.partition("Business clock")
    assert f"not healthy (status 404), see {idle.home.logs / 'api.log'}" in told
    assert "Ctrl-C saves" in welcome


def test_clock_begins_to_run_when_all_is_up(idle: Cloud) -> None:
    """At an hour each second, the seconds of a start would cost a working day."""
    try:
        idle.start(SPEED="3600", START="2026-10-05T07:00")
        told = idle.facts()["clock"]
        heard = requests.get(f"{idle.facts()['api']}/api/v1/clock", timeout=5).json()
        described = idle.home.cloud.stat().st_mtime
    finally:
        idle.stop()
    assert told["service"] == datetime(2026, 10, 5, tzinfo=UTC).timestamp()
    assert told["speed"] == 3600
    assert described - told["real"] < 0.5  # a start takes seconds
    assert heard == told
