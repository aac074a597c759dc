"""What depends on the answers: legs, papers, time limits and fees that are for some cases only.

A version names its conditions. Of an answer only the names of those that hold are kept on the
dossier, so that its way is known without the personal data that decided it.
"""

from collections.abc import Collection, Mapping
from typing import Any, Protocol

Answers = Mapping[str, Any]


class Conditional(Protocol):
    """Anything that is for some cases only."""

    @property
    def when(self) -> tuple[str, ...]:
        """Names of conditions that must all hold."""

    @property
    def unless(self) -> tuple[str, ...]:
        """Names of conditions of which none may hold."""


def applies(each: Conditional, holding: Collection[str]) -> bool:
    """Whether it is for a dossier of which these conditions hold."""
    return all(name in holding for name in each.when) and not any(
        name in holding for name in each.unless
    )


def answer_at(answers: Answers, pointer: str) -> Any:
    """The answer at a JSON Pointer through sections; None where there is none."""
    found: Any = answers
    for part in pointer.split("/")[1:]:
        found = found.get(part) if isinstance(found, Mapping) else None
    return found
