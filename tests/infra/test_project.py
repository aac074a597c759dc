"""The folder of a release: what `chalice deploy` is told, and what can be gone back to."""

import subprocess
import sys
from pathlib import Path

import pytest

from infra.deploy import project as module
from infra.deploy.account import Account
from infra.deploy.functions import FunctionsError
from infra.deploy.package import LONG_AGO, ROOT
from infra.deploy.project import Project, digest, workplace
from infra.deploy.stages import Stage
from infra.local.process import lives
from tests.local.cloud import eventually

ACCOUNT = Account("123456789012", "ap-southeast-1")


def project(folder: Path, **stage: object) -> Project:
    """Of a stage, empty."""
    folder.mkdir()
    made = {"name": "dev", "region": "ap-southeast-1", "like": "dev", **stage}
    return Project(folder, Stage(**made), ACCOUNT)  # type: ignore[arg-type]


@pytest.fixture
def laid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Filled and configured, without the libraries."""

    def lay_out(folder: Path, _sources: Path) -> None:
        (folder / "app.py").write_text("x")
        info = folder / "vendor" / "small-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "WHEEL").write_text("Tag: py3-none-any")

    monkeypatch.setattr(module.package, "lay_out", lay_out)
    made = project(tmp_path / "one")
    made.lay_out(ROOT)
    made.configure({"PUBLIC_URL": "https://a.vn"})
    return made


def changed(laid: Project, file: str, text: str) -> list[str]:
    """Parts that differ when a file does."""
    before, path = laid.parts(), laid.folder / file
    path.write_text(text)
    after = laid.parts()
    return [part for part in sorted({*before, *after}) if before.get(part) != after.get(part)]


def test_chalice_works_in_the_region_of_the_stage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A profile may be of another: there a second stage would be made, or none ended."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setattr(module, "_CHALICE", "import os; print(os.environ['AWS_DEFAULT_REGION'])")
    assert list(project(tmp_path / "x").deploy(None)) == ["ap-southeast-1"]


def test_it_says_what_chalice_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When that fails."""
    monkeypatch.setattr(module, "_CHALICE", "import sys; print('no such role'); sys.exit(1)")
    with pytest.raises(FunctionsError, match="no such role"):
        list(project(tmp_path / "x").deploy(None))


def test_every_function_has_its_policy(laid: Project) -> None:
    """And what it reserves is counted."""
    parts = laid.parts()
    assert {"permissions api", "permissions measure", "sizes and limits of measure"} <= set(parts)
    assert parts["variable PUBLIC_URL"] == "https://a.vn"
    assert parts["library small"] == "1.0"
    assert laid.reserved() == 3


@pytest.mark.parametrize(
    ("file", "told"),
    [
        ("app.py", ["code"]),
        ("vendor/small-1.0.dist-info/WHEEL", ["libraries"]),
        ("web/index.html", ["pages"]),
        ("workflow/workflow.yaml", ["workflow"]),
        (".chalice/policy-measure.json", ["permissions measure"]),
    ],
)
def test_whatever_differs_is_seen(laid: Project, file: str, told: list[str]) -> None:
    """So that a plan shows it, and a release is noted."""
    assert changed(laid, file, "other") == told


def test_sizes_and_settings_are_seen(laid: Project) -> None:
    """Each by its name."""
    file = ".chalice/config.json"
    text = (laid.folder / file).read_text()
    assert changed(laid, file, text.replace('"lambda_timeout": 900', '"lambda_timeout": 60')) == [
        "sizes and limits of export"
    ]
    assert changed(laid, file, text.replace("https://a.vn", "https://b.vn")) == [
        "sizes and limits of export",
        "variable PUBLIC_URL",
    ]
    assert changed(
        laid, file, text.replace('"lambda_memory_size": 512', '"lambda_memory_size": 1')
    ) == [
        "sizes and limits of all functions",
        "variable PUBLIC_URL",
    ]


def test_what_is_kept_is_deployed_again(laid: Project, tmp_path: Path) -> None:
    """To the byte and to the time of each file, but for what Chalice made of it."""
    for name in ("deployed/dev.json", "deployments/x.zip"):
        path = laid.folder / ".chalice" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("x")
    again = project(tmp_path / "two")
    again.unpack(laid.archive())
    assert again.parts() == laid.parts()
    assert again.archive() == laid.archive()
    assert (again.folder / "app.py").stat().st_mtime == LONG_AGO
    assert not (again.folder / ".chalice" / "deployed").exists()


def test_a_release_knows_its_own_functions(laid: Project) -> None:
    """They may be others than those of the files here, from which one goes back."""
    (laid.folder / ".chalice" / "policy-of_then.json").write_text("{}")
    (laid.folder / ".chalice" / "policy-wake.json").unlink()
    found = laid.functions()
    assert "motcua-dev-of_then" in found
    assert "motcua-dev-wake" not in found
    assert "motcua-dev" in found  # the API


def test_going_back_keeps_where_pages_and_sign_in_are(laid: Project) -> None:
    """A release of another address would send citizens there."""
    laid.tell({"PUBLIC_URL": "https://b.vn"})
    assert laid.parts()["variable PUBLIC_URL"] == "https://b.vn"
    assert laid.parts()["variable STAGE"] == "dev"


def test_chalice_ends_with_who_started_it(tmp_path: Path) -> None:
    """Alone it would go on making functions and an API, beside whoever comes next."""
    made = project(tmp_path / "x")
    (made.folder / ".chalice").mkdir()
    (made.folder / ".chalice" / "config.json").write_text('{"app_name": "x", "version": "2.0"}')
    (made.folder / "app.py").write_text(
        "import os, time\nopen('pid', 'w').write(str(os.getpid()))\ntime.sleep(60)\n"
    )
    code = (
        "import sys; from pathlib import Path; from tests.infra.test_project import *; "
        "list(Project(Path(sys.argv[1]), Stage('dev', 'r', 'dev'), ACCOUNT).deploy(None))"
    )
    tool = subprocess.Popen([sys.executable, "-c", code, str(made.folder)], cwd=ROOT)  # noqa: S603 - ours
    pid = made.folder / "pid"
    eventually(lambda: pid.exists() and pid.read_text())
    tool.kill()
    tool.wait()
    eventually(lambda: not lives(int(pid.read_text())))


def test_chalice_finds_what_it_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else it would make a second API; and nothing of another run."""
    monkeypatch.setattr(module, "_CHALICE", "print(open('.chalice/deployed/dev.json').read())")
    made = project(tmp_path / "x")
    assert list(made.deploy(b"state")) == ["state"]
    with pytest.raises(FunctionsError, match="No such file"):
        list(made.deploy(None))


def test_each_command_has_a_folder_of_its_own() -> None:
    """Two at once would empty it under each other's feet."""
    stage = Stage("dev", "ap-southeast-1", "dev")
    with workplace(stage, ACCOUNT) as one, workplace(stage, ACCOUNT) as two:
        assert one.folder != two.folder
        (one.folder / "x").write_text("x")
    assert not one.folder.exists()


def test_what_python_makes_does_not_count(tmp_path: Path) -> None:
    """A catalogue that was read once is the same catalogue."""
    (tmp_path / "a.py").write_text("x")
    before = digest(tmp_path)
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "a.pyc").write_text("x")
    assert digest(tmp_path) == before
