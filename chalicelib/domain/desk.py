"""What the one-stop desk decides (bộ phận một cửa): R18–R23, R27–R29.

Each function is one decision: it raises before it changes anything, or changes the dossier.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from chalicelib.domain.actor import Actor
from chalicelib.domain.clock import Clock
from chalicelib.domain.dossier import Dossier
from chalicelib.domain.errors import ConflictError, RuleError
from chalicelib.domain.event import stamp
from chalicelib.domain.ids import AgencyCode
from chalicelib.domain.leg import CITIZEN, SETTLEMENT_LEG, Leg
from chalicelib.domain.procedure import PROMISE_LAPSED
from chalicelib.domain.route import DAY, enter, passed
from chalicelib.domain.terms import EventType, LegKind, Role, Status
from chalicelib.domain.unit import take_over
from chalicelib.domain.value import value


def accept(dossier: Dossier, actor: Actor, *, number: int, leg: int | None = None) -> None:
    """Complete: enter it in the register and hand it over to the first unit of its route.

    `number` is that of its line (R20). Accepted late, the settlement clock runs from the moment
    the answer was due.
    """
    intake = dossier.turn(leg, LegKind.INTAKE)
    actor.require([intake.holder], Role.DESK)
    now, due = dossier.ctx.now, dossier.due(intake)
    since = min(now, due) if due else now
    limit = dossier.ctx.procedure.limit.of(dossier.channel, dossier.conditions)
    dossier.move(Status.ACCEPTED)
    dossier.accepted_at = now
    dossier.number = number
    dossier.close(intake, "accepted")
    budget = limit.budget(dossier.ctx.directory.calendar(dossier.desk), since)
    dossier.settlement = _settlement(dossier, budget, since)
    opened = enter(dossier, 0, dossier.desk)
    to = [each.n for each in opened]
    dossier.record(EventType.ACCEPTED, actor, intake, number=number, to=to)


def _settlement(dossier: Dossier, budget: int, since: datetime) -> Leg:
    """The clock of the dossier as a whole; the receiving desk leads and answers for it (R35)."""
    return Leg(
        n=SETTLEMENT_LEG,
        kind=LegKind.SETTLEMENT,
        code=LegKind.SETTLEMENT.value,
        step=-1,
        holder=dossier.desk,
        clock=Clock(budget, since=since),
        opened_at=dossier.ctx.now,
    )


def refuse(dossier: Dossier, actor: Actor, *, reason: str, leg: int | None = None) -> None:
    """The desk does not take it in (không được tiếp nhận)."""
    intake = dossier.turn(leg, LegKind.INTAKE)
    actor.require([intake.holder], Role.DESK)
    dossier.close(intake, "refused")
    dossier.end(Status.REFUSED, "refused")
    dossier.record(EventType.REFUSED, actor, intake, note=reason)


@value(frozen=True, slots=True)
class Check:
    """The desk's mark on one paper or section; a faulty one says why and what to do."""

    good: bool
    reason_code: str = ""
    todo: str = ""


def request_supplement(
    dossier: Dossier,
    actor: Actor,
    *,
    checks: Mapping[str, Check],
    reason: str = "",
    leg: int | None = None,
) -> None:
    """Ask the citizen to complete the dossier: once, and completely (R19, R26).

    Raise RuleError when a paper or section is unmarked, when nothing is faulty, or when it is a
    second request that no leader approves.
    """
    asking = dossier.turn(leg, LegKind.INTAKE, LegKind.REVIEW, LegKind.UNIT, of=dossier.desk)
    if asking.holder != dossier.desk:
        raise RuleError("supplement.desk_only")
    leader = actor.leads(dossier.ctx.directory.hierarchy(asking.holder))
    if not leader:
        actor.require([asking.holder], Role.DESK)
    faulty = _faulty(dossier, checks)
    running = _asked_already(dossier, faulty)
    second = running is None and _is_second(dossier, faulty)
    if second and not (leader and reason):
        raise RuleError("supplement.once", pointer="/checks")
    if asking.kind is not LegKind.INTAKE:
        take_over(dossier, asking, actor)
    slip = running or _open_slip(dossier, asking, faulty)
    _wait_for(dossier, asking, slip)
    dossier.record(
        EventType.SUPPLEMENT_REQUESTED,
        actor,
        asking,
        note="\n".join([reason, *(f"{subject}: {checks[subject].todo}" for subject in faulty)]),
        slip=slip.n,
        faulty={subject: checks[subject].reason_code for subject in faulty},
        second=second,
    )


def _asked_already(dossier: Dossier, faulty: list[str]) -> Leg | None:
    """A slip for a parallel leg that asks for all of it and is not answered yet."""
    slips = (leg for leg in dossier.running() if leg.kind is LegKind.SUPPLEMENT)
    return next((slip for slip in slips if set(faulty) <= set(slip.asked)), None)


def _open_slip(dossier: Dossier, asking: Leg, faulty: list[str]) -> Leg:
    return dossier.open_leg(
        LegKind.SUPPLEMENT,
        CITIZEN,
        dossier.ctx.procedure.supplement_days * DAY,
        step=asking.step,
        required=asking.required,
        giver=dossier.desk,
        asked=tuple(faulty),
    )


def _wait_for(dossier: Dossier, asking: Leg, slip: Leg) -> None:
    """Whoever asks waits for the citizen; a review is over, and its waiters wait on."""
    slip.required = slip.required or asking.required
    dossier.touched.add(slip.n)
    if asking.kind is LegKind.REVIEW:
        _pass_on(dossier, asking, slip)
    else:
        dossier.pause(asking, waits=slip)


def _faulty(dossier: Dossier, checks: Mapping[str, Check]) -> list[str]:
    subjects, called = dossier.ctx.procedure.subjects, dossier.ctx.procedure.called
    if unknown := set(checks) - subjects:
        raise RuleError("supplement.unknown_subject", pointer="/checks", subject=min(unknown))
    if missing := subjects - set(checks):
        raise RuleError("supplement.unmarked", pointer="/checks", subject=called(min(missing)))
    faulty = sorted(subject for subject, check in checks.items() if not check.good)
    if not faulty:
        raise RuleError("supplement.nothing_faulty", pointer="/checks")
    for subject in faulty:
        if not (checks[subject].reason_code and checks[subject].todo.strip()):
            raise RuleError(
                "supplement.say_why", pointer=f"/checks/{subject}", subject=called(subject)
            )
    return faulty


def _is_second(dossier: Dossier, faulty: list[str]) -> bool:
    """New faults are a second request; a listed item that came back wrong may be asked for once."""
    slips = [leg for leg in dossier.legs if leg.kind is LegKind.SUPPLEMENT]
    if not slips:
        return False
    return len(slips) > 1 or not set(faulty) <= set(slips[0].asked)


def _pass_on(dossier: Dossier, review: Leg, slip: Leg) -> None:
    """The review is over; whoever waited for it waits for the citizen now."""
    dossier.close(review, "supplement_requested")
    for leg in dossier.open_legs():
        if leg.waits == review.n:
            leg.waits = slip.n
            dossier.touched.add(leg.n)


def record_payment(
    dossier: Dossier, actor: Actor, *, amount: int, receipt: str, leg: int | None = None
) -> None:
    """Money received, in đồng. What is due in full ends the citizen's payment leg."""
    actor.require([dossier.desk], Role.DESK)
    if leg is not None:
        dossier.turn(leg, LegKind.PAYMENT, LegKind.RETURN)
    outstanding = dossier.dues - dossier.paid
    if dossier.is_closed or not outstanding:
        raise ConflictError("payment.nothing_due", pointer="/amount")
    if not 0 < amount <= outstanding:
        raise RuleError("payment.amount", pointer="/amount", outstanding=outstanding)
    dossier.paid += amount
    paying = [each for each in dossier.running() if each.kind is LegKind.PAYMENT]
    opened = []
    for each in paying if dossier.paid >= dossier.dues else []:
        dossier.close(each, "paid")
        opened += passed(dossier, each)
    dossier.record(
        EventType.PAYMENT_RECORDED,
        actor,
        paying[0] if paying else None,
        amount=amount,
        receipt=receipt,
        to=[each.n for each in opened],
    )


def apologise(
    dossier: Dossier,
    actor: Actor,
    *,
    reason: str,
    promised_at: datetime,
    unit: AgencyCode,
) -> None:
    """The apology with a new date, from the unit at fault (R28): `due_at` never moves.

    The date lies beyond the appointed one, and beyond one that was promised before.
    """
    actor.require([dossier.desk], Role.DESK, Role.LEADER)
    if dossier.settlement is None or not dossier.settlement.is_open:
        raise ConflictError("apology.not_in_settlement")
    if unit not in {leg.holder for leg in dossier.legs if leg.holder != CITIZEN}:
        raise RuleError("apology.unit", pointer="/unit")
    if dossier.appointments >= dossier.ctx.procedure.reappointments:
        raise RuleError("apology.once")
    settlement, calendar = dossier.settlement, dossier.calendar(dossier.settlement)
    spent = settlement.clock.consumed_at(calendar, dossier.ctx.now)
    promise = spent + calendar.between(dossier.ctx.now, promised_at)
    if promise <= max(spent, settlement.clock.budget, dossier.promise or 0):
        raise RuleError("apology.promised_at", pointer="/promised_at")
    dossier.appointments += 1
    dossier.promise = promise
    _begin_promise(settlement)
    dossier.task = "" if dossier.task == "apologise" else dossier.task
    dossier.record(
        EventType.APOLOGISED,
        actor,
        note=reason,
        unit=unit,
        promised_at=stamp(promised_at),
    )


def _begin_promise(settlement: Leg) -> None:
    """In a new epoch: it can lapse like one before it, and whoever heard of that hears again."""
    settlement.clock = settlement.clock.extend(0)
    settlement.claimed = tuple(each for each in settlement.claimed if each != PROMISE_LAPSED.code)
    settlement.told = ()


class Handing(StrEnum):
    """How a result reaches the citizen."""

    COUNTER = "counter"
    DOWNLOAD = "download"
    POST = "post"


def return_result(
    dossier: Dossier,
    actor: Actor,
    *,
    how: Handing = Handing.COUNTER,
    note: str = "",
    leg: int | None = None,
) -> None:
    """Hand the result out; what is due must be paid (R27). `note`: to whom, or the parcel's number.

    While an independent leg is still open, this is a part, and another one follows.
    """
    handing = dossier.turn(leg, LegKind.RETURN)
    actor.require([handing.holder], Role.DESK)
    if dossier.paid < dossier.dues:
        raise RuleError("payment.outstanding", outstanding=dossier.dues - dossier.paid)
    take_over(dossier, handing, actor)
    dossier.close(handing, "returned")
    if dossier.open_legs():
        dossier.record(EventType.PART_RETURNED, actor, handing, note=note, how=how.value)
        return
    dossier.end(Status.RETURNED, "returned")
    dossier.record(EventType.RETURNED, actor, handing, note=note, how=how.value)


def contact(dossier: Dossier, actor: Actor, *, note: str) -> None:
    """The citizen was called: told that the result is early (R29), or why it is late.

    A leader's call ends the task that a lapsed promise opened.
    """
    leader = actor.leads(dossier.ctx.directory.hierarchy(dossier.desk))
    if not leader:
        actor.require([dossier.desk], Role.DESK)
    if dossier.is_closed:
        raise ConflictError("dossier.closed")
    if dossier.task == "call" and leader:
        dossier.task = ""
    dossier.record(EventType.CONTACTED, actor, note=note)
