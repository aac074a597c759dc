"""Sequences that once broke a rule: each was played by somebody who tried to."""

from chalicelib.domain.calendar import LimitUnit, TimeLimit
from chalicelib.domain.citizen import supplement, withdraw
from chalicelib.domain.delivery import Message, deliveries
from chalicelib.domain.desk import request_supplement
from chalicelib.domain.errors import RuleError
from chalicelib.domain.interagency import Outcome
from chalicelib.domain.procedure import Effect, Milestone
from chalicelib.domain.terms import Channel, LegState, Role, Rung, Status
from chalicelib.domain.unit import complete, extend, hand_over, request_agency, send_back
from tests.domain.builders import (
    BIRTH,
    CITIZEN_OWNER,
    CLERK,
    INSURANCE,
    LAND,
    PAY,
    SURVEYOR,
    TAX,
    WORKER,
    agency_leg,
    at,
    both,
    days,
    marks,
    official,
    procedure,
    step,
    unit_leg,
)
from tests.domain.story import Story, accepted

LEADER_OF_TAX = official(TAX, Role.LEADER)
LEADER_OF_LAND = official(LAND, Role.LEADER)


# -- what an unanswered slip ends


def test_an_independent_legs_slip_never_ends_a_required_leg() -> None:
    """What depends on it runs on: the dossier must not be settled with no result."""
    version = procedure(
        step(unit_leg("a", required=False), unit_leg("b", "land", depends_on=("a",)))
    )
    story = accepted(version)
    story.do(send_back, WORKER, reason="x", leg=2)
    story.do(request_supplement, CLERK, checks=marks("paper:id"))
    story.wait(days=31).wake()
    assert (story.leg(2).state, story.leg(2).outcome) == (LegState.CANCELLED, "expired")
    assert (story.running(), story.dossier.status) == ([3], Status.PROCESSING)


def test_a_slip_asked_for_through_two_reviews_ends_the_leg_it_was_asked_for() -> None:
    """The agency asked the unit, the unit the desk, the desk the citizen."""
    story = accepted(BIRTH)
    story.do(hand_over, WORKER)
    story.answers(4, Outcome.INCOMPLETE, items=("paper:id",))
    story.do(send_back, WORKER, reason="x", leg=5)
    story.do(request_supplement, CLERK, checks=marks("paper:id"))
    story.wait(days=31).wake()
    assert [story.leg(n).outcome for n in (4, 5, 7)] == ["expired"] * 3
    assert 3 in story.running()
    assert 4 not in story.running()


# -- extensions


def test_the_whole_is_extended_once() -> None:
    """The maximum is the law's for the dossier, however many units ask for it."""
    story = accepted(procedure(step(unit_leg("a"), unit_leg("b", "land"))))
    due = story.dossier.due_at
    story.do(extend, official(story.leg(2).holder, Role.LEADER), limit=days(2), reason="x", leg=2)
    extended = story.dossier.due_at
    assert extended != due
    story.do(extend, LEADER_OF_LAND, limit=days(2), reason="x", leg=3)
    assert story.dossier.due_at == extended


def test_who_answers_a_question_extends_nothing_but_the_answer() -> None:
    """An agency outside the route has no say in the dossier's own date."""
    story = accepted()
    due = story.due(0)
    story.do(request_agency, WORKER, agency=TAX, limit=days(2), reason="?")
    answer_due = story.due(3)
    story.do(extend, LEADER_OF_TAX, limit=days(1), reason="x", leg=3)
    assert (story.due(0), story.due(3) == answer_due) == (due, False)


def test_a_date_that_was_missed_stays_missed() -> None:
    """An extension after it would make the unit punctual in the figures."""
    version = procedure(step(unit_leg("a")), step(unit_leg("b", "land")), limit=both(days(4)))
    story = accepted(version)
    story.until("2026-10-09 08:00").do(hand_over, WORKER)
    story.until("2026-10-12 10:00").wake()
    due = story.dossier.due_at
    story.do(extend, LEADER_OF_LAND, limit=days(2), reason="x")
    assert story.dossier.due_at == due


# -- who holds what the result waits for


def test_the_settlement_rests_while_the_citizen_holds_all_that_is_required() -> None:
    """An independent leg that runs beside it is no reason to apologise to the citizen."""
    insurance = agency_leg("insurance", 30, required=False)
    version = procedure(step(unit_leg("a"), insurance), limit=both(days(3)))
    story = accepted(version)
    story.do(send_back, WORKER, reason="x", leg=2)
    story.do(request_supplement, CLERK, checks=marks("paper:id"))
    assert (story.dossier.due_at, story.dossier.status) == (None, Status.PROCESSING)
    story.wait(days=10).wake()
    assert story.dossier.task == ""
    story.do(supplement, CITIZEN_OWNER, subjects=["paper:id"])
    assert story.dossier.due_at is not None


def test_nobody_withdraws_from_a_signed_result() -> None:
    """Only the payment is between it and the citizen."""
    route = (step(agency_leg("tax")), step(unit_leg("do", "land")), step(PAY))
    story = accepted(procedure(*route))
    story.answers(2, Outcome.COMPLETED, amount=5)
    story.do(complete, SURVEYOR, result="R-1")
    story.refuses(RuleError("withdraw.result_signed"), withdraw, CITIZEN_OWNER)


def test_an_opinion_is_not_the_citizens_result() -> None:
    """It answers the unit that asked, which then goes on."""
    version = procedure(step(unit_leg("main", "land"), unit_leg("side", required=False)))
    story = accepted(version)
    story.do(request_agency, WORKER, agency=TAX, limit=days(2), reason="?", leg=3)
    story.answers(4, Outcome.COMPLETED, result="OPINION")
    assert (story.dossier.results, story.running()) == ([], [2, 3])


def test_a_no_to_a_question_is_not_a_no_to_the_citizen() -> None:
    """The unit that asked decides what it makes of it."""
    story = accepted()
    story.do(request_agency, WORKER, agency=TAX, limit=days(2), reason="?")
    story.answers(3, Outcome.REFUSED, note="not ours")
    assert (story.running(), story.dossier.status) == ([2], Status.PROCESSING)


# -- the intake anew


def test_a_resubmitted_same_day_intake_is_due_on_its_own_day() -> None:
    """Not after what was left of the day it was first filed."""
    version = procedure(step(unit_leg("do")), answer_limit=both(TimeLimit(1, LimitUnit.SAME_DAY)))
    for filed in ("2026-10-05 14:50", "2026-10-05 15:30"):
        story = Story(version, now=at(filed), channel=Channel.COUNTER)
        story.do(request_supplement, CLERK, checks=marks("paper:id"))
        story.until("2026-10-06 08:00").do(supplement, CITIZEN_OWNER, subjects=["paper:id"])
        assert story.due(1) == at("2026-10-06 17:00")


# -- what agencies hear


def test_a_leg_that_still_waits_does_not_hear_that_it_goes_on() -> None:
    """Its own answer is there, the one it depends on is not."""
    version = procedure(step(agency_leg("police"), agency_leg("insurance", depends_on=("police",))))
    story = accepted(version)
    for n in (3, 2):
        story.answers(n, Outcome.INCOMPLETE, items=("paper:id",))
    assert deliveries(story.dossier, story.do(hand_over, CLERK, leg=4)) == []
    assert story.leg(3).holder == INSURANCE


def test_a_warning_under_any_name_is_a_reminder() -> None:
    """Ladders are the procedure's: what tells a warning is its place, not its code."""
    half = Milestone("half", Effect.ESCALATE, percent=50, rung=Rung.OFFICER)
    version = procedure(step(agency_leg("tax", ladder=(half,))))
    story = accepted(version)
    events = story.until("2026-10-06 10:00").wake()
    assert Message.LEG_REMINDER in [each.message for each in deliveries(story.dossier, events)]


def test_a_withdrawn_dossier_leaves_no_task() -> None:
    """The desk would have a line in its list that nothing can clear."""
    story = accepted().until("2026-10-20 08:00")
    story.wake()
    assert story.dossier.task == "apologise"
    story.do(withdraw, CITIZEN_OWNER)
    assert story.dossier.task == ""
