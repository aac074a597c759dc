"""A local cloud in a folder of its own, on free ports, with the fakes beside this file."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from infra.local.settings import (
    RECORD_TABLE,
    ROOT,
    STATE_MACHINE_ARN,
    TOKEN_TABLE,
    Home,
    Ports,
    environment,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.config import Config

HANDLERS = ("wake", "rollover", "on_change", "on_upload", "reconcile", "measure", "seed", "app")


def eventually(look: Callable[[], Any], seconds: float = 60) -> Any:
    """What `look` answers once it is true; fails after some seconds of it being false."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            found = look()
        except Exception:  # noqa: BLE001 - a service may just be restarting
            found = None
        if found:
            return found
        time.sleep(0.05)
    pytest.fail(f"did not happen within {seconds} s: {look}")


def alive(pid: int) -> bool:
    """Whether a process runs (a zombie does not)."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


class Cloud:
    """Starts and ends `python -m infra.local run`, and talks to it."""

    def __init__(self, folder: Path) -> None:
        self.home = Home(folder)
        self.port = _free_port()
        self.process: subprocess.Popen[str] | None = None
        self.output = ""

    def start(self, **settings: str) -> None:
        """Start and wait until everything runs."""
        self.process = self.launch(**settings)
        eventually(self._described, 40)

    def launch(self, **settings: str) -> subprocess.Popen[str]:
        """Only the process, its output piped."""
        named = {name: f"tests.local.fake_cloud.{name}" for name in HANDLERS}
        told = {
            **os.environ,
            "MOTCUA_HOME": str(self.home.path),
            "PORT": str(self.port),
            "MOTCUA_HANDLERS": json.dumps(named),
            **settings,
        }
        return subprocess.Popen(
            [sys.executable, "-m", "infra.local", "run"],
            cwd=ROOT,
            env=told,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def outcome(self, process: subprocess.Popen[str]) -> tuple[int, str]:
        """Exit status and output of one that ends by itself; it is killed when it does not."""
        try:
            printed = process.communicate(timeout=20)[0]
        except subprocess.TimeoutExpired:
            process.kill()
            pytest.fail(f"did not end: {process.communicate()[0]}")
        return process.returncode, printed

    def _described(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            pytest.fail(self.process.communicate()[0])
        if not self.home.cloud.exists():
            return False
        return bool(self.facts()["pids"]["supervisor"] == self.process.pid)

    def facts(self) -> dict[str, Any]:
        """What the cloud says about itself in cloud.json."""
        facts: dict[str, Any] = json.loads(self.home.cloud.read_text())
        return facts

    def stop(self) -> str:
        """Ctrl-C; answers everything it printed."""
        return self._end(signal.SIGINT)

    def kill(self) -> str:
        """Send SIGKILL to the supervisor alone."""
        return self._end(signal.SIGKILL)

    def _end(self, number: int) -> str:
        assert self.process is not None
        self.process.send_signal(number)
        printed = self.process.communicate(timeout=30)[0]
        self.process = None
        return printed

    def client(self, service: str, config: Config | None = None) -> Any:
        """A boto3 client set up as the application's is."""
        facts = self.facts()
        urls = (facts[name] for name in ("api", "data", "workflow"))
        ports = Ports(*(int(url.rpartition(":")[2]) for url in urls))
        told = environment(self.home, ports, facts["clock"])
        make: Any = boto3.client
        workflow = service == "stepfunctions"
        return make(
            service,
            region_name=told["AWS_DEFAULT_REGION"],
            endpoint_url=told["AWS_ENDPOINT_URL_SFN" if workflow else "AWS_ENDPOINT_URL"],
            aws_access_key_id=told["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=told["AWS_SECRET_ACCESS_KEY"],
            config=config,
        )

    def put(self, pk: str, sk: str, **attributes: Any) -> None:
        """Write an item of the record table; numbers and texts only."""
        item = {"PK": pk, "SK": sk, **attributes}
        typed = {
            key: {"N" if isinstance(value, int) else "S": str(value)} for key, value in item.items()
        }
        self.client("dynamodb").put_item(TableName=RECORD_TABLE, Item=typed)

    def get(self, pk: str, sk: str) -> dict[str, str] | None:
        """An item of the record table without its types."""
        key = {"PK": {"S": pk}, "SK": {"S": sk}}
        found = self.client("dynamodb").get_item(TableName=RECORD_TABLE, Key=key).get("Item")
        return _plain(found) if found else None

    def case(self, dossier: str, stage: str, seq: int, timeout: int = 600, **more: Any) -> None:
        """Put a dossier at a stage, as a decision would."""
        self.put(f"D#{dossier}", "CASE", stage=stage, seq=seq, timeout=timeout, **more)

    def token(self, dossier: str) -> dict[str, str] | None:
        """The item with which the dossier's execution waits."""
        key = {"PK": {"S": dossier}}
        found = self.client("dynamodb").get_item(TableName=TOKEN_TABLE, Key=key).get("Item")
        return _plain(found) if found else None

    def token_seq(self, dossier: str) -> int:
        """The `seq` of the token its execution waits with; 0 before there is one."""
        found = self.token(dossier)
        return int(found["seq"]) if found else 0

    def execution(self, dossier: str) -> str:
        """Status of the dossier's newest execution; empty when there is none."""
        listed = self.client("stepfunctions").list_executions(stateMachineArn=STATE_MACHINE_ARN)
        mine = [run for run in listed["executions"] if run["name"].startswith(f"{dossier}.g")]
        return max(mine, key=lambda run: run["startDate"])["status"] if mine else ""

    def history(self, name: str) -> list[dict[str, Any]]:
        """Events of the execution of that name."""
        arn = STATE_MACHINE_ARN.replace(":stateMachine:", ":execution:") + f":{name}"
        got = self.client("stepfunctions").get_execution_history(executionArn=arn)
        events: list[dict[str, Any]] = got["events"]
        return events

    def seen(self, key: str) -> list[int]:
        """The `n` of the records of a key that the fake stream handler took, in its order."""
        file = self.home.path / "seen.jsonl"
        lines = [json.loads(line) for line in file.read_text().splitlines()]
        return [line["n"] for line in lines if line["key"] == key]

    def saved(self) -> None:
        """Wait until everything written so far is on disk."""
        now = time.time()
        eventually(lambda: self.home.saved_at.stat().st_mtime > now)


def _plain(item: dict[str, Any]) -> dict[str, str]:
    """An item without the names of its attributes' types."""
    return {name: next(iter(value.values())) for name, value in item.items()}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
