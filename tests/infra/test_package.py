"""The package: what Lambda gets is what was tested, for Lambda, and no more than it needs."""

import ast
import importlib.util
import marshal
import shutil
import zipfile
from pathlib import Path

import pytest

from infra.deploy import package
from infra.deploy.package import ROOT, PackageError


def libraries(folder: Path, tag: str = "py3-none-any") -> Path:
    """A folder of libraries with one wheel."""
    info = folder / "small-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "WHEEL").write_text(f"Wheel-Version: 1.0\nTag: {tag}\n")
    return folder


def archive(folder: Path, size: int = 10) -> Path:
    """A zip with one file that does not shrink."""
    file = folder / "package.zip"
    with zipfile.ZipFile(file, "w") as content:
        content.writestr("chalicelib/x.bin", b"x" * size)
    return file


def laid_out(folder: Path, code: str) -> Path:
    """A package whose whole application is this code."""
    (folder / "vendor").mkdir()
    (folder / "app.py").write_text(code)
    return folder


@pytest.mark.parametrize("tag", ["py3-none-any", "cp310-abi3-manylinux2014_x86_64"])
def test_wheels_that_lambda_loads_are_taken(tmp_path: Path, tag: str) -> None:
    """Of pure Python, or built for an old enough Linux."""
    found = package.inspect(archive(tmp_path), libraries(tmp_path / "vendor", tag))
    assert found.wheels == {"small-1.0": tag}
    assert found.parts == {"chalicelib": 10}


@pytest.mark.parametrize(
    "tag",
    [
        "cp311-cp311-linux_x86_64",
        "cp311-cp311-macosx_11_0_arm64",
        "cp312-cp312-manylinux2014_x86_64",
    ],
)
def test_a_wheel_of_this_machine_is_refused(tmp_path: Path, tag: str) -> None:
    """Built here it would fail there, at the first request of a citizen."""
    with pytest.raises(PackageError, match=r"small-1\.0"):
        package.inspect(archive(tmp_path), libraries(tmp_path / "vendor", tag))


def test_a_package_that_is_too_large_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every megabyte is cold start: growth must be somebody's decision."""
    monkeypatch.setattr(package, "MOST_BYTES", 100)
    with pytest.raises(PackageError, match="more than 100"):
        package.inspect(archive(tmp_path, 200), libraries(tmp_path / "vendor"))


def test_what_a_package_lacks_is_found_before_it_is_deployed(tmp_path: Path) -> None:
    """A library of this environment is none of the package's."""
    (good := tmp_path / "good").mkdir()
    (bad := tmp_path / "bad").mkdir()
    package.try_import(laid_out(good, "import json, chalice.app\n"))
    with pytest.raises(PackageError, match="pytest"):
        package.try_import(laid_out(bad, "import pytest\n"))


def test_what_is_imported_when_it_is_called_is_looked_at_too(tmp_path: Path) -> None:
    """A function of the night would find out in the night."""
    (late := laid_out(tmp_path, "") / "chalicelib").mkdir()
    (late / "__init__.py").write_text("")
    package.try_import(tmp_path)
    (late / "nightly.py").write_text("import pytest\n")
    with pytest.raises(PackageError, match="pytest"):
        package.try_import(tmp_path)


def test_code_is_named_by_its_content(tmp_path: Path) -> None:
    """Of a run of the export one must be able to say later what made it, from any clone."""
    for name in package.OURS:
        source = ROOT / name
        copy = shutil.copytree if source.is_dir() else shutil.copy2
        copy(source, tmp_path / name)
    version = package.code_version()
    (tmp_path / "chalicelib" / "__pycache__").mkdir(exist_ok=True)
    (tmp_path / "chalicelib" / "__pycache__" / "x.pyc").write_bytes(b"made by whoever ran it")
    assert package.code_version(tmp_path) == version
    (tmp_path / "app.py").write_text("another")
    assert package.code_version(tmp_path) != version


def test_elsewhere_it_is_not_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A laptop that cannot load Linux libraries may deploy them."""
    monkeypatch.setattr("platform.system", lambda: "Darwin")
    (bad := tmp_path / "bad").mkdir()
    package.try_import(laid_out(bad, "import pytest\n"))


def test_services_are_those_that_clients_are_made_for() -> None:
    """A service left out would fail at its first call; one too many is dead weight."""
    tree = ast.parse((ROOT / "chalicelib" / "adapters" / "clients.py").read_text("utf-8"))
    made = {
        call.args[0].value
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id == "_client"
        and isinstance(call.args[0], ast.Constant)
    }
    assert made | {"sts"} == package.SERVICES


def test_the_same_sources_are_the_same_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Deploying twice must not make a second version of every function."""
    monkeypatch.setattr(package, "_libraries", lambda _sources: libraries(tmp_path / "all"))
    seen = []
    for name in ("first", "second"):
        (folder := tmp_path / name).mkdir()
        package.lay_out(folder)
        shutil.rmtree(tmp_path / "all")
        seen.append(
            {
                str(path.relative_to(folder)): (path.stat().st_mtime, path.read_bytes())
                for path in folder.rglob("*")
                if path.is_file()
            }
        )
    assert seen[0] == seen[1]
    assert seen[0]["app.py"][0] == package.LONG_AGO


def test_no_function_compiles_what_it_imports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It could not keep what it compiled: every cold start would take twice as long."""
    monkeypatch.setattr(package, "_libraries", lambda _sources: libraries(tmp_path / "all"))
    (folder := tmp_path / "laid").mkdir()
    package.lay_out(folder)
    ours = sorted((folder / "chalicelib").rglob("*.py"))
    compiled = [Path(importlib.util.cache_from_source(str(file))) for file in ours]
    assert ours
    assert [file.name for file in compiled if not file.exists()] == []
    code = marshal.loads(compiled[0].read_bytes()[16:])  # noqa: S302 - just made by us
    assert code.co_filename == f"/var/task/{ours[0].relative_to(folder)}"


def test_it_is_made_by_the_python_that_runs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wheels and compiled code are of one version: another would find neither."""
    monkeypatch.setattr(package, "PYTHON", "3.99")
    with pytest.raises(PackageError, match=r"Deploy with Python 3\.99"):
        package.lay_out(tmp_path)
