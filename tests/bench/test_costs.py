"""What a province reads before it decides: the table says what is counted, priced and assumed."""

from pathlib import Path

import pytest

from bench import costs, table

OPERATE = Path(__file__).parents[2] / "docs" / "operate.md"


def test_the_operators_page_has_this_table() -> None:
    """A table that is not made anew tells of a system that is no more."""
    told = "\n".join(costs.lines())
    assert told in OPERATE.read_text("utf-8"), f"put this into docs/operate.md:\n{told}"


def test_everything_that_has_a_price_is_counted() -> None:
    """A price nobody multiplies is a cost nobody sees."""
    told, counted = costs.sheet(), table.load()
    amounts = {
        **costs.of_a_dossier(counted, told.assumed),
        **costs.of_a_year(counted, told.assumed),
    }
    assert set(told.prices) == set(costs.WORDS) == {name for name in amounts if amounts[name]}


def test_every_price_says_where_it_is_from() -> None:
    """Whoever budgets looks it up again."""
    for name, price in costs.sheet().prices.items():
        assert price["as_of"], name
        assert price["source"], name


def test_twice_the_dossiers_cost_twice_what_dossiers_cost() -> None:
    """What nobody's dossier causes is asked for once."""
    told, counted = costs.sheet(), table.load()
    units = costs.of_a_dossier(counted, told.assumed)["write_units"]
    assert units == counted["dossier, 4 stages"]["write_units"]
    assert told.price("write_units", 2_000_000) == pytest.approx(1.42)
    assert costs.of_a_year(counted, told.assumed)["keys"] == 24  # data, signatures


def test_the_program_says_how_it_is_used(capsys: pytest.CaptureFixture[str]) -> None:
    """For another number of dossiers."""
    costs.main(["--dossiers", "1000"])
    assert "US$ for 1,000 a year" in capsys.readouterr().out
    with pytest.raises(SystemExit) as end:
        costs.main(["--help"])
    assert end.value.code == 0
