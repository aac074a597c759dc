"""The control slip and who held the dossier when: delay is attributed by it (R22, R25, R28)."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest

from chalicelib.domain.citizen import supplement
from chalicelib.domain.control_slip import Hop, Period, Punctuality, control_slip, periods
from chalicelib.domain.desk import request_supplement, return_result
from chalicelib.domain.terms import EventType, LegKind, LegState
from chalicelib.domain.unit import complete, hand_over, receive, send_back
from tests.domain.builders import (
    BIRTH,
    CITIZEN_OWNER,
    CLERK,
    DESK,
    HOUR,
    INSURANCE,
    LAND,
    MONDAY,
    OFFICE,
    POLICE,
    TWO_UNITS,
    WORKER,
    WORKING_DAY,
    at,
    marks,
)
from tests.domain.story import Story, accepted

ACCEPTED = at("2026-10-05 09:00")


def held(found: list[Period]) -> dict[tuple[str, ...], int]:
    """Seconds by set of holders."""
    total: Counter[tuple[str, ...]] = Counter()
    for period in found:
        total[period.holders] += period.seconds
    return dict(total)


def slip(story: Story) -> list[Hop]:
    """As it is printed now."""
    return control_slip(story.loaded())


def test_a_hop_has_both_signatures_and_its_time() -> None:
    """Giver, receiver, hour and minute, budget and what was used of it."""
    story = accepted(TWO_UNITS).wait(hours=1)
    story.do(receive, WORKER)
    story.wait(hours=1).do(hand_over, WORKER)
    intake, first, second = slip(story.wait(hours=3))
    assert first == Hop(
        leg=2,
        kind=LegKind.UNIT,
        code="commune",
        giver=DESK,
        receiver=OFFICE,
        state=LegState.DONE,
        handed_over_at=ACCEPTED,
        received_at=at("2026-10-05 10:00"),
        closed_at=at("2026-10-05 11:00"),
        due_at=None,
        budget=3 * WORKING_DAY,
        consumed=2 * HOUR,
        punctuality=Punctuality.EARLY,
        outcome="handed_over",
    )
    assert (intake.giver, intake.receiver, intake.outcome) == (None, DESK, "accepted")
    assert (second.receiver, second.state, second.closed_at) == (LAND, LegState.RUNNING, None)
    assert (second.consumed, second.due_at) == (HOUR, story.due(3))  # 13:00 to 14:00
    assert second.punctuality is Punctuality.ON_TIME


@pytest.mark.parametrize(
    ("moment", "punctuality"),
    [
        ("2026-10-07 15:00", "early"),  # four of its 24 hours are left
        ("2026-10-07 15:00:01", "on_time"),
        ("2026-10-08 09:00", "on_time"),
        ("2026-10-08 09:00:01", "late"),
        ("2026-10-12 09:00", "late"),
    ],
)
def test_early_on_time_or_late_to_the_second(moment: str, punctuality: str) -> None:
    """At the due time it is on time; half a working day before, early."""
    story = accepted().until(moment)
    story.do(complete, WORKER, result="R-1")
    assert slip(story)[1].punctuality.value == punctuality


def test_an_open_hop_is_on_time_until_it_is_late() -> None:
    """Nobody is early who has not finished."""
    story = accepted()
    assert slip(story)[1].punctuality is Punctuality.ON_TIME
    assert slip(story.until("2026-10-08 09:00:01"))[1].punctuality is Punctuality.LATE


def test_the_hops_stand_in_the_order_they_began() -> None:
    """Reviews and slips among them; the settlement is no hop."""
    story = accepted()
    story.do(send_back, WORKER, reason="x")
    story.do(request_supplement, CLERK, checks=marks("paper:id"))
    assert [(hop.leg, hop.kind.value) for hop in slip(story)] == [
        (1, "intake"),
        (2, "unit"),
        (3, "review"),
        (4, "supplement"),
    ]


def test_the_periods_are_the_life_without_gaps() -> None:
    """Neighbours with the same holder are one: a receipt is no new period."""
    story = accepted().wait(hours=1)
    story.do(receive, WORKER)
    story.wait(hours=1).do(send_back, WORKER, reason="x")
    story.wait(hours=1).do(request_supplement, CLERK, checks=marks("paper:id"))
    story.wait(days=1).do(supplement, CITIZEN_OWNER, subjects=["paper:id"])
    story.wait(hours=2).do(complete, WORKER, result="R-1")
    story.wait(days=1).do(return_result, CLERK)
    found = periods(story.events, story.wait(days=9).now)
    assert [(each.holders, each.seconds) for each in found] == [
        ((DESK,), HOUR),
        ((OFFICE,), 2 * HOUR),
        ((DESK,), HOUR),
        (("citizen",), 24 * HOUR),
        ((OFFICE,), 2 * HOUR),
        ((DESK,), 24 * HOUR),
    ]
    assert found[0].since == MONDAY
    assert all(one.until == other.since for one, other in pairwise(found))
    assert found[-1].until == story.events[-1].at
    assert held(found) == {
        (DESK,): 26 * HOUR,
        (OFFICE,): 4 * HOUR,
        ("citizen",): 24 * HOUR,
    }


def test_the_last_period_runs_until_now() -> None:
    """Who holds it, holds it still."""
    story = accepted().wait(hours=5)
    last = periods(story.events, story.now)[-1]
    assert last == Period(ACCEPTED, story.now, (OFFICE,))


def test_now_is_never_before_the_last_event() -> None:
    """A clock that is a little behind must not make a period negative."""
    story = accepted()
    found = periods(story.events, story.now - timedelta(minutes=1))
    assert sum(each.seconds for each in found) == HOUR
    assert [each.holders for each in found] == [(DESK,)]


def test_decisions_of_one_second_leave_no_empty_period() -> None:
    """Accepted and completed on the same visit: the unit held it no time at all."""
    story = accepted()
    story.do(complete, WORKER, result="R-1")
    found = periods(story.events, story.wait(hours=1).now)
    assert [(each.holders, each.seconds) for each in found] == [((DESK,), 2 * HOUR)]


def test_side_by_side_is_a_set_of_holders() -> None:
    """The time of both is not counted twice."""
    story = accepted(BIRTH)
    story.do(hand_over, WORKER)
    found = periods(story.events, story.wait(hours=2).now)
    assert found[-1].holders == tuple(sorted((POLICE, INSURANCE)))
    assert sum(held(found).values()) == 3 * HOUR


def test_what_is_filed_after_the_end_is_no_period() -> None:
    """An agency's late answer must not make the dossier look held by nobody for days."""
    story = accepted()
    story.do(complete, WORKER, result="R-1")
    story.wait(hours=1).do(return_result, CLERK)
    ended = story.events[-1]
    late = replace(ended, ev=ended.ev + 1, type=EventType.CALLBACK_FILED, at=story.wait(days=1).now)
    assert periods([*story.events, late], story.now) == periods(story.events, story.now)


def test_before_anything_happened_there_is_nothing() -> None:
    """An empty record has no life."""
    assert periods([], MONDAY) == []
