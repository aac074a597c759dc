"""Stacks refer to functions by computed names, so a misspelt one is found by nobody but here."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from infra.lint.stack import walk

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from collections.abc import Set as AbstractSet

    from infra.lint.stack import Finding, Stack

_FUNCTION: Final = re.compile(
    r":function:(?P<name>[^:\s\"/]*)(?::[\w$-]+)?|/aws/lambda/(?P<log>[^:\s\"]+)"
)
_OURS: Final = "motcua-${Stage}"
API: Final = ""  # the function behind all routes has the stage's name and nothing more


def functions(stacks: Sequence[Stack], known: AbstractSet[str]) -> Iterator[Finding]:
    """`known` are Chalice's names; a stream without its function stops every dossier."""
    names = {_OURS if name == API else f"{_OURS}-{name}" for name in known}
    for stack in stacks:
        for path, value in walk(stack.template.get("Resources", {}), ("Resources",)):
            for found in _FUNCTION.finditer(value) if isinstance(value, str) else ():
                name = found["name"] or found["log"]
                if name not in names:
                    text = f"{name} is no function of app.py: {', '.join(sorted(names))}"
                    yield stack.finding("functions", path, text)


def parameters(stacks: Sequence[Stack]) -> Iterator[Finding]:
    """An operator fills them in; each says what it is, and the stage is among them."""
    for stack in stacks:
        declared = stack.template.get("Parameters", {})
        if "Stage" not in declared:
            yield stack.finding("parameters", (), "needs the parameter Stage")
        for name, parameter in declared.items():
            if not parameter.get("Description"):
                yield stack.finding("parameters", ("Parameters", name), "needs a Description")
