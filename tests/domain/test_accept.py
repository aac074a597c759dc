"""Acceptance: the register entry, the return date and the first hand-over (R20, R22)."""

import pytest

from chalicelib.domain.calendar import LimitUnit, TimeLimit
from chalicelib.domain.desk import request_supplement
from chalicelib.domain.errors import ConflictError, ForbiddenError, RuleError
from chalicelib.domain.procedure import ByChannel, RouteLeg, UnitRule
from chalicelib.domain.terms import Channel, LegKind, LegState, Role, Stage, Status
from tests.domain.builders import (
    BIRTH,
    CITIZEN_OWNER,
    CLERK,
    DESK,
    LAND,
    NAME,
    OFFICE,
    PAY,
    WORKER,
    WORKING_DAY,
    agency_leg,
    at,
    both,
    days,
    marks,
    official,
    procedure,
    step,
    unit_leg,
)
from tests.domain.story import NUMBER, Story, accept, accepted

TWO_SPEEDS = ByChannel(counter=days(5), online=days(3))


def test_it_is_accepted_and_on_its_way() -> None:
    """Status 2, the moment of acceptance, its number, and the first unit as holder."""
    dossier = accepted().dossier
    assert (dossier.status, dossier.stage, dossier.step) == (Status.ACCEPTED, Stage.DEPARTMENT, 0)
    assert (dossier.accepted_at, dossier.number) == (at("2026-10-05 09:00"), NUMBER)
    assert dossier.leg(1).outcome == "accepted"
    assert dossier.leg(1).state is LegState.DONE
    assert dossier.leg(1).closed_at == at("2026-10-05 09:00")


def test_the_first_unit_gets_its_own_limit_from_the_desk() -> None:
    """Every unit has its own clock on its own leg (R24); the desk is the giver."""
    leg = accepted().leg(2)
    assert (leg.kind, leg.code, leg.step, leg.holder) == (LegKind.UNIT, "do", 0, OFFICE)
    assert (leg.giver, leg.required, leg.received_at) == (DESK, True, None)
    assert (leg.clock.budget, leg.clock.since) == (3 * WORKING_DAY, at("2026-10-05 09:00"))


def test_the_settlement_clock_starts_on_the_desks_calendar() -> None:
    """The receiving desk leads and answers for the whole (R35)."""
    story = accepted()
    leg = story.leg(0)
    assert (leg.n, leg.kind, leg.code, leg.step) == (0, LegKind.SETTLEMENT, "settlement", -1)
    assert (leg.holder, leg.opened_at) == (DESK, at("2026-10-05 09:00"))
    assert (leg.clock.budget, leg.clock.since) == (8 * WORKING_DAY, at("2026-10-05 09:00"))
    # Eight working days of the ordinary week, over a weekend and the holiday of 14/10.
    assert story.dossier.due_at == at("2026-10-16 09:00")


def test_accepted_late_the_clock_runs_from_when_the_answer_was_due() -> None:
    """A slow desk must not cost the citizen time."""
    story = Story().until("2026-10-07 10:00")  # the answer was due on Tuesday at 08:00
    story.do(accept, CLERK)
    assert story.leg(0).clock.since == at("2026-10-06 08:00")
    assert story.dossier.due_at == at("2026-10-19 08:00")
    assert story.leg(2).clock.since == at("2026-10-07 10:00")


def test_a_same_day_limit_accepted_late_counts_from_when_the_answer_was_due() -> None:
    """The budget too is computed from then, not from the late acceptance."""
    limit = TimeLimit(1, LimitUnit.SAME_DAY)
    story = Story(procedure(step(unit_leg("do")), limit=ByChannel(limit, limit)))
    story.until("2026-10-07 10:00").do(accept, CLERK)
    assert story.dossier.due_at == at("2026-10-06 17:00")


@pytest.mark.parametrize(
    ("channel", "total"), [(Channel.COUNTER, 5), (Channel.ONLINE, 3), (Channel.POST, 5)]
)
def test_the_channel_of_filing_fixes_all_limits(channel: Channel, total: int) -> None:
    """Filing online gets the published shorter time (R16), the whole's and the legs'."""
    leg = RouteLeg("do", NAME, LegKind.UNIT, unit_leg("do").unit, TWO_SPEEDS)
    story = accepted(procedure(step(leg), limit=TWO_SPEEDS), channel=channel)
    assert story.leg(0).clock.budget == total * WORKING_DAY
    assert story.leg(2).clock.budget == total * WORKING_DAY


def test_the_event_names_the_legs_handed_over_to() -> None:
    """Messages to agencies are derived from it."""
    event = accepted().events[-1]
    assert (event.type, event.leg, event.actor) == ("accepted", 1, str(CLERK))
    assert event.data == {"to": [2], "number": NUMBER}
    assert event.holders == ((2, OFFICE),)


def test_all_legs_of_the_first_step_open_at_once() -> None:
    """Side by side means at the same moment."""
    story = accepted(procedure(step(unit_leg("a"), unit_leg("b", "land", required=False))))
    assert story.events[-1].data == {"to": [2, 3], "number": NUMBER}
    assert [(leg.code, leg.holder, leg.required) for leg in story.dossier.legs[1:]] == [
        ("a", OFFICE, True),
        ("b", LAND, False),
    ]


def test_a_leg_of_another_agency_shows_as_such() -> None:
    """The stage says where to look: another agency is not a department."""
    assert accepted(procedure(step(agency_leg("tax")))).dossier.stage is Stage.INTER_AGENCY


def test_a_step_with_nothing_to_pay_is_passed_over() -> None:
    """No citizen is asked for nothing."""
    story = accepted(procedure(step(PAY), step(unit_leg("do"))))
    assert (story.dossier.step, story.leg(2).code, story.leg(2).giver) == (1, "do", DESK)


def test_a_procedure_without_a_route_is_settled_at_once() -> None:
    """What the desk itself decides on the visit goes straight to collection."""
    story = accepted(procedure())
    assert story.dossier.status is Status.SETTLED
    assert story.leg(0).outcome == "granted"


def test_only_the_desk_that_holds_it_accepts() -> None:
    """Neither the unit, nor the citizen, nor another desk, nor a colleague without the role."""
    story = Story()
    for actor in (WORKER, CITIZEN_OWNER, official(LAND, Role.DESK), official(DESK, Role.OFFICER)):
        story.refuses(ForbiddenError("decision.not_yours"), accept, actor)


def test_accepted_once() -> None:
    """A double click is a conflict, not a second register entry."""
    accepted().refuses(ConflictError("leg.not_running", pointer="/leg"), accept, CLERK)


def test_not_while_the_citizen_supplements() -> None:
    """The desk asked; it cannot go on before the answer."""
    story = Story()
    story.do(request_supplement, CLERK, checks=marks("paper:id"))
    story.refuses(ConflictError("leg.not_running", pointer="/leg"), accept, CLERK)


def test_the_leg_may_be_named() -> None:
    """A client that saw leg 1 decides about leg 1 and no other."""
    story = Story()
    story.refuses(ConflictError("leg.not_running", pointer="/leg"), accept, CLERK, 2)
    story.do(accept, CLERK, 1)
    assert story.dossier.status is Status.ACCEPTED


def test_a_route_without_a_competent_agency_is_refused_with_its_reason() -> None:
    """A gap of the catalogue shows as what it is, and nothing is stored."""
    story = Story(procedure(step(unit_leg("do", "fisheries"))))
    dossier = story.loaded()
    with pytest.raises(RuleError, match="no_competent") as caught:
        accept(dossier, CLERK)
    assert caught.value.params == {"kind": "fisheries", "desk": DESK}


def test_a_route_leg_without_a_unit_is_a_bug() -> None:
    """The catalogue check lets no such version through; a silent skip would lose a leg."""
    story = Story(procedure(step(RouteLeg("do", NAME, LegKind.UNIT))))
    dossier = story.loaded()
    with pytest.raises(ValueError, match="route leg do has no unit or limit"):
        accept(dossier, CLERK)


def test_the_birth_procedure_starts_at_the_commune_alone() -> None:
    """Police and insurance have nothing before the certificate exists."""
    story = accepted(BIRTH)
    assert story.running() == [2]


def test_a_units_days_end_on_its_own_calendar() -> None:
    """The land office works on Saturdays: the desk's calendar would give it two days more."""
    limit = both(TimeLimit(1, LimitUnit.CALENDAR_DAYS))
    leg = RouteLeg("do", NAME, LegKind.UNIT, UnitRule("land"), limit)
    story = accepted(procedure(step(leg)), now=at("2026-10-09 08:00"))
    assert story.due(2) == at("2026-10-10 16:30")


@pytest.mark.parametrize(
    "leg",
    [
        RouteLeg("do", NAME, LegKind.UNIT, UnitRule("land")),
        RouteLeg("do", NAME, LegKind.UNIT, limit=both(days(1))),
    ],
)
def test_a_unit_leg_needs_a_holder_and_a_limit(leg: RouteLeg) -> None:
    """Without either nobody would be late, so such a route is no route."""
    story = Story(procedure(step(leg)))
    with pytest.raises(ValueError, match=r"^route leg do has no unit or limit$"):
        story.do(accept, CLERK)
