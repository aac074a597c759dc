"""`python -m infra.rehearsal`: deploy, live through changes, go back, end; all on this machine.

The stories of the demo run through the deployed API while code, workflow and a procedure are
deployed anew around them, and are rolled back.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import boto3
import requests

from infra.deploy.deployment import Deployment
from infra.deploy.package import ROOT
from infra.local import ports
from infra.local.clock import VIETNAM
from infra.local.settings import Home
from infra.rehearsal.town import NAME, NAMES, STEM, Town

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SPEED: Final = 1800  # at more, a cold start on a busy machine takes the desk half a day
START: Final = datetime(2026, 10, 3, 18, tzinfo=VIETNAM)  # deployed over a weekend
DEPLOYED: Final = (  # what a deployment is made of
    "app.py",
    "chalicelib",
    ".chalice/config.json",
    "catalogue",
    "infra/stacks/workflow.yaml",
    "state_machines",
    "web",
    "requirements.txt",
    "constraints.txt",
)
_IN_FLIGHT: Final = 5  # executions that must be running before anything is deployed around them
_PATIENCE: Final = 600  # seconds
_CHANGED: Final = "(rehearsed)"
_PROCEDURE: Final = "1.001193"


class RehearsalError(Exception):
    """Something did not go as a deployment must; the message says what."""


@dataclass
class Report:
    """How long each act took, and what was found."""

    began: float = field(default_factory=time.monotonic)

    def say(self, line: str) -> None:
        """One line, with the time so far."""
        print(f"{time.monotonic() - self.began:6.1f} s  {line}", flush=True)

    @contextmanager
    def act(self, name: str) -> Iterator[None]:
        """One act of the rehearsal."""
        print(f"\n── {name}", flush=True)
        began = time.monotonic()
        yield
        self.say(f"✓ {name} ({time.monotonic() - began:.0f} s)")


class Rehearsal:
    """One run, from empty emulators to none."""

    def __init__(self, town: Town, report: Report) -> None:
        self._town = town
        self._report = report
        self._changed = town.home.path / "changed"

    def run(self) -> None:
        """Raise RehearsalError and the errors of a deployment."""
        with self._town.running():
            with self._report.act("deploy"):
                self._deploy(ROOT)
                recover_tables()
                require(self._answer().count(_CHANGED) == 0, "the deployed code answers")
                plan = Deployment(self._town.stage(), self._report.say).plan()
                require(plan.is_empty, f"nothing more is to be done: {plan.changes}")
            with self._report.act("stories, and a deployment in the middle of them"):
                self._stories_through_changes()
            with self._report.act("stories on what was rolled back"):
                self._demo("--only", "2")
            with self._report.act("nothing was lost"):
                self._nothing_lost()
            with self._report.act("destroy"):
                self._destroy()

    def _deploy(self, root: Path) -> None:
        Deployment(self._town.stage(), self._report.say, root).deploy()

    def _stories_through_changes(self) -> None:
        with self._demo_beside():
            self._await_flight()
            change(self._changed)
            first = code_version()
            self._deploy(self._changed)
            require(_CHANGED in self._answer(), "the new code answers")
            require(code_version() != first, "and says that it is new")
            require(self._version() == 2, "the new version of a procedure is offered")  # noqa: PLR2004
            Deployment(self._town.stage(), self._report.say).roll_back(None)
            require(_CHANGED not in self._answer(), "the old code answers again")
            require(code_version() == first, "with the settings it had")
            require(self._version() == 2, "a published procedure stays")  # noqa: PLR2004

    # -- stories

    def _demo(self, *words: str) -> None:
        require(ran("infra.demo", "--brief", *words), "every story ends as promised")

    @contextmanager
    def _demo_beside(self) -> Iterator[None]:
        """All stories, in a process of their own; their end is awaited."""
        command = [sys.executable, "-m", "infra.demo", "--brief"]
        with subprocess.Popen(command, cwd=ROOT) as stories:  # noqa: S603 - our own module
            try:
                yield
                status = stories.wait(_PATIENCE)
            finally:
                stories.kill()
        require(status == 0, "every story ends as promised")

    def _await_flight(self) -> None:
        until = time.monotonic() + _PATIENCE
        while len(executions("RUNNING")) < _IN_FLIGHT:
            if time.monotonic() > until:
                raise RehearsalError("the stories did not get under way")
            time.sleep(0.5)

    # -- looking

    def _answer(self) -> str:
        """What the API says to somebody who asks for a procedure that does not exist."""
        url = f"{self._town.ports.api_url}/api/v1/procedures/9.999999"
        return requests.get(url, headers={"Accept-Language": "en"}, timeout=60).text

    def _version(self) -> int:
        url = f"{self._town.ports.api_url}/api/v1/procedures/{_PROCEDURE}"
        return int(requests.get(url, timeout=60).json()["version"])

    def _nothing_lost(self) -> None:
        sqs: Any = boto3.client("sqs")
        for name in ("dead", "uploads"):
            url = sqs.get_queue_url(QueueName=f"{STEM}-{name}")["QueueUrl"]
            asked = ["ApproximateNumberOfMessages"]
            left = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=asked)["Attributes"]
            require(left[asked[0]] == "0", f"the queue of {name} is empty")
        failed = [each for how in ("FAILED", "TIMED_OUT", "ABORTED") for each in executions(how)]
        require(not failed, f"no execution failed, {len(executions('SUCCEEDED'))} succeeded")
        require(not executions("RUNNING"), "no execution is left over")
        where = ("--stage", NAME)
        require(ran("infra.operate", "status", *where), "the operator finds nothing wrong")
        whole = ran("infra.operate", "verify", "--all", "--yes", *where)
        require(whole, "every record holds together")

    def _destroy(self) -> None:
        Deployment(self._town.stage(), self._report.say).destroy()
        dynamodb: Any = boto3.client("dynamodb")
        kept = dynamodb.scan(TableName=NAMES["RECORD_TABLE"], Select="COUNT")["Count"]
        require(kept > 0, f"the record stays: {kept} items")
        functions = boto3.client("lambda").list_functions()["Functions"]
        require(not functions, "no function is left over")


def code_version() -> str:
    """As the API function has it in its settings."""
    client: Any = boto3.client("lambda")
    found = client.get_function_configuration(FunctionName=STEM)
    return str(found["Environment"]["Variables"]["CODE_VERSION"])


def recover_tables() -> None:
    """The emulator's CloudFormation does not read that the stack asks for it."""
    dynamodb: Any = boto3.client("dynamodb")
    for name in (NAMES["RECORD_TABLE"], NAMES["TOKEN_TABLE"]):
        dynamodb.update_continuous_backups(
            TableName=name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
        )


def ran(module: str, *words: str) -> bool:
    """Whether one of our own commands said that all is well."""
    command = [sys.executable, "-m", module, *words]
    return subprocess.run(command, cwd=ROOT, check=False).returncode == 0  # noqa: S603 - see above


def executions(status: Any) -> list[str]:
    """Names of the executions that stand so."""
    client: Any = boto3.client("stepfunctions")
    found = client.list_executions(
        stateMachineArn=NAMES["STATE_MACHINE_ARN"], statusFilter=status, maxResults=1000
    )
    return [each["name"] for each in found["executions"]]


def require(kept: bool, promise: str) -> None:  # noqa: FBT001 - reads like a sentence
    """Raise RehearsalError."""
    if not kept:
        raise RehearsalError(f"not so: {promise}")
    print(f"          ✓ {promise}", flush=True)


def change(folder: Path) -> None:
    """A tree of sources in which code, workflow and a procedure differ."""
    shutil.rmtree(folder, ignore_errors=True)
    for name in DEPLOYED:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(ROOT / name, target)
    for file, old, new in (
        ("chalicelib/messages/en.json", "There is no such procedure or", f"{_CHANGED} No such"),
        (f"catalogue/procedures/{_PROCEDURE}.yaml", "version: 1", "version: 2"),
        ("state_machines/dossier.asl.json", "The citizen pays.", "The citizen pays at the desk."),
    ):
        path = folder / file
        text = path.read_text("utf-8")
        if old not in text:
            raise RehearsalError(f"{file} no longer says {old!r}: bring the rehearsal up to date")
        path.write_text(text.replace(old, new, 1), "utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when everything went as it must."""
    given = _parser().parse_args(arguments)
    home = Home(Path(os.environ.get("MOTCUA_HOME", ROOT / ".local" / "rehearsal")).resolve())
    shutil.rmtree(home.path, ignore_errors=True)
    report = Report()
    try:
        Rehearsal(Town(home, given.port, SPEED, START), report).run()
    except (RehearsalError, ports.PortTakenError) as failed:
        print(f"\n{failed}\nLogs: {home.logs}", file=sys.stderr)
        return 1
    report.say("rehearsed: deployed, changed in flight, rolled back, destroyed")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m infra.rehearsal",
        description="Rehearses a deployment on emulators: about seven minutes, nothing leaves this "
        "machine. MOTCUA_HOME is its folder (default .local/rehearsal; emptied at the start).",
    )
    parser.add_argument("--port", type=int, default=8060, help="of the pages and the API")
    return parser


if __name__ == "__main__":
    sys.exit(main())
