"""Conservation: every second of a dossier's life is somebody's, to the second (R12, R25, R28)."""

from collections import Counter
from datetime import timedelta
from itertools import pairwise

from chalicelib.domain.citizen import supplement
from chalicelib.domain.desk import record_payment, request_supplement, return_result
from chalicelib.domain.interagency import Outcome
from chalicelib.domain.unit import complete, decline_receipt, hand_over, send_back
from tests.domain.builders import (
    BIRTH,
    CITIZEN_OWNER,
    CLERK,
    DESK,
    LAND,
    LAND_TRANSFER,
    MONDAY,
    SURVEYOR,
    TAX,
    WORKER,
    at,
    marks,
)
from tests.domain.invariants import require_all, require_conservation
from tests.domain.story import Story, accept


def land_transfer() -> Story:
    """A whole life, with odd minutes, nights and a weekend: desk, citizen, land, tax, citizen."""
    story = Story(LAND_TRANSFER)
    story.until("2026-10-05 09:17:03").do(request_supplement, CLERK, checks=marks("paper:id"))
    story.until("2026-10-06 22:41:59").do(supplement, CITIZEN_OWNER, subjects=["paper:id"])
    story.until("2026-10-07 08:00:01").do(accept, CLERK)
    story.until("2026-10-09 16:31").do(decline_receipt, SURVEYOR, reason="x")
    story.until("2026-10-12 07:30").do(hand_over, CLERK)
    story.until("2026-10-12 10:00").do(hand_over, SURVEYOR)
    story.until("2026-10-13 15:00").answers(3 + 2, Outcome.COMPLETED, amount=7)
    story.until("2026-10-18 20:00").do(record_payment, CLERK, amount=7, receipt="B-1")
    story.until("2026-10-21 09:00").do(complete, SURVEYOR, result="R-1")
    story.until("2026-10-30 09:00").do(return_result, CLERK)
    return story


def held(story: Story) -> dict[str, timedelta]:
    """Wall-clock time by holder, of a dossier that one held at a time."""
    time: Counter[str] = Counter()
    for event, after in pairwise(story.events):
        ((_, holder),) = event.holders
        time[holder] += round((after.at - event.at).total_seconds())
    return {holder: timedelta(seconds=seconds) for holder, seconds in time.items()}


def test_the_life_is_partitioned_by_who_holds_it() -> None:
    """The citizen sees who had it how long; the parts are the whole."""
    story = land_transfer()
    parts = held(story)
    assert sum(parts.values(), timedelta()) == at("2026-10-30 09:00") - MONDAY
    assert parts == {
        DESK: timedelta(hours=1, minutes=17, seconds=3)  # intake
        + timedelta(hours=9, minutes=18, seconds=2)  # intake again
        + timedelta(days=2, hours=14, minutes=59)  # the declined receipt
        + timedelta(days=9),  # until it was collected
        LAND: timedelta(days=2, hours=8, minutes=30, seconds=59)
        + timedelta(hours=2, minutes=30)
        + timedelta(days=2, hours=13),
        TAX: timedelta(days=1, hours=5),
        "citizen": timedelta(days=1, hours=13, minutes=24, seconds=56) + timedelta(days=5, hours=5),
    }


def test_every_ledger_is_what_its_holder_worked() -> None:
    """Each on the holder's own calendar, recomputed from the record alone."""
    require_all(land_transfer())


def test_a_review_gives_the_unit_no_time_back() -> None:
    """What it had consumed is consumed; what passes meanwhile is the desk's."""
    story = Story()
    story.wait(hours=1).do(accept, CLERK)
    story.wait(hours=2).do(send_back, WORKER, reason="x")
    before = story.consumed(2)
    story.wait(hours=5).do(hand_over, CLERK)
    assert (before, story.consumed(2)) == (2 * 3600, 2 * 3600)
    story.wait(hours=1).do(complete, WORKER, result="R-1")
    assert story.leg(2).clock.consumed == 3 * 3600
    require_conservation(story)


def test_side_by_side_each_second_is_of_all_who_hold_it() -> None:
    """Parallel legs have clocks of their own; none runs on another's time."""
    story = Story(BIRTH)
    story.wait(hours=1).do(accept, CLERK)
    story.wait(hours=1).do(hand_over, WORKER)
    story.wait(hours=1).answers(3, Outcome.INCOMPLETE, items=("paper:id",))
    story.wait(days=1).do(hand_over, WORKER)
    story.wait(hours=1).answers(4, Outcome.COMPLETED, result="R-4")
    story.wait(days=1).answers(3, Outcome.COMPLETED, result="R-3")
    story.wait(days=1).do(return_result, CLERK)
    require_all(story)


def test_a_late_acceptance_is_the_settlements_time() -> None:
    """From when the answer was due, though nobody had accepted."""
    story = Story()
    story.until("2026-10-08 10:00").do(accept, CLERK)
    story.wait(hours=1).do(complete, WORKER, result="R-1")
    assert story.leg(0).clock.consumed == (2 * 8 + 3) * 3600
    require_all(story)
