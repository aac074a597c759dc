"""Extension: on a legal ground, once, by a leader, before the due time (DOMAIN.md, "Hand-over")."""

import pytest

from chalicelib.domain.actor import Actor
from chalicelib.domain.calendar import LimitUnit, TimeLimit
from chalicelib.domain.errors import ConflictError, ForbiddenError, RuleError
from chalicelib.domain.procedure import ExtensionRule
from chalicelib.domain.terms import Role
from chalicelib.domain.unit import complete, extend, send_back
from tests.domain.builders import (
    CHAIR,
    CLERK,
    HOUR,
    LAND,
    NAME,
    OFFICE,
    PROVINCE,
    SIDE_BY_SIDE,
    WORKER,
    WORKING_DAY,
    at,
    days,
    official,
    procedure,
    step,
    unit_leg,
)
from tests.domain.story import Story, accepted


def extended(story: Story, limit: TimeLimit = days(1)) -> Story:  # noqa: B008 - a frozen value
    story.do(extend, CHAIR, limit=limit, reason="an inspection on site")
    return story


def test_leg_and_dossier_are_due_later() -> None:
    """The unit's own time and the appointed date move together."""
    story = accepted().wait(hours=1)
    assert (story.due(2), story.dossier.due_at) == (at("2026-10-08 09:00"), at("2026-10-16 09:00"))
    extended(story, days(2))
    assert (story.due(2), story.dossier.due_at) == (at("2026-10-12 09:00"), at("2026-10-20 09:00"))
    assert (story.leg(2).extended, story.leg(0).extended) == (True, False)
    event = story.events[-1]
    assert (event.type, event.leg, event.data) == ("extended", 2, {"seconds": 2 * WORKING_DAY})
    assert story.notes[-1] == "an inspection on site"


def test_the_other_legs_keep_their_time() -> None:
    """Who asked for more time gets it, nobody else."""
    story = accepted(SIDE_BY_SIDE)
    before = story.due(3)
    story.do(extend, CHAIR, limit=days(1), reason="x", leg=2)
    assert story.due(3) == before


@pytest.mark.parametrize("agency", [OFFICE, PROVINCE])
def test_a_leader_of_the_holder_or_above_decides(agency: str) -> None:
    """Along the holder's own hierarchy."""
    leader = official(OFFICE if agency == OFFICE else PROVINCE, Role.LEADER)
    story = accepted()
    story.do(extend, leader, limit=days(1), reason="x")
    assert story.leg(2).extended


@pytest.mark.parametrize(
    "actor", [WORKER, CLERK, official(OFFICE, Role.HEAD), official(LAND, Role.LEADER)]
)
def test_nobody_else_extends(actor: Actor) -> None:
    """A unit must not set its own time."""
    error = ForbiddenError("decision.not_yours")
    accepted().refuses(error, extend, actor, limit=days(1), reason="x")


def test_without_a_legal_ground_there_is_no_extension() -> None:
    """The ground is the version's; a leader's wish is none."""
    story = accepted(procedure(step(unit_leg("do")), extension=None))
    story.refuses(RuleError("extension.no_ground"), extend, CHAIR, limit=days(1), reason="x")


@pytest.mark.parametrize(
    "limit", [days(3), TimeLimit(17, LimitUnit.WORKING_HOURS), days(0)], ids=str
)
def test_more_than_the_law_allows_or_nothing_is_refused(limit: TimeLimit) -> None:
    """At most two working days here, in whatever unit it is asked for."""
    error = RuleError("extension.too_long", pointer="/limit")
    accepted().refuses(error, extend, CHAIR, limit=limit, reason="x")


def test_the_most_that_is_allowed_is_allowed() -> None:
    """Sixteen hours are two working days."""
    story = extended(accepted(), TimeLimit(16, LimitUnit.WORKING_HOURS))
    assert story.leg(2).clock.budget == 5 * WORKING_DAY


def test_a_single_hour_is_an_extension() -> None:
    """The lower end."""
    story = extended(accepted(), TimeLimit(1, LimitUnit.WORKING_HOURS))
    assert story.leg(2).clock.budget == 3 * WORKING_DAY + 3600


def test_once_per_leg() -> None:
    """Not even what is left of the maximum."""
    story = extended(accepted())
    story.refuses(RuleError("extension.once"), extend, CHAIR, limit=days(1), reason="x")


def test_before_the_due_time_only() -> None:
    """Afterwards it is an apology, not an extension."""
    error = RuleError("extension.too_late")
    story = accepted().until("2026-10-08 09:00")
    story.refuses(error, extend, CHAIR, limit=days(1), reason="x")
    story.until("2026-10-12 09:00")
    story.refuses(error, extend, CHAIR, limit=days(1), reason="x")
    extended(story.until("2026-10-08 08:59:59"))
    assert story.due(2) == at("2026-10-09 09:00")


def test_a_waiting_leg_is_not_extended() -> None:
    """Its clock stands still anyway."""
    story = accepted()
    story.do(send_back, WORKER, reason="x")
    error = ConflictError("leg.not_running", pointer="/leg")
    story.refuses(error, extend, CHAIR, limit=days(1), reason="x")
    story.refuses(error, extend, CHAIR, limit=days(1), reason="x", leg=3)


def test_the_settlement_has_no_clock_of_its_own_to_extend_after_the_result() -> None:
    """Once settled there is nothing to extend."""
    story = accepted()
    story.do(complete, WORKER, result="R-1")
    error = ConflictError("leg.not_running", pointer="/leg")
    story.refuses(error, extend, CHAIR, limit=days(1), reason="x")


def test_a_warning_passes_again_on_the_longer_clock() -> None:
    """And everybody hears again, who heard of the shorter one."""
    story = accepted().until("2026-10-07 16:00")
    assert [event.data["milestone"] for event in story.wake()] == ["due_soon"]
    extended(story, days(2))
    leg = story.leg(2)
    assert (leg.claimed, leg.told, leg.clock.epoch) == ((), (), 1)
    (again,) = story.until("2026-10-09 16:00").wake()
    assert (again.data["milestone"], again.data["epoch"]) == ("due_soon", 1)
    assert [told["officer"] for told in again.data["told"]] == ["office-officer"]


def test_a_warning_that_is_behind_the_longer_clock_too_does_not_return() -> None:
    """What has passed has passed: nobody is warned twice of the same second."""
    story = accepted().until("2026-10-08 08:00")
    story.wake()
    extended(story, TimeLimit(1, LimitUnit.WORKING_HOURS))  # 75 % of 25 h is behind 23 h
    assert story.leg(2).claimed == ("due_soon",)
    assert story.wake() == []


def test_the_settlements_warnings_return_with_its_clock() -> None:
    """Its ledger is asked with the seconds spent, not with those before the last pause."""
    story = accepted(procedure(step(unit_leg("do", amount=9)))).until("2026-10-15 09:00")
    assert [event.data["milestone"] for event in story.wake()] == ["due_soon", "due_soon"]
    extended(story, TimeLimit(1, LimitUnit.WORKING_HOURS))
    assert story.leg(0).claimed == ("due_soon",)
    assert (story.leg(0).clock.epoch, story.leg(0).told) == (1, ())


def test_days_of_an_extension_end_on_the_holders_calendar() -> None:
    """What is asked for and what the law allows are measured alike, by the hours of the unit."""
    most = TimeLimit(1, LimitUnit.CALENDAR_DAYS)
    story = accepted(procedure(step(unit_leg("do", "land")), extension=ExtensionRule(NAME, most)))
    leader = official(LAND, Role.LEADER)
    error = RuleError("extension.too_long", pointer="/limit")
    longer = TimeLimit(2, LimitUnit.CALENDAR_DAYS)
    story.refuses(error, extend, leader, limit=longer, reason="x")
    story.do(extend, leader, limit=most, reason="x")
    added = 5 * HOUR + HOUR // 2 + WORKING_DAY  # Monday 09:00 to Tuesday 16:30, lunch at 11:00
    assert story.events[-1].data == {"seconds": added}
    assert story.leg(2).clock.budget == 3 * WORKING_DAY + added
