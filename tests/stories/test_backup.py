"""The province's own copy, for real: a cloud is exported twice and removed; another goes on."""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

import pytest

from infra.demo import cloud as demo_cloud
from infra.demo.agency import AgencyServer, new_secret
from infra.demo.client import Client, Dossier, chain_holds
from infra.demo.play import AGENCIES, DESK, INSURANCE, OFFICER, POLICE, Play
from infra.local.clock import VIETNAM, Anchor
from infra.local.settings import FILE_BUCKET, ROOT
from tests.local.cloud import Cloud, eventually

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from infra.demo.agency import Message
    from infra.demo.client import Json

pytestmark = pytest.mark.slow

REAL_HANDLERS = "{}"  # nothing in the place of the application's own
START = "2026-10-05T07:00"  # a Monday
BIRTH, LATER = "3.000722", "1.012785"


@dataclass
class Told:
    """What was seen on the way."""

    printed: dict[str, str] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    before: dict[str, Json] = field(default_factory=dict)  # each dossier, as its desk saw it
    restored: dict[str, Json] = field(default_factory=dict)
    after: Json = field(default_factory=dict)
    files: tuple[dict[str, str], ...] = ()  # hashes by key, before and after
    codes: list[str] = field(default_factory=list)
    new_code: str = ""
    ended: str = ""  # status of the execution that led it to its end
    seconds: float = 0.0  # of the restore


class Province:
    """Its data centre: a store, and the commands an operator types there."""

    def __init__(self, folder: Path, told: Told) -> None:
        self._folder = folder
        self._told = told
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        command = [sys.executable, "-m", "infra.local.store", "--port", str(self._port)]
        command += ["--folder", str(folder / "store")]
        self._store = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)  # noqa: S603 - our own module

    def end(self) -> None:
        self._store.terminate()
        self._store.wait(10)

    def does(self, name: str, cloud: Cloud, *arguments: str, status: int = 0) -> str:
        """A command on a cloud; what it prints is kept under the name."""
        settings = {
            "MOTCUA_HOME": str(cloud.home.path),
            "EXPORT_ENDPOINT": f"http://127.0.0.1:{self._port}",
            "EXPORT_PUBLIC_KEY": str(self._folder / "province.pub.pem"),
        }
        done = subprocess.run(  # noqa: S603 - our own module
            [sys.executable, "-m", "infra.backup", *arguments],
            cwd=ROOT,
            env={**os.environ, **settings},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == status, done.stdout + done.stderr
        self._told.printed[name] = done.stdout
        self._told.refused[name] = done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """The whole story, told once; each test below reads one chapter of it."""
    folder, told = tmp_path_factory.mktemp("backup-story"), Told()
    first, second = Cloud(folder / "first"), Cloud(folder / "second")
    second.port = first.port  # agencies know that address
    province = Province(folder, told)
    with AgencyServer({agency: new_secret() for agency in AGENCIES}) as agencies:
        try:
            at = _live_and_export(first, province, agencies, told, folder)
            shutil.rmtree(first.home.path)
            _restore(second, province, told, folder, at)
            _go_on(second, agencies, told)
            yield told
        finally:
            province.end()
            for cloud in (first, second):
                if cloud.process:
                    cloud.stop()


def _live_and_export(
    cloud: Cloud, province: Province, agencies: AgencyServer, told: Told, folder: Path
) -> datetime:
    """One dossier with two agencies, one at the desk; a run in between; answers the time then."""
    cloud.start(MOTCUA_HANDLERS=REAL_HANDLERS, SPEED="60", START=START)
    demo_cloud.register(demo_cloud.find(cloud.home), agencies)
    play = _play(cloud, agencies)
    birth = play.file(BIRTH)
    birth.decide(DESK, "accept")
    key = province.does("key", cloud, "key")
    (folder / "province.pub.pem").write_text(key)
    _exported(province, "first run", cloud)
    play.complete(birth, OFFICER)
    for agency in (POLICE, INSURANCE):
        eventually(partial(play.agencies.received, birth.code, "leg.opened", agency))
    later = play.file(LATER)
    told.codes = [birth.code, later.code]
    told.before = {each.code: each.full(DESK) for each in (birth, later)}
    before = _hashes(cloud)
    _exported(province, "second run", cloud)
    told.files = (before,)
    shutil.copy(cloud.home.secret_key, folder / "secret.key")  # kept apart, as UPGRADING.md says
    now = Anchor(**cloud.facts()["clock"]).at(time.time())
    cloud.stop()
    return datetime.fromtimestamp(now, VIETNAM)


def _exported(province: Province, name: str, cloud: Cloud) -> None:
    time.sleep(1.1)  # a run holds whole seconds
    province.does(name, cloud, "export")


def _hashes(cloud: Cloud) -> dict[str, str]:
    s3 = cloud.client("s3")
    found = s3.list_objects_v2(Bucket=FILE_BUCKET).get("Contents", ())
    return {each["Key"]: _hash(s3, each["Key"]) for each in found}


def _hash(s3: object, key: str) -> str:
    content = s3.get_object(Bucket=FILE_BUCKET, Key=key)["Body"].read()  # type: ignore[attr-defined]
    return hashlib.sha256(content).hexdigest()


def _restore(cloud: Cloud, province: Province, told: Told, folder: Path, at: datetime) -> None:
    """A fresh home, which has nothing of the first but the key kept offline."""
    cloud.home.create()
    shutil.copy(folder / "secret.key", cloud.home.secret_key)
    start = f"{at:%Y-%m-%dT%H:%M:%S}"
    cloud.start(MOTCUA_HANDLERS=REAL_HANDLERS, SPEED="60", START=start)
    began = time.monotonic()
    province.does("restore", cloud, "restore", "--yes")
    told.seconds = time.monotonic() - began
    province.does("again", cloud, "restore", "--yes", status=1)
    province.does("export of the new", cloud, "export", status=1)
    told.files = (*told.files, _hashes(cloud))


def _go_on(cloud: Cloud, agencies: AgencyServer, told: Told) -> None:
    """Both agencies answer the message of the first cloud; what is ready is handed out."""
    play = _play(cloud, agencies)
    dossiers = [Dossier(play.client, code) for code in told.codes]
    told.restored = {each.code: each.full(DESK) for each in dossiers}
    birth = dossiers[0]
    for agency in (POLICE, INSURANCE):
        play.agency_completes(_asked(agencies, birth.code, agency))
    eventually(lambda: "Return" in _states(cloud, birth.code))
    birth.decide(DESK, "return")
    told.after = birth.full(DESK)
    told.new_code = play.file(LATER).code
    told.ended = eventually(lambda: _ended(cloud, birth.code))


def _play(cloud: Cloud, agencies: AgencyServer) -> Play:
    running = demo_cloud.find(cloud.home)
    return Play(Client(running.api), agencies, running.clock, say=lambda _: None)


def _asked(agencies: AgencyServer, code: str, agency: str) -> Message:
    found = agencies.received(code, "leg.opened", agency)
    assert found is not None
    return found


def _states(cloud: Cloud, code: str) -> list[str]:
    details = (event.get("stateEnteredEventDetails") for event in cloud.history(f"{code}.g1"))
    return [entered["name"] for entered in details if entered]


def _ended(cloud: Cloud, code: str) -> str:
    status = cloud.execution(code)
    return status if status != "RUNNING" else ""


def test_second_run_holds_changes_only(told: Told) -> None:
    """The night costs what the day was."""
    assert "full" in told.printed["first run"]
    assert "changes" in told.printed["second run"]


def test_all_dossiers_are_there_in_flight(told: Told) -> None:
    """As their desk saw them: events, papers, periods, who holds them since when."""
    assert len(told.before) == 2
    for code, before in told.before.items():
        after = told.restored[code]
        assert after["events"][: len(before["events"])] == before["events"]
        for name in ("status", "stage", "holders"):
            assert after[name] == before[name], name
        assert _papers(after) == _papers(before)


def _papers(full: Json) -> list[tuple[str, str]]:
    """Links are made anew for whoever asks."""
    return [(paper["paper_code"], paper["file_id"]) for paper in full["papers"]]


def test_files_are_byte_identical(told: Told) -> None:
    """Under the same names, with the same content."""
    before, after = told.files
    assert before == after
    assert len(before) >= 3


def test_workflow_goes_on_to_the_end(told: Told) -> None:
    """Agencies answer what they were sent by a cloud that is no more; the result is handed out."""
    assert (told.after["stage"], told.after["status"]) == ("Closed", "returned")
    assert told.ended == "SUCCEEDED"
    assert chain_holds(told.codes[0], told.after["events"])


def test_codes_are_not_given_twice(told: Told) -> None:
    """The next citizen's number is far beyond those on slips that the export had not seen."""
    numbers = [int(code.rpartition("-")[2]) for code in (*told.codes, told.new_code)]
    assert numbers[0] < numbers[1] < 1000 < numbers[2]


def test_in_use_it_is_not_written_to_again(told: Told) -> None:
    """Typing the command once more must not undo the morning."""
    assert "holds dossiers" in told.refused["again"]


def test_new_deployment_does_not_write_into_the_old_ones_runs(told: Told) -> None:
    """Unless it is told that it is the successor."""
    assert "--adopt" in told.refused["export of the new"]


def test_restore_takes_seconds(told: Told) -> None:
    """A handful of dossiers: whatever takes long here takes for ever with a million."""
    assert told.seconds < 30
