"""The simulator can fail: a few of the mutants, one for each way of finding them."""

import pytest

from tests.simulator.mutant_list import MUTANTS, Mutant
from tests.simulator.mutants import found

CHEAP = {
    "drop the condition on ev": "events have no gaps",  # by a race
    "a claim is not remembered": "a milestone passes once",  # by a rule on every commit
    "never wake": "the execution follows",  # by where it waits
    "pause loses the consumed time": "conservation",  # by the verdict at the end
}


@pytest.mark.parametrize("name", CHEAP)
def test_a_mutant_is_found(name: str) -> None:
    """By the rule that is about it, not by some accident."""
    (mutant,) = [each for each in MUTANTS if each.name == name]
    assert found(mutant, "1-4", "--stories").by == CHEAP[name]


def test_what_is_no_mutant_is_not_found() -> None:
    """A hunt that finds everything would find nothing: a change of words only survives."""
    path, text = "tests/simulator/fakes.py", "In-memory adapters."
    assert found(Mutant("a word", path, text, "Adapters."), "1-1", "--stories").by == ""
