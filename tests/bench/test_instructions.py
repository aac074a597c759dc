"""Import and answers are compared with boto3 doing the same, and a budget of them can break."""

import json
from pathlib import Path

import pytest

from bench import instructions, recorded

APP, BARE = [175.0, 40, 12, 2, 11, 3, 13], [100.0, 50, 10, 2, 10, 1, 10]


def broken(app: list[float], *, is_gate: bool = True) -> list[str]:
    """The budgets that these costs do not keep."""
    found = instructions.budgets([{"app": app, "bare": BARE}], is_gate=is_gate)
    return [budget.what.partition(",")[0] for budget in found if not budget.is_kept]


def test_an_import_or_an_answer_that_is_too_dear_is_named() -> None:
    """A cold start is what a citizen waits for; what it puts off counts as well."""
    assert broken(APP) == []
    assert broken([181.0, *APP[1:]]) == ["import of the API"]
    assert broken([175.0, 160, *APP[2:]]) == ["import and the first submit"]
    assert broken([*APP[:2], 15, *APP[3:]]) == ["submit"]
    assert broken([*APP[:6], 15]) == ["decide"]


def test_time_is_shown_and_judges_nothing() -> None:
    """A machine that is busy must not fail anybody's change."""
    assert broken([900.0] * 7, is_gate=False) == []


def test_several_runs_are_one_ratio() -> None:
    """One run that was interrupted does not matter."""
    runs = [{"app": APP, "bare": BARE}] * 4 + [{"app": [9999.0] * 7, "bare": BARE}] * 3
    assert next(instructions.budgets(runs, is_gate=False)).found == 1.75


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return recorded.record(tmp_path_factory.mktemp("recorded"))


def test_both_sides_make_the_same_calls(file: Path) -> None:
    """A comparison with less work would flatter nobody for long."""
    told = json.loads(file.read_text("utf-8"))
    calls = [[call for call, _ in each["calls"]] for each in told["operations"]]
    assert calls == [
        ["UpdateItem", "TransactWriteItems"],
        ["GetItem", "Query", "Query"],
        ["Query", "Query", "TransactWriteItems"],  # accept, with the register's last number
    ]


@pytest.mark.parametrize("side", instructions.SIDES)
def test_what_was_recorded_is_answered_again(file: Path, side: str) -> None:
    """Each part is marked: the import, and each request first and again."""
    marks = json.loads(instructions.replay(file, side).splitlines()[-1])
    assert len(marks) == 1 + 2 * len(recorded.OPERATIONS)
    assert marks == sorted(marks)
