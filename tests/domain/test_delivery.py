"""Messages to agencies' software: each event that concerns one causes exactly one."""

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.domain.citizen import supplement, withdraw
from chalicelib.domain.delivery import (
    PAUSED_FOR,
    RETRY_AFTER,
    Delivery,
    DeliveryState,
    Message,
    anew,
    deliveries,
    next_try,
    postponed,
)
from chalicelib.domain.desk import request_supplement, return_result
from chalicelib.domain.event import Event
from chalicelib.domain.ids import DeliveryId, DossierCode
from chalicelib.domain.interagency import Outcome
from chalicelib.domain.unit import complete, hand_over, request_agency, send_back
from tests.domain.builders import (
    BIRTH,
    CITIZEN_OWNER,
    CLERK,
    INSURANCE,
    LAND_TRANSFER,
    MONDAY,
    POLICE,
    SURVEYOR,
    TAX,
    TWO_UNITS,
    WORKER,
    agency_leg,
    days,
    marks,
    procedure,
    step,
    unit_leg,
)
from tests.domain.story import Story, accepted


def sent(story: Story, events: list[Event]) -> list[tuple[str, int, str]]:
    """What these events cause: (message, leg, agency)."""
    found = deliveries(story.dossier, events)
    return [(each.message.value, each.leg, each.agency) for each in found]


def at_agencies() -> tuple[Story, list[Event]]:
    """Police and insurance hold it."""
    story = accepted(BIRTH)
    return story, story.do(hand_over, WORKER)


def test_a_delivery_is_about_one_leg_and_named_by_its_event() -> None:
    """The id is derived, so that it can never be written twice."""
    story = accepted(LAND_TRANSFER).wait(hours=1)
    events = story.do(hand_over, SURVEYOR)
    (delivery,) = deliveries(story.dossier, events)
    assert delivery == Delivery(
        id=DeliveryId("H15.50.1-261005-0001.3.3"),
        dossier=story.dossier.code,
        leg=3,
        agency=TAX,
        message=Message.LEG_OPENED,
        created_at=story.now,
        next_at=story.now,
        tries=0,
        state=DeliveryState.PENDING,
        last_error="",
    )


def test_every_agency_hears_of_its_leg() -> None:
    """Two legs, two messages, two ids."""
    story, events = at_agencies()
    assert sent(story, events) == [("leg.opened", 3, POLICE), ("leg.opened", 4, INSURANCE)]
    assert len({each.id for each in deliveries(story.dossier, events)}) == 2


def test_the_first_step_may_be_an_agencys() -> None:
    """Acceptance hands over, too."""
    story = accepted(procedure(step(agency_leg("tax"))))
    assert sent(story, story.events) == [("leg.opened", 2, TAX)]


def test_an_agency_outside_the_route_hears_of_its_leg() -> None:
    """Asked by a unit, it is told like any other."""
    story = accepted()
    events = story.do(request_agency, WORKER, agency=TAX, limit=days(2), reason="?")
    assert sent(story, events) == [("leg.opened", 3, TAX)]


def test_units_in_the_workspace_get_no_messages() -> None:
    """They see it in their work-list."""
    story = accepted(TWO_UNITS)
    story.do(hand_over, WORKER)
    story.until("2026-11-20 08:00").wake()
    assert sent(story, story.events) == []


def test_an_agency_hears_of_the_end_though_a_citizens_leg_ends_before_its_own() -> None:
    """A slip concerns no agency; the agency that is named after it works for nothing else."""
    first = step(unit_leg("a"), unit_leg("b", "land", required=False))
    story = accepted(procedure(first, step(agency_leg("police"))))
    story.do(send_back, SURVEYOR, reason="x", leg=3)
    story.do(request_supplement, CLERK, checks=marks("paper:id"))
    story.do(hand_over, WORKER, leg=2)
    (event,) = story.do(withdraw, CITIZEN_OWNER)
    assert event.data["cancelled"] == [3, 5, 6]
    assert sent(story, [event]) == [("leg.cancelled", 6, POLICE)]


def test_a_warning_is_a_reminder_and_lateness_is_overdue() -> None:
    """Before the due time and after it are different messages."""
    story, _ = at_agencies()
    events = story.until("2026-10-13 16:00").wake()
    messages = [each for each in sent(story, events) if each[2] == POLICE]
    assert messages == [
        ("leg.reminder", 3, POLICE),
        ("leg.overdue", 3, POLICE),
        ("leg.overdue", 3, POLICE),
        ("leg.overdue", 3, POLICE),
    ]


def test_the_settlements_milestones_are_nobodys_message() -> None:
    """They concern the whole, not a leg."""
    story, _ = at_agencies()
    events = story.until("2026-11-20 16:00").wake()
    assert {each.leg for each in events} == {0, 3, 4}
    assert {each[1] for each in sent(story, events)} == {3, 4}


def test_the_citizen_is_not_told_by_webhook() -> None:
    """Reminders of a supplement go another way."""
    story = Story()
    story.do(request_supplement, CLERK, checks=marks("paper:id"))
    assert sent(story, story.until("2026-10-20 08:00").wake()) == []


def test_a_cancelled_leg_is_told() -> None:
    """The agency must not work for nothing: by withdrawal, refusal and expiry."""
    story, _ = at_agencies()
    assert sent(story, story.do(withdraw, CITIZEN_OWNER)) == [
        ("leg.cancelled", 3, POLICE),
        ("leg.cancelled", 4, INSURANCE),
    ]
    other, _ = at_agencies()
    events = other.answers(3, Outcome.REFUSED, note="no")
    assert sent(other, events) == [("leg.cancelled", 4, INSURANCE)]


def test_a_supplemented_dossier_is_told_to_those_who_waited() -> None:
    """The agency goes on with what the citizen sent."""
    story, _ = at_agencies()
    story.answers(3, Outcome.INCOMPLETE, items=("paper:id",))
    story.do(send_back, WORKER, reason="x")
    story.do(request_supplement, CLERK, checks=marks("paper:id"))
    assert sent(story, story.do(supplement, CITIZEN_OWNER, subjects=["paper:id"])) == []
    assert sent(story, story.do(hand_over, WORKER)) == [
        ("dossier.supplemented", 3, POLICE),
        ("dossier.supplemented", 4, INSURANCE),
    ]


def test_the_return_is_told_once_to_every_agency_that_took_part() -> None:
    """Whoever worked on it may close its own file."""
    story, _ = at_agencies()
    story.answers(3, Outcome.COMPLETED, result="R-1")
    story.answers(4, Outcome.COMPLETED, result="R-2")
    assert sent(story, story.do(return_result, CLERK)) == [
        ("dossier.returned", 3, POLICE),
        ("dossier.returned", 4, INSURANCE),
    ]


def test_an_agency_with_two_legs_hears_of_the_return_once() -> None:
    """About its last leg."""
    story = accepted(procedure(step(agency_leg("tax")), step(agency_leg("tax"))))
    story.answers(2, Outcome.COMPLETED)
    story.answers(3, Outcome.COMPLETED, result="R-1")
    assert sent(story, story.do(return_result, CLERK)) == [("dossier.returned", 3, TAX)]


def test_decisions_that_concern_no_agency_cause_nothing() -> None:
    """A quiet outbox is a cheap one."""
    story = accepted()
    assert sent(story, story.do(complete, WORKER, result="R-1")) == []


def test_the_tries_are_those_of_the_contract() -> None:
    """Nine retries over three days and a half; API.md, "Webhooks"."""
    assert [int(each.total_seconds()) for each in RETRY_AFTER] == [
        5,
        300,
        1800,
        7200,
        18000,
        36000,
        50400,
        72000,
        86400,
    ]


@pytest.mark.parametrize(("tries", "seconds"), [(1, 5), (2, 300), (9, 86400)])
def test_the_next_try_waits_longer(tries: int, seconds: int) -> None:
    """After the n-th failure the n-th pause."""
    assert next_try(tries, MONDAY, 0) == MONDAY + timedelta(seconds=seconds)


def test_jitter_adds_at_most_a_tenth() -> None:
    """So that an agency that comes back is not met by everything at once."""
    assert next_try(2, MONDAY, 0.5) == MONDAY + timedelta(seconds=315)


def test_after_the_last_try_there_is_none() -> None:
    """Ten failures are a dead letter, which people look at."""
    assert next_try(10, MONDAY, 0) is None
    assert next_try(11, MONDAY, 0) is None


def test_the_agency_after_a_step_of_independent_legs_hears_of_its_leg() -> None:
    """Nothing in that step is waited for: both are told at the acceptance."""
    story = accepted(procedure(step(agency_leg("tax", required=False)), step(agency_leg("police"))))
    assert sent(story, story.events) == [("leg.opened", 2, TAX), ("leg.opened", 3, POLICE)]


def _dead() -> Delivery:
    return Delivery(
        DeliveryId("S1.1-261005-0001.3.2"),
        DossierCode("S1.1-261005-0001"),
        2,
        TAX,
        Message.LEG_OPENED,
        created_at=MONDAY,
        next_at=MONDAY,
        tries=10,
        state=DeliveryState.DEAD,
        last_error="HTTP 503",
    )


def test_while_an_agency_is_paused_no_try_is_used_up() -> None:
    """A week of maintenance there must not turn its messages into dead letters."""
    waiting = replace(_dead(), state=DeliveryState.PENDING, tries=3)
    later = postponed(waiting, MONDAY)
    assert (later.tries, later.state) == (3, DeliveryState.PENDING)
    assert later.next_at == MONDAY + PAUSED_FOR > MONDAY


def test_a_dead_letter_is_tried_anew_under_its_old_id() -> None:
    """The agency that got it after all must know it again."""
    now = MONDAY + timedelta(days=9)
    again = anew(_dead(), now)
    assert (again.id, again.created_at) == (_dead().id, MONDAY)
    assert (again.tries, again.state, again.last_error) == (0, DeliveryState.PENDING, "")
    assert again.next_at < now
