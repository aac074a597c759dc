"""Saves that fail are told, and what was saved before is never overwritten by less."""

from __future__ import annotations

import json
import os
import shutil
import time
from typing import TYPE_CHECKING

import pytest

from infra.local.savewatch import PATIENCE, SaveWatch
from infra.local.snapshot import Saver, UnreadableStateError, check
from tests.local.cloud import alive, eventually

if TYPE_CHECKING:
    from pathlib import Path

    from tests.local.cloud import Cloud


def test_saving_goes_on_when_the_folder_was_removed(cloud: Cloud) -> None:
    """One hasty `rm -r` must not cost everything that is written after it, too."""
    shutil.rmtree(cloud.home.state)
    cloud.put("LOG#after", "ITEM", text="after the folder was removed")
    cloud.saved()
    assert "after the folder was removed" in (cloud.home.state / "dynamodb.json").read_text()


def test_clock_goes_on_after_a_failed_write(cloud: Cloud) -> None:
    """A disk that was full for a second must not end the saving of the clock for good."""
    in_the_way = cloud.home.clock.with_suffix(".new")
    eventually(lambda: _made(in_the_way))
    time.sleep(2.5)  # two tries
    in_the_way.rmdir()
    stood = cloud.home.clock.read_text()
    eventually(lambda: cloud.home.clock.read_text() != stood, 5)


def _made(folder: Path) -> bool:
    folder.mkdir()  # fails while the cloud's own file is there, for a moment
    return True


@pytest.mark.slow
def test_failing_saves_are_told(cloud: Cloud) -> None:
    """Everything looks well while nothing is saved: the operator must hear it, and why."""
    good = (cloud.home.state / "dynamodb.json").read_text()
    (cloud.home.state / "dynamodb.json.new").mkdir(exist_ok=True)
    cloud.put("LOG#never", "ITEM", text="never saved")
    time.sleep(PATIENCE + 3)
    process = cloud.process
    printed = cloud.stop()
    assert process is not None
    assert process.returncode == 1
    assert printed.count("nothing is saved since") == 1
    assert printed.count("the business clock is not saved") == 1  # of the test before
    assert "NOT SAVED: the last save was at" in printed
    assert "nded." not in printed
    assert "IsADirectoryError" in (cloud.home.logs / "data.log").read_text()
    assert (cloud.home.state / "dynamodb.json").read_text() == good
    assert cloud.home.running.exists()


def test_closed_terminal_does_not_stop_the_end(cloud: Cloud) -> None:
    """A window is closed, and every line printed fails: saving and ending must not."""
    if cloud.process:
        cloud.stop()
    shutil.rmtree(cloud.home.state / "dynamodb.json.new", ignore_errors=True)
    cloud.start()
    process = cloud.process
    assert process is not None
    assert process.stdout is not None
    cloud.put("LOG#closed", "ITEM", text="the window was closed")
    pids = cloud.facts()["pids"].values()
    process.stdout.close()
    process.terminate()
    cloud.process = None
    assert process.wait(30) == 0
    assert "the window was closed" in (cloud.home.state / "dynamodb.json").read_text()
    assert not cloud.home.running.exists()
    assert [pid for pid in pids if alive(pid)] == []


def test_watch_tells_each_outage_once(tmp_path: Path) -> None:
    """Ten lines a second would bury what it says."""
    mark = tmp_path / "saved-at"
    watch = SaveWatch(mark, tmp_path / "log", patience=0.05)
    assert watch.news() is None
    time.sleep(0.06)
    assert "nothing is saved yet" in (watch.news() or "")
    assert watch.news() is None
    mark.touch()
    assert "works again" in (watch.news() or "")
    time.sleep(0.06)
    assert "nothing is saved since" in (watch.news() or "")


def test_old_mark_of_a_former_run_is_no_alarm(tmp_path: Path) -> None:
    """Coming back after a week, or after the laptop slept, saves have not failed."""
    mark = tmp_path / "saved-at"
    mark.touch()
    os.utime(mark, (1_000_000_000, 1_000_000_000))
    assert SaveWatch(mark, tmp_path / "log").news() is None


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """A home with a complete save of an empty data plane."""
    Saver(tmp_path / "state", tmp_path / "saved-at").save_now()
    return tmp_path


def test_own_saves_and_fresh_homes_are_accepted(saved: Path) -> None:
    """A check that refuses what we write ourselves would lock everybody out."""
    check(saved / "state", saved / "saved-at")
    check(saved / "none", saved / "none")


def _newer(text: str) -> str:
    return json.dumps({**json.loads(text), "__ministack_format__": 99})


def _emptied(text: str) -> str:
    return json.dumps({**json.loads(text), "payload": {}})


@pytest.mark.parametrize("name", ["s3", "sqs", "dynamodb"])
@pytest.mark.parametrize("change", [lambda _: "{}", lambda _: "null", _newer, _emptied])
def test_save_not_understood_is_refused(saved: Path, name: str, change: object) -> None:
    """The emulator starts empty in its place, and the next save would make that final."""
    assert callable(change)
    file = saved / "state" / f"{name}.json"
    file.write_text(change(file.read_text()))
    with pytest.raises(UnreadableStateError, match=f"{file} was not saved by this version"):
        check(saved / "state", saved / "saved-at")


@pytest.mark.parametrize("others", [True, False])
def test_missing_file_of_a_save_is_refused(saved: Path, *, others: bool) -> None:
    """A folder copied in part: files nobody refers to, or nothing where something was saved."""
    if others:
        (saved / "saved-at").unlink()
        (saved / "state" / "dynamodb.json").unlink()
    else:
        shutil.rmtree(saved / "state")
    with pytest.raises(UnreadableStateError, match=r"json is missing\. Put a copy"):
        check(saved / "state", saved / "saved-at")
