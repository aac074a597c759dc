"""The ten statuses: the national portal knows them, so no other way between them may exist."""

from itertools import product

import pytest

from chalicelib.domain.errors import TransitionError
from chalicelib.domain.terms import (
    CITIZEN_LEGS,
    FINAL,
    OPEN_LEG,
    RUNGS,
    STAGE_OF,
    LegKind,
    LegState,
    Rung,
    Stage,
    Status,
)
from tests.domain.builders import MONDAY
from tests.domain.story import Story

NUMBER = {
    1: "submitted",
    2: "accepted",
    3: "refused",
    4: "processing",
    5: "supplement_requested",
    6: "payment_requested",
    7: "withdrawn",
    8: "stopped",
    9: "settled",
    10: "returned",
}
FINAL_NUMBERS = (3, 7, 8, 10)
# DOMAIN.md § 2, word for word; from -> to.
BEFORE = {1: {2, 3, 5, 6, 7}, 5: {1, 3, 7}, 6: {1, 3}}
AFTER = {2: {4, 6, 7}, 4: {5, 6, 7, 8, 9}, 5: {4, 7, 8}, 6: {4, 7, 8}, 9: {10}}
ALL = list(product([False, True], NUMBER, NUMBER))
EXPECTED = {False: BEFORE, True: AFTER}
ALLOWED = [each for each in ALL if each[2] in EXPECTED[each[0]].get(each[1], ())]
STAYS = NUMBER.keys() - FINAL_NUMBERS  # the end comes once
FORBIDDEN = [
    each for each in ALL if each not in ALLOWED and (each[1] != each[2] or each[1] not in STAYS)
]


def _moved(is_accepted: bool, was: int, to: int) -> Status:  # noqa: FBT001 - a column of the table
    dossier = Story().loaded()
    dossier.accepted_at = MONDAY if is_accepted else None
    dossier.status = Status(NUMBER[was])
    dossier.move(Status(NUMBER[to]))
    return dossier.status


def test_the_ten_statuses_are_these() -> None:
    """Their codes are a contract with the portal."""
    assert [each.value for each in Status] == list(NUMBER.values())


@pytest.mark.parametrize(("is_accepted", "was", "to"), ALLOWED)
def test_what_the_rules_allow_is_possible(is_accepted: bool, was: int, to: int) -> None:  # noqa: FBT001
    """Else a dossier gets stuck."""
    assert _moved(is_accepted, was, to) == NUMBER[to]


@pytest.mark.parametrize(("is_accepted", "was", "to"), FORBIDDEN)
def test_nothing_else_is_possible(is_accepted: bool, was: int, to: int) -> None:  # noqa: FBT001
    """Each of the other ways is refused, naming both ends."""
    with pytest.raises(TransitionError) as caught:
        _moved(is_accepted, was, to)
    assert caught.value.code == "dossier.transition_not_allowed"
    assert caught.value.params == {"status": NUMBER[was], "to": NUMBER[to]}


@pytest.mark.parametrize("number", sorted(STAYS))
def test_staying_needs_no_permission(number: int) -> None:
    """Deriving the status after each decision mostly finds it as it was."""
    assert _moved(True, number, number) == NUMBER[number]  # noqa: FBT003 - a column of the table


def test_four_statuses_are_final() -> None:
    """Nothing leads out of them."""
    assert {NUMBER[n] for n in FINAL_NUMBERS} == FINAL
    assert not {3, 7, 8, 10} & (BEFORE.keys() | AFTER.keys())


@pytest.mark.parametrize("status", Status)
def test_a_dossier_is_closed_in_a_final_status_only(status: Status) -> None:
    """A closed one needs no execution and is in nobody's work-list."""
    dossier = Story().loaded()
    dossier.status = status
    assert dossier.is_closed == (status in FINAL)


def test_every_leg_but_the_settlement_shows_as_a_stage() -> None:
    """The state machine knows exactly these stages."""
    assert {kind.value: stage.value for kind, stage in STAGE_OF.items()} == {
        "intake": "Intake",
        "review": "Intake",
        "unit": "Department",
        "agency": "InterAgency",
        "supplement": "Supplement",
        "payment": "Payment",
        "return": "Return",
        "suspension": "Department",
        "consultation": "Department",
    }
    assert set(Stage) - set(STAGE_OF.values()) == {Stage.CLOSED, Stage.ROLLOVER}


def test_the_citizen_holds_supplements_and_payments_and_a_paused_leg_is_open() -> None:
    """Status 5 and 6, and what a withdrawal cancels, follow from these two sets."""
    assert {LegKind.SUPPLEMENT, LegKind.PAYMENT} == CITIZEN_LEGS
    assert {LegState.RUNNING, LegState.PAUSED} == OPEN_LEG


def test_the_rungs_go_up() -> None:
    """Official, head, leader, focal point."""
    assert (Rung.OFFICER, Rung.HEAD, Rung.LEADER, Rung.FOCAL_POINT) == RUNGS
