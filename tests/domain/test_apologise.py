"""The letter of apology and the new date (R28): a promise, which never hides the missed date."""

import pytest

from chalicelib.domain.actor import Actor
from chalicelib.domain.citizen import supplement
from chalicelib.domain.desk import apologise, request_supplement
from chalicelib.domain.errors import ConflictError, ForbiddenError, RuleError
from chalicelib.domain.ids import AgencyCode
from chalicelib.domain.milestones import next_wake
from chalicelib.domain.terms import Role
from chalicelib.domain.unit import complete, send_back
from tests.domain.builders import (
    CHAIR,
    CITIZEN_OWNER,
    CLERK,
    DESK,
    LAND,
    OFFICE,
    WORKER,
    at,
    marks,
    official,
    procedure,
    step,
    unit_leg,
)
from tests.domain.story import Story, accepted

NEW_DATE = at("2026-10-20 17:00")
DUE = at("2026-10-16 09:00")


def apologised(story: Story) -> Story:
    """The desk apologises for the office."""
    story.do(apologise, CLERK, reason="a flood", promised_at=NEW_DATE, unit=OFFICE)
    return story


def test_it_sets_the_promised_date_and_leaves_the_due_date() -> None:
    """Figures use `due_at`: an apology makes nobody punctual."""
    story = apologised(accepted().wait(hours=1))
    assert (story.dossier.promised_at, story.dossier.due_at) == (NEW_DATE, DUE)
    assert story.dossier.appointments == 1
    event = story.events[-1]
    assert (event.type, event.leg, event.actor) == ("apologised", None, str(CLERK))
    assert event.data == {"unit": OFFICE, "promised_at": "2026-10-20T10:00:00Z"}
    assert story.notes[-1] == "a flood"


def test_it_ends_the_desks_task() -> None:
    """The system had opened it when the due time passed without a word."""
    story = accepted().until("2026-10-16 09:00")
    story.wake()
    assert story.dossier.task == "apologise"
    apologised(story)
    assert story.dossier.task == ""


def test_a_call_that_is_open_stays_open() -> None:
    """Another letter does not replace the leader's call."""
    story = accepted()
    story.dossier.task = "call"
    apologised(story)
    assert story.dossier.task == "call"


def test_with_an_apology_the_system_opens_no_task() -> None:
    """The due time passes; the citizen was told before."""
    story = apologised(accepted()).until("2026-10-16 09:00")
    passed = [event.data["milestone"] for event in story.wake() if event.leg == 0]
    assert (passed, story.dossier.task) == (["due_soon", "due"], "")


def test_one_re_appointment() -> None:
    """The number is the procedure's; one is the rule."""
    story = apologised(accepted())
    more = {"reason": "x", "promised_at": NEW_DATE, "unit": OFFICE}
    story.refuses(RuleError("apology.once"), apologise, CLERK, **more)
    twice = apologised(accepted(procedure(step(unit_leg("do")), reappointments=2)))
    error = RuleError("apology.promised_at", pointer="/promised_at")
    twice.refuses(error, apologise, CLERK, **more)  # no new date
    later = at("2026-10-21 17:00")
    twice.do(apologise, CLERK, reason="x", promised_at=later, unit=OFFICE)
    assert (twice.dossier.appointments, twice.dossier.promised_at) == (2, later)
    more["promised_at"] = at("2026-10-22 17:00")
    twice.refuses(RuleError("apology.once"), apologise, CLERK, **more)


@pytest.mark.parametrize("actor", [CLERK, official(DESK, Role.LEADER)])
def test_the_desk_or_its_leader_signs(actor: Actor) -> None:
    """The unit at fault writes to the desk; the desk to the citizen."""
    story = accepted()
    story.do(apologise, actor, reason="x", promised_at=NEW_DATE, unit=OFFICE)
    assert story.dossier.promised_at == NEW_DATE


@pytest.mark.parametrize("actor", [WORKER, CHAIR, CITIZEN_OWNER, official(DESK, Role.OFFICER)])
def test_nobody_else_signs(actor: Actor) -> None:
    """A unit never writes to the citizen past the desk."""
    error = ForbiddenError("decision.not_yours")
    accepted().refuses(error, apologise, actor, reason="x", promised_at=NEW_DATE, unit=OFFICE)


def test_there_is_nothing_to_apologise_for_before_acceptance_or_after_the_result() -> None:
    """The appointed date exists only in between."""
    error = ConflictError("apology.not_in_settlement")
    more = {"reason": "x", "promised_at": NEW_DATE, "unit": DESK}
    Story().refuses(error, apologise, CLERK, **more)
    story = accepted()
    story.do(complete, WORKER, result="R-1")
    story.refuses(error, apologise, CLERK, **more)


@pytest.mark.parametrize("unit", [LAND, AgencyCode("citizen"), AgencyCode("X9")])
def test_the_unit_at_fault_had_the_dossier(unit: AgencyCode) -> None:
    """Delay is attributed to whom it belongs to, never to the citizen (R28)."""
    story = accepted()
    story.do(send_back, WORKER, reason="x")
    story.do(request_supplement, CLERK, checks=marks("paper:id"))
    error = RuleError("apology.unit", pointer="/unit")
    story.refuses(error, apologise, CLERK, reason="x", promised_at=NEW_DATE, unit=unit)


def test_the_desk_itself_may_be_at_fault() -> None:
    """It held the intake."""
    story = accepted()
    story.do(apologise, CLERK, reason="x", promised_at=NEW_DATE, unit=DESK)
    assert story.events[-1].data["unit"] == DESK


@pytest.mark.parametrize("when", ["2026-10-05 09:00", "2026-10-01 09:00"])
def test_the_new_date_is_ahead(when: str) -> None:
    """A promise of the past is none, nor one that leaves nobody time to keep it."""
    error = RuleError("apology.promised_at", pointer="/promised_at")
    accepted().refuses(error, apologise, CLERK, reason="x", promised_at=at(when), unit=OFFICE)


def test_the_new_date_lies_beyond_the_appointed_one() -> None:
    """An earlier one would lapse before anything is late, and use up the re-appointment."""
    error = RuleError("apology.promised_at", pointer="/promised_at")
    early = at("2026-10-06 08:00")
    accepted().refuses(error, apologise, CLERK, reason="x", promised_at=early, unit=OFFICE)


def test_a_second_of_working_time_is_ahead() -> None:
    """The lower end: whether a date can be kept is the desk's judgement, not a rule."""
    story = accepted()
    soon = at("2026-10-16 09:00:01")
    error = RuleError("apology.promised_at", pointer="/promised_at")
    story.refuses(error, apologise, CLERK, reason="x", promised_at=DUE, unit=OFFICE)
    story.do(apologise, CLERK, reason="x", promised_at=soon, unit=OFFICE)
    assert story.dossier.promised_at == soon


def test_a_promise_that_lapsed_stays_lapsed_after_a_pause() -> None:
    """It is no milestone of the ladder; the leader must not have to call a second time."""
    story = apologised(accepted()).until(NEW_DATE)
    story.wake()
    story.do(send_back, WORKER, reason="x")
    story.do(request_supplement, CLERK, checks=marks("paper:id"))
    story.wait(days=1).do(supplement, CITIZEN_OWNER, subjects=["paper:id"])
    assert "promise_lapsed" in story.leg(0).claimed
    assert "promise_lapsed" not in [event.data["milestone"] for event in story.wake()]


def test_when_the_promise_lapses_a_leader_must_call() -> None:
    """The second broken word is answered by a person, not by a letter."""
    story = apologised(accepted()).until("2026-10-20 16:59:59")
    story.wake()
    assert story.dossier.task == ""
    story.until(NEW_DATE)
    passed = {event.data["milestone"]: event for event in story.wake()}
    event = passed["promise_lapsed"]
    assert story.dossier.task == "call"
    assert (event.leg, event.data["effect"], event.data["rung"]) == (0, "call", "leader")
    assert event.data["nominal_at"] == "2026-10-20T10:00:00Z"
    assert [told["officer"] for told in event.data["told"]] == ["commune-leader"]
    assert "promise_lapsed" not in [event.data["milestone"] for event in story.wait(days=9).wake()]


def test_the_promise_is_a_wake_up() -> None:
    """The execution must not sleep past it."""
    story = accepted().until(DUE)
    story.wake()
    story.do(apologise, CLERK, reason="x", promised_at=at("2026-10-16 09:30"), unit=OFFICE)
    assert story.dossier.wake_at == at("2026-10-16 09:30")
    assert next_wake(story.loaded()) == at("2026-10-16 09:30")


def test_a_promise_kept_is_forgotten() -> None:
    """With the result there, nothing lapses."""
    story = apologised(accepted())
    story.do(complete, WORKER, result="R-1")
    assert story.until("2026-10-21 08:00").wake() == []


def test_a_promise_does_not_lapse_while_the_citizen_holds_the_dossier() -> None:
    """No milestone while paused: a leader would call to be told that it is the citizen's turn."""
    story = apologised(accepted())
    story.do(send_back, WORKER, reason="x")
    story.do(request_supplement, CLERK, checks=marks("paper:id"))
    passed = [event.data["milestone"] for event in story.until("2026-10-20 17:00").wake()]
    assert "promise_lapsed" not in passed


def test_a_second_promise_lapses_too() -> None:
    """Where a procedure allows two re-appointments, both are kept or answered for."""
    story = apologised(accepted(procedure(step(unit_leg("do")), reappointments=2)))
    story.until(NEW_DATE).wake()
    later = at("2026-10-27 17:00")
    story.do(apologise, CLERK, reason="x", promised_at=later, unit=OFFICE)
    lapsed = [event.data["milestone"] for event in story.until(later).wake()]
    assert "promise_lapsed" in lapsed


def test_a_pause_moves_the_promise_like_the_due_time() -> None:
    """By exactly the working time the citizen took; meanwhile there is no date to name."""
    story = apologised(accepted())
    story.do(send_back, WORKER, reason="x")
    story.do(request_supplement, CLERK, checks=marks("paper:id"))
    assert (story.dossier.promised_at, story.dossier.due_at) == (None, None)
    story.wait(days=1).do(supplement, CITIZEN_OWNER, subjects=["paper:id"])
    assert story.dossier.promised_at == at("2026-10-21 17:00")
