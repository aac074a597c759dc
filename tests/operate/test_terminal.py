"""The command line among other Unix tools: pipes cut short, streams closed, an ASCII terminal."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from infra.local.settings import ROOT
from infra.operate import terminal
from infra.operate.screen import Screen, table

# A program of our own that says more than a pipe holds, on either stream.
TALKS = """
import contextlib, io, sys
from infra.operate import terminal
from infra.operate.screen import Screen, table
def main():
    screen = Screen(json="--json" in sys.argv, yes="--yes" in sys.argv)
    with contextlib.redirect_stdout(io.StringIO()):
        for _ in range(3000):
            screen.aside("Hồ sơ đang được xem xét")
        rows = [[n, "Hồ sơ"] for n in range(3000)]
        screen.result({"Hồ": rows}, table("Hồ sơ · Dossiers", ["n", "…"], rows), "✓ xong")
    return 7
terminal.run(main)
"""


def _shell(line: str, folder: Path | str = ROOT, **more: str) -> subprocess.CompletedProcess[bytes]:
    """Bash, where `run` is our program."""
    given = {**os.environ, "PYTHON": sys.executable, "TALKS": TALKS, "PYTHONPATH": str(ROOT)} | more
    return subprocess.run(  # noqa: S603 - our own program
        ["/bin/bash", "-c", f'run() {{ "$PYTHON" -c "$TALKS" "$@"; }}; {line}'],
        cwd=folder,
        env=given,
        capture_output=True,
        check=False,
    )


@pytest.mark.parametrize("how", ["", "--json"])
def test_a_pipe_that_is_closed_early(how: str, tmp_path: Path) -> None:
    """`… | head -1` is how one looks at something long: no complaint, and the status it has."""
    line = f"run {how} 2>errors | head -c 1; echo ${{PIPESTATUS[0]}}; cat errors"
    done = _shell(line, tmp_path)
    assert b"Traceback" not in done.stdout
    assert b"Exception" not in done.stdout
    assert done.stdout[1:].lstrip().startswith(b"7\n"), done.stdout[:200]


def test_what_is_said_by_the_way_is_read_by_nobody(tmp_path: Path) -> None:
    """What was begun is carried through: a change must not stop because nobody listens."""
    line = "run 2>&1 >result | head -c 1; echo ${PIPESTATUS[0]}; tail -1 result"
    done = _shell(line, tmp_path)
    assert done.stdout[1:].decode().split() == ["7", "✓", "xong"]


@pytest.mark.parametrize("how", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_stream_that_is_closed(how: str) -> None:
    """As a scheduler may start it."""
    done = _shell(f"run {how}")
    assert done.returncode == 7
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("how", ["", "--json"])
def test_an_output_of_few_letters(how: str) -> None:
    """What cannot be shown is replaced; for programs it is escaped, and nothing is missing."""
    done = _shell(f"run {how}", PYTHONIOENCODING="ascii")
    assert done.returncode == 7
    assert b"Traceback" not in done.stderr
    told = done.stdout.decode("ascii")
    assert json.loads(told)["Hồ"][0] == [0, "Hồ sơ"] if how else "H? s?" in told


@pytest.mark.parametrize("program", ["infra.backup", "infra.operate"])
@pytest.mark.parametrize("how", [">/dev/null", "| head -c 1", ">&-"])
def test_help_too(program: str, how: str) -> None:
    """It is the first thing that anybody types."""
    done = _shell(f'"$PYTHON" -m {program} --help {how}', PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, b"")


# -- the same in this process


class Closed(io.StringIO):
    """Nobody reads it."""

    def write(self, _: str) -> int:
        raise BrokenPipeError

    def flush(self) -> None:
        raise BrokenPipeError


@pytest.mark.parametrize("how", [True, False])
def test_nothing_is_raised(how: bool, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: FBT001
    """Whatever is at the other end."""
    monkeypatch.setattr(sys, "stdout", Closed())
    monkeypatch.setattr(sys, "stderr", Closed())
    screen = Screen(json=how)
    screen.aside("by the way")
    screen.result({"a": 1}, table("t", ["a"], [[1]]), "text")
    screen.failed("why")


def test_what_is_closed_is_empty(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Python has nothing at all in its place."""
    kept: dict[str, Any] = {}
    few = (tmp_path / "few").open("w", encoding="ascii")
    monkeypatch.setattr(sys, "stdin", None)
    monkeypatch.setattr(sys, "stdout", few)
    monkeypatch.setattr(sys, "stderr", None)

    def main() -> int:
        kept.update(said=sys.stdin.read())
        sys.stdout.write("Hồ\n")
        sys.stderr.write("nowhere\n")
        return 3

    with pytest.raises(SystemExit) as ended:
        terminal.run(main)
    assert (ended.value.code, kept["said"]) == (3, "")
    assert (tmp_path / "few").read_text() == "H?\n"
