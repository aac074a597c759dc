"""Submission: from here on the desk's clock runs, and the citizen can prove it (R18)."""

import pytest

from chalicelib.domain.calendar import LimitUnit, TimeLimit
from chalicelib.domain.citizen import Filing, submit
from chalicelib.domain.errors import Error, RuleError
from chalicelib.domain.event import GENESIS
from chalicelib.domain.ids import AgencyCode, DossierCode
from chalicelib.domain.procedure import ByChannel
from chalicelib.domain.terms import Channel, LegKind, LegState, Level, Stage, Status
from tests.domain.builders import (
    CITIZEN_OWNER,
    DESK,
    HOUR,
    MONDAY,
    OFFICE,
    OWNER,
    SUBMITTER,
    at,
    both,
    procedure,
)
from tests.domain.story import Story

BY_CHANNEL = ByChannel(TimeLimit(1, LimitUnit.WORKING_HOURS), TimeLimit(3, LimitUnit.WORKING_HOURS))


def test_a_new_dossier_is_submitted_and_at_the_desk() -> None:
    """Everything the citizen is told at once: code, status, place."""
    dossier = Story().dossier
    assert (dossier.status, dossier.stage) == (Status.SUBMITTED, Stage.INTAKE)
    assert (dossier.code, dossier.desk) == ("H15.50.1-261005-0001", DESK)
    assert (dossier.procedure, dossier.version) == ("X-1", 1)
    assert (dossier.owner, dossier.submitter) == (OWNER, SUBMITTER)
    assert (dossier.submitted_at, dossier.generation_at) == (MONDAY, MONDAY)
    assert (dossier.accepted_at, dossier.settlement, dossier.due_at) == (None, None, None)


def test_the_desk_holds_it_with_the_answer_limit() -> None:
    """Eight working hours for an answer, on the desk's own calendar."""
    story = Story()
    leg = story.leg(1)
    assert (leg.n, leg.kind, leg.code, leg.holder) == (1, LegKind.INTAKE, "intake", DESK)
    assert (leg.state, leg.opened_at, leg.step) == (LegState.RUNNING, MONDAY, -1)
    assert (leg.clock.budget, leg.clock.since) == (8 * HOUR, MONDAY)
    assert story.due(1) == at("2026-10-06 08:00")


@pytest.mark.parametrize(
    ("channel", "hours"), [(Channel.COUNTER, 1), (Channel.ONLINE, 3), (Channel.POST, 1)]
)
def test_the_channel_fixes_the_answer_limit(channel: Channel, hours: int) -> None:
    """Counter and online are separate columns; post follows the counter (R16)."""
    story = Story(procedure(answer_limit=BY_CHANNEL), channel=channel)
    assert story.dossier.channel is channel
    assert story.leg(1).clock.budget == hours * HOUR


def test_days_for_the_answer_end_on_the_desks_calendar() -> None:
    """Friday plus one day is Saturday, when this desk is closed: Monday, at its closing."""
    limit = both(TimeLimit(1, LimitUnit.CALENDAR_DAYS))
    story = Story(procedure(answer_limit=limit), now=at("2026-10-09 08:00"))
    assert story.due(1) == at("2026-10-12 17:00")


def test_the_first_event_opens_the_record() -> None:
    """It names the channel and the desk as holder, and nothing personal."""
    (event,) = Story().events
    assert (event.ev, event.type, event.leg, event.prev) == (1, "submitted", 1, GENESIS)
    assert event.data == {"channel": "online"}
    assert event.actor == "citizen:owner-hash"
    assert event.holders == ((1, DESK),)


def test_the_first_wait_of_the_execution_is_number_one() -> None:
    """Seq, rev and generation start at one, the timer at the first warning."""
    dossier = Story().dossier
    assert (dossier.seq, dossier.rev, dossier.generation) == (1, 1, 1)
    assert dossier.wake_at == at("2026-10-05 16:00")  # 75 % of eight hours from 08:00


def _refused(desk: AgencyCode, *kinds: str) -> Error:
    story = Story()
    story.procedure = procedure(receiving=kinds)
    filing = Filing(desk, Channel.ONLINE, OWNER, SUBMITTER, {})
    with pytest.raises(Error) as caught:
        submit(story.context(), CITIZEN_OWNER, DossierCode("X-1"), filing)
    return caught.value


def test_a_unit_without_a_desk_takes_nothing_in() -> None:
    """A department must not receive past the one-stop desk, whatever its kind."""
    error = _refused(OFFICE, "office")
    assert (type(error), error.code, error.pointer) == (
        RuleError,
        "desk.does_not_receive",
        "/desk",
    )
    assert error.params == {"desk": OFFICE}


def test_a_desk_takes_in_only_procedures_of_its_kind() -> None:
    """A commune's desk does not receive what only the province decides."""
    assert _refused(DESK, "land", "tax").code == "desk.does_not_receive"


@pytest.mark.parametrize("channel", Channel)
@pytest.mark.parametrize("level", Level)
def test_what_is_only_told_about_online_is_filed_at_the_desk(
    level: Level, channel: Channel
) -> None:
    """Of the three levels the lowest takes nothing in; the desk takes everything."""
    version = procedure(level=level)
    if (level, channel) != (Level.INFORMATION, Channel.ONLINE):
        assert Story(version, channel=channel).dossier.channel is channel
        return
    with pytest.raises(RuleError) as caught:
        Story(version, channel=channel)
    assert (caught.value.code, caught.value.pointer) == ("submit.not_online", "/channel")


def test_an_unknown_desk_is_not_found() -> None:
    """A mistyped code is the caller's mistake, not ours."""
    error = _refused(AgencyCode("H99"), "commune")
    assert (error.code, error.params) == ("agency.not_found", {"agency": "H99"})
