"""The operator's command and the nightly function, as they are called."""

import json
import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from chalicelib.adapters import clients
from chalicelib.adapters.signing import PemSigner
from chalicelib.bootstrap import exporting
from chalicelib.entrypoints.schedules import export as nightly
from chalicelib.watch import Metric
from infra.backup import commands
from infra.backup.__main__ import main
from infra.local.handlers import context_for
from infra.local.settings import ACCOUNT, REGION
from infra.templates import STACKS, load
from tests.backup.plane import Plane, Town, next_second
from tests.entrypoints.logs import written


@pytest.fixture(scope="module")
def exported(plane: Plane) -> Town:
    """One dossier with a file, exported twice."""
    town = plane.town()
    code = town.submit(1, town.upload("f-1"))
    next_second()
    town.export()
    town.accept(code)
    town.export()
    return town


class Desk:
    """An operator's terminal: an environment, and what the command says."""

    def __init__(
        self, patch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], key: Path
    ) -> None:
        self._patch = patch
        self._capsys = capsys
        self._key = ["--public-key", str(key)]

    def sets(self, **settings: str) -> None:
        """Export them in the shell."""
        for name, value in settings.items():
            self._patch.setenv(name, value)

    def says(self, *arguments: str, status: int = 0, key: bool = True) -> tuple[str, str]:
        """What it prints, and what it complains of."""
        found = main([*arguments, *(self._key if key else ())])
        printed = self._capsys.readouterr()
        assert found == status, printed
        return printed.out, printed.err

    def report(self, *arguments: str, status: int = 0) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.says(*arguments, "--json", status=status)[0])
        return found


def _environment(town: Town, tmp_path: Path) -> dict[str, str]:
    secret = tmp_path / "secret.json"
    secret.write_text('{"access_key_id": "a", "secret_access_key": "b"}')
    return {
        "STAGE": "test",
        "AWS_ENDPOINT_URL": town.plane.data_url,
        "AWS_ACCESS_KEY_ID": ACCOUNT,
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": REGION,
        "RECORD_TABLE": town.table.name,
        "FILE_BUCKET": town.files,
        "CHANGES_BUCKET": town.changes,
        "EXPORT_ENDPOINT": town.plane.store_url,
        "EXPORT_BUCKET": town.bucket,
        "EXPORT_SECRET_FILE": str(secret),
    }


@pytest.fixture
def desk(
    exported: Town,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Any:
    for name, value in _environment(exported, tmp_path).items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("EXPORT_PUBLIC_KEY", raising=False)
    (tmp_path / "pub.pem").write_bytes(PemSigner(exported.plane.key).public_key())
    clients.forget()
    yield Desk(monkeypatch, capsys, tmp_path / "pub.pem")
    clients.forget()
    exporting.export_settings.cache_clear()
    exporting.backup_deps.cache_clear()


def test_list(desk: Desk) -> None:
    """Which nights are there."""
    runs = desk.report("list")["runs"]
    assert [(run["run"], run["kind"], run["files"]) for run in runs] == [
        (1, "full", 1),
        (2, "changes", 0),
    ]
    printed = desk.says("list")[0].splitlines()
    assert len(printed) == 3
    assert "full" in printed[1]


def test_verify(desk: Desk, exported: Town) -> None:
    """Sound, and as deep as down to each event; the same store with a byte changed is not."""
    assert "Run 2 can be restored" in desk.says("verify")[0]
    report = desk.report("verify", "--deep")
    assert report["faults"] == []
    assert report["counts"]["dossiers"] == 1
    assert report["counts"]["events"] == 2
    broken = exported.copied()
    key = next(key for key in broken.stored() if "/data-0001" in key)
    broken.write(key, b"x")
    desk.sets(EXPORT_BUCKET=broken.bucket)
    printed, _ = desk.says("verify", status=1)
    assert f"WRONG {key} is not what was signed" in printed
    assert "NOT whole" in printed


def test_verify_misses_the_newest_runs(desk: Desk) -> None:
    """The number of the last run, noted at home, is the only way to miss it."""
    assert "run 5 was expected" in desk.says("verify", "--expect-run", "5", status=1)[1]


def test_drill(desk: Desk) -> None:
    """The whole way back, every month, without touching anything that is in use."""
    report = desk.report("drill", "--run", "1")
    assert report["faults"] == []
    assert report["counts"] == {"items": 6, "dossiers": 1, "events": 1, "files": 1}
    assert "thrown away" in desk.says("drill")[0]
    assert "EXPORT_BUCKET" in os.environ


def test_restore(desk: Desk, plane: Plane) -> None:
    """Into an empty deployment, once."""
    empty = plane.town()
    desk.sets(RECORD_TABLE=empty.table.name, FILE_BUCKET=empty.files)
    printed, told = desk.says("restore", "--yes")
    assert "python -m infra.operate reconcile --all" in printed
    assert "key is not given" in told
    assert ("D#S1.1-261005-0001", "CASE") in empty.items()
    assert "holds dossiers" in desk.says("restore", "--yes", status=1)[1]
    assert "read back" in desk.says("restore", "--overwrite", "--yes")[0]


def test_restore_asks_and_is_written_down(desk: Desk, plane: Plane) -> None:
    """The gravest of all commands: never by a slip, and afterwards everybody knows whose it was."""
    empty = plane.town()
    desk.sets(RECORD_TABLE=empty.table.name, FILE_BUCKET=empty.files)
    told = desk.says("restore", status=2)[1]
    assert f"into {empty.table.name}? Nothing was changed: add --yes" in told
    assert empty.items() == {}
    desk.says("restore", "--run", "1", "--yes")
    (line,) = [item for key, item in empty.items().items() if key[0].startswith("OPERATED#")]
    assert line["command"] == {"S": "restore"}
    assert line["outcome"] == {"S": "done"}
    assert line["by"]["S"]
    assert line["about"]["M"]["run"] == {"S": "1"}
    assert "stay as they are" in desk.says("restore", "--overwrite", status=2)[1]


def test_dossiers_that_went_on_are_told(desk: Desk, plane: Plane) -> None:
    """The operator knows what is newer here than the run."""
    other = plane.town()
    desk.sets(RECORD_TABLE=other.table.name, FILE_BUCKET=other.files)
    desk.says("restore", "--yes", "--run", "1")
    other.accept("S1.1-261005-0001")  # type: ignore[arg-type]
    printed, _ = desk.says("restore", "--yes", "--run", "1", "--overwrite")
    assert "! 1 dossiers have gone on here since that run" in printed


@pytest.mark.parametrize("number", ["0", "-1", "x"])
def test_a_run_that_cannot_be_is_wrong_use(desk: Desk, number: str) -> None:
    """It was taken for the newest."""
    with pytest.raises(SystemExit) as ended:
        desk.says("verify", f"--run={number}")
    assert ended.value.code == 2


def test_earlier_run_is_found_before_a_damaged_one(desk: Desk, exported: Town) -> None:
    """And the operator is told what else is there."""
    broken = exported.copied()
    broken.write("manifests/000002.json", b"x")
    desk.sets(EXPORT_BUCKET=broken.bucket)
    desk.says("verify", status=1)
    printed, told = desk.says("verify", "--run", "1")
    assert "Run 1 can be restored" in printed
    assert "later runs are not to be trusted: run 2" in told


def test_stopped_by_hand(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C ends in words."""

    def stops(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(commands, "_chain", stops)
    assert "Stopped" in desk.says("list", status=1)[1]


def test_credentials_that_are_not_there(desk: Desk) -> None:
    """A slip in the name of the file."""
    desk.sets(EXPORT_SECRET_FILE="nowhere.json")
    told = desk.says("list", status=2)[1]
    assert "EXPORT_SECRET_FILE" in told
    assert "nowhere.json" in told


def test_restore_with_the_key_of_another_deployment(
    desk: Desk, plane: Plane, tmp_path: Path
) -> None:
    """It would look well, and no receipt would open its dossier."""
    empty = plane.town()
    desk.sets(RECORD_TABLE=empty.table.name, FILE_BUCKET=empty.files)
    (tmp_path / "secret.key").write_bytes(b"k" * 32)
    desk.sets(SECRET_KEY_FILE=str(tmp_path / "secret.key"))
    assert "another key" in desk.says("restore", "--yes", status=2)[1]
    assert empty.items() == {}
    desk.says("restore", "--other-key", "--yes")
    assert empty.items() != {}


def test_nothing_is_believed_without_a_key(desk: Desk) -> None:
    """Hashes alone are made by whoever changes the content."""
    assert "--public-key FILE" in desk.says("verify", status=2, key=False)[1]


@pytest.mark.parametrize("name", ["EXPORT_ENDPOINT", "EXPORT_BUCKET", "EXPORT_SECRET_FILE"])
def test_missing_setting_is_named(desk: Desk, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the start, with its name, not as a traceback at the first use."""
    monkeypatch.delenv(name)
    told = desk.says("list", status=2)[1]
    assert name.removesuffix("_FILE") in told
    assert "Traceback" not in told


def test_store_that_does_not_answer_is_told(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The line to the data centre is cut: the same command goes on later."""
    monkeypatch.setenv("EXPORT_ENDPOINT", "http://127.0.0.1:9")
    assert "goes on with it" in desk.says("list", status=1)[1]


@pytest.mark.parametrize("command", ["export", "list", "verify", "restore", "drill", "key", ""])
def test_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever restores has never done it before."""
    with pytest.raises(SystemExit) as ended:
        main([*filter(None, [command]), "--help"])
    assert ended.value.code == 0
    printed = capsys.readouterr().out
    assert "EXPORT_ENDPOINT" in printed
    assert "exit status" in printed


# -- the function


def test_function_makes_one_run_a_night(desk: Desk, plane: Plane, tmp_path: Path) -> None:
    """As Lambda calls it: many times a night, the first in an empty store."""
    town = plane.town()
    town.submit(1, town.upload("f-1"))
    desk.sets(
        **_environment(town, tmp_path) | {"STAGE": "local", "EXPORT_KEY_FILE": str(plane.key)}
    )
    with written() as log:
        late = nightly({}, context_for("export", 10))  # less than it keeps to spare
        assert late == {"state": "unfinished", "run": 1}
        assert log.metrics == {}
        done = nightly({}, context_for("export", 900))
        assert (done["state"], done["run"], done["missing"]) == ("complete", 1, 0)
        next_second()
        assert nightly({}, context_for("export", 900))["state"] == "nothing_due"
    assert log.metrics == {Metric.EXPORTS: 1}
    assert nightly({"now": True}, context_for("export", 900))["run"] == 2
    assert nightly({"full": True}, context_for("export", 900))["run"] == 3
    assert town.vault.chain(town.keys).last.plan.kind.value == "full"


def test_a_run_at_noon_takes_no_night_away() -> None:
    """All calls of a night make one run; but one of the afternoon before is no run of the night."""
    schedule = load(STACKS / "workflow.yaml")["Resources"]["Export"]["Properties"]
    (first, last) = re.findall(r"\d+", schedule["ScheduleExpression"].split()[1])
    window = timedelta(hours=int(last) - int(first), minutes=50)  # with what DynamoDB lags behind
    since_six_in_the_evening = timedelta(hours=int(first) - 11)  # UTC
    assert window < exporting.NIGHTLY < since_six_in_the_evening


def test_function_tells_what_it_could_not_copy(desk: Desk, plane: Plane, tmp_path: Path) -> None:
    """Once, in the run that found it: an operator looks for the file, not for the run."""
    town = plane.town()
    file = town.upload("f-1")
    town.submit(1, file)
    town.s3.delete_object(Bucket=town.files, Key="uploads/f-1")
    desk.sets(
        **_environment(town, tmp_path) | {"STAGE": "local", "EXPORT_KEY_FILE": str(plane.key)}
    )
    with written() as log:
        assert nightly({}, context_for("export", 900))["missing"] == 1
        assert nightly({}, context_for("export", 900))["state"] == "nothing_due"
    assert log.metrics == {Metric.EXPORTS: 1, Metric.FILES_NOT_EXPORTED: 1}


def test_function_without_a_store_says_so(desk: Desk) -> None:
    """It neither fails each quarter of an hour nor looks as if all were well."""
    desk.sets(EXPORT_ENDPOINT="")
    with written() as log:
        assert nightly({}, context_for("export", 900)) == {"state": "not_configured"}
    assert [(line["level"], line["message"]) for line in log.lines] == [
        ("WARNING", "no export configured")
    ]
    assert log.metrics == {}


@pytest.mark.parametrize(("hours", "counts"), [(0, True), (5, True), (7, False), (72, False)])
def test_a_run_counts_when_it_is_of_this_night(hours: int, counts: bool) -> None:  # noqa: FBT001
    """After three nights without one, the first of the next runs is no copy of today."""
    assert exporting.is_of_this_night(datetime.now(UTC) - timedelta(hours=hours)) is counts
