"""Who decided: every event names its actor, else an inspector finds nobody to ask."""

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.domain import desk, unit
from chalicelib.domain.actor import Actor
from chalicelib.domain.citizen import supplement, withdraw
from chalicelib.domain.ids import OfficerId
from chalicelib.domain.interagency import Outcome
from chalicelib.domain.terms import Role
from tests.domain.builders import (
    BIRTH,
    CHAIR,
    CITIZEN_OWNER,
    CLERK,
    INSURANCE,
    OFFICE,
    OWNER,
    POLICE,
    SUBMITTER,
    TAX,
    TWO_UNITS,
    WORKER,
    agency_leg,
    at,
    days,
    machine,
    marks,
    official,
    person,
    procedure,
    step,
    unit_leg,
)
from tests.domain.story import Story, accept, accepted

HEAD = official(OFFICE, Role.HEAD)
WHY = {"reason": "x"}
FAULTY = {"checks": marks("paper:id")}
APOLOGY = {**WHY, "promised_at": at("2026-10-20 17:00"), "unit": OFFICE}


def _asked() -> Story:
    story = Story()
    story.do(desk.request_supplement, CLERK, **FAULTY)
    return story


def _settled() -> Story:
    story = accepted()
    story.do(unit.complete, WORKER, result="R-1")
    return story


def _settled_in_part() -> Story:
    story = accepted(procedure(step(unit_leg("a"), unit_leg("b", "land", required=False))))
    story.do(unit.complete, WORKER, result="R-1", leg=2)
    return story


@pytest.mark.parametrize(
    ("begin", "decision", "actor", "given"),
    [
        (Story, accept, CLERK, {}),
        (Story, desk.refuse, CLERK, WHY),
        (Story, desk.request_supplement, CLERK, FAULTY),
        (Story, desk.request_supplement, CHAIR, FAULTY),
        (Story, withdraw, CITIZEN_OWNER, {}),
        (_asked, supplement, CITIZEN_OWNER, {"subjects": ["paper:id"]}),
        (_asked, supplement, person(SUBMITTER), {"subjects": ["paper:id"]}),
        (_asked, supplement, CLERK, {"subjects": ["paper:id"]}),
        (accepted, unit.receive, WORKER, {}),
        (accepted, unit.decline_receipt, WORKER, WHY),
        (accepted, unit.assign, HEAD, {"officer": OfficerId("OF-7")}),
        (lambda: accepted(TWO_UNITS), unit.hand_over, WORKER, {}),
        (accepted, unit.complete, HEAD, {"result": "R-1"}),
        (accepted, unit.refuse, WORKER, WHY),
        (accepted, unit.send_back, WORKER, WHY),
        (accepted, unit.extend, CHAIR, {**WHY, "limit": days(1)}),
        (accepted, unit.request_agency, WORKER, {**WHY, "limit": days(1), "agency": TAX}),
        (accepted, desk.apologise, CLERK, APOLOGY),
        (_settled_in_part, desk.return_result, CLERK, {}),
        (_settled, desk.return_result, CLERK, {}),
    ],
)
def test_a_decision_is_signed_by_who_took_it(
    begin: Callable[[], Story],
    decision: Callable[..., object],
    actor: Actor,
    given: dict[str, Any],
) -> None:
    """The signature is the actor's own, not that of the leg's holder or of its assignee."""
    assert [event.actor for event in begin().do(decision, actor, **given)] == [str(actor)]


def test_a_submission_is_signed_by_the_citizen() -> None:
    """The citizen can prove who filed it and when."""
    assert [event.actor for event in Story().events] == [f"citizen:{OWNER}"]


@pytest.mark.parametrize(
    ("outcome", "more"),
    [
        (Outcome.PROGRESS, {}),
        (Outcome.COMPLETED, {"result": "R-1"}),
        (Outcome.INCOMPLETE, {"items": ("paper:id",)}),
        (Outcome.REFUSED, {"note": "no"}),
    ],
)
def test_an_agencys_answer_is_signed_by_its_machine(outcome: Outcome, more: dict[str, Any]) -> None:
    """No official of ours answers for another agency."""
    story = accepted(procedure(step(agency_leg("police"))))
    (event,) = story.answers(2, outcome, **more)
    assert event.actor == str(machine(POLICE))


def test_an_answer_that_came_too_late_is_signed_too() -> None:
    """It is filed as evidence, so it must say whose it is."""
    story = accepted(BIRTH)
    story.do(unit.hand_over, WORKER)
    story.answers(4, Outcome.COMPLETED, result="R-4")
    (event,) = story.answers(4, Outcome.COMPLETED, result="R-4")
    assert (event.type, event.actor) == ("callback_filed", str(machine(INSURANCE)))


@pytest.mark.parametrize(
    ("begin", "decision", "actor", "given"),
    [
        (Story, accept, CLERK, {}),
        (Story, withdraw, CITIZEN_OWNER, {}),
        (accepted, unit.receive, WORKER, {}),
        (accepted, unit.complete, WORKER, {"result": "R-1"}),
        (lambda: accepted(TWO_UNITS), unit.hand_over, WORKER, {}),
    ],
)
def test_who_says_nothing_leaves_no_note(
    begin: Callable[[], Story],
    decision: Callable[..., object],
    actor: Actor,
    given: dict[str, Any],
) -> None:
    """A note is a person's own words; the system puts none into anybody's mouth."""
    story = begin()
    story.do(decision, actor, **given)
    assert story.notes[-1] == ""
