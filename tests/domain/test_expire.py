"""The citizen never answers: two reminders, then the end, before acceptance 3, after it 8."""

from chalicelib.domain.citizen import supplement
from chalicelib.domain.desk import request_supplement
from chalicelib.domain.errors import ConflictError
from chalicelib.domain.interagency import Outcome
from chalicelib.domain.terms import LegState, Stage, Status
from chalicelib.domain.unit import hand_over, send_back
from tests.domain.builders import (
    CITIZEN_OWNER,
    CLERK,
    LAND_TRANSFER,
    SIDE_BY_SIDE,
    SURVEYOR,
    WORKER,
    at,
    marks,
)
from tests.domain.story import Story, accepted


def asked() -> Story:
    """At intake, on Monday at 08:00; it ends on 4 November at 08:00."""
    story = Story()
    story.do(request_supplement, CLERK, checks=marks("paper:id"))
    return story


def test_reminded_twice_before_it_ends() -> None:
    """At half and at nine tenths of the thirty days, round the clock."""
    story = asked()
    assert story.dossier.wake_at == at("2026-10-20 08:00")
    (first,) = story.until("2026-10-20 08:00").wake()
    assert story.dossier.wake_at == at("2026-11-01 08:00")
    (second,) = story.until("2026-11-01 08:00").wake()
    assert [first.data["milestone"], second.data["milestone"]] == ["remind_1", "remind_2"]
    assert (first.type, first.leg, first.data["effect"]) == ("milestone_passed", 2, "remind")
    assert story.dossier.status is Status.SUPPLEMENT_REQUESTED


def test_before_acceptance_it_is_refused() -> None:
    """Status 3; the intake that waited is cut short with it."""
    story = asked().until("2026-11-04 08:00")
    event = story.wake()[-1]
    assert (event.type, event.leg, event.actor) == ("expired", 2, "system:motcua")
    assert (event.data["milestone"], event.data["effect"]) == ("expired", "expire")
    assert event.data["cancelled"] == [1]
    assert (event.status, event.stage, event.holders) == (Status.REFUSED, Stage.CLOSED, ())
    assert (story.leg(2).state, story.leg(2).outcome) == (LegState.CANCELLED, "expired")
    assert (story.leg(1).state, story.leg(1).outcome) == (LegState.CANCELLED, "expired")
    assert story.dossier.wake_at is None


def test_a_second_before_it_has_not_expired() -> None:
    """The citizen has every second of the thirty days."""
    story = asked().until("2026-11-04 07:59:59")
    story.wake()
    assert story.dossier.status is Status.SUPPLEMENT_REQUESTED


def test_after_acceptance_it_is_stopped() -> None:
    """Status 8; the unit that waited is cut short, the settlement clock ends."""
    story = accepted()
    story.do(send_back, WORKER, reason="x")
    story.do(request_supplement, CLERK, checks=marks("paper:id"))
    event = story.wait(days=30).wake()[-1]
    assert (story.dossier.status, event.data["cancelled"]) == (Status.STOPPED, [2])
    assert (story.leg(0).is_open, story.leg(0).outcome) == (False, "expired")


def test_an_unpaid_dossier_is_stopped() -> None:
    """6 → 8."""
    story = accepted(LAND_TRANSFER)
    story.do(hand_over, SURVEYOR)
    story.answers(3, Outcome.COMPLETED, amount=5)
    story.wait(days=30).wake()
    assert (story.dossier.status, story.leg(4).outcome) == (Status.STOPPED, "expired")


def test_the_end_ends_the_claiming() -> None:
    """What would have passed later on other legs passes no more."""
    story = accepted(SIDE_BY_SIDE)
    story.do(send_back, WORKER, reason="x", leg=2)
    story.do(request_supplement, CLERK, checks=marks("paper:id"))
    story.dossier.leg(3).clock = story.dossier.leg(3).clock.extend(60 * 8 * 3600)
    events = story.wait(days=60).wake()
    assert events[-1].type == "expired"
    assert events[-1].data["cancelled"] == [2, 3]
    assert [event.ev for event in events] == list(range(events[0].ev, story.dossier.ev + 1))


def test_expiring_changes_what_people_see() -> None:
    """Unlike a reminder it raises `rev`: an official's decision on the old state is stale."""
    story = asked().until("2026-11-04 08:00")
    rev = story.dossier.rev
    story.wake()
    assert story.dossier.rev == rev + 1


def test_nothing_can_be_answered_afterwards() -> None:
    """The end is final."""
    story = asked().until("2026-11-04 08:00")
    story.wake()
    error = ConflictError("supplement.not_open")
    story.refuses(error, supplement, CITIZEN_OWNER, subjects=["paper:id"])
