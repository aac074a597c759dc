"""Every kind of end: a killed child, a killed supervisor, Ctrl-C; and starts that are refused."""

from __future__ import annotations

import json
import os
import signal
import socket
import time
from dataclasses import dataclass
from typing import Any

import pytest
import requests

from infra.local.clock import Anchor
from tests.local.cloud import Cloud, alive, eventually

pytestmark = pytest.mark.slow

STEP = 100


@pytest.mark.parametrize("child", ["api", "pump", "workflow", "data"])
def test_killed_child_comes_back_and_work_goes_on(cloud: Cloud, child: str) -> None:
    """A crash of any process must cost seconds, not the session, and lose no dossier."""
    dossier = f"killed-{child}"
    cloud.case(dossier, "Intake", 1)
    eventually(lambda: cloud.token_seq(dossier) == 1)
    cloud.saved()
    before = cloud.facts()["pids"]
    os.kill(before[child], signal.SIGKILL)
    eventually(lambda: cloud.facts()["pids"].get(child) not in {None, before[child]})
    eventually(lambda: _accounts(cloud))
    eventually(lambda: cloud.execution(dossier) == "RUNNING")
    cloud.case(dossier, "Department", 2)
    eventually(lambda: cloud.token_seq(dossier) == 2)
    cloud.case(dossier, "Closed", 3)
    eventually(lambda: cloud.execution(dossier) == "SUCCEEDED")


def _accounts(cloud: Cloud) -> Any:
    return requests.get(f"{cloud.facts()['api']}/api/v1/dev/accounts", timeout=5).json()["items"]


def test_second_cloud_on_the_same_home_is_refused(cloud: Cloud) -> None:
    """Two clouds would overwrite each other's state."""
    status, printed = cloud.outcome(cloud.launch())
    assert status == 2
    assert "running already" in printed


@dataclass(frozen=True)
class Crash:
    """What was true before kill -9 of the supervisor and after the next start."""

    survivors: list[int]
    serial: int
    clock_before: float
    clock_after: float
    speed: float


@pytest.fixture(scope="module")
def crash(cloud: Cloud) -> Crash:
    """SIGKILL for the supervisor alone, then a start on the same home at another speed."""
    cloud.put("SEQ#H01#261124", "N", n=7)
    cloud.put("LOG#kept", "ITEM", text="Ê Đê")
    cloud.saved()
    facts = cloud.facts()
    before = Anchor(**facts["clock"]).at(time.time())
    cloud.kill()
    time.sleep(0.5)
    survivors = [pid for pid in facts["pids"].values() if alive(pid)]
    cloud.start(SPEED="100", MOTCUA_TRIES="4")
    serial = cloud.get("SEQ#H01#261124", "N")
    anchor = Anchor(**cloud.facts()["clock"])
    assert serial is not None
    return Crash(survivors, int(serial["n"]), before, anchor.service, anchor.speed)


def test_no_child_outlives_a_killed_supervisor(crash: Crash) -> None:
    """A left-over data plane would hold ports and overwrite the next run's state."""
    assert crash.survivors == []


def test_what_was_saved_survives_kill_9(cloud: Cloud, crash: Crash) -> None:
    """The save mark is a promise: everything acknowledged before it is on disk."""
    del crash
    kept = cloud.get("LOG#kept", "ITEM")
    assert kept is not None
    assert kept["text"] == "Ê Đê"


def test_serials_move_on_after_an_unclean_end(crash: Crash) -> None:
    """A rolled-back counter would give two citizens one code. Other ends before count too."""
    assert crash.serial >= 7 + STEP
    assert (crash.serial - 7) % STEP == 0


def test_business_clock_never_runs_backwards(crash: Crash) -> None:
    """Not over a crash, not over a change of speed: deadlines that passed stay passed."""
    assert crash.clock_after >= crash.clock_before
    assert crash.speed == 100


def test_record_nobody_takes_is_filed(cloud: Cloud, crash: Crash) -> None:
    """One broken record must hold up neither its key nor be dropped in silence."""
    del crash
    for n in range(3):
        cloud.put("COUNT#poison", "ITEM", n=n, **({"refuse": 1000} if n == 1 else {}))
    eventually(lambda: 2 in cloud.seen("COUNT#poison"))
    assert cloud.seen("COUNT#poison") == [0, 2]
    filed = [json.loads(line) for line in cloud.home.failed_events.read_text().splitlines()]
    images = [line["event"]["dynamodb"]["NewImage"] for line in filed]
    assert [(image["PK"], image["n"]) for image in images] == [({"S": "COUNT#poison"}, {"N": "1"})]


def test_clean_end_saves_and_leaves_no_mark(cloud: Cloud, crash: Crash) -> None:
    """Ctrl-C saves what no regular save has seen, and the next start knows it was clean."""
    del crash
    cloud.put("LOG#last", "ITEM", text="written at the last moment")
    pids = cloud.facts()["pids"].values()
    printed = cloud.stop()
    assert "Saved; ended." in printed
    for done in ("data plane on", "tables, bucket", "workflow on", "streams", "API and pages on"):
        assert f"✓ {done}" in printed
    assert "100 × real time" in printed
    assert "not healthy" not in printed
    assert "is saved" not in printed  # neither false alarm of the save watch nor the clock's
    assert "Trần Thị B" in printed  # who can sign in
    assert not cloud.home.running.exists()
    assert "written at the last moment" in (cloud.home.state / "dynamodb.json").read_text()
    assert [pid for pid in pids if alive(pid)] == []


def test_damaged_state_is_not_replaced(cloud: Cloud, crash: Crash) -> None:
    """The emulator would start empty instead, and the next save would make that final."""
    del crash
    if cloud.process:
        cloud.stop()
    file = cloud.home.state / "dynamodb.json"
    damaged = file.read_text()[:-10]
    file.write_text(damaged)
    status, printed = cloud.outcome(cloud.launch())
    assert status == 1
    assert f"{file} is damaged" in printed
    assert "NOT SAVED" not in printed  # there was nothing to save
    assert file.read_text() == damaged


def test_state_not_understood_is_not_replaced(cloud: Cloud, crash: Crash) -> None:
    """Valid JSON of another form is as dangerous as a torn file, and so is a missing one."""
    del crash
    if cloud.process:
        cloud.stop()
    file = cloud.home.state / "dynamodb.json"
    file.write_text("{}")
    status, printed = cloud.outcome(cloud.launch())
    assert status == 1
    assert f"{file} was not saved by this version" in printed
    assert file.read_text() == "{}"
    file.unlink()
    status, printed = cloud.outcome(cloud.launch())
    assert status == 1
    assert f"{file} is missing" in printed
    assert not file.exists()


def test_end_while_starting_is_clean(cloud: Cloud) -> None:
    """Who notices a mistake at once presses Ctrl-C at once."""
    if cloud.process:
        cloud.stop()
    home = cloud.home.path / "early"
    early = cloud.launch(MOTCUA_HOME=str(home))
    eventually((home / "logs" / "data.log").exists)
    early.send_signal(signal.SIGINT)
    status, printed = cloud.outcome(early)
    assert status == 0
    assert "Ctrl-C saves" not in printed


def test_taken_port_is_explained(cloud: Cloud) -> None:
    """The most usual failure of a first start must say what to do."""
    if cloud.process:
        cloud.stop()
    with socket.create_server(("127.0.0.1", cloud.port)):
        other = str(cloud.home.path / "other")
        status, printed = cloud.outcome(cloud.launch(MOTCUA_HOME=other))
    assert status == 2
    assert f"Port {cloud.port} is taken" in printed
    assert "PORT=" in printed
