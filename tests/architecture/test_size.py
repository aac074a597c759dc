"""Files and functions stay small enough to be read in one sitting by whoever comes next."""

import ast
from collections.abc import Iterator
from typing import Final

from tests.architecture.code import Module, at, modules, snippet

Function = ast.FunctionDef | ast.AsyncFunctionDef

MOST_LINES: Final = 350
MOST_LINES_OF_A_FUNCTION: Final = 40
LONGER: Final = {
    "chalicelib/domain/dossier.py": 380,  # the aggregate and its moves: one invariant
}

LONGER_FUNCTIONS: Final = {
    # one decision with its check, its leg and its event; a third is what it takes and raises
}


def too_long(module: Module) -> list[str]:
    """The file, beyond what it is allowed."""
    lines = len(module.text.splitlines())
    most = LONGER.get(module.path, MOST_LINES)
    return [f"{module.path} has {lines} lines, {most} are allowed"] if lines > most else []


def too_long_functions(module: Module) -> list[str]:
    """Functions, docstring included."""
    return [
        at(module, node, f"{node.name} has {length} lines")
        for node, length in _functions(module)
        if length > LONGER_FUNCTIONS.get(f"{module.path} {node.name}", MOST_LINES_OF_A_FUNCTION)
    ]


def _functions(module: Module) -> Iterator[tuple[Function, int]]:
    for node in ast.walk(module.tree):
        if isinstance(node, Function):
            yield node, (node.end_lineno or 0) - node.lineno + 1


def test_files_are_short() -> None:
    """A longer one has more than one reason to change."""
    assert [wrong for module in modules("chalicelib") for wrong in too_long(module)] == []


def test_functions_are_short() -> None:
    """A longer one does more than its name says."""
    assert [wrong for module in modules("chalicelib") for wrong in too_long_functions(module)] == []


def test_the_checks_can_fail() -> None:
    """One line over the budget is seen; the budget itself is not."""
    file = "x = 1\n" * MOST_LINES
    assert too_long(snippet(file)) == []
    assert too_long(snippet(file + "x = 1\n")) != []
    function = "def f():\n" + "    pass\n" * (MOST_LINES_OF_A_FUNCTION - 1)
    assert too_long_functions(snippet(function)) == []
    assert too_long_functions(snippet(function + "    pass\n")) != []


def test_every_exception_is_needed() -> None:
    """What has become short again loses its licence to grow."""
    files = {
        each.path for each in modules("chalicelib") if len(each.text.splitlines()) > MOST_LINES
    }
    functions = {
        f"{module.path} {node.name}"
        for module in modules("chalicelib")
        for node, length in _functions(module)
        if length > MOST_LINES_OF_A_FUNCTION
    }
    assert files >= set(LONGER)
    assert functions >= set(LONGER_FUNCTIONS)
