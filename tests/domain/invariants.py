"""What must hold of a dossier at any time. Written from DOMAIN.md, not from the code."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from chalicelib.domain.calendar import WorkCalendar
from chalicelib.domain.dossier import Dossier
from chalicelib.domain.event import Event
from chalicelib.domain.leg import Leg
from tests.domain.story import Story, require_chain

WITH_CITIZEN: Final = {"supplement_requested", "payment_requested"}
FINAL: Final = {"refused", "withdrawn", "stopped", "returned"}
SILENT: Final = {"milestone_passed", "generation_started", "callback_filed", "agency_progressed"}
ALLOWED: Final = {
    "submitted": {"accepted", "refused", "supplement_requested", "withdrawn"},
    "accepted": {"processing", "payment_requested", "withdrawn"},
    "processing": {"withdrawn", "stopped", "settled", *WITH_CITIZEN},
    "supplement_requested": {"submitted", "refused", "withdrawn", "processing", "stopped"},
    "payment_requested": {"processing", "withdrawn", "stopped"},
    "settled": {"returned"},
}
BEFORE_ACCEPTANCE: Final = {"supplement_requested": {"submitted", "refused", "withdrawn"}}
AFTER_ACCEPTANCE: Final = {"supplement_requested": {"processing", "withdrawn", "stopped"}}


def require_all(story: Story) -> None:
    """Every rule of this module."""
    require_chain(story.events)
    dossier = story.dossier
    assert dossier.ev == len(story.events)
    assert dossier.head == story.events[-1].digest()
    _transitions(story.events)
    _milestones(story.events)
    _place(dossier)
    _legs(dossier)
    _money(dossier)
    _supplement_once(story.events)
    require_conservation(story)


def require_conservation(story: Story) -> None:
    """The life is partitioned by who holds it, and each ledger is what its holder worked."""
    life, worked = timedelta(), Counter[int]()
    for event, after in pairwise([*story.events, story.events[-1]]):
        life += after.at - event.at
        assert after.at >= event.at
        for n in event.data.get("resumed", ()):  # the resubmitted intake starts anew
            if event.type == "supplemented" and story.leg(n).kind == "intake":
                worked[n] = 0
        assert event.holders or event.status in FINAL, f"nobody holds it after {event}"
        for n, _ in event.holders:
            worked[n] += _calendar(story, n).between(event.at, after.at)
        if event.status not in FINAL | WITH_CITIZEN | {"settled", "submitted"}:
            worked[0] += _calendar(story, 0).between(event.at, after.at)
    assert life == story.events[-1].at - story.dossier.submitted_at
    for leg in story.dossier.legs:
        assert worked[leg.n] == _consumed(story, leg), f"leg {leg.n}"
    if story.dossier.settlement:
        assert worked[0] + _late(story) == _consumed(story, story.leg(0)), "settlement"


def require_wake(story: Story, decided_at: datetime) -> None:
    """The timer is the earliest milestone not claimed, else thirty days on; none at the end."""
    dossier = story.dossier
    if dossier.status in FINAL:
        assert dossier.wake_at is None
    else:
        expected = min(_ahead(dossier), default=decided_at + timedelta(days=30))
        assert dossier.wake_at == expected


def require_rev(before: int, after: int, events: list[Event]) -> None:
    """Rises by one iff something happened that people decide on."""
    assert after - before == any(event.type not in SILENT for event in events)


def _calendar(story: Story, n: int) -> WorkCalendar:
    holder = story.leg(n).holder
    return WorkCalendar.always() if holder == "citizen" else story.directory.calendar(holder)


def _consumed(story: Story, leg: Leg) -> int:
    last = story.events[-1].at
    since = leg.clock.since
    if since is None or since >= last:
        return leg.clock.consumed
    return leg.clock.consumed + _calendar(story, leg.n).between(since, last)


def _late(story: Story) -> int:
    """Working seconds of the settlement before a late acceptance: from when it was due."""
    accepted = next(event for event in story.events if event.type == "accepted")
    restarted = [each.at for each in story.events[: accepted.ev] if each.type == "supplemented"]
    start = restarted[-1] if restarted else story.dossier.submitted_at
    calendar = _calendar(story, 0)
    due = calendar.add(start, story.leg(1).clock.budget)
    return max(0, calendar.between(due, accepted.at))


def _transitions(events: list[Event]) -> None:
    assert events[0].status == "submitted"
    accepted = False
    for before, event in pairwise(events):
        was, now = before.status, event.status
        table = {**ALLOWED, **(AFTER_ACCEPTANCE if accepted else BEFORE_ACCEPTANCE)}
        step = table.get(was, set())
        # One decision may receive a leg and then settle, ask or refuse: two allowed moves.
        through = ALLOWED["processing"] if "processing" in step else set()
        assert now == was or now in step | through, f"{was} -> {now} by {event.type}"
        assert was not in FINAL or event.type == "callback_filed"
        accepted = accepted or event.type == "accepted"


def _milestones(events: list[Event]) -> None:
    claims = Counter[tuple[object, ...]]()
    for before, event in pairwise(events):
        if "milestone" not in event.data:
            continue
        mark = event.data["milestone"]
        claims[event.leg, event.data["epoch"], mark] += 1
        if event.leg:
            assert event.leg in dict(before.holders), "only a running leg passes milestones"
        else:
            assert before.status not in FINAL | WITH_CITIZEN | {"settled"}
    assert set(claims.values()) <= {1}, "each once"


def _place(dossier: Dossier) -> None:
    holders = [leg.holder for leg in dossier.legs if leg.state == "running"]
    only_citizen = bool(holders) and set(holders) == {"citizen"}
    if dossier.status != "settled":  # then an independent leg may wait for the citizen
        assert only_citizen == (dossier.status in WITH_CITIZEN)
    assert (not holders) == (dossier.status in FINAL)
    assert (dossier.stage == "Closed") == (dossier.status in FINAL)
    settlement = dossier.settlement
    if settlement and dossier.status not in FINAL | {"settled"}:
        assert (settlement.clock.since is None) == (dossier.status in WITH_CITIZEN)
    elif settlement:
        assert settlement.clock.since is None
        assert settlement.outcome


def _legs(dossier: Dossier) -> None:
    by_number = {leg.n: leg for leg in dossier.legs}
    assert list(by_number) == list(range(1, len(dossier.legs) + 1))
    for leg in dossier.legs:
        assert (leg.state == "running") == (leg.clock.since is not None)
        is_open = leg.state in ("running", "paused")
        assert is_open == (leg.closed_at is None) == (leg.outcome == "")
        if leg.state == "paused":
            assert leg.waits
            assert by_number[leg.waits].state in ("running", "paused"), "it waits for nobody"
        else:
            assert leg.waits is None


def _money(dossier: Dossier) -> None:
    assert 0 <= dossier.paid <= dossier.dues
    assert dossier.status != "returned" or dossier.paid == dossier.dues


def _supplement_once(events: list[Event]) -> None:
    requests = [each for each in events if each.data.get("second") is False]
    first = {each.data["slip"]: each for each in reversed(requests)}  # more wait for one slip
    asked = [set(first[slip].data["faulty"]) for slip in sorted(first)]
    assert len(asked) <= 2
    assert all(each <= asked[0] for each in asked)


def _reached(calendar: WorkCalendar, since: datetime, left: int) -> datetime:
    """With `left` below zero: the first moment from which so much was worked until `since`."""
    if left >= 0:
        return calendar.add(since, left) if left else since
    lower, upper = since - timedelta(days=60), since
    while (between := (upper - lower) // timedelta(seconds=1)) > 1:
        middle = lower + timedelta(seconds=between // 2)
        if calendar.between(middle, since) > -left:
            lower = middle
        else:
            upper = middle
    return upper


def _ahead(dossier: Dossier) -> Iterator[datetime]:
    settlement = dossier.settlement
    legs = [*dossier.legs, *([settlement] if settlement else [])]
    for leg in legs:
        if leg.clock.since is None:
            continue
        for mark in dossier.ctx.procedure.ladder(leg.kind, leg.step, leg.code):
            if mark.code not in leg.claimed:
                left = leg.clock.budget * mark.percent // 100 + mark.hours * 3600
                left -= leg.clock.consumed
                calendar = dossier.calendar(leg)
                yield _reached(calendar, leg.clock.since, left)
    promised = dossier.promised_at
    if promised is None or settlement is None or settlement.clock.since is None:
        return
    if "promise_lapsed" not in settlement.claimed:
        yield promised
