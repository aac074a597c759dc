"""Asking an agency outside the route: by machine, with its own time, while the asker waits (R5)."""

from chalicelib.domain.actor import Actor
from chalicelib.domain.calendar import LimitUnit, TimeLimit
from chalicelib.domain.errors import ConflictError, ForbiddenError, NotFoundError, RuleError
from chalicelib.domain.ids import AgencyCode
from chalicelib.domain.interagency import Outcome
from chalicelib.domain.terms import LegKind, LegState, Role, Stage, Status
from chalicelib.domain.unit import complete, request_agency
from tests.domain.builders import (
    CITIZEN_OWNER,
    CLERK,
    LAND,
    OFFICE,
    SURVEYOR,
    TAX,
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


def asked(story: Story) -> Story:
    """The office asks tax, two working days."""
    story.do(request_agency, WORKER, agency=TAX, limit=days(2), reason="what is owed?")
    return story


def test_the_agency_holds_it_while_the_unit_waits() -> None:
    """Out and back are on the control slip, each with its own clock (R25)."""
    story = asked(accepted().wait(hours=1))
    leg, waiting = story.leg(3), story.leg(2)
    assert (leg.kind, leg.code, leg.holder, leg.giver) == (
        LegKind.AGENCY,
        "requested",
        TAX,
        OFFICE,
    )
    assert (leg.clock.budget, leg.clock.since) == (2 * WORKING_DAY, at("2026-10-05 10:00"))
    assert (waiting.state, waiting.waits, waiting.clock.consumed) == (LegState.PAUSED, 3, 3600)
    assert waiting.received_by == WORKER.id
    assert leg.required is True
    assert (story.dossier.status, story.dossier.stage) == (Status.PROCESSING, Stage.INTER_AGENCY)
    event = story.events[-1]
    assert (event.type, event.leg, event.data) == ("agency_requested", 2, {"to": [3]})
    assert story.notes[-1] == "what is owed?"


def test_the_limit_counts_on_the_agencys_calendar_from_now() -> None:
    """Calendar days end at the end of the agency's own working day."""
    story = accepted()
    limit = TimeLimit(1, LimitUnit.CALENDAR_DAYS)
    story.do(request_agency, WORKER, agency=TAX, limit=limit, reason="?")
    assert story.due(3) == at("2026-10-06 16:30")  # tax works 06:30 to 16:30


def test_the_answer_lets_the_unit_run_on() -> None:
    """Where it stood; the dossier stays in its step."""
    story = asked(accepted().wait(hours=1)).wait(hours=1)
    story.answers(3, Outcome.COMPLETED, result="R-9")
    waiting = story.leg(2)
    assert (waiting.state, waiting.waits, waiting.clock.consumed) == (LegState.RUNNING, None, 3600)
    assert (story.dossier.step, story.running()) == (0, [2])
    story.do(complete, WORKER, result="R-1")
    assert story.dossier.status is Status.SETTLED


def test_only_a_unit_that_holds_it_asks() -> None:
    """Not the desk, not the citizen, not another unit."""
    for actor in (CLERK, CITIZEN_OWNER, SURVEYOR, official(OFFICE, Role.LEADER)):
        _refuses(ForbiddenError("decision.not_yours"), actor)


def _refuses(error: ForbiddenError, actor: Actor) -> None:
    accepted().refuses(error, request_agency, actor, agency=TAX, limit=days(2), reason="?")


def test_an_unknown_agency_is_not_found() -> None:
    """A mistyped code must not open a leg that nobody will answer."""
    code = AgencyCode("X9")
    error = NotFoundError("agency.not_found", pointer="/agency", agency="X9")
    accepted().refuses(error, request_agency, WORKER, agency=code, limit=days(2), reason="?")


def test_nobody_asks_itself() -> None:
    """It would stop the unit's own clock."""
    error = RuleError("leg.same_agency", pointer="/agency")
    accepted().refuses(error, request_agency, WORKER, agency=OFFICE, limit=days(2), reason="?")


def test_the_asked_agency_cannot_ask_on() -> None:
    """An agency's leg has no workspace here; while it runs nobody else's leg does."""
    story = asked(accepted())
    error = ConflictError("leg.not_running", pointer="/leg")
    actor = official(TAX, Role.OFFICER)
    story.refuses(error, request_agency, actor, agency=LAND, limit=days(2), reason="?")


def test_the_named_leg_is_meant() -> None:
    """Of two legs in one hand, one is named."""
    story = accepted(procedure(step(unit_leg("a"), unit_leg("b"))))
    error = ConflictError("leg.choose_one", pointer="/leg")
    story.refuses(error, request_agency, WORKER, agency=TAX, limit=days(2), reason="?")
    story.do(request_agency, WORKER, agency=TAX, limit=days(2), reason="?", leg=3)
    assert story.leg(3).waits == 4


def test_an_independent_legs_question_holds_up_nothing() -> None:
    """The birth certificate never waits for the insurance card, nor for a question about it."""
    story = accepted(
        procedure(
            step(unit_leg("a"), unit_leg("b", "land", required=False)),
            step(unit_leg("c")),
            step(unit_leg("d")),
        )
    )
    story.do(complete, WORKER, result="R-1", leg=2)
    story.do(request_agency, SURVEYOR, agency=TAX, limit=days(2), reason="?", leg=3)
    story.do(complete, WORKER, result="R-2", leg=4)
    assert story.dossier.step == 2


def test_the_agency_is_shown_what_the_request_shares() -> None:
    """Nothing by default: whoever asks says what is needed for the answer."""
    story = accepted()
    more = {"agency": TAX, "limit": days(2), "reason": "?"}
    error = RuleError("supplement.unknown_subject", pointer="/shares", subject="paper:x")
    story.refuses(error, request_agency, WORKER, shares=["paper:x"], **more)
    story.do(request_agency, WORKER, shares=["section:person", "paper:id"], **more)
    assert story.leg(3).shares == ("paper:id", "section:person")
    assert asked(accepted()).leg(3).shares == ()
