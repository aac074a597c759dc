"""What an operator is told when nothing can be done: no stage, no rights, no such command."""

import argparse
import json
import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse

from chalicelib.adapters import clients
from infra.operate import commands
from infra.operate.__main__ import main
from infra.operate.screen import table
from infra.operate.target import Target, UnreachableError
from tests.operate.conftest import ANYBODY, STAGE, Operator
from tests.upgrades.province import Province


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """A machine on which nothing runs; what commands set in the environment is forgotten."""
    before = dict(os.environ)
    monkeypatch.setenv("MOTCUA_HOME", str(tmp_path))
    yield tmp_path
    os.environ.clear()
    os.environ.update(before)


def test_no_local_cloud_runs(alone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The commonest first try; the answer names the command that starts one."""
    assert main(["status", "--stage", "local"]) == 3
    told = capsys.readouterr()
    assert str(alone) in told.err
    assert "make run" in told.err
    assert told.out == ""


def test_a_local_cloud_that_has_ended(alone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Killed, it leaves its file behind."""
    (alone / "cloud.json").write_text(json.dumps({"pids": {"supervisor": 2**22 + 1}}))
    assert main(["status", "--stage", "local", "--json"]) == 3
    assert "has ended" in json.loads(capsys.readouterr().out)["error"]


def test_a_local_cloud_that_does_not_answer(
    alone: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its data plane is starting again, for example."""
    monkeypatch.setattr(clients, "_made", {})
    nowhere = "http://127.0.0.1:9"
    facts = {
        **dict.fromkeys(("api", "data", "workflow"), nowhere),
        "pids": {"supervisor": os.getpid()},
        "clock": {"real": 0, "service": 0, "speed": 1},
    }
    (alone / "cloud.json").write_text(json.dumps(facts))
    assert main(["find", "H15.50.05.13-261006-0001", "--stage", "local"]) == 3
    assert "127.0.0.1:9" in capsys.readouterr().err


def test_a_stage_that_is_not_there(operator: Operator) -> None:
    """A misspelt name, or another account's credentials; a role knows one stage only."""
    assert operator.types("status", stage="prdo") == 3
    assert "docs/operate-commands.md" in operator.err
    operator.role = ANYBODY
    assert operator.types("status", stage="prdo") == 3
    assert "There is no function motcua-prdo in ap-southeast-1" in operator.err


def test_without_the_right_to_do_it(operator: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    """The name of the right is in AWS's own words; where to find them all is in ours."""
    monkeypatch.setattr(clients, "_made", {})
    clients.dynamodb().meta.events.register_first("before-call", _denied)
    assert operator.types("show", "H15.50.05.13-261006-0001") == 3
    assert "not authorized to perform: dynamodb:Query" in operator.err
    assert "docs/operate-commands.md" in operator.err


def _denied(**_: Any) -> Any:
    why = "User: me is not authorized to perform: dynamodb:Query"
    answer = AWSResponse("https://dynamodb", 400, {}, None)
    return answer, {"Error": {"Code": "AccessDeniedException", "Message": why}}


def test_a_function_that_fails(made: Province) -> None:
    """Its own words come through, and where to read more."""
    del made  # its functions
    with pytest.raises(UnreachableError, match="motcua-test-wake failed: KeyError"):
        Target(STAGE).call("wake", {})


# -- the command line itself


def _leaves(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    found = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    if not found:
        yield parser
    for action in found:
        for child in action.choices.values():
            yield from _leaves(child)


COMMANDS = list(_leaves(commands.parser()))


@pytest.mark.parametrize("command", COMMANDS, ids=lambda each: each.prog.rpartition("operate ")[2])
def test_every_command_has_an_example_that_works(command: argparse.ArgumentParser) -> None:
    """What is copied from the help at three in the morning must be right."""
    told = command.format_help()
    name = command.prog.rpartition("operate ")[2]
    lines = [line.strip() for line in told.splitlines() if "infra.operate " in line]
    examples = [line for line in lines if line.startswith(f"python -m infra.operate {name}")]
    assert examples
    for example in examples:
        assert commands.parser().parse_args(shlex.split(example)[3:]).run
    assert "exit status: 0" in told
    assert "--json" in told


def test_there_is_every_command() -> None:
    """As the manual lists them."""
    names = {each.prog.rpartition("operate ")[2] for each in COMMANDS}
    page = Path(__file__).parents[2] / "docs" / "operate-commands.md"
    assert names == {
        "status",
        "find",
        "show",
        "log",
        "verify",
        "redrive",
        "reconcile",
        "replay messages",
        "replay dead-letters",
        "pause",
        "resume",
    }
    text = page.read_text("utf-8")
    assert [name for name in names if f"`{name}" not in text] == []


def _in_the_manuals() -> Iterator[Any]:
    """Every call in docs and UPGRADING.md, however its lines are broken."""
    root = Path(__file__).parents[2]
    for page in (root / "UPGRADING.md", *sorted((root / "docs").rglob("*.md"))):
        text = " ".join(page.read_text("utf-8").split())
        for call in re.findall(r"`python -m infra\.operate ([^`]*)`", text):
            if not call.startswith("--") and call != "COMMAND":
                yield pytest.param(call, id=f"{page.stem}: {call}")


@pytest.mark.parametrize("call", list(_in_the_manuals()))
def test_what_the_manuals_say_can_be_typed(call: str) -> None:
    """A runbook is read when there is no time to find out what it meant."""
    assert commands.parser().parse_args(shlex.split(call)).run


@pytest.mark.parametrize(
    "words", [[], ["dance"], ["show"], ["pause", "X"], ["replay"], ["redrive"]], ids=str
)
def test_what_is_no_command(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Argparse says it, with the exit status that is promised."""
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_cells_are_short() -> None:
    """Times as in Vietnam; lists and objects without brackets."""
    made = table("t", ["a"], [["2026-10-05T23:30:00Z"], [["x", "y"]], [{"a": 1}], [None]])
    assert list(made.columns[0].cells) == ["06/10/26 06:30:00", "x, y", "a: 1", ""]
