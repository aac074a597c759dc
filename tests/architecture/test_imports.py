"""Imports run one way, so that rules can be read, tested and moved without AWS."""

from collections.abc import Iterable
from typing import Final

import pytest

from tests.architecture.code import Module, imports, modules, snippet

OURS: Final = ("chalicelib", "infra", "catalogue", "bench", "tests", "app")

# Who may import what of chalicelib, besides itself. The longest name that fits decides.
MAY: Final = {
    "chalicelib.domain": (),
    "chalicelib.ports": ("chalicelib.domain",),
    "chalicelib.backup_ports": ("chalicelib.domain",),
    "chalicelib.config": (),
    "chalicelib.backup_config": ("chalicelib.config",),
    "chalicelib.watch": (),
    "chalicelib.use_cases": ("chalicelib.backup_ports", "chalicelib.domain", "chalicelib.ports"),
    "chalicelib.adapters": (
        "chalicelib.backup_ports",
        "chalicelib.domain",
        "chalicelib.ports",
        "chalicelib.watch",
    ),
    "chalicelib.bootstrap": (
        "chalicelib.adapters",
        "chalicelib.backup_config",
        "chalicelib.backup_ports",
        "chalicelib.config",
        "chalicelib.domain",
        "chalicelib.ports",
    ),
    "chalicelib.entrypoints": (
        "chalicelib.bootstrap",
        "chalicelib.config",
        "chalicelib.domain",
        "chalicelib.ports",
        "chalicelib.use_cases",
        "chalicelib.watch",
    ),
    "catalogue": (
        "chalicelib.domain",
        "chalicelib.adapters.reference_codec",  # how reference data is stored is said once
        "chalicelib.adapters.table_keys",  # and so is how its keys are spelled
        "chalicelib.adapters.schema",  # and which form of them is current
    ),
}

# Libraries that reach outside the process: only adapters may, or bootstrap through them.
OUTSIDE: Final = {
    "boto3",
    "botocore",
    "http.client",
    "requests",
    "socket",
    "urllib.request",
    "urllib3",
}
# What makes the same decision come out differently tomorrow, or elsewhere.
IMPURE: Final = {"os", "sys", "random", "secrets", "uuid", "time", "subprocess", "pathlib", "io"}
PURE: Final = (
    "chalicelib.domain",
    "chalicelib.use_cases",
    "chalicelib.ports",
    "chalicelib.backup_ports",
)


def _within(name: str, packages: Iterable[str]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def wrong_way(module: Module) -> list[str]:
    """Imports of our own code that this module may not have."""
    homes = [home for home in MAY if _within(module.name, [home])]
    if not homes:
        return []
    home = max(homes, key=len)
    allowed = (home, *MAY[home])
    ours = (name for name in imports(module) if _within(name, OURS))
    return [f"{module.path} imports {name}" for name in ours if not _within(name, allowed)]


def reaching_out(module: Module) -> list[str]:
    """Imports of libraries that only adapters may have, and impure ones in what must be pure."""
    banned = set() if _within(module.name, ["chalicelib.adapters"]) else set(OUTSIDE)
    banned |= IMPURE if _within(module.name, PURE) else set()
    found = (name for name in imports(module) if _within(name, banned))
    return [f"{module.path} imports {name}" for name in found]


def by_name(module: Module) -> list[str]:
    """Imports at run time, which the checks above could not see."""
    found = (name for name in imports(module) if _within(name, ["importlib"]))
    builtin = ["__import__"] if "__import__(" in module.text else []
    return [f"{module.path} uses {name}" for name in (*found, *builtin)]


def test_imports_run_one_way() -> None:
    """Entrypoints → use cases → domain; adapters → ports: a rule never depends on a database."""
    found = [*modules("chalicelib"), *modules("catalogue")]
    assert [wrong for module in found for wrong in wrong_way(module)] == []


def test_every_part_of_the_code_has_its_place() -> None:
    """A new package without a line in `MAY` would be free to import anything."""
    homeless = [
        module.path
        for module in modules("chalicelib")
        if module.name != "chalicelib" and not _within(module.name, MAY)
    ]
    assert homeless == []


def test_only_adapters_reach_out() -> None:
    """Everything else runs in memory, in the simulator, thousands of times a second."""
    assert [wrong for module in modules("chalicelib") for wrong in reaching_out(module)] == []


def test_nothing_is_imported_by_name() -> None:
    """What is hidden from a reader is hidden from these tests, too.

    But for the table of routes, whose names are modules beside it and are tested.
    """
    found = [wrong for module in modules("chalicelib") for wrong in by_name(module)]
    assert found == ["chalicelib/entrypoints/api/served.py uses importlib.import_module"]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("chalicelib/domain/bad.py", "from chalicelib.ports import Deps"),
        ("chalicelib/domain/bad.py", "from chalicelib import ports"),
        ("chalicelib/domain/bad.py", "from ..adapters import table"),
        ("chalicelib/ports.py", "import chalicelib.adapters.table"),
        ("chalicelib/use_cases/bad.py", "def f():\n    from chalicelib.bootstrap import deps"),
        ("chalicelib/use_cases/bad.py", "from chalicelib.adapters.table import Table"),
        ("chalicelib/adapters/bad.py", "from chalicelib.use_cases import decide"),
        ("chalicelib/entrypoints/http/bad.py", "from chalicelib.adapters import clients"),
        ("chalicelib/adapters/bad.py", "from tests.simulator.fakes import FakeClock"),
        ("chalicelib/entrypoints/bad.py", "from infra.local import settings"),
        ("chalicelib/config.py", "from chalicelib.domain.ids import AgencyCode"),
        ("catalogue/bad.py", "from chalicelib.adapters.records import DynamoRecords"),
        ("catalogue/bad.py", "from chalicelib.use_cases import decide"),
    ],
)
def test_a_wrong_way_is_seen(path: str, text: str) -> None:
    """The check can fail, for every direction there is."""
    assert wrong_way(snippet(text, path)) != []


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("chalicelib/domain/bad.py", "import boto3"),
        ("chalicelib/domain/bad.py", "from os import environ"),
        ("chalicelib/domain/bad.py", "import random"),
        ("chalicelib/use_cases/bad.py", "from time import time"),
        ("chalicelib/use_cases/bad.py", "from botocore.exceptions import ClientError"),
        ("chalicelib/entrypoints/bad.py", "import boto3.dynamodb.types"),
        ("chalicelib/bootstrap.py", "import boto3"),
    ],
)
def test_reaching_out_is_seen(path: str, text: str) -> None:
    """The check can fail."""
    assert reaching_out(snippet(text, path)) != []


@pytest.mark.parametrize("text", ["import importlib", "boto = __import__('boto3')"])
def test_an_import_by_name_is_seen(text: str) -> None:
    """The check can fail."""
    assert by_name(snippet(text)) != []


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("chalicelib/domain/good.py", "from datetime import time\nimport zoneinfo"),
        ("chalicelib/adapters/good.py", "import boto3\nfrom chalicelib.ports import Deps"),
        ("chalicelib/bootstrap.py", "import os\nfrom chalicelib.adapters import table"),
        ("chalicelib/use_cases/good.py", "from chalicelib.use_cases.changing import change"),
    ],
)
def test_what_is_allowed_passes(path: str, text: str) -> None:
    """A check that refuses everything would soon be switched off."""
    module = snippet(text, path)
    assert [*wrong_way(module), *reaching_out(module), *by_name(module)] == []
