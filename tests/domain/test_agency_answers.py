"""What an agency's signed callback may say, and what it changes (R5, R24-R26)."""

from chalicelib.domain.actor import Actor
from chalicelib.domain.desk import return_result
from chalicelib.domain.dossier import Dossier
from chalicelib.domain.errors import ConflictError, Error, NotFoundError, RuleError
from chalicelib.domain.interagency import Answer, Outcome, answer
from chalicelib.domain.terms import LegKind, LegState, ResultKind, Role, Stage, Status
from chalicelib.domain.unit import hand_over
from tests.domain.builders import (
    BIRTH,
    CLERK,
    DESK,
    HOUR,
    INSURANCE,
    LAND_TRANSFER,
    OFFICE,
    PAY,
    POLICE,
    SURVEYOR,
    TAX,
    WORKER,
    agency_leg,
    at,
    machine,
    official,
    procedure,
    step,
    unit_leg,
)
from tests.domain.story import Story, accepted


def at_tax() -> Story:
    """The land office has appraised; tax holds leg 3 since 10:00."""
    story = accepted(LAND_TRANSFER).wait(hours=1)
    story.do(hand_over, SURVEYOR)
    return story.wait(hours=1)


def call_back(dossier: Dossier, actor: Actor, leg: int, given: Answer) -> None:
    answer(dossier, actor, dossier.leg(leg), given)


def refused(story: Story, error: Error, given: Answer, leg: int = 3) -> None:
    """Tax answers `given` and is told `error`."""
    story.refuses(error, call_back, machine(TAX), leg, given)


def test_progress_receives_and_changes_nothing_else() -> None:
    """The citizen sees that somebody works on it; nobody's decision is disturbed."""
    story = at_tax()
    rev = story.dossier.rev
    (event,) = story.answers(3, Outcome.PROGRESS, note="half done")
    assert (event.type, event.leg, event.data) == ("agency_progressed", 3, {})
    assert story.notes[-1] == "half done"
    assert (story.leg(3).received_at, story.leg(3).received_by) == (at("2026-10-05 11:00"), TAX)
    assert (story.leg(3).is_running, story.dossier.rev) == (True, rev)


def test_completed_with_an_amount_the_citizen_pays() -> None:
    """The tax leg pauses for payment: status 6."""
    story = at_tax()
    (event,) = story.answers(
        3, Outcome.COMPLETED, note="assessed", amount=1_500_000, result="R-tax"
    )
    assert (story.dossier.dues, story.leg(3).result) == (1_500_000, "R-tax")
    assert (story.leg(3).state, story.leg(3).outcome) == (LegState.DONE, "completed")
    assert (story.leg(3).received_by, story.dossier.status) == (TAX, Status.PAYMENT_REQUESTED)
    assert (event.type, event.leg, event.actor) == ("agency_completed", 3, f"agency:{TAX}@{TAX}")
    assert event.data == {"amount": 1_500_000, "result": "R-tax", "to": [4]}
    assert story.notes[-1] == "assessed"
    assert (story.leg(4).kind, story.leg(4).giver) == (LegKind.PAYMENT, TAX)


def test_completed_with_nothing_to_pay_goes_on_at_once() -> None:
    """The payment step is passed over; an answer in the middle needs no result."""
    story = accepted(LAND_TRANSFER)
    story.do(hand_over, SURVEYOR)
    story.answers(3, Outcome.COMPLETED)
    assert (story.leg(3).result, story.dossier.dues) == ("", 0)
    assert (story.leg(4).code, story.dossier.step) == ("register", 3)


def test_amounts_of_several_agencies_add_up() -> None:
    """Each says what the citizen owes it."""
    story = accepted(procedure(step(agency_leg("tax"), agency_leg("police")), step(PAY)))
    story.answers(2, Outcome.COMPLETED, amount=300)
    story.answers(3, Outcome.COMPLETED, amount=20, result="R-3")
    assert story.dossier.dues == 320


def test_incomplete_goes_to_the_unit_that_sent_it() -> None:
    """Once, with a slip; the agency's clock stands still meanwhile (R26)."""
    story = at_tax()
    items = ("section:person", "paper:id")
    (event,) = story.answers(3, Outcome.INCOMPLETE, note="unreadable", items=items)
    review, leg = story.leg(4), story.leg(3)
    assert (review.kind, review.holder, review.giver) == (
        LegKind.REVIEW,
        story.leg(2).holder,
        TAX,
    )
    assert (leg.asked, leg.waits, leg.state) == (
        ("paper:id", "section:person"),
        4,
        LegState.PAUSED,
    )
    assert (leg.clock.consumed, leg.received_by) == (HOUR, TAX)
    assert (event.type, event.leg) == ("agency_incomplete", 3)
    assert event.data == {"items": ["paper:id", "section:person"], "to": [4]}
    assert story.notes[-1] == "unreadable"
    assert story.dossier.stage is Stage.DEPARTMENT


def test_incomplete_without_a_giver_goes_to_the_desk() -> None:
    """Somebody must look; the desk always can."""
    story = at_tax()
    story.dossier.leg(3).giver = None
    story.answers(3, Outcome.INCOMPLETE, items=("paper:id",))
    assert story.leg(4).holder == DESK


def test_incomplete_once() -> None:
    """The second slip is refused, whatever it lists."""
    story = at_tax()
    story.answers(3, Outcome.INCOMPLETE, items=("paper:id",))
    story.do(hand_over, SURVEYOR)
    error = RuleError("callback.incomplete_once", pointer="/outcome")
    refused(story, error, Answer(Outcome.INCOMPLETE, items=("paper:proof",)))


def test_incomplete_lists_known_items() -> None:
    """Specific, and only what the procedure asks for."""
    error = RuleError("callback.items_needed", pointer="/items")
    refused(at_tax(), error, Answer(Outcome.INCOMPLETE, "something"))
    unknown = RuleError("supplement.unknown_subject", pointer="/items", subject="paper:x")
    items = ("paper:id", "paper:z", "paper:x")
    refused(at_tax(), unknown, Answer(Outcome.INCOMPLETE, items=items))


def test_a_required_agencys_refusal_settles_the_dossier() -> None:
    """A refusal on the merits, an agency's included, is status 9."""
    story = accepted(BIRTH)
    story.do(hand_over, WORKER)
    (event,) = story.answers(3, Outcome.REFUSED, note="no residence")
    assert (story.dossier.status, story.dossier.result_kind) == (
        Status.SETTLED,
        ResultKind.REFUSAL,
    )
    assert (event.type, event.leg, event.data) == (
        "agency_refused",
        3,
        {"cancelled": [4], "to": [5]},
    )
    assert story.notes[-1] == "no residence"
    assert (story.leg(3).outcome, story.leg(4).outcome) == ("refusal", "refused_elsewhere")
    assert story.leg(3).received_by == POLICE


def test_an_independent_agencys_refusal_is_only_its_own() -> None:
    """No insurance card, but the residence goes on."""
    story = accepted(BIRTH)
    story.do(hand_over, WORKER)
    (event,) = story.answers(4, Outcome.REFUSED, note="insured already")
    assert event.data == {"cancelled": [], "to": []}
    assert (story.leg(4).outcome, story.leg(4).state) == ("refusal", LegState.DONE)
    assert story.leg(4).received_by == INSURANCE
    assert (story.running(), story.dossier.status) == ([3], Status.PROCESSING)
    story.answers(3, Outcome.COMPLETED, result="R-3")
    assert story.dossier.result_kind is ResultKind.GRANTED


def test_an_independent_refusal_after_the_settlement_leaves_it_granted() -> None:
    """The required one was done before; the desk hands out what there is."""
    story = accepted(BIRTH)
    story.do(hand_over, WORKER)
    story.answers(3, Outcome.COMPLETED, result="R-3")
    (event,) = story.answers(4, Outcome.REFUSED, note="insured already")
    assert (story.dossier.status, story.dossier.result_kind) == (
        Status.SETTLED,
        ResultKind.GRANTED,
    )
    assert (event.data["to"], story.running()) == ([], [5])


def test_an_independent_refusal_after_the_hand_out_is_handed_out_too() -> None:
    """The citizen comes once more for the refusal slip; the event names the desk's leg."""
    story = accepted(BIRTH)
    story.do(hand_over, WORKER)
    story.answers(3, Outcome.COMPLETED, result="R-3")
    story.do(return_result, CLERK)
    (event,) = story.answers(4, Outcome.REFUSED, note="insured already")
    assert (event.data["to"], story.running()) == ([6], [6])


def test_a_refusal_says_why() -> None:
    """The refusal slip is printed from it."""
    error = RuleError("callback.reason_needed", pointer="/note")
    refused(at_tax(), error, Answer(Outcome.REFUSED))


def test_too_late_it_is_filed_and_changes_nothing() -> None:
    """The agency is thanked, the record keeps it, nobody's decision is disturbed."""
    story = at_tax()
    story.answers(3, Outcome.COMPLETED, amount=500)
    rev, seq, legs = story.dossier.rev, story.dossier.seq, story.loaded().legs
    (event,) = story.answers(3, Outcome.REFUSED, note="we changed our mind")
    assert (event.type, event.leg, event.data) == (
        "callback_filed",
        None,
        {"of": 3, "outcome": "refused"},
    )
    assert story.notes[-1] == "we changed our mind"
    assert (story.dossier.rev, story.dossier.seq, story.dossier.legs) == (rev, seq, legs)


def test_while_its_leg_waits_it_is_a_conflict() -> None:
    """The agency asked and must wait for the answer."""
    story = at_tax()
    story.answers(3, Outcome.INCOMPLETE, items=("paper:id",))
    refused(story, ConflictError("callback.leg_waits"), Answer(Outcome.COMPLETED))


def test_another_agency_finds_nothing() -> None:
    """A callback id in the wrong hands must not even be confirmed."""
    error = NotFoundError("callback.not_found")
    given = Answer(Outcome.COMPLETED)
    at_tax().refuses(error, call_back, machine(POLICE), 3, given)
    at_tax().refuses(error, call_back, machine(DESK), 1, given)


def test_an_agency_in_the_workspace_may_hand_over() -> None:
    """Its software is down: an official of the agency does it here."""
    story = at_tax()
    story.do(hand_over, official(TAX, Role.OFFICER))
    assert story.running() == [4]


def test_a_review_never_lands_where_it_cannot_be_answered() -> None:
    """Two agencies in a row, the second finds it incomplete: the desk looks for the first."""
    story = accepted(procedure(step(agency_leg("tax")), step(agency_leg("police"))))
    story.answers(2, Outcome.COMPLETED)
    story.answers(3, Outcome.INCOMPLETE, items=("paper:id",))
    assert (story.leg(4).holder, story.leg(4).giver) == (DESK, POLICE)
    story.do(hand_over, CLERK)
    assert story.running() == [3]


def test_the_last_answer_needs_a_result() -> None:
    """The last `complete` needs a result, an agency's too: nothing cannot be handed out."""
    story = accepted(procedure(step(agency_leg("police"))))
    error = RuleError("callback.result_needed", pointer="/result")
    story.refuses(error, call_back, machine(POLICE), 2, Answer(Outcome.COMPLETED))
    story.answers(2, Outcome.COMPLETED, result="R-2")
    assert [leg.n for leg in story.dossier.results] == [2]


def test_an_independent_agencys_answer_needs_its_result() -> None:
    """It is handed out for itself, so there must be something to hand out."""
    story = accepted(BIRTH)
    story.do(hand_over, WORKER)
    error = RuleError("callback.result_needed", pointer="/result")
    story.refuses(error, call_back, machine(INSURANCE), 4, Answer(Outcome.COMPLETED))


def test_a_units_leg_may_be_answered_by_its_own_software() -> None:
    """A unit that gets software of its own answers like any other agency."""
    story = accepted(procedure(step(unit_leg("do"))))
    story.answers(2, Outcome.COMPLETED, result="R-1")
    assert (story.dossier.status, story.leg(2).holder) == (Status.SETTLED, OFFICE)
