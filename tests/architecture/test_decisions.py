"""Decisions are written down, short, and say why each library is here."""

import re
from pathlib import Path
from typing import Final

import pytest

from tests.architecture.code import ROOT

FOLDER: Final = ROOT / "docs" / "decisions"
PAGES: Final = sorted(FOLDER.glob("*.md"))
MOST_LINES: Final = 40
NAME: Final = re.compile(r"^(\d{4})-[a-z0-9]+(-[a-z0-9]+)*\.md$")
HEADINGS: Final = ("## Context", "## Decision", "## Consequences")


def faults(name: str, text: str) -> list[str]:
    """What is wrong with one page."""
    lines = text.splitlines()
    number = NAME.match(name)
    title = number and lines[0].startswith(f"# {number[1]} ")
    found = [] if title else [f"{name}: named and titled by its number"]
    if len(lines) > MOST_LINES:
        found.append(f"{name}: {len(lines)} lines")
    if [line for line in lines if line.startswith("## ")] != list(HEADINGS):
        found.append(f"{name}: needs {', '.join(HEADINGS)}")
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_decision_has_its_three_parts(page: Path) -> None:
    """Whoever wants to change one must find what it was for, within a minute."""
    assert faults(page.name, page.read_text(encoding="utf-8")) == []


def test_the_check_can_fail() -> None:
    """A page without a reason, or as long as a book, is seen."""
    good = "# 0001 A title\n\n## Context\n\n## Decision\n\n## Consequences\n"
    assert faults("0001-a-title.md", good) == []
    assert faults("0002-a-title.md", good) != []
    assert faults("0001-a-title.md", good.replace("## Context", "")) != []
    assert faults("0001-a-title.md", good + "more\n" * MOST_LINES) != []


def test_numbers_have_no_gap() -> None:
    """A page that was removed is a decision nobody can find any more."""
    numbers = [int(page.name[:4]) for page in PAGES]
    assert numbers == list(range(1, len(PAGES) + 1))
    assert numbers


def _required() -> set[str]:
    """Names of the packages in both requirement files, as they are written there."""
    texts = [
        (ROOT / name).read_text("utf-8") for name in ("requirements.txt", "requirements-dev.txt")
    ]
    lines = [line.split("#")[0].strip() for text in texts for line in text.splitlines()]
    return {re.split(r"[\[=<>~ ]", line)[0] for line in lines if line and not line.startswith("-")}


def test_every_dependency_has_its_reason() -> None:
    """Each one is code that a province runs and must keep safe: it has to earn its place."""
    page = (FOLDER / "0002-dependencies.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `")]
    reasons = {name for row in rows for name in re.findall(r"`([\w-]+)", row)}
    assert reasons == _required()
