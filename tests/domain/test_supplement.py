"""The citizen completes the dossier: wholly, once, and the right clock goes on (R19, R26)."""

import pytest

from chalicelib.domain.actor import Actor
from chalicelib.domain.citizen import supplement
from chalicelib.domain.desk import Check, request_supplement
from chalicelib.domain.errors import ConflictError, ForbiddenError, RuleError
from chalicelib.domain.interagency import Outcome
from chalicelib.domain.terms import LegState, Role, Stage, Status
from chalicelib.domain.unit import hand_over, send_back
from tests.domain.builders import (
    BIRTH,
    CHAIR,
    CITIZEN_OWNER,
    CLERK,
    DESK,
    HOUR,
    ONE_UNIT,
    SIDE_BY_SIDE,
    STRANGER,
    SUBMITTER,
    SURVEYOR,
    WORKER,
    at,
    machine,
    marks,
    official,
    person,
    procedure,
    step,
    unit_leg,
)
from tests.domain.story import Story, accept, accepted


def asked(*faulty: str) -> Story:
    """Asked at intake, an hour after submission."""
    story = Story().wait(hours=1)
    story.do(request_supplement, CLERK, checks=marks(*faulty))
    return story


def test_the_intake_starts_anew() -> None:
    """The resubmitted dossier is answered within the full limit, with the full ladder."""
    story = asked("paper:id").until("2026-10-07 10:00")
    (event,) = story.do(supplement, CITIZEN_OWNER, subjects=["paper:id"])
    intake = story.leg(1)
    assert (story.dossier.status, story.dossier.stage) == (Status.SUBMITTED, Stage.INTAKE)
    assert (intake.state, intake.waits) == (LegState.RUNNING, None)
    assert (intake.clock.consumed, intake.clock.budget) == (0, 8 * HOUR)
    assert story.due(1) == at("2026-10-08 10:00")
    assert (event.type, event.leg, event.data) == (
        "supplemented",
        2,
        {"items": ["paper:id"], "slips": [2], "resumed": [1], "to": []},
    )
    assert (story.leg(2).outcome, story.leg(2).state) == ("supplemented", LegState.DONE)


def test_the_intake_warns_again_after_it_started_anew() -> None:
    """Who was warned of the first run must be warned of the second."""
    story = Story().until("2026-10-05 16:30")
    assert [event.data["milestone"] for event in story.wake()] == ["due_soon"]
    story.do(request_supplement, CLERK, checks=marks("paper:id"))
    story.until("2026-10-06 08:00").do(supplement, CITIZEN_OWNER, subjects=["paper:id"])
    assert (story.leg(1).claimed, story.leg(1).told) == ((), ())
    (again,) = story.until("2026-10-06 16:00").wake()
    assert [told["officer"] for told in again.data["told"]] == ["commune-officer"]


def test_every_item_asked_for_must_be_there() -> None:
    """Half an answer would force the second request that the rule forbids."""
    story = asked("paper:id", "section:person", "paper:proof")
    error = RuleError(
        "supplement.missing", pointer="/papers", subject=ONE_UNIT.called("paper:proof")
    )
    story.refuses(error, supplement, CITIZEN_OWNER, subjects=["paper:id"])


def test_nothing_else_is_taken() -> None:
    """What was good stays as the desk saw it."""
    story = asked("paper:id")
    error = RuleError(
        "supplement.not_asked", pointer="/papers", subject=ONE_UNIT.called("paper:proof")
    )
    subjects = ["paper:id", "section:person", "paper:proof"]
    story.refuses(error, supplement, CITIZEN_OWNER, subjects=subjects)


def test_the_items_are_recorded_in_order() -> None:
    """The same answer makes the same event, in whatever order it was sent."""
    story = asked("paper:id", "paper:proof")
    (event,) = story.do(supplement, CITIZEN_OWNER, subjects=["paper:proof", "paper:id"])
    assert event.data["items"] == ["paper:id", "paper:proof"]


@pytest.mark.parametrize("actor", [CITIZEN_OWNER, person(SUBMITTER), CLERK])
def test_owner_submitter_and_desk_may_answer(actor: Actor) -> None:
    """The counter is a channel, too (R11)."""
    story = asked("paper:id")
    story.do(supplement, actor, subjects=["paper:id"])
    assert story.dossier.status is Status.SUBMITTED


@pytest.mark.parametrize(
    "actor",
    [
        STRANGER,
        WORKER,
        official(DESK, Role.OFFICER),
        Actor(CITIZEN_OWNER.kind, CITIZEN_OWNER.id),
        machine(DESK),
    ],
)
def test_nobody_else_may(actor: Actor) -> None:
    """A stranger must not learn more than that it is not theirs."""
    error = ForbiddenError("dossier.not_yours")
    asked("paper:id").refuses(error, supplement, actor, subjects=["paper:id"])


def test_without_a_request_there_is_nothing_to_supplement() -> None:
    """And not twice either."""
    error = ConflictError("supplement.not_open")
    Story().refuses(error, supplement, CITIZEN_OWNER, subjects=["paper:id"])
    story = asked("paper:id")
    story.do(supplement, CITIZEN_OWNER, subjects=["paper:id"])
    story.refuses(error, supplement, CITIZEN_OWNER, subjects=["paper:id"])


def test_after_acceptance_the_unit_goes_on_where_it_stood() -> None:
    """Its consumed time is neither lost nor given back; the due time moved by the pause."""
    story = accepted().wait(hours=1)
    due = story.due(2)
    assert due == at("2026-10-08 09:00")
    story.do(send_back, WORKER, reason="x")
    story.do(request_supplement, CLERK, checks=marks("paper:id"))
    assert (story.dossier.status, story.dossier.due_at) == (Status.SUPPLEMENT_REQUESTED, None)
    story.wait(days=1).do(supplement, CITIZEN_OWNER, subjects=["paper:id"])
    assert story.leg(2).clock.consumed == HOUR
    assert story.due(2) == at("2026-10-09 09:00")
    assert story.dossier.status is Status.PROCESSING
    assert story.dossier.due_at == at("2026-10-19 09:00")  # 16/10 and one working day


def test_the_agency_that_waited_hears_of_it() -> None:
    """`resumed` names the legs that go on, the dependent ones included."""
    story = accepted(BIRTH)
    story.do(hand_over, WORKER)
    story.answers(3, Outcome.INCOMPLETE, items=("paper:id",))
    story.do(hand_over, WORKER)  # the sending unit has looked; back to the agency
    story.answers(3, Outcome.PROGRESS)
    story.do(send_back, official(story.leg(3).holder, Role.OFFICER), reason="x", leg=3)
    story.do(request_supplement, CLERK, checks=marks("paper:id"))
    (event,) = story.do(supplement, CITIZEN_OWNER, subjects=["paper:id"])
    assert event.data["resumed"] == [3, 4]
    assert story.running() == [3, 4]


def test_a_resubmitted_dossier_can_be_accepted() -> None:
    """5 → 1 → 2, and the settlement clock runs from now."""
    story = asked("paper:id").until("2026-10-20 08:00")
    story.do(supplement, CITIZEN_OWNER, subjects=["paper:id"])
    story.wait(hours=1).do(accept, CLERK)
    assert story.leg(0).clock.since == at("2026-10-20 09:00")


def test_two_slips_of_parallel_legs_can_both_be_answered() -> None:
    """The second asks for a listed item again, so it is allowed; the citizen must get out of it."""
    story = accepted(SIDE_BY_SIDE)
    story.do(send_back, WORKER, reason="x", leg=2)
    story.do(send_back, SURVEYOR, reason="y", leg=3)
    story.do(request_supplement, CLERK, checks=marks("paper:id"), leg=4)
    story.do(request_supplement, CLERK, checks=marks("paper:id"), leg=5)
    story.do(supplement, CITIZEN_OWNER, subjects=["paper:id"])


def test_a_slip_that_is_begun_must_be_answered_whole() -> None:
    """Another slip's whole answer does not hide that this one lacks a section."""
    story = accepted(SIDE_BY_SIDE)
    story.do(send_back, WORKER, reason="x", leg=2)
    story.do(send_back, SURVEYOR, reason="y", leg=3)
    story.do(request_supplement, CLERK, checks=marks("paper:id"), leg=4)
    second = {"checks": marks("section:matter", "section:person"), "reason": "found on site"}
    story.do(request_supplement, CHAIR, leg=5, **second)
    error = RuleError(
        "supplement.missing", pointer="/answers/matter", subject=ONE_UNIT.called("section:matter")
    )
    story.refuses(error, supplement, CITIZEN_OWNER, subjects=["paper:id", "section:person"])
    (event,) = story.do(supplement, CITIZEN_OWNER, subjects=["paper:id"])
    assert (event.data["slips"], event.data["resumed"]) == ([6], [2])


@pytest.mark.parametrize("subjects", [[], ["paper:proof"]])
def test_an_answer_to_nothing_says_what_is_missing(subjects: list[str]) -> None:
    """The citizen is told what to give before being told what not to give."""
    error = RuleError(
        "supplement.missing", pointer="/answers/person", subject=ONE_UNIT.called("section:person")
    )
    asked("section:person").refuses(error, supplement, CITIZEN_OWNER, subjects=subjects)


def test_the_fault_points_to_the_whole_name_of_the_section() -> None:
    """The form jumps to the section that is missing, even where its name holds a colon."""
    form = {"properties": {"land:use": {"title": "Sử dụng đất"}}}
    version = procedure(step(unit_leg("do")), form=form, papers=())
    story = Story(version)
    checks = {"section:land:use": Check(good=False, reason_code="unclear", todo="name the plot")}
    story.do(request_supplement, CLERK, checks=checks)
    called = version.called("section:land:use")
    error = RuleError("supplement.missing", pointer="/answers/land:use", subject=called)
    story.refuses(error, supplement, CITIZEN_OWNER, subjects=[])
