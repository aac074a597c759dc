"""What the functions may never do: scan, round money, make naive times, log what errors say."""

import ast
from collections.abc import Callable
from typing import Final

import pytest

from tests.architecture.code import Module, at, calls, dotted, imports, modules, snippet

FLOATS_ALLOWED: Final = {
    "chalicelib/entrypoints/http/strict_json.py",  # reads JSON's numbers; a form may have them
    "chalicelib/entrypoints/http/messages.py",  # the quality of a language in Accept-Language
}
TODAY: Final = {"datetime.utcnow", "datetime.utcfromtimestamp", "datetime.today", "date.today"}
WATCH: Final = "chalicelib/watch.py"
LOGGING: Final = ("logging", "aws_lambda_powertools", "traceback", "warnings")
PURE: Final = ("chalicelib/domain/", "chalicelib/use_cases/", "chalicelib/ports.py")


def scans(module: Module) -> list[str]:
    """DynamoDB's Scan, by method or by name: its price grows with the province."""
    names = [node for node in ast.walk(module.tree) if _is_scan(node)]
    return [at(module, node, "scans") for node in names]


def _is_scan(node: ast.AST) -> bool:
    if isinstance(node, ast.Attribute):
        return node.attr == "scan"
    return isinstance(node, ast.Constant) and node.value in ("scan", "Scan")


def floats(module: Module) -> list[str]:
    """`float(...)`: đồng are whole, and so are seconds, pages and days."""
    if module.path in FLOATS_ALLOWED:
        return []
    found = [call for call in calls(module) if dotted(call.func) == "float"]
    return [at(module, call, "makes a float") for call in found]


def naive_times(module: Module) -> list[str]:
    """A moment without its zone; two servers would read two times in it."""
    return [at(module, call, "makes a naive time") for call in calls(module) if _is_naive(call)]


def _is_naive(call: ast.Call) -> bool:
    name = dotted(call.func).removeprefix("datetime.").removeprefix("dt.")
    name = name if "." in name else f"datetime.{name}"
    if name in TODAY:
        return True
    if name == "datetime.now":
        return not (call.args or call.keywords)
    if name == "datetime.fromtimestamp":
        return len(call.args) + len(call.keywords) < 2
    return False


def own_clocks(module: Module) -> list[str]:
    """The domain and the use cases are told the time; they never look at a clock of their own."""
    if not module.path.startswith(PURE):
        return []
    clocks = ("datetime.now", "date.today", "datetime.datetime.now", "datetime.date.today")
    found = [call for call in calls(module) if dotted(call.func) in clocks]
    return [at(module, call, "reads a clock") for call in found]


def own_logs(module: Module) -> list[str]:
    """A way out past `chalicelib.watch`, or an error's own words: both may be personal."""
    if module.path == WATCH:
        return []
    found = [name for name in imports(module) if name.startswith(LOGGING)]
    named = [call for call in calls(module) if dotted(call.func) in ("print", "logger.exception")]
    worded = [
        call for call in calls(module) if any(each.arg == "exc_info" for each in call.keywords)
    ]
    wrong = [at(module, call, "writes by itself") for call in (*named, *worded)]
    return [*(f"{module.path} imports {name}" for name in found), *wrong]


RULES: Final[dict[str, Callable[[Module], list[str]]]] = {
    "scans": scans,
    "floats": floats,
    "naive_times": naive_times,
    "own_clocks": own_clocks,
    "own_logs": own_logs,
}


@pytest.mark.parametrize("rule", RULES)
def test_nothing_forbidden_is_written(rule: str) -> None:
    """A price that grows, a đồng that rounds away, a deadline seven hours off: real harm."""
    assert [wrong for module in modules("chalicelib") for wrong in RULES[rule](module)] == []


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("scans", "table.scan()"),
        ("scans", "client.get_paginator('scan')"),
        ("scans", "{'Action': 'Scan'}"),
        ("floats", "fee = float(amount) * 1.1"),
        ("naive_times", "datetime.now()"),
        ("naive_times", "datetime.datetime.now()"),
        ("naive_times", "datetime.utcnow()"),
        ("naive_times", "datetime.fromtimestamp(0)"),
        ("naive_times", "date.today()"),
        ("own_clocks", "datetime.now(UTC)"),
        ("own_logs", "import logging"),
        ("own_logs", "from aws_lambda_powertools.logging import Logger"),
        ("own_logs", "print(form)"),
        ("own_logs", "logger.exception('bug')"),
        ("own_logs", "logger.error('bug', exc_info=error)"),
    ],
)
def test_the_rule_sees_it(rule: str, text: str) -> None:
    """The check can fail."""
    assert RULES[rule](snippet(text)) != []


@pytest.mark.parametrize(
    "text",
    [
        "deps.clock.now()",
        "datetime.fromtimestamp(0, UTC)",
        "self.now()",
        "scanner = int('5')",
        "from chalicelib.watch import logger\nlogger.info('stored', extra=ids)",
    ],
)
def test_what_is_allowed_passes(text: str) -> None:
    """A check that refuses everything would soon be switched off."""
    assert [wrong for rule in RULES.values() for wrong in rule(snippet(text))] == []


def test_every_exception_is_needed() -> None:
    """An exception that outlives its reason hides the next fault."""
    floating = {
        module.path
        for module in modules("chalicelib")
        if any(dotted(call.func) == "float" for call in calls(module))
    }
    assert floating >= FLOATS_ALLOWED
