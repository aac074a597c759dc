"""What a function's cold start imports, and what its package weighs. Nothing is installed."""

import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Final

from bench.table import Row

ROOT: Final = Path(__file__).parents[1]
MODULES: Final = (  # what Lambda loads for each function
    "app",
    "chalicelib.entrypoints.stream",
    "chalicelib.entrypoints.tasks",
    "chalicelib.entrypoints.schedules",
    "chalicelib.entrypoints.uploads",
)
_COUNT: Final = """
import sys, {module}
tops = [name.partition(".")[0] for name in sys.modules]
own = sum(top in ("app", "chalicelib") for top in tops)
standard = sum(top in sys.stdlib_module_names for top in tops)
print(own, len(tops) - own - standard)
"""
_NAME: Final = re.compile(r"^[A-Za-z0-9._-]+")


def imported(module: str) -> Row:
    """Modules of the project and of its requirements; the standard library differs by Python."""
    command = [sys.executable, "-c", _COUNT.format(module=module)]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603 - our own program
    own, required = map(int, told.stdout.split())
    return Row(f"import {module}", by_call={"modules.own": own, "modules.required": required})


def weights() -> dict[str, int]:
    """Bytes of each distribution that requirements.txt draws in, as installed here."""
    found: dict[str, int] = {}
    waiting = list(_lines((ROOT / "requirements.txt").read_text("utf-8").splitlines()))
    while waiting:
        name = waiting.pop()
        try:
            each = distribution(name)
        except PackageNotFoundError:  # for another platform or Python
            continue
        if each.metadata["Name"] not in found:
            found[each.metadata["Name"]] = _bytes(each)
            waiting += _lines(line for line in each.requires or () if "extra ==" not in line)
    return found


def _lines(lines: Iterator[str] | list[str]) -> Iterator[str]:
    for line in lines:
        if match := _NAME.match(line):
            yield match.group()
            if "[crypto]" in line:
                yield "cryptography"


def _bytes(each: Distribution) -> int:
    files = (Path(str(file.locate())) for file in each.files or () if file.suffix != ".pyc")
    return sum(file.stat().st_size for file in files if file.is_file())
