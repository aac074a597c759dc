"""The first signature of a hand-over: this leg is done, the next ones open (R22, R25)."""

import pytest

from chalicelib.domain.actor import Actor
from chalicelib.domain.desk import record_payment
from chalicelib.domain.errors import ConflictError, ForbiddenError, RuleError
from chalicelib.domain.terms import LegState, Role, Stage, Status
from chalicelib.domain.unit import complete, hand_over, receive, send_back
from tests.domain.builders import (
    BIRTH,
    CITIZEN_OWNER,
    CLERK,
    INSURANCE,
    LAND,
    OFFICE,
    ONE_UNIT,
    PAY,
    POLICE,
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
from tests.domain.story import Story, accepted


def test_the_next_unit_holds_it() -> None:
    """Its clock runs from the hand-over, on its own calendar, not from its receipt."""
    story = accepted(TWO_UNITS).wait(hours=1)
    (event,) = story.do(hand_over, WORKER, note="all in order")
    done, opened = story.leg(2), story.leg(3)
    assert (done.state, done.outcome, done.closed_at) == (
        LegState.DONE,
        "handed_over",
        at("2026-10-05 10:00"),
    )
    assert (opened.holder, opened.giver, opened.code, opened.step) == (LAND, OFFICE, "province", 1)
    assert (opened.clock.budget, opened.clock.since) == (3 * WORKING_DAY, at("2026-10-05 10:00"))
    assert opened.received_at is None
    assert (event.type, event.leg) == ("handed_over", 2)
    assert event.data == {"received": True, "to": [3], "resumed": []}
    assert story.notes[-1] == "all in order"
    assert story.dossier.step == 1


def test_handing_over_receives_what_was_not_received() -> None:
    """The slip must not lack the second signature of the hop before."""
    story = accepted(TWO_UNITS).wait(hours=1)
    story.do(hand_over, WORKER)
    assert (story.leg(2).received_at, story.leg(2).received_by) == (
        at("2026-10-05 10:00"),
        WORKER.id,
    )
    assert story.dossier.status is Status.PROCESSING


def test_a_receipt_before_it_stays_as_it_was() -> None:
    """The signature is of whoever signed first."""
    story = accepted(TWO_UNITS).wait(hours=1)
    story.do(receive, official(OFFICE, Role.HEAD))
    moment = story.now
    (event,) = story.wait(hours=1).do(hand_over, WORKER)
    assert story.leg(2).received_at == moment
    assert event.data["received"] is False


def test_a_step_with_two_legs_opens_both() -> None:
    """Police and insurance get it at the same moment, each with its own clock."""
    story = accepted(BIRTH)
    (event,) = story.do(hand_over, WORKER)
    assert event.data["to"] == [3, 4]
    assert event.holders == ((3, POLICE), (4, INSURANCE))
    assert (story.leg(3).required, story.leg(4).required) == (True, False)
    assert story.dossier.stage is Stage.INTER_AGENCY


def test_the_last_leg_is_completed_not_handed_over() -> None:
    """A dossier must not be settled without its result."""
    error = RuleError("leg.result_needed", pointer="/action")
    accepted(ONE_UNIT).refuses(error, hand_over, WORKER)


def test_a_payment_of_nothing_makes_no_leg_last_but_one() -> None:
    """The step behind it would be passed over, so this is the last one all the same."""
    story = accepted(procedure(step(unit_leg("do")), step(PAY)))
    story.refuses(RuleError("leg.result_needed", pointer="/action"), hand_over, WORKER)


def test_before_a_payment_that_is_due_it_can_be_handed_over() -> None:
    """The citizen pays, then the dossier goes on."""
    story = accepted(procedure(step(unit_leg("do")), step(PAY), step(unit_leg("more"))))
    story.dossier.dues = 1000
    story.do(hand_over, WORKER)
    assert story.dossier.status is Status.PAYMENT_REQUESTED


def test_an_independent_leg_always_has_a_result_of_its_own() -> None:
    """It is handed out apart, so it is never just handed over."""
    story = accepted(procedure(step(unit_leg("a"), unit_leg("b", "land", required=False))))
    error = RuleError("leg.result_needed", pointer="/action")
    story.refuses(error, hand_over, SURVEYOR, leg=3)
    story.refuses(error, hand_over, WORKER, leg=2)  # nothing required is beside it


def test_beside_an_open_leg_it_can_be_handed_over() -> None:
    """The other one will be the last."""
    story = accepted(procedure(step(unit_leg("a"), unit_leg("b", "land"))))
    (event,) = story.do(hand_over, WORKER, leg=2)
    assert event.data["to"] == []
    assert story.running() == [3]
    story.refuses(RuleError("leg.result_needed", pointer="/action"), hand_over, SURVEYOR)


def test_the_end_of_a_review_lets_the_waiting_leg_run_on() -> None:
    """The desk has looked; the unit's time goes on where it stood."""
    story = accepted().wait(hours=1)
    story.do(send_back, WORKER, reason="x")
    (event,) = story.wait(hours=1).do(hand_over, CLERK)
    assert event.data == {"received": True, "to": [], "resumed": [2]}
    assert (story.leg(3).outcome, story.leg(2).state) == ("handed_over", LegState.RUNNING)
    assert (story.leg(2).waits, story.leg(2).clock.since) == (None, at("2026-10-05 11:00"))


@pytest.mark.parametrize(
    "actor", [CLERK, SURVEYOR, CITIZEN_OWNER, official(OFFICE, Role.LEADER, Role.AUDITOR)]
)
def test_only_the_holder_signs(actor: Actor) -> None:
    """The giver's signature is the giver's."""
    error = ForbiddenError("decision.not_yours")
    accepted(TWO_UNITS).refuses(error, hand_over, actor)


@pytest.mark.parametrize("role", [Role.OFFICER, Role.HEAD, Role.DESK])
def test_officials_heads_and_desks_of_the_unit_may(role: Role) -> None:
    """A small unit has one person in several roles."""
    story = accepted(TWO_UNITS)
    story.do(hand_over, official(OFFICE, role))
    assert story.running() == [3]


def test_of_two_running_legs_one_is_named() -> None:
    """Guessing would sign for the wrong unit."""
    story = accepted(procedure(step(unit_leg("a"), unit_leg("b", "land"))))
    error = ConflictError("leg.choose_one", pointer="/leg")
    story.refuses(error, hand_over, WORKER)
    story.refuses(ConflictError("leg.not_running", pointer="/leg"), hand_over, WORKER, leg=1)


def test_the_intake_is_accepted_not_handed_over() -> None:
    """No way past the register."""
    Story().refuses(ConflictError("leg.not_running", pointer="/leg"), hand_over, CLERK, leg=1)


def test_a_payment_never_settles_without_a_result() -> None:
    """The last `complete` needs a result; paying is not one."""
    story = accepted(procedure(step(unit_leg("do")), step(PAY)))
    story.dossier.dues = 1000
    story.refuses(RuleError("leg.result_needed", pointer="/action"), hand_over, WORKER)
    story.do(complete, WORKER, result="R-1")
    story.do(record_payment, CLERK, amount=1000, receipt="B-1")
    assert [leg.result for leg in story.dossier.results] == ["R-1"]


def test_an_independent_leg_to_come_settles_nothing() -> None:
    """The last required unit brings the result, whatever may still be asked beside it."""
    beside = step(unit_leg("beside", "land", required=False))
    story = accepted(procedure(step(unit_leg("do")), beside))
    story.refuses(RuleError("leg.result_needed", pointer="/action"), hand_over, WORKER)
