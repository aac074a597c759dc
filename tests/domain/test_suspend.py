"""Suspending on legal ground, going on, stopping: the due date moves, and somebody answers."""

from dataclasses import replace

import pytest

from chalicelib.domain.calendar import LimitUnit, TimeLimit
from chalicelib.domain.errors import ConflictError, ForbiddenError, RuleError, TransitionError
from chalicelib.domain.ids import OfficerId
from chalicelib.domain.procedure import SuspensionGround
from chalicelib.domain.suspension import resume, stop, suspend
from chalicelib.domain.terms import LegKind, LegState, Role, Stage, Status
from chalicelib.domain.unit import hand_over
from tests.domain.builders import (
    CHAIR,
    CLERK,
    NAME,
    OFFICE,
    ONE_UNIT,
    SIDE_BY_SIDE,
    WORKER,
    at,
    official,
)
from tests.domain.story import Story, accepted

INQUIRY = SuspensionGround("inquiry", NAME, TimeLimit(5, LimitUnit.WORKING_DAYS))
MAY = replace(ONE_UNIT, suspensions=(INQUIRY,))


def suspended(story: Story, leg: int | None = None) -> Story:
    story.do(suspend, CHAIR, ground="inquiry", reason="under inquiry", leg=leg)
    return story


def test_the_leg_stands_still_and_is_still_held() -> None:
    """Status 4, and the unit answers for the wait."""
    story = suspended(accepted(MAY).wait(hours=1))
    assert (story.dossier.status, story.dossier.stage) == (Status.PROCESSING, Stage.DEPARTMENT)
    assert story.leg(2).state is LegState.PAUSED
    rest = story.leg(3)
    assert (rest.kind, rest.holder, rest.required) == (LegKind.SUSPENSION, OFFICE, True)
    event = story.events[-1]
    assert (event.type, event.leg, event.data) == ("suspended", 2, {"ground": "inquiry", "to": [3]})
    assert event.holders == ((3, OFFICE),)
    assert story.notes[-1] == "under inquiry"


def test_due_dates_move_by_exactly_that_time() -> None:
    """The unit's and the dossier's."""
    story = accepted(MAY).wait(hours=1)
    before = (story.due(2), story.dossier.due_at)
    assert before == (at("2026-10-08 09:00"), at("2026-10-16 09:00"))
    suspended(story).until("2026-10-07 10:00").do(resume, WORKER, note="done")
    assert (story.due(2), story.dossier.due_at) == (at("2026-10-12 09:00"), at("2026-10-20 09:00"))
    event = story.events[-1]
    assert (event.type, event.leg, event.data) == ("resumed", 3, {"resumed": [2]})
    assert story.leg(3).outcome == "resumed"


def test_nobody_acts_on_what_is_suspended() -> None:
    """But whoever ends it."""
    story = suspended(accepted(MAY))
    story.refuses(ConflictError("leg.not_running", pointer="/leg"), hand_over, WORKER, leg=2)


def test_one_that_lasts_too_long_escalates() -> None:
    """Nothing may lie still without an end: the head hears when the ground has run out."""
    story = suspended(accepted(MAY).wait(hours=1)).until("2026-10-13 09:00")
    told = [event.data["rung"] for event in story.wake() if event.leg == 3]
    assert told == ["officer", "head"]


def test_a_parallel_leg_goes_on() -> None:
    """Only what is suspended stands still: the clock of the whole runs while another leg does."""
    story = accepted(replace(SIDE_BY_SIDE, suspensions=(INQUIRY,)))
    due = story.due(3)
    suspended(story, leg=2)
    assert story.due(3) == due
    assert story.leg(0).state is LegState.RUNNING


@pytest.mark.parametrize("actor", [CLERK, WORKER, official(OFFICE, Role.HEAD)])
def test_a_leader_suspends(actor: object) -> None:
    """It keeps a citizen waiting."""
    refused = ForbiddenError("decision.not_yours")
    accepted(MAY).refuses(refused, suspend, actor, ground="inquiry", reason="x")


def test_only_on_a_ground_of_the_procedure() -> None:
    """Most have none."""
    refused = RuleError("suspension.no_ground", pointer="/ground")
    accepted(MAY).refuses(refused, suspend, CHAIR, ground="holidays", reason="x")
    accepted().refuses(refused, suspend, CHAIR, ground="inquiry", reason="x")


def test_the_unit_or_its_leader_goes_on() -> None:
    """Nobody else."""
    story = suspended(accepted(MAY))
    story.refuses(ForbiddenError("decision.not_yours"), resume, CLERK)
    story.do(resume, CHAIR)
    assert story.running() == [2]


def test_a_leader_stops_it() -> None:
    """Status 8, with a reason; what runs is cut short, and nothing follows."""
    story = accepted(MAY)
    story.do(stop, CHAIR, reason="the subject of it is gone")
    dossier = story.dossier
    assert (dossier.status, dossier.stage, dossier.wake_at) == (Status.STOPPED, Stage.CLOSED, None)
    assert (story.events[-1].type, story.events[-1].data) == ("stopped", {"cancelled": [2]})
    assert story.notes[-1] == "the subject of it is gone"


def test_also_while_suspended() -> None:
    """The ground stayed."""
    story = suspended(accepted(MAY))
    story.do(stop, CHAIR, reason="x")
    assert story.events[-1].data == {"cancelled": [2, 3]}


def test_neither_before_acceptance_nor_by_others() -> None:
    """Before it, it is refused or withdrawn."""
    story = Story(MAY)
    wrong = TransitionError("dossier.transition_not_allowed", status="submitted", to="stopped")
    story.refuses(wrong, stop, CHAIR, reason="x")
    accepted().refuses(ForbiddenError("decision.not_yours"), stop, CLERK, reason="x")


def test_whoever_is_in_charge_of_the_leg_hears_first() -> None:
    """The ladder of a suspension is that of officials."""
    story = accepted(MAY)
    story.dossier.leg(2).assignee = OfficerId("OF-1")
    suspended(story).until("2026-10-09 14:00")
    assert [event.data["rung"] for event in story.wake() if event.leg == 3] == ["officer"]
