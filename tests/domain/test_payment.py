"""Money: integer đồng, never more than is due, and the dossier goes on when it is all there."""

import pytest

from chalicelib.domain.actor import Actor
from chalicelib.domain.delivery import deliveries
from chalicelib.domain.desk import record_payment, request_supplement
from chalicelib.domain.errors import ConflictError, ForbiddenError, RuleError
from chalicelib.domain.interagency import Outcome
from chalicelib.domain.terms import LegKind, LegState, Role, Stage, Status
from chalicelib.domain.unit import complete, hand_over, send_back
from tests.domain.builders import (
    CITIZEN_OWNER,
    CLERK,
    DAY,
    DESK,
    LAND,
    LAND_TRANSFER,
    ONE_UNIT,
    PAY,
    SURVEYOR,
    TAX,
    TWO_UNITS,
    WORKER,
    agency_leg,
    at,
    marks,
    official,
    procedure,
    step,
    unit_leg,
)
from tests.domain.story import Story, accepted


def asked_to_pay(amount: int = 1_500_000) -> Story:
    """Tax has assessed; the citizen holds leg 4 since 10:00."""
    story = accepted(LAND_TRANSFER).wait(hours=1)
    story.do(hand_over, SURVEYOR)
    story.answers(3, Outcome.COMPLETED, amount=amount)
    return story


def pay(story: Story, amount: int, **more: int) -> None:
    story.do(record_payment, CLERK, amount=amount, receipt="B-1", **more)


def test_the_citizen_holds_it_until_paid() -> None:
    """Status 6, thirty days; no official's clock runs."""
    story = asked_to_pay()
    leg = story.leg(4)
    assert (story.dossier.status, story.dossier.stage) == (
        Status.PAYMENT_REQUESTED,
        Stage.PAYMENT,
    )
    assert (leg.kind, leg.code, leg.holder, leg.giver) == (
        LegKind.PAYMENT,
        "pay",
        "citizen",
        TAX,
    )
    assert (leg.clock.budget, leg.step) == (30 * DAY, 2)
    assert story.due(4) == at("2026-11-04 10:00")
    assert (story.running(), story.dossier.due_at) == ([4], None)


def test_the_days_to_pay_are_the_procedures() -> None:
    """Thirty is a default."""
    story = accepted(procedure(step(agency_leg("tax")), step(PAY), payment_days=10))
    story.answers(2, Outcome.COMPLETED, amount=1, result="R-2")
    assert story.leg(3).clock.budget == 10 * DAY


def test_paid_in_full_it_goes_on() -> None:
    """From the agency that asked for the money, to the next unit."""
    story = asked_to_pay().wait(days=1)
    (event,) = story.do(record_payment, CLERK, amount=1_500_000, receipt="B-7")
    assert story.dossier.paid == 1_500_000
    assert (story.leg(4).outcome, story.leg(4).state) == ("paid", LegState.DONE)
    assert (story.leg(5).code, story.leg(5).giver, story.leg(5).holder) == ("register", TAX, LAND)
    assert (event.type, event.leg, event.actor) == ("payment_recorded", 4, str(CLERK))
    assert event.data == {"amount": 1_500_000, "receipt": "B-7", "to": [5]}
    assert (event.status, story.running()) == ("processing", [5])


def test_a_part_leaves_the_rest_due() -> None:
    """Two instalments are two receipts."""
    story = asked_to_pay()
    pay(story, 500_000)
    assert (story.dossier.paid, story.running()) == (500_000, [4])
    assert story.events[-1].leg == 4
    pay(story, 1_000_000)
    assert story.running() == [5]


@pytest.mark.parametrize("amount", [0, -1, 1_500_001])
def test_nothing_and_too_much_are_refused(amount: int) -> None:
    """An overpayment would have to be refunded; the clerk sees what is outstanding."""
    error = RuleError("payment.amount", pointer="/amount", outstanding=1_500_000)
    asked_to_pay().refuses(error, record_payment, CLERK, amount=amount, receipt="B-1")


def test_one_dong_is_money() -> None:
    """The lower end of what is allowed."""
    story = asked_to_pay(1)
    pay(story, 1)
    assert story.running() == [5]


@pytest.mark.parametrize(
    "actor", [CITIZEN_OWNER, SURVEYOR, official(DESK, Role.HEAD), official(LAND, Role.DESK)]
)
def test_only_the_desk_records_money(actor: Actor) -> None:
    """Money and merits are kept apart."""
    error = ForbiddenError("decision.not_yours")
    asked_to_pay().refuses(error, record_payment, actor, amount=1, receipt="B-1")


def test_before_anything_is_due_there_is_nothing_to_record() -> None:
    """Neither at intake nor after the end."""
    error = ConflictError("payment.nothing_due", pointer="/amount")
    Story().refuses(error, record_payment, CLERK, amount=1, receipt="B-1")
    accepted().refuses(error, record_payment, CLERK, amount=1, receipt="B-1")


def test_paid_before_it_was_asked_for_the_step_is_passed_over() -> None:
    """A citizen at the counter need not come twice."""
    route = (step(agency_leg("tax")), step(unit_leg("do")), step(PAY), step(unit_leg("more")))
    story = accepted(procedure(*route))
    story.answers(2, Outcome.COMPLETED, amount=700)
    assert story.dossier.status is Status.PROCESSING
    pay(story, 700)
    assert (story.events[-1].leg, story.running()) == (None, [3])
    story.do(hand_over, WORKER)
    assert story.leg(4).code == "more"


def test_the_fee_is_taken_when_the_result_is_collected() -> None:
    """In status 9, on the return leg."""
    story = accepted(TWO_UNITS)
    story.do(complete, WORKER, result="R-1")
    story.do(complete, SURVEYOR, result="R-2")
    pay(story, 10_000, leg=4)
    assert (story.dossier.paid, story.dossier.status) == (10_000, Status.SETTLED)
    assert story.running() == [4]


def test_the_named_leg_is_a_payment_or_the_return() -> None:
    """Money is not recorded on a unit's leg."""
    story = asked_to_pay()
    error = ConflictError("leg.not_running", pointer="/leg")
    story.refuses(error, record_payment, CLERK, amount=1, receipt="B-1", leg=3)
    pay(story, 1_500_000, leg=4)
    story.refuses(error, record_payment, CLERK, amount=1, receipt="B-1", leg=5)


def test_a_payment_that_ends_the_route_settles_it() -> None:
    """The result was there before; now it can be handed out."""
    story = accepted(procedure(step(agency_leg("tax")), step(PAY)))
    story.answers(2, Outcome.COMPLETED, amount=5, result="R-1")
    pay(story, 5)
    assert story.dossier.status is Status.SETTLED
    assert [leg.result for leg in story.dossier.results] == ["R-1"]


def test_nothing_is_due_in_a_procedure_without_fees() -> None:
    """Free means free."""
    story = accepted(ONE_UNIT)
    story.do(complete, WORKER, result="R-1")
    error = ConflictError("payment.nothing_due", pointer="/amount")
    story.refuses(error, record_payment, CLERK, amount=1, receipt="B-1")


def test_money_is_taken_while_a_slip_is_open_beside_it() -> None:
    """Else the citizen would be stopped for not paying what nobody would take."""
    version = procedure(step(agency_leg("tax")), step(PAY, unit_leg("do")))
    story = accepted(version)
    story.answers(2, Outcome.COMPLETED, amount=5)
    story.do(send_back, WORKER, reason="x")
    story.do(request_supplement, CLERK, checks=marks("paper:id"))
    story.do(record_payment, CLERK, amount=5, receipt="B-1")
    assert story.leg(3).outcome == "paid"


def test_the_agency_after_a_payment_hears_of_its_leg() -> None:
    """Else it holds a dossier that it does not know of, while its clock runs."""
    story = accepted(procedure(step(agency_leg("tax")), step(PAY), step(agency_leg("police"))))
    story.answers(2, Outcome.COMPLETED, amount=5)
    events = story.do(record_payment, CLERK, amount=5, receipt="B-1")
    assert [each.message for each in deliveries(story.dossier, events)] == ["leg.opened"]


def test_after_a_part_only_the_rest_is_taken() -> None:
    """What was paid before counts, else the second instalment could be too much."""
    story = asked_to_pay()
    pay(story, 500_000)
    error = RuleError("payment.amount", pointer="/amount", outstanding=1_000_000)
    story.refuses(error, record_payment, CLERK, amount=1_000_001, receipt="B-2")
