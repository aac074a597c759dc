"""The supplement slip: once, specific, complete (R19, R23)."""

import pytest

from chalicelib.domain.actor import Actor
from chalicelib.domain.citizen import supplement
from chalicelib.domain.desk import Check, request_supplement
from chalicelib.domain.errors import ConflictError, ForbiddenError, RuleError
from chalicelib.domain.terms import LegKind, LegState, Role, Stage, Status
from chalicelib.domain.unit import send_back
from tests.domain.builders import (
    CHAIR,
    CITIZEN_OWNER,
    CLERK,
    DAY,
    DESK,
    HOUR,
    LAND,
    OFFICE,
    ONE_UNIT,
    PROVINCE,
    SIDE_BY_SIDE,
    SUBJECTS,
    SURVEYOR,
    WORKER,
    at,
    marks,
    official,
    procedure,
    step,
    unit_leg,
)
from tests.domain.story import Story, accepted

ONCE = RuleError("supplement.once", pointer="/checks")


def asked(*faulty: str) -> Story:
    """The desk has asked for these, an hour after submission."""
    story = Story().wait(hours=1)
    story.do(request_supplement, CLERK, checks=marks(*faulty), reason="please")
    return story


def asked_and_answered(*faulty: str) -> Story:
    """And the citizen has answered, a day later."""
    story = asked(*faulty).wait(days=1)
    story.do(supplement, CITIZEN_OWNER, subjects=faulty)
    return story


def test_the_citizen_holds_the_dossier() -> None:
    """Status 5, thirty days round the clock, every item listed."""
    story = asked("paper:proof", "paper:id")
    slip = story.leg(2)
    assert (story.dossier.status, story.dossier.stage) == (
        Status.SUPPLEMENT_REQUESTED,
        Stage.SUPPLEMENT,
    )
    assert (slip.kind, slip.holder, slip.giver) == (LegKind.SUPPLEMENT, "citizen", DESK)
    assert (slip.asked, slip.step, slip.code) == (("paper:id", "paper:proof"), -1, "supplement")
    assert slip.clock.budget == 30 * DAY
    assert story.due(2) == at("2026-11-04 09:00")


def test_the_days_are_the_procedures() -> None:
    """Thirty is a default, not a rule of the code."""
    story = Story(procedure(supplement_days=10))
    story.do(request_supplement, CLERK, checks=marks("paper:id"))
    assert story.due(2) == at("2026-10-15 08:00")


def test_the_desks_clock_stands_still() -> None:
    """It is not the desk's time while the citizen answers."""
    story = asked("paper:id")
    intake = story.leg(1)
    assert (intake.state, intake.waits, intake.clock.consumed) == (LegState.PAUSED, 2, 3600)
    assert story.due(1) is None


def test_the_event_has_reasons_as_codes_and_the_words_apart() -> None:
    """The chain can be published; a person's words can be erased by law."""
    story = Story()
    checks = marks("paper:proof", "paper:id")
    (event,) = story.do(request_supplement, CLERK, checks=checks, reason="r")
    assert (event.type, event.leg) == ("supplement_requested", 1)
    assert event.data == {
        "slip": 2,
        "faulty": {"paper:id": "unreadable", "paper:proof": "unreadable"},
        "second": False,
    }
    assert story.notes[-1] == "r\npaper:id: scan it again\npaper:proof: scan it again"


def test_without_a_reason_the_words_are_the_items() -> None:
    """A first request needs no reason beside them."""
    story = Story()
    story.do(request_supplement, CLERK, checks=marks("paper:id"))
    assert story.notes[-1] == "\npaper:id: scan it again"


@pytest.mark.parametrize("left_out", SUBJECTS)
def test_every_paper_and_section_is_marked_first(left_out: str) -> None:
    """Complete means that nothing was left unlooked at."""
    checks = {each: check for each, check in marks("paper:id").items() if each != left_out}
    error = RuleError("supplement.unmarked", pointer="/checks", subject=ONE_UNIT.called(left_out))
    Story().refuses(error, request_supplement, CLERK, checks=checks)


def test_the_first_of_several_unmarked_is_named() -> None:
    """One sentence names one thing to do next, always the same one."""
    error = RuleError("supplement.unmarked", pointer="/checks", subject=ONE_UNIT.called("paper:id"))
    Story().refuses(error, request_supplement, CLERK, checks={})


def test_only_what_the_procedure_asks_for_can_be_faulty() -> None:
    """No invented paper (R2)."""
    checks = marks("paper:id") | {"paper:z": Check(good=False), "paper:a": Check(good=True)}
    error = RuleError("supplement.unknown_subject", pointer="/checks", subject="paper:a")
    Story().refuses(error, request_supplement, CLERK, checks=checks)


def test_nothing_faulty_is_nothing_to_ask() -> None:
    """A request must not be a way to stop the clock."""
    error = RuleError("supplement.nothing_faulty", pointer="/checks")
    Story().refuses(error, request_supplement, CLERK, checks=marks())


@pytest.mark.parametrize(("reason_code", "todo"), [("", "x"), ("x", ""), ("", "")])
def test_every_fault_says_why_and_what_to_do(reason_code: str, todo: str) -> None:
    """Specific: a reason code and an instruction, each."""
    check = Check(good=False, reason_code=reason_code, todo=todo)
    checks = marks("paper:id") | {"section:person": check}
    error = RuleError(
        "supplement.say_why",
        pointer="/checks/section:person",
        subject=ONE_UNIT.called("section:person"),
    )
    Story().refuses(error, request_supplement, CLERK, checks=checks)


@pytest.mark.parametrize(
    "actor", [WORKER, CITIZEN_OWNER, official(DESK, Role.HEAD), official(LAND, Role.LEADER)]
)
def test_only_the_desk_or_its_leader_asks(actor: Actor) -> None:
    """One face to the citizen."""
    story = Story()
    error = ForbiddenError("decision.not_yours")
    story.refuses(error, request_supplement, actor, checks=marks("paper:id"))


@pytest.mark.parametrize("leader", [official(each, Role.LEADER) for each in (DESK, PROVINCE)])
def test_a_leader_of_the_desk_or_above_may_ask(leader: Actor) -> None:
    """The leader stands in for the desk, from any rung of its hierarchy."""
    story = Story()
    story.do(request_supplement, leader, checks=marks("paper:id"))
    assert story.dossier.status is Status.SUPPLEMENT_REQUESTED


def test_a_unit_never_asks_the_citizen() -> None:
    """A unit that finds a fault sends the dossier back to the desk (R23)."""
    error = ConflictError("leg.not_running", pointer="/leg")
    accepted().refuses(error, request_supplement, WORKER, checks=marks("paper:id"))


def test_a_review_elsewhere_than_at_the_desk_never_asks_the_citizen() -> None:
    """An agency's `incomplete` may reach a unit: that, too, goes through the desk."""
    story = accepted(procedure(step(unit_leg("do")), step(unit_leg("more", "land"))))
    dossier = story.loaded()
    leg = dossier.open_leg(LegKind.REVIEW, OFFICE, 3600)
    with pytest.raises(RuleError, match=r"^supplement\.desk_only$"):
        request_supplement(dossier, WORKER, checks=marks("paper:id"), leg=leg.n)


def test_a_unit_that_is_the_desk_itself_asks_at_once() -> None:
    """It has nobody to send it back to; its clock stands still like any unit's."""
    story = accepted(procedure(step(unit_leg("do", "commune"))))
    story.wait(hours=1).do(request_supplement, CLERK, checks=marks("paper:id"))
    assert (story.leg(2).waits, story.leg(2).received_by) == (3, CLERK.id)
    story.wait(days=1).do(supplement, CITIZEN_OWNER, subjects=["paper:id"])
    assert (story.running(), story.consumed(2)) == ([2], HOUR)


def test_what_is_asked_for_already_is_not_asked_for_twice() -> None:
    """Two parallel units miss one paper: one slip; that it came back wrong is still to come."""
    story = accepted(SIDE_BY_SIDE)
    story.do(send_back, WORKER, reason="x", leg=2)
    story.do(send_back, SURVEYOR, reason="y", leg=3)
    for leg in (4, 5):
        story.do(request_supplement, CLERK, checks=marks("paper:id"), leg=leg)
    assert story.running() == [6]
    story.do(supplement, CITIZEN_OWNER, subjects=["paper:id"])
    assert story.running() == [2, 3]
    story.do(send_back, WORKER, reason="wrong", leg=2)
    story.do(request_supplement, CLERK, checks=marks("paper:id"))
    assert story.events[-1].data["second"] is False


def test_a_review_that_asks_the_citizen_is_signed() -> None:
    """Every hand-over has two signatures (R22)."""
    story = accepted()
    story.do(send_back, WORKER, reason="x")
    story.do(request_supplement, CLERK, checks=marks("paper:id"))
    assert story.leg(3).received_by == CLERK.id


def test_a_second_request_is_refused() -> None:
    """Supplement once: what was overlooked is the desk's own fault."""
    story = asked_and_answered("paper:id")
    story.refuses(ONCE, request_supplement, CLERK, checks=marks("paper:proof"))
    story.refuses(ONCE, request_supplement, CLERK, checks=marks("paper:id", "paper:proof"))


def test_a_listed_item_that_came_back_wrong_is_asked_for_once_more() -> None:
    """That is the same request, not a second one."""
    story = asked_and_answered("paper:id", "paper:proof")
    (event,) = story.do(request_supplement, CLERK, checks=marks("paper:id"))
    assert event.data["second"] is False
    story.wait(days=1).do(supplement, CITIZEN_OWNER, subjects=["paper:id"])
    story.refuses(ONCE, request_supplement, CLERK, checks=marks("paper:id"))


def test_a_leader_approves_a_second_request_with_a_reason() -> None:
    """And it is marked, so that it counts against the unit."""
    story = asked_and_answered("paper:id")
    checks = marks("paper:proof")
    story.refuses(ONCE, request_supplement, CHAIR, checks=checks)
    story.refuses(ONCE, request_supplement, CLERK, checks=checks, reason="new law")
    (event,) = story.do(request_supplement, CHAIR, checks=checks, reason="new law")
    assert event.data["second"] is True
    assert story.dossier.status is Status.SUPPLEMENT_REQUESTED


def test_after_a_send_back_the_unit_waits_for_the_citizen_in_place_of_the_desk() -> None:
    """The desk's review is over; whoever waited for it waits for the slip now."""
    story = accepted()
    story.wait(hours=2).do(send_back, WORKER, reason="a page is missing")
    (event,) = story.do(request_supplement, CLERK, checks=marks("paper:id"))
    review, slip, unit = story.leg(3), story.leg(4), story.leg(2)
    assert event.leg == review.n
    assert (review.state, review.outcome) == (LegState.DONE, "supplement_requested")
    assert (slip.step, slip.giver) == (0, DESK)
    assert (unit.state, unit.waits, unit.clock.consumed) == (LegState.PAUSED, 4, 2 * 3600)
    assert story.dossier.status is Status.SUPPLEMENT_REQUESTED


def test_the_leg_may_be_named() -> None:
    """Of two reviews the clerk means one."""
    story = Story()
    error = ConflictError("leg.not_running", pointer="/leg")
    story.refuses(error, request_supplement, CLERK, checks=marks("paper:id"), leg=2)
    story.do(request_supplement, CLERK, checks=marks("paper:id"), leg=1)


def test_one_slip_does_not_touch_the_reviews_of_others() -> None:
    """Only those who waited for this review wait for this slip."""
    story = accepted(procedure(step(unit_leg("a"), unit_leg("b", "land"))))
    story.do(send_back, WORKER, reason="x", leg=2)
    story.do(send_back, official(LAND, Role.OFFICER), reason="y", leg=3)
    story.do(request_supplement, CLERK, checks=marks("paper:id"), leg=4)
    assert (story.leg(2).waits, story.leg(3).waits) == (6, 5)
    assert story.dossier.status is Status.PROCESSING
    assert story.dossier.stage is Stage.INTAKE
