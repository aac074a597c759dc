"""What depends on the answers: legs, limits and papers that are for some cases only."""

from typing import Any

import pytest

from chalicelib.domain.calendar import LimitUnit, TimeLimit
from chalicelib.domain.citizen import supplement
from chalicelib.domain.conditions import answer_at, applies
from chalicelib.domain.desk import request_supplement
from chalicelib.domain.errors import RuleError
from chalicelib.domain.interagency import Outcome
from chalicelib.domain.procedure import ByChannel, Condition, LimitCase, Paper
from chalicelib.domain.terms import Channel, LegKind, Status
from chalicelib.domain.unit import complete, hand_over, send_back
from tests.domain.builders import (
    CITIZEN_OWNER,
    CLERK,
    DESK,
    HOUR,
    NAME,
    POLICE,
    SURVEYOR,
    WORKER,
    WORKING_DAY,
    agency_leg,
    days,
    marks,
    procedure,
    step,
    unit_leg,
)
from tests.domain.story import Story, accept, accepted

CHECKED = Condition(NAME, "/matter/check", one_of=(True,))
LARGE = Condition(NAME, "/matter/area", at_least=250)
CONDITIONS = {"checked": CHECKED, "large": LARGE}
YES: dict[str, Any] = {"matter": {"check": True}}


@pytest.mark.parametrize(
    ("condition", "matter", "holds"),
    [
        (CHECKED, {"check": True}, True),
        (CHECKED, {"check": False}, False),
        (CHECKED, {}, False),
        (LARGE, {"area": 249}, False),
        (LARGE, {"area": 250}, True),
        (Condition(NAME, "/matter/area", at_most=7), {"area": 7}, True),
        (Condition(NAME, "/matter/area", at_most=7), {"area": 7.5}, False),
        (Condition(NAME, "/matter/area", at_least=2, at_most=3), {"area": 4}, False),
        (Condition(NAME, "/matter/kind", one_of=("sale", "gift")), {"kind": "gift"}, True),
        (Condition(NAME, "/matter/kind", one_of=("sale", "gift")), {"kind": "loan"}, False),
        (Condition(NAME, "/matter"), {}, True),
        (Condition(NAME, "/other"), {"area": 1}, False),
        (Condition(NAME, "/matter/area/unit"), {"area": 1}, False),
    ],
)
def test_a_condition_is_about_one_answer(
    condition: Condition,
    matter: dict[str, Any],
    holds: bool,  # noqa: FBT001 - a table column
) -> None:
    """Given, one of these, within these; what is not answered holds nothing."""
    assert condition.holds({"matter": matter}) is holds


def test_an_answer_is_found_through_sections() -> None:
    """None where any part of the way is missing."""
    assert answer_at({"a": {"b": 0}}, "/a/b") == 0
    assert answer_at({"a": {"b": 0}}, "/a/c") is None
    assert answer_at({}, "/a/b") is None


@pytest.mark.parametrize(
    ("holding", "expected"), [((), False), (("a",), True), (("a", "b"), False), (("b",), False)]
)
def test_all_of_when_and_none_of_unless(
    holding: tuple[str, ...],
    expected: bool,  # noqa: FBT001 - a table column
) -> None:
    """So that two legs can stand for the two sides of one question."""
    leg = unit_leg("x", when=("a",), unless=("b",))
    assert applies(leg, holding) is expected


def test_the_first_case_that_applies_is_the_limit() -> None:
    """And by channel, as the limit itself."""
    longer = LimitCase(days(5), days(4), when=("checked",))
    longest = LimitCase(days(9), days(8), when=("checked", "large"))
    limit = ByChannel(days(3), days(2), (longest, longer))
    assert limit.of(Channel.COUNTER, ()) == days(3)
    assert limit.of(Channel.COUNTER, ("checked",)) == days(5)
    assert limit.of(Channel.ONLINE, ("checked",)) == days(4)
    assert limit.of(Channel.ONLINE, ("checked", "large")) == days(8)
    assert limit.of(Channel.POST, ("large",)) == days(3)


def test_a_paper_is_required_in_some_cases_only() -> None:
    """The others may be handed in, and are not missed."""
    papers = (
        Paper("id", NAME),
        Paper("lease", NAME, when=("checked",)),
        Paper("title", NAME, unless=("checked",)),
        Paper("other", NAME, required=False, when=("checked",)),
    )
    version = procedure(papers=papers)
    assert version.required_papers(("checked",)) == {"id", "lease"}
    assert version.required_papers(()) == {"id", "title"}
    assert "paper:lease" in version.subjects, "the desk marks it good, as any paper nobody needs"


# -- along the route

BRANCHING = procedure(
    step(unit_leg("first", amount=1)),
    step(agency_leg("police", when=("checked",)), agency_leg("tax", unless=("checked", "large"))),
    step(unit_leg("last", "land", amount=1, when=("large",))),
    conditions=CONDITIONS,
)


def test_names_are_kept_and_no_answer() -> None:
    """In the order of the version; personal data stays in the form."""
    story = Story(BRANCHING, answers={"matter": {"area": 300, "check": True, "name": "An"}})
    assert story.dossier.conditions == ("checked", "large")
    assert "An" not in repr(story.events)


def _after_first(answers: dict[str, Any]) -> Story:
    story = accepted(BRANCHING, answers=answers).wait(hours=1)
    story.do(hand_over, WORKER)
    return story


def test_a_leg_is_opened_only_for_whom_it_is() -> None:
    """One side of the question, or the other."""
    for answers, opened in ((YES, "police"), ({}, "tax")):
        story = _after_first(answers)
        assert [leg.code for leg in story.dossier.running()] == [opened]
        assert story.events[-1].data["to"] == [3]


def test_a_step_whose_legs_are_left_out_is_passed_over() -> None:
    """Neither police nor tax: from the first step to the last one at once."""
    story = _after_first({"matter": {"area": 300}})
    assert [leg.code for leg in story.dossier.running()] == ["last"]
    assert story.dossier.step == 2


def test_the_last_leg_that_is_not_left_out_brings_the_result() -> None:
    """Nothing comes after the police here, so they cannot just hand it on."""
    story = _after_first(YES)
    with pytest.raises(RuleError, match="result_needed"):
        story.answers(3, Outcome.COMPLETED)
    story.answers(3, Outcome.COMPLETED, result="R-1")
    assert story.dossier.status is Status.SETTLED
    assert story.dossier.step == 3
    large = _after_first({"matter": {"area": 300}})
    large.refuses(RuleError("leg.result_needed", pointer="/action"), hand_over, SURVEYOR)
    large.do(complete, SURVEYOR, result="R-2")
    assert large.dossier.status is Status.SETTLED


CASES = ByChannel(days(3), days(3), (LimitCase(days(5), days(5), when=("checked",)),))
ANSWER = ByChannel(
    TimeLimit(8, LimitUnit.WORKING_HOURS),
    TimeLimit(8, LimitUnit.WORKING_HOURS),
    (LimitCase(days(2), days(2), when=("checked",)),),
)
WHOLE = procedure(
    step(unit_leg("do", amount=2)), limit=CASES, answer_limit=ANSWER, conditions=CONDITIONS
)


@pytest.mark.parametrize(("answers", "amount", "hours"), [({}, 3, 8), (YES, 5, 16)])
def test_the_whole_and_the_answer_have_cases(
    answers: dict[str, Any], amount: int, hours: int
) -> None:
    """Five days instead of three where it must be verified."""
    story = Story(WHOLE, answers=answers)
    assert story.leg(1).clock.budget == hours * HOUR
    story.do(accept, CLERK)
    assert story.leg(0).clock.budget == amount * WORKING_DAY


def test_a_legs_limit_has_cases() -> None:
    """And its clock is made from the case."""
    leg = unit_leg("do")
    version = procedure(
        step(type(leg)(leg.code, leg.name, LegKind.UNIT, leg.unit, CASES)), conditions=CONDITIONS
    )
    assert accepted(version, answers=YES).leg(2).clock.budget == 5 * WORKING_DAY
    assert accepted(version).leg(2).clock.budget == 3 * WORKING_DAY


# -- answers that change


def test_a_supplement_before_acceptance_changes_everything() -> None:
    """Nothing has begun yet: limits and route are those of the new answers."""
    story = Story(WHOLE).wait(hours=1)
    story.do(request_supplement, CLERK, checks=marks("section:matter"))
    story.do(supplement, CITIZEN_OWNER, subjects=["section:matter"], answers=YES)
    assert story.dossier.conditions == ("checked",)
    assert story.leg(1).clock.budget == 2 * WORKING_DAY
    story.do(accept, CLERK)
    assert story.leg(0).clock.budget == 5 * WORKING_DAY


SIDE = procedure(
    step(unit_leg("a"), agency_leg("police", when=("checked",))), conditions=CONDITIONS
)


def test_a_supplement_opens_what_only_the_new_answers_ask_for() -> None:
    """The step is under way already; without this nobody would ever ask the police."""
    story = accepted(SIDE).wait(hours=1)
    story.do(send_back, WORKER, reason="unclear")
    story.do(request_supplement, CLERK, checks=marks("section:matter"))
    (event,) = story.do(supplement, CITIZEN_OWNER, subjects=["section:matter"], answers=YES)
    opened = story.dossier.legs[-1]
    assert (opened.code, opened.holder, opened.giver) == ("police", POLICE, DESK)
    assert event.data["to"] == [opened.n]
    assert story.running() == [2, opened.n]


def test_a_leg_that_is_there_is_not_opened_again() -> None:
    """Nor is one taken away by answers that do not ask for it any more."""
    story = accepted(SIDE, answers=YES).wait(hours=1)
    story.do(send_back, WORKER, reason="unclear", leg=2)
    story.do(request_supplement, CLERK, checks=marks("section:matter"))
    (event,) = story.do(supplement, CITIZEN_OWNER, subjects=["section:matter"], answers={})
    assert event.data["to"] == []
    assert story.running() == [2, 3]
    assert story.dossier.conditions == ()


def test_papers_alone_change_no_condition() -> None:
    """Whoever hands in a paper has answered nothing anew."""
    story = Story(WHOLE, answers=YES).wait(hours=1)
    story.do(request_supplement, CLERK, checks=marks("paper:id"))
    story.do(supplement, CITIZEN_OWNER, subjects=["paper:id"])
    assert story.dossier.conditions == ("checked",)


def test_the_desks_own_limits_stay_as_they_began() -> None:
    """After acceptance the appointed date does not move because an answer did."""
    version = procedure(step(unit_leg("do")), limit=CASES, conditions=CONDITIONS)
    story = accepted(version).wait(hours=1)
    story.do(send_back, WORKER, reason="unclear")
    story.do(request_supplement, CLERK, checks=marks("section:matter"))
    story.do(supplement, CITIZEN_OWNER, subjects=["section:matter"], answers=YES)
    assert story.leg(0).clock.budget == 3 * WORKING_DAY
