"""The project's Python as syntax trees: what the architecture's rules are checked on."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]


@dataclass(frozen=True)
class Module:
    """`name` is dotted; `path` is relative to the project, as an allowlist spells it."""

    name: str
    path: str
    text: str
    tree: ast.Module

    @property
    def package(self) -> str:
        """What relative imports start from."""
        return self.name if self.path.endswith("__init__.py") else self.name.rpartition(".")[0]


@cache
def modules(folder: str) -> tuple[Module, ...]:
    """All modules below a top-level folder; never none, so that no rule passes for want of code."""
    found = tuple(_read(path) for path in sorted((ROOT / folder).rglob("*.py")))
    assert found, folder
    return found


def _read(path: Path) -> Module:
    relative = path.relative_to(ROOT)
    return snippet(path.read_text(encoding="utf-8"), relative.as_posix())


def snippet(text: str, path: str = "chalicelib/domain/bad.py") -> Module:
    """Code as if it stood at `path`: real, or made up to see a rule fail."""
    name = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    return Module(name, path, text, ast.parse(text))


def imports(module: Module) -> Iterator[str]:
    """Dotted names of everything imported, wherever in the module; `from a import b` is `a.b`."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            origin = _origin(module, node)
            yield from (f"{origin}.{alias.name}" for alias in node.names)


def _origin(module: Module, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    parts = module.package.split(".")
    return ".".join([*parts[: len(parts) - node.level + 1], *filter(None, [node.module])])


def dotted(node: ast.AST) -> str:
    """`a.b.c` of an expression; empty for any other."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        front = dotted(node.value)
        return f"{front}.{node.attr}" if front else ""
    return ""


def calls(module: Module) -> Iterator[ast.Call]:
    """Every call."""
    return (node for node in ast.walk(module.tree) if isinstance(node, ast.Call))


def at(module: Module, node: ast.AST, what: str) -> str:
    """How a fault is reported."""
    return f"{module.path}:{getattr(node, 'lineno', 0)} {what}"
