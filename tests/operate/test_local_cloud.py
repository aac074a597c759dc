"""The commands as they are typed, on a local cloud that really runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from infra.demo import cloud as demo_cloud
from infra.demo.agency import AgencyServer, new_secret
from infra.demo.client import Client
from infra.demo.play import AGENCIES, DESK, LAND, TAX, Play
from infra.local.settings import ROOT
from tests.local.cloud import Cloud, eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow


class Town:
    """A cloud, agencies that listen, and an operator at a terminal."""

    def __init__(self, cloud: Cloud, play: Play) -> None:
        self.cloud = cloud
        self.play = play

    def types(self, *words: str, said: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-m", "infra.operate", *words],
            cwd=ROOT,
            env={**os.environ, "MOTCUA_HOME": str(self.cloud.home.path), "STAGE": "local"},
            input=said,
            capture_output=True,
            text=True,
            check=False,
        )

    def asks(self, *words: str, code: int = 0, said: str = "") -> dict[str, Any]:
        done = self.types(*words, "--json", said=said)
        assert done.returncode == code, done.stdout + done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    cloud = Cloud(tmp_path_factory.mktemp("operate"))
    with AgencyServer({agency: new_secret() for agency in AGENCIES}) as agencies:
        try:
            cloud.start(MOTCUA_HANDLERS="{}", START="2026-10-05T08:00")
            running = demo_cloud.find(cloud.home)
            demo_cloud.register(running, agencies)
            yield Town(cloud, Play(Client(running.api), agencies, running.clock, lambda _: None))
        finally:
            if cloud.process:
                cloud.stop()


def _at_tax(town: Town) -> str:
    dossier = town.play.file("1.012785")
    dossier.decide(DESK, "accept")
    dossier.decide(LAND, "hand_over")
    return dossier.code


def test_status_and_execution(town: Town) -> None:
    """What runs, and through which states the dossier has come."""
    code = town.play.file("1.001193").code
    eventually(lambda: town.cloud.token_seq(code) == 1)
    found = town.asks("status")
    assert found["wrong"] == []
    assert found["open"]["dossiers"] >= 1
    assert {"api", "data", "pump", "workflow"} <= {each["name"] for each in found["functions"]}
    shown = town.asks("show", code, "--execution")
    entered = [each["name"] for each in shown["history"] if each["type"].endswith("StateEntered")]
    assert entered == ["Locate", "Next", "Intake"]
    assert town.types("status").returncode == 0


def test_redrive_and_verify(town: Town) -> None:
    """The new generation really leads it, in the engine that the old one is in."""
    dossier = town.play.file("1.001193")
    eventually(lambda: town.cloud.token_seq(dossier.code) == 1)
    found = town.asks("redrive", dossier.code, "--new", "--yes")["dossiers"]
    assert (found[0]["generation"], found[0]["running"]) == (2, True)
    eventually(lambda: (town.cloud.token(dossier.code) or {}).get("generation") == "2")
    dossier.decide(DESK, "accept")
    eventually(lambda: town.cloud.token_seq(dossier.code) == 2)
    assert town.asks("show", dossier.code)["wrong"] == []
    assert town.asks("verify", dossier.code)["faults"] == {}
    number = town.asks("find", "--owner", "--yes", said="066090000001\n")["dossiers"]
    assert dossier.code in {each["code"] for each in number}


def test_pause_and_resume(town: Town) -> None:
    """The pump, which is another process, holds back what the operator has paused."""
    town.asks("pause", TAX, "--reason", "maintenance", "--yes")
    time.sleep(1)  # no sender has kept this endpoint yet
    code = _at_tax(town)
    eventually(lambda: _error(town, code) == "paused")
    assert town.play.agencies.received(code, "leg.opened", TAX) is None
    assert [each["agency"] for each in town.asks("status")["paused"]] == [TAX]
    assert town.asks("resume", TAX, "--no-wait", "--yes")["changed"]
    assert town.asks("show", code)["messages"][0]["tries"] == 0
    assert town.asks("status")["paused"] == []


def _error(town: Town, code: str) -> str:
    messages = town.asks("show", code)["messages"]
    return str(messages[0]["error"]) if messages else ""


def test_dead_letters_of_this_machine(town: Town) -> None:
    """The file is emptied of what was taken, and keeps what was not."""
    code = town.play.file("1.001193").code
    keys = {"PK": {"S": f"D#{code}"}, "SK": {"S": "CASE"}}
    record = {"eventName": "MODIFY", "dynamodb": {"Keys": keys, "SequenceNumber": "1"}}
    good = {"at": time.time(), "source": "motcua-local-record", "event": record}
    bad = {"at": time.time(), "source": "motcua-local-uploads", "event": {"Records": [{}]}}
    file = town.cloud.home.failed_events
    file.write_text("".join(json.dumps(each) + "\n" for each in (good, bad)))
    assert "2 dead letters" in town.asks("status", code=1)["wrong"][0]
    listed = town.asks("replay", "dead-letters", "--list", code=1)["letters"]
    assert [each["function"] for each in listed] == ["on_change", "on_upload"]
    found = town.asks("replay", "dead-letters", "--yes", code=1)
    assert (found["taken"], len(found["left"])) == (1, 1)
    assert [json.loads(line) for line in file.read_text().splitlines()] == [bad]
    file.unlink()


def test_reconcile(town: Town) -> None:
    """Everything that is open, while the pump does the same."""
    found = town.asks("reconcile", "--all", "--yes")
    assert found["looked_at"] >= 3
    assert found["could_not"] == []
    assert [line["outcome"] for line in town.asks("log")["lines"]][-1] == "done"
