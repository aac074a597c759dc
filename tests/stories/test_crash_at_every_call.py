"""The process dies at calls of AWS, before and after them, on the real record."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EVERY = 31  # odd, so that it dies before a call as often as after one; all: python -m bench.crashes


@pytest.mark.slow
def test_dying_at_a_call_changes_nothing_on_record() -> None:
    """Nothing is lost or done twice by the adapters; in a process of its own, because it forks."""
    command = [sys.executable, "-m", "bench.crashes", "--every", str(EVERY)]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - our own program
    assert told.returncode == 0, told.stdout + told.stderr
    found = re.search(r"crash points: (\d+) of (\d+) recovered", told.stdout)
    assert found, told.stdout
    assert found[1] == found[2]
    assert int(found[2]) > 30
