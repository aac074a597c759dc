"""Which codes the source raises, and with which parameters: found in its syntax tree."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from chalicelib.domain import errors

SOURCE = Path(errors.__file__).parents[1]
# Where the code stands among the positional arguments of what carries one.
_CODE_AT = {"RefusedError": 1, "Fault": 1, "unauthenticated": 0, "PydanticCustomError": 0} | {
    name: 0
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, errors.Error)
}


class Raised(NamedTuple):
    """One place in the source; `params` are the names it fills the sentence with."""

    code: str
    params: frozenset[str]
    where: str


@cache
def trees() -> dict[Path, ast.Module]:
    """Every module of the functions."""
    return {path: ast.parse(path.read_text("utf-8")) for path in sorted(SOURCE.rglob("*.py"))}


@cache
def raised() -> tuple[Raised, ...]:
    """Every code that is written out where it is raised."""
    return tuple(
        each
        for path, tree in trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        for each in _of_call(node, path)
    )


def _of_call(call: ast.Call, path: Path) -> Iterator[Raised]:
    at = _CODE_AT.get(_name(call.func))
    if at is None or len(call.args) <= at:
        return
    where = f"{path.relative_to(SOURCE)}:{call.lineno}"
    for code in _texts(call.args[at]):
        yield Raised(code, frozenset(_params(call)), where)


def _name(function: ast.expr) -> str:
    return getattr(function, "id", getattr(function, "attr", ""))


def _texts(node: ast.expr) -> Iterator[str]:
    """The texts an argument may be: one, or the two sides of a choice."""
    if isinstance(node, ast.IfExp):
        yield from _texts(node.body)
        yield from _texts(node.orelse)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value


def _params(call: ast.Call) -> Iterator[str]:
    """Keywords of a domain error; the keys of a dict that is passed as `params`."""
    for keyword in call.keywords:
        if keyword.arg == "params" and isinstance(keyword.value, ast.Dict):
            yield from (text for key in keyword.value.keys if key for text in _texts(key))
        elif keyword.arg:
            yield keyword.arg


def statuses() -> set[int]:
    """Every HTTP status from 400 on that the router names."""
    return {
        node.value
        for path, tree in trees().items()
        if "http" in path.parts
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and type(node.value) is int
        and node.value in range(400, 600)
    }


def tasks() -> set[str]:
    """Every value that the domain gives `dossier.task`."""
    return {
        text
        for tree in trees().values()
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        and any(isinstance(each, ast.Attribute) and each.attr == "task" for each in node.targets)
        for text in _texts(node.value)
        if text
    }
