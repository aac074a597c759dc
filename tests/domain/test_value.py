"""Values are compared, kept in sets and shown as people expect of a dataclass."""

import copy
import pickle
from dataclasses import FrozenInstanceError, replace

import pytest

from chalicelib.domain.calendar import LimitUnit, TimeLimit
from chalicelib.domain.ids import AgencyCode
from chalicelib.domain.interagency import Answer, Outcome
from chalicelib.domain.value import value

DAYS = TimeLimit(3, LimitUnit.WORKING_DAYS)
ANSWER = Answer(Outcome.COMPLETED, amount=5)


def test_the_same_content_is_the_same_value() -> None:
    """A limit read from the record is the one that was written."""
    assert TimeLimit(3, LimitUnit.WORKING_DAYS) == DAYS
    assert TimeLimit(4, LimitUnit.WORKING_DAYS) != DAYS
    assert DAYS != (3, LimitUnit.WORKING_DAYS)
    assert len({DAYS, TimeLimit(3, LimitUnit.WORKING_DAYS), replace(DAYS, amount=4)}) == 2


def test_a_value_never_changes() -> None:
    """Who was handed one may keep it."""
    with pytest.raises(FrozenInstanceError):
        DAYS.amount = 4  # type: ignore[misc]
    with pytest.raises(AttributeError):
        del DAYS.amount
    assert not hasattr(DAYS, "__dict__")


def test_a_value_is_shown_and_copied_as_any_dataclass() -> None:
    """What a failed test prints, and what a process hands to another."""
    assert repr(ANSWER).startswith("Answer(outcome=<Outcome.COMPLETED: 'completed'>, ")
    assert pickle.loads(pickle.dumps(ANSWER)) == copy.deepcopy(ANSWER) == ANSWER  # noqa: S301 - ours


def test_nothing_else_is_made_of_a_class() -> None:
    """A class that says something else says so by `dataclass` itself."""
    with pytest.raises(TypeError, match="never changes"):
        value(frozen=False, slots=True)(type("Open", (), {"__annotations__": {"a": AgencyCode}}))
