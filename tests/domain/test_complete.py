"""The end of a leg with its result, and of the settlement with the last one (R27)."""

import pytest

from chalicelib.domain.actor import Actor
from chalicelib.domain.errors import ConflictError, ForbiddenError
from chalicelib.domain.procedure import Fee, FeeKind
from chalicelib.domain.terms import (
    Channel,
    LegKind,
    LegState,
    ResultKind,
    Role,
    Stage,
    Status,
)
from chalicelib.domain.unit import complete, send_back
from tests.domain.builders import (
    CITIZEN_OWNER,
    CLERK,
    DESK,
    FEE,
    NAME,
    OFFICE,
    SIDE_BY_SIDE,
    SURVEYOR,
    TWO_UNITS,
    WORKER,
    WORKING_DAY,
    at,
    official,
    procedure,
    step,
    unit_leg,
)
from tests.domain.story import accepted


def test_the_last_one_settles_the_dossier() -> None:
    """Status 9, the result kept, the settlement clock stopped, the desk hands out."""
    story = accepted().wait(hours=1)
    (event,) = story.do(complete, WORKER, result="R-1", note="done")
    dossier, back = story.dossier, story.leg(3)
    assert (dossier.status, dossier.stage, dossier.step) == (Status.SETTLED, Stage.RETURN, 1)
    assert (story.leg(2).result, dossier.result_kind) == ("R-1", ResultKind.GRANTED)
    assert dossier.results == [story.leg(2)]
    assert (story.leg(2).state, story.leg(2).outcome) == (LegState.DONE, "completed")
    assert (story.leg(0).is_open, story.leg(0).outcome) == (False, "granted")
    assert (story.leg(0).clock.consumed, story.leg(0).closed_at) == (3600, at("2026-10-05 10:00"))
    assert (back.kind, back.holder, back.giver, back.code) == (
        LegKind.RETURN,
        DESK,
        DESK,
        "return",
    )
    assert (back.clock.budget, back.step) == (30 * WORKING_DAY, 1)
    assert (event.type, event.leg, event.status) == ("completed", 2, "settled")
    assert event.data == {"received": True, "result": "R-1", "to": [3]}
    assert story.notes[-1] == "done"
    assert dossier.due_at is None


def test_completing_receives_the_leg() -> None:
    """No hop of the control slip lacks its signature."""
    story = accepted().wait(hours=1)
    story.do(complete, WORKER, result="R-1")
    assert (story.leg(2).received_by, story.leg(2).received_at) == (WORKER.id, story.now)


def test_a_leg_in_the_middle_keeps_its_result_and_goes_on() -> None:
    """The next unit holds it; nothing is settled."""
    story = accepted(TWO_UNITS)
    (event,) = story.do(complete, WORKER, result="R-1")
    assert (story.dossier.status, story.leg(2).result) == (Status.PROCESSING, "R-1")
    assert story.dossier.results == []
    assert event.data["to"] == [3]
    story.do(complete, SURVEYOR, result="R-2")
    assert story.dossier.status is Status.SETTLED
    assert [leg.result for leg in story.dossier.results] == ["R-1", "R-2"]


def test_the_days_to_collect_are_the_procedures() -> None:
    """Thirty working days are a default."""
    story = accepted(procedure(step(unit_leg("do")), collect_days=5))
    story.do(complete, WORKER, result="R-1")
    assert story.leg(3).clock.budget == 5 * WORKING_DAY


@pytest.mark.parametrize(
    ("channel", "due"),
    [(Channel.ONLINE, 10_500), (Channel.COUNTER, 20_700), (Channel.POST, 20_700)],
)
def test_the_fee_is_due_with_the_result(channel: Channel, due: int) -> None:
    """Charge and fee add up, by the channel of filing."""
    charge = Fee("charge", NAME, FeeKind.CHARGE, counter=700, online=500)
    story = accepted(procedure(step(unit_leg("do")), fees=(FEE, charge)), channel=channel)
    assert story.dossier.dues == 0
    story.do(complete, WORKER, result="R-1")
    assert story.dossier.dues == due


def test_the_fee_adds_to_what_is_due_already() -> None:
    """A tax that was never paid must not vanish under the fee."""
    story = accepted(TWO_UNITS)
    story.dossier.dues = 500
    story.do(complete, WORKER, result="R-1")
    story.do(complete, SURVEYOR, result="R-2")
    assert story.dossier.dues == 10_500


def test_a_step_ends_with_its_last_required_leg() -> None:
    """Side by side, the first one that is done waits for the other."""
    story = accepted(SIDE_BY_SIDE)
    (event,) = story.do(complete, WORKER, result="R-1", leg=2)
    assert (event.data["to"], story.running(), event.status) == ([], [3], "processing")
    (event,) = story.do(complete, SURVEYOR, result="R-2", leg=3)
    assert event.status == "settled"


def test_settling_clears_the_desks_task() -> None:
    """Nobody apologises for a result that is there."""
    story = accepted()
    story.dossier.task = "apologise"
    story.do(complete, WORKER, result="R-1")
    assert story.dossier.task == ""


@pytest.mark.parametrize("actor", [CLERK, SURVEYOR, CITIZEN_OWNER, official(OFFICE, Role.LEADER)])
def test_only_the_holder_completes(actor: Actor) -> None:
    """The result is the competent unit's."""
    accepted().refuses(ForbiddenError("decision.not_yours"), complete, actor, result="R-1")


def test_a_review_has_no_result() -> None:
    """The desk hands it over again; it does not decide the matter."""
    story = accepted()
    story.do(send_back, WORKER, reason="x")
    error = ConflictError("leg.not_running", pointer="/leg")
    story.refuses(error, complete, CLERK, result="R-1")
    story.refuses(error, complete, WORKER, result="R-1")


def test_completed_once() -> None:
    """Of two officials at once one wins."""
    story = accepted()
    story.refuses(
        ConflictError("leg.not_running", pointer="/leg"), complete, WORKER, result="", leg=1
    )
    story.do(complete, WORKER, result="R-1", leg=2)
    error = ConflictError("leg.not_running", pointer="/leg")
    story.refuses(error, complete, WORKER, result="R-2")
