"""Warnings and escalations: each milestone once per (leg, epoch), in nominal order.

The execution's timer is a hint; whether a milestone has passed is read off the leg's clock.
"""

from collections.abc import Iterator
from datetime import datetime

from chalicelib.domain.actor import SYSTEM
from chalicelib.domain.directory import Escalation
from chalicelib.domain.dossier import Dossier
from chalicelib.domain.event import stamp
from chalicelib.domain.leg import CITIZEN, Leg
from chalicelib.domain.procedure import PROMISE_LAPSED, Effect, Milestone
from chalicelib.domain.route import expire
from chalicelib.domain.terms import EventType, LegKind, Rung
from chalicelib.domain.value import value


@value(frozen=True, slots=True)
class Ahead:
    """A milestone not passed yet, and when it is meant to pass."""

    at: datetime
    leg: Leg
    milestone: Milestone


def ahead(dossier: Dossier) -> Iterator[Ahead]:
    """The milestones of the running clocks that are not claimed."""
    for leg, marks in _unclaimed(dossier):
        calendar = dossier.calendar(leg)
        for mark in marks:
            if at := leg.clock.reached(calendar, mark.threshold(leg.clock.budget)):
                yield Ahead(at, leg, mark)
    yield from _promise(dossier)


def _unclaimed(dossier: Dossier) -> Iterator[tuple[Leg, list[Milestone]]]:
    whole = dossier.settlement
    for leg in [*dossier.running(), *([whole] if whole and whole.is_running else [])]:
        if marks := [mark for mark in dossier.ladder(leg) if mark.code not in leg.claimed]:
            yield leg, marks


def _promise(dossier: Dossier) -> Iterator[Ahead]:
    leg = dossier.settlement
    if leg and PROMISE_LAPSED.code not in leg.claimed and (at := dossier.promised_at):
        yield Ahead(at, leg, PROMISE_LAPSED)


def next_wake(dossier: Dossier) -> datetime | None:
    """When something will be due next; None when nothing is ahead.

    Of each clock only its next milestone is looked up on the calendar: this is in every write.
    """
    found = [each.at for each in _promise(dossier)]
    for leg, marks in _unclaimed(dossier):
        least = min(mark.threshold(leg.clock.budget) for mark in marks)
        if at := leg.clock.reached(dossier.calendar(leg), least):
            found.append(at)
    return min(found, default=None)


def claim_passed(dossier: Dossier) -> int:
    """Claim what has passed, in nominal order; returns how many.

    One timer may pass several; a milestone that ends the dossier ends the claiming.
    """
    now = dossier.ctx.now
    due = sorted((each for each in ahead(dossier) if each.at <= now), key=lambda each: each.at)
    for count, each in enumerate(due):
        if dossier.is_closed:
            return count
        _claim(dossier, each)
    return len(due)


def _claim(dossier: Dossier, passed: Ahead) -> None:
    leg, mark = passed.leg, passed.milestone
    leg.claimed = (*leg.claimed, mark.code)
    dossier.touched.add(leg.n)
    escalation = _escalate(dossier, leg, mark)
    if mark.is_late(leg.clock.budget):  # a warning is no escalation: it silences none
        leg.told = (*leg.told, *(told.officer for told in escalation.told))
    cut = _take_effect(dossier, leg, mark)
    dossier.record(
        EventType.EXPIRED if mark.effect is Effect.EXPIRE else EventType.MILESTONE_PASSED,
        SYSTEM,
        leg,
        milestone=mark.code,
        effect=mark.effect.value,
        epoch=leg.clock.epoch,
        nominal_at=stamp(passed.at),
        rung=mark.rung.value if mark.rung else None,
        told=[
            {
                "officer": told.officer,
                "rung": told.rung.value,
                "agency": told.agency,
                "stand_in": told.stand_in,
            }
            for told in escalation.told
        ],
        vacant=[rung.value for rung in escalation.vacant],
        cancelled=[each.n for each in cut],
    )


def _escalate(dossier: Dossier, leg: Leg, mark: Milestone) -> Escalation:
    if mark.rung is None or leg.holder == CITIZEN:
        return Escalation()
    directory = dossier.ctx.directory
    found = directory.escalate(leg.holder, mark.rung, assignee=leg.assignee, already=leg.told)
    if leg.kind is not LegKind.AGENCY or mark.rung is not Rung.LEADER:
        return found
    heard = [*leg.told, *(told.officer for told in found.told)]
    lead = directory.escalate(dossier.desk, Rung.LEADER, already=heard)
    return Escalation((*found.told, *lead.told), (*found.vacant, *lead.vacant))


def _take_effect(dossier: Dossier, leg: Leg, mark: Milestone) -> list[Leg]:
    if mark.effect is Effect.EXPIRE:
        return expire(dossier, leg)
    if mark.effect is Effect.TELL_CITIZEN and dossier.promise is None:
        dossier.task = "apologise"
    elif mark.effect is Effect.CALL:
        dossier.task = "call"
    return []
