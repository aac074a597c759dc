"""Consultation: another unit is asked before the desk decides, and its clock runs on (R21)."""

import pytest

from chalicelib.domain.calendar import LimitUnit, TimeLimit
from chalicelib.domain.citizen import withdraw
from chalicelib.domain.consultation import answer_consultation, consult
from chalicelib.domain.desk import refuse, request_supplement
from chalicelib.domain.errors import ConflictError, ForbiddenError, NotFoundError, RuleError
from chalicelib.domain.ids import AgencyCode
from chalicelib.domain.terms import LegKind, LegState, Stage, Status
from chalicelib.domain.unit import complete
from tests.domain.builders import (
    CITIZEN_OWNER,
    CLERK,
    DESK,
    LAND,
    SUBJECTS,
    SURVEYOR,
    TAX,
    WORKER,
    at,
    marks,
)
from tests.domain.story import Story, accept, accepted

FAULTY = min(SUBJECTS)
HOURS = TimeLimit(4, LimitUnit.WORKING_HOURS)


def asked(story: Story) -> Story:
    story.do(consult, CLERK, agency=LAND, limit=HOURS, reason="is this a border parcel?")
    return story


def test_the_unit_is_asked_and_the_desk_goes_on() -> None:
    """The desk's answer to the citizen is due when it was."""
    story = Story()
    due = story.due(1)
    asked(story)
    assert (story.dossier.status, story.dossier.stage) == (Status.SUBMITTED, Stage.INTAKE)
    assert (story.due(1), story.running()) == (due, [1, 2])
    leg = story.leg(2)
    assert (leg.kind, leg.holder, leg.giver, leg.required) == (
        LegKind.CONSULTATION,
        LAND,
        DESK,
        False,
    )
    event = story.events[-1]
    assert (event.type, event.leg, event.data) == ("consulted", 1, {"to": [2]})
    assert story.notes[-1] == "is this a border parcel?"


def test_it_answers() -> None:
    """Whoever asked decides afterwards."""
    story = asked(Story()).wait(hours=1)
    story.do(answer_consultation, SURVEYOR, note="it is not")
    event = story.events[-1]
    assert (event.type, event.leg, story.notes[-1]) == ("consultation_answered", 2, "it is not")
    assert story.leg(2).outcome == "answered"
    story.do(accept, CLERK)
    assert story.running() == [3]


@pytest.mark.parametrize("decision", ["accept", "refuse", "withdraw"])
def test_who_decides_first_no_longer_asks(decision: str) -> None:
    """An answer that comes later would be nobody's."""
    story = asked(Story())
    if decision == "accept":
        story.do(accept, CLERK)
    elif decision == "refuse":
        story.do(refuse, CLERK, reason="x")
    else:
        story.do(withdraw, CITIZEN_OWNER)
    assert story.leg(2).state is LegState.CANCELLED
    late = ConflictError("leg.not_running", pointer="/leg")
    story.refuses(late, answer_consultation, SURVEYOR, note="x")


def test_while_the_citizen_supplements_it_is_still_asked() -> None:
    """The status says what everybody waits for: the citizen."""
    story = asked(Story())
    story.do(request_supplement, CLERK, checks=marks(FAULTY))
    assert story.dossier.status is Status.SUPPLEMENT_REQUESTED
    assert story.dossier.stage is Stage.SUPPLEMENT
    assert 2 in story.running()


def test_a_unit_asks_too_and_its_result_does_not_wait() -> None:
    """The dossier settles with a question open."""
    story = accepted()
    story.do(consult, WORKER, agency=LAND, limit=HOURS, reason="?")
    story.do(complete, WORKER, result="file-1")
    assert (story.dossier.status, story.leg(3).state) == (Status.SETTLED, LegState.CANCELLED)


def test_one_that_is_not_answered_escalates() -> None:
    """A question costs the citizen time, too."""
    story = asked(Story()).until(at("2026-10-05 14:00"))
    told = [event.data["rung"] for event in story.wake() if event.leg == 2]
    assert told[0] == "officer"


def test_who_may_ask_and_whom() -> None:
    """Whoever holds it; a unit that works here and is another."""
    given = {"limit": HOURS, "reason": "?"}
    story = Story()
    story.refuses(ForbiddenError("decision.not_yours"), consult, WORKER, agency=LAND, **given)
    same = RuleError("leg.same_agency", pointer="/agency")
    story.refuses(same, consult, CLERK, agency=DESK, **given)
    elsewhere = RuleError("consultation.elsewhere", pointer="/agency")
    story.refuses(elsewhere, consult, CLERK, agency=TAX, **given)
    unknown = NotFoundError("agency.not_found", pointer="/agency", agency="X1")
    story.refuses(unknown, consult, CLERK, agency=AgencyCode("X1"), **given)
    asked(story)
    story.refuses(ForbiddenError("decision.not_yours"), answer_consultation, CLERK, note="x")
