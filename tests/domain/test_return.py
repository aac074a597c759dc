"""The result is handed out: paid or exempt, and then it is over (R27)."""

import pytest

from chalicelib.domain.actor import Actor
from chalicelib.domain.control_slip import is_early
from chalicelib.domain.desk import Handing, record_payment, return_result
from chalicelib.domain.errors import ConflictError, ForbiddenError, RuleError
from chalicelib.domain.interagency import Outcome
from chalicelib.domain.terms import LegState, Role, Stage, Status
from chalicelib.domain.unit import complete, refuse
from tests.domain.builders import (
    CITIZEN_OWNER,
    CLERK,
    DESK,
    FEE,
    PAY,
    WORKER,
    agency_leg,
    at,
    official,
    procedure,
    step,
    unit_leg,
)
from tests.domain.story import Story, accepted


def settled(**more: object) -> Story:
    """Settled on Monday at 09:00."""
    story = accepted(procedure(step(unit_leg("do")), **more))
    story.do(complete, WORKER, result="R-1")
    return story


def test_returned_is_the_end() -> None:
    """Status 10: no leg, no timer, nothing more to decide."""
    story = settled().wait(days=1)
    (event,) = story.do(return_result, CLERK)
    dossier, leg = story.dossier, story.leg(3)
    assert (dossier.status, dossier.stage, dossier.wake_at) == (
        Status.RETURNED,
        Stage.CLOSED,
        None,
    )
    assert (leg.state, leg.outcome, leg.closed_at) == (
        LegState.DONE,
        "returned",
        at("2026-10-06 09:00"),
    )
    assert (event.type, event.leg, event.holders) == ("returned", 3, ())
    assert event.data == {"how": "counter"}
    story.refuses(ConflictError("leg.not_running", pointer="/leg"), return_result, CLERK)


@pytest.mark.parametrize("how", Handing)
def test_how_it_reached_the_citizen_is_on_record(how: Handing) -> None:
    """With the receiver, or the number of the parcel, in words that can be erased."""
    story = settled()
    story.do(return_result, CLERK, how=how, note="EE 123 VN")
    assert story.events[-1].data == {"how": how.value}
    assert story.notes[-1] == "EE 123 VN"


def test_the_settlement_clock_ended_with_the_result_not_with_its_collection() -> None:
    """Late collection is not the administration's delay."""
    story = settled().wait(days=9)
    story.do(return_result, CLERK)
    assert (story.leg(0).closed_at, story.leg(0).outcome) == (at("2026-10-05 09:00"), "granted")


def test_what_is_due_is_paid_first() -> None:
    """The clerk is told how much."""
    story = settled(fees=(FEE,))
    story.refuses(RuleError("payment.outstanding", outstanding=10_000), return_result, CLERK)
    story.do(record_payment, CLERK, amount=9_999, receipt="B-1")
    story.refuses(RuleError("payment.outstanding", outstanding=1), return_result, CLERK)
    story.do(record_payment, CLERK, amount=1, receipt="B-2")
    story.do(return_result, CLERK, leg=3)
    assert story.dossier.status is Status.RETURNED


@pytest.mark.parametrize("actor", [WORKER, CITIZEN_OWNER, official(DESK, Role.HEAD)])
def test_only_the_desk_hands_out(actor: Actor) -> None:
    """The one window is where the citizen comes back to."""
    settled().refuses(ForbiddenError("decision.not_yours"), return_result, actor)


def test_nothing_is_handed_out_before_the_result() -> None:
    """There is no leg for it."""
    error = ConflictError("leg.not_running", pointer="/leg")
    accepted().refuses(error, return_result, CLERK)
    settled().refuses(error, return_result, CLERK, leg=2)


def test_a_refusal_slip_is_handed_out_too() -> None:
    """It is a result; 9 → 10 like any other."""
    story = accepted()
    story.do(refuse, WORKER, reason="no")
    story.do(return_result, CLERK)
    assert story.dossier.status is Status.RETURNED


def test_the_citizen_is_reminded_of_what_lies_ready_and_never_expires() -> None:
    """At half time and at the end; a result is kept, however long it takes."""
    story = settled()
    events = story.until("2027-03-01 08:00").wake()
    assert [(event.data["milestone"], event.data["effect"]) for event in events] == [
        ("uncollected_1", "remind"),
        ("uncollected_2", "remind"),
    ]
    assert story.dossier.status is Status.SETTLED
    assert story.dossier.wake_at == at("2027-03-31 08:00")  # nothing ahead: thirty days on


def test_a_refused_citizen_owes_no_tax_for_what_was_refused() -> None:
    """The refusal slip must be handed out without money for a transfer that will not be."""
    story = accepted(procedure(step(agency_leg("tax"), agency_leg("police")), step(PAY)))
    story.answers(2, Outcome.COMPLETED, amount=1_500_000)
    story.answers(3, Outcome.REFUSED, note="no residence")
    story.do(return_result, CLERK)


def test_an_early_result_is_to_be_told() -> None:
    """The desk sees whom to call; at or after the due time there is nothing to be glad of."""
    assert is_early(settled().dossier)
    assert not is_early(accepted().dossier)
    late = accepted().until("2026-10-16 09:00")
    late.do(complete, WORKER, result="file-1")
    assert not is_early(late.dossier)
