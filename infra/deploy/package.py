"""Makes the folder that `chalice deploy` zips: our code, and the libraries as Lambda needs them.

Chalice's own packager takes wheels for glibc up to 2.26 only and builds the rest from source,
against this machine. So pip chooses the wheels here, for Lambda's platform, and Chalice finds
them in `vendor/`. What no function ever reads is left out: botocore alone describes 400 services.
What Python makes of the sources goes in, which halves a cold start.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import chalice

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).resolve().parents[2]
PYTHON: Final = "3.11"  # the runtime; `chalice deploy` names it after the Python it runs on
PLATFORMS: Final = ("manylinux2014_x86_64", "manylinux_2_17_x86_64", "manylinux_2_26_x86_64")
TASK: Final = "/var/task"  # where Lambda unpacks it
OURS: Final = ("app.py", "chalicelib")
# Of botocore's descriptions of services: those that chalicelib makes clients for, and `sts`.
SERVICES: Final = frozenset(
    {"dynamodb", "dynamodbstreams", "kms", "s3", "secretsmanager", "stepfunctions", "sts"}
)
# What fpdf2 brings along and works without: Pillow, for pictures, and of fontTools all that makes
# fonts and does not cut them down.
_TOOLS: Final = ("cu2qu", "diff", "merge", "mtiLib", "qu2cu", "t1Lib", "ufoLib", "voltLib")
UNUSED: Final = ("PIL", "pillow*", *(f"fontTools/{name}" for name in _TOOLS))
MOST_BYTES: Final = 30_000_000  # of the zip
LONG_AGO: Final = 1_600_000_000
_IMPORT_ALL: Final = """
import importlib, pkgutil, sys
sys.path[:0] = {places!r}
import app
for module in pkgutil.walk_packages([sys.path[0] + "/chalicelib"], "chalicelib."):
    importlib.import_module(module.name)
"""
_NEVER_READ: Final = re.compile(
    r"/__pycache__/|\.(c|pyi|pyx|pxd)$|/py\.typed$|^vendor/bin/|^vendor/boto3/examples/|\.dist-info/(RECORD|licenses/)"
)
_WHEEL_OF_LAMBDA: Final = re.compile(
    r"^Tag: (py\d.*-none-any|cp3\d+-(abi3|cp311)-manylinux(2014|_2_\d+)_x86_64)$"
)


class PackageError(Exception):
    """The package cannot be made, or must not be deployed; the message says why."""


@dataclass(frozen=True)
class Package:
    """What lies in the zip: bytes of each part, largest first, and the wheels it was made of."""

    zip: Path
    parts: dict[str, int]
    wheels: dict[str, str]

    @property
    def bytes(self) -> int:
        """Size of the zip."""
        return self.zip.stat().st_size


def lay_out(folder: Path, sources: Path = ROOT) -> None:
    """Put our code and the libraries into the empty `folder`. Raise PackageError."""
    if sys.version_info[:2] != tuple(map(int, PYTHON.split("."))):
        raise PackageError(f"Deploy with Python {PYTHON}, on which the functions run.")
    for name in OURS:
        found = sources / name
        if found.is_dir():
            shutil.copytree(found, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(found, folder / name)
    _compile(folder / "chalicelib", f"{TASK}/chalicelib")
    (folder / "requirements.txt").write_text("")  # nothing left for Chalice to choose
    shutil.copytree(_libraries(sources), folder / "vendor")
    _compile_chalice(folder / "vendor")
    date(folder)


def date(folder: Path) -> None:
    """Give every file the same time, so that the same content becomes the same zip."""
    for path in sorted(folder.rglob("*")):
        os.utime(path, (LONG_AGO, LONG_AGO))


def code_version(sources: Path = ROOT) -> str:
    """Names our code by its content: the same from any clone, another after any change of it."""
    digest = hashlib.sha256()
    for name in OURS:
        found = sources / name
        for path in sorted(found.rglob("*")) if found.is_dir() else [found]:
            if path.is_file() and "__pycache__" not in path.parts:
                digest.update(f"{path.relative_to(sources)}\0".encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def try_import(folder: Path) -> None:
    """Import all of the application as Lambda does, with the package alone. Raise PackageError.

    Also what a function imports only when it is called, which would be missed at night. Chalice
    puts its runtime in when it zips; here it is the one of this environment. On another system
    than Lambda's its libraries cannot be loaded: there nothing is tried.
    """
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        return
    with tempfile.TemporaryDirectory() as runtime:
        (Path(runtime) / "chalice").symlink_to(Path(chalice.__file__).parent)
        places = [str(folder), str(folder / "vendor"), runtime]
        code = _IMPORT_ALL.format(places=places)
        command = [sys.executable, "-I", "-S", "-B", "-c", code]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - ours
    if done.returncode:
        why = done.stderr.strip().splitlines()[-1]
        raise PackageError(f"The package cannot be imported with its own libraries: {why}")


def inspect(archive: Path, wheels: Path) -> Package:
    """Read a zip; `wheels` is the folder of libraries that went in. Raise PackageError."""
    parts: Counter[str] = Counter()
    with zipfile.ZipFile(archive) as content:
        for entry in content.infolist():
            parts[entry.filename.partition("/")[0]] += entry.compress_size
    package = Package(archive, dict(parts.most_common()), dict(_wheels(wheels)))
    if package.bytes > MOST_BYTES:
        raise PackageError(f"{archive.name} has {package.bytes:,} bytes, more than {MOST_BYTES:,}")
    return package


def _libraries(sources: Path) -> Path:
    """The folder of libraries for these requirements; made once."""
    requirements = [
        (sources / name).read_bytes() for name in ("requirements.txt", "constraints.txt")
    ]
    name = hashlib.sha256(b"\0".join([*requirements, Path(__file__).read_bytes()])).hexdigest()[:16]
    ready = ROOT / ".build" / f"libraries-{name}"
    if not ready.exists():
        making = ready.with_name(f"{ready.name}.{os.getpid()}")
        shutil.rmtree(making, ignore_errors=True)
        _install(sources / "requirements.txt", making)
        _prune(making)
        _compile(making, TASK)
        list(_wheels(making))
        try:
            making.rename(ready)
        except OSError:  # another command was quicker
            shutil.rmtree(making)
    return ready


def _install(requirements: Path, target: Path) -> None:
    platforms = [word for platform in PLATFORMS for word in ("--platform", platform)]
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command += ["--only-binary", ":all:", "--no-compile", "--implementation", "cp", *platforms]
    command += ["--python-version", PYTHON, "--target", str(target), "-r", str(requirements)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - ours
    if done.returncode:
        raise PackageError(f"pip found no wheels for Lambda:\n{done.stderr.strip()}")


def _prune(folder: Path) -> None:
    for unused in (path for name in UNUSED for path in folder.glob(name)):
        shutil.rmtree(unused)
    models = folder / "botocore" / "data"
    for entry in models.iterdir():
        if entry.is_dir() and entry.name not in SERVICES:
            shutil.rmtree(entry)
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_file() and _NEVER_READ.search(f"vendor/{path.relative_to(folder)}"):
            path.unlink()
        elif path.is_dir() and not any(path.iterdir()):
            path.rmdir()


def _compile(folder: Path, place: str) -> None:
    """Beside the sources, which a function cannot write to: it would compile at each cold start.

    `place` is where the folder will lie. The same sources become the same bytes.
    """
    command = [sys.executable, "-m", "compileall", "-q", "-s", str(folder), "-p", place]
    command += ["--invalidation-mode", "unchecked-hash", str(folder)]
    fixed = {**os.environ, "PYTHONHASHSEED": "0"}
    done = subprocess.run(command, env=fixed, capture_output=True, text=True, check=False)  # noqa: S603 - ours
    if done.returncode:
        raise PackageError(f"Python {PYTHON} cannot compile this:\n{done.stdout.strip()}")


def _compile_chalice(vendor: Path) -> None:
    """Its runtime, whose sources Chalice puts beside them when it zips."""
    with tempfile.TemporaryDirectory() as place:
        runtime = Path(place) / "chalice"
        runtime.mkdir()
        for name in ("__init__.py", "app.py"):
            shutil.copy2(Path(chalice.__file__).with_name(name), runtime)
        _compile(runtime, f"{TASK}/chalice")
        shutil.copytree(runtime / "__pycache__", vendor / "chalice" / "__pycache__")


def _wheels(folder: Path) -> Iterator[tuple[str, str]]:
    """Name and tag of each wheel. Raise PackageError for one that Lambda cannot load."""
    found = sorted(folder.glob("*.dist-info/WHEEL"))
    if not found:
        raise PackageError(f"no libraries in {folder}")
    for wheel in found:
        tags = [line for line in wheel.read_text().splitlines() if line.startswith("Tag: ")]
        if not tags or not all(_WHEEL_OF_LAMBDA.match(tag) for tag in tags):
            raise PackageError(f"{wheel.parent.name} is not a wheel for Lambda: {', '.join(tags)}")
        yield wheel.parent.name.removesuffix(".dist-info"), tags[-1].removeprefix("Tag: ")
