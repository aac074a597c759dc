"""The budgets of ARCHITECTURE.md hold, and a budget that is not kept is seen."""

from collections.abc import Iterator

import pytest

from bench import budgets, imports
from bench.__main__ import Measured, worse
from bench.life import Life, fill
from bench.lives import crooked, late, lived, on_time
from bench.metered import MeteredCloud
from bench.table import Row
from tests import aws

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def cloud() -> Iterator[MeteredCloud]:
    """Give one cloud for all lives: to make its clients takes longer than to live."""
    with aws.aws():
        cloud = MeteredCloud()
        fill(cloud)
        yield cloud


@pytest.fixture(scope="module")
def land(cloud: MeteredCloud) -> Life:
    return lived(cloud, on_time)


@pytest.fixture(scope="module")
def short(cloud: MeteredCloud) -> Life:
    return lived(cloud, on_time, 3)


def _broken(held: Iterator[budgets.Budget]) -> list[str]:
    found = list(held)
    assert found
    return [str(budget) for budget in found if not budget.is_kept]


def test_dossier_on_time(land: Life) -> None:
    """State entries and write units are what a province pays for."""
    assert land.now.status == "returned"
    assert _broken(budgets.of_life("land", land, agencies=1)) == []


def test_dossier_with_the_fewest_stages(short: Life) -> None:
    """The fixed part of the budget is not paid from the stages' part."""
    assert _broken(budgets.of_life("short", short)) == []


def test_late_dossier(cloud: MeteredCloud) -> None:
    """Three states for a timer that fires, two for an earlier deadline, and no more waits."""
    life = lived(cloud, late, 3)
    assert _broken(budgets.of_life("late", life, fired=6, armed_again=1)) == []
    assert _broken(budgets.of_life("late", life, fired=5, armed_again=1)) != []


def test_operations(cloud: MeteredCloud, land: Life) -> None:
    """Calls are what a function's time goes into."""
    rows = {**lived(cloud, crooked).world.work.kinds(), **land.world.work.kinds()}
    assert {"submit", "track", "callback", "callback, replayed", "decide accept"} <= set(rows)
    assert _broken(budgets.of_operations(rows)) == []


def test_cold_start_reads_reference_data_only(cloud: MeteredCloud, short: Life) -> None:
    """What is cached costs reads, never writes: the same units are written."""
    cold = lived(cloud, on_time, 3, cold=True).world.work
    warm = short.world.work
    assert cold.total("").write_units == warm.total("").write_units
    assert cold.total("").calls > warm.total("").calls


def test_second_dossier_costs_as_the_first(cloud: MeteredCloud, short: Life) -> None:
    """Cost per dossier is constant: piece by piece, bytes included."""
    other = lived(cloud, on_time, 3)
    assert list(budgets.of_growth(short.world.work.pieces, other.world.work.pieces, "next")) == []


def test_budget_that_is_not_kept_is_seen() -> None:
    """One call too many is named; one of nothing is not."""
    rows = {"submit": Row("submit", calls=3), "look: wakes": Row("look: wakes", calls=9)}
    (budget,) = budgets.of_operations(rows)
    assert str(budget) == "BROKEN submit: calls: 3 of 2"
    dearer = budgets.of_growth([Row("a", calls=1)], [Row("a", calls=2)], "dossier 2")
    assert [str(each) for each in dearer] == ["BROKEN dossier 2, a: calls: 2 of 1"]


def test_task_function_imports_no_more_than_the_api() -> None:
    """A function of its own is for a smaller cold start, among others."""
    api, task = (imports.imported(m) for m in ("app", "chalicelib.entrypoints.tasks"))
    assert task.by_call["modules.own"] < api.by_call["modules.own"]
    assert task.by_call["modules.required"] <= api.by_call["modules.required"]


def test_figure_worse_than_the_baseline_is_named() -> None:
    """The checked-in baseline guards what no budget does; a quick run judges what it measured."""
    found = Measured([Row("submit", calls=3)])
    assert "submit: calls 3, baseline 2" in worse(found, quick=True)
    assert len(worse(found, quick=False)) > len(worse(found, quick=True))
