"""What a department and its heads decide: receive, hand over, complete, send back (R22–R24)."""

from collections.abc import Collection

from chalicelib.domain.actor import Actor
from chalicelib.domain.calendar import TimeLimit
from chalicelib.domain.dossier import Dossier
from chalicelib.domain.errors import ConflictError, ForbiddenError, RuleError
from chalicelib.domain.ids import AgencyCode, OfficerId
from chalicelib.domain.leg import REQUESTED, Leg
from chalicelib.domain.route import is_last, passed, refuse_on_merits, review
from chalicelib.domain.terms import EventType, LegKind, Role, Status

WORKERS = (Role.OFFICER, Role.HEAD, Role.DESK)
SETTLING = (LegKind.UNIT, LegKind.AGENCY)


def receive(dossier: Dossier, actor: Actor, *, leg: int | None = None) -> None:
    """The second signature of a hand-over; the clock has run since the first."""
    mine = dossier.turn(leg, *SETTLING, LegKind.REVIEW)
    actor.require([mine.holder], *WORKERS)
    if mine.received_at:
        raise ConflictError("leg.already_received")
    take_over(dossier, mine, actor)
    dossier.record(EventType.RECEIVED, actor, mine)


def take_over(dossier: Dossier, leg: Leg, actor: Actor) -> bool:
    """Acting on a leg receives it; returns whether it was received just now."""
    if leg.received_at:
        return False
    leg.received_at, leg.received_by = dossier.ctx.now, actor.id
    dossier.touched.add(leg.n)
    begin(dossier)
    return True


def begin(dossier: Dossier) -> None:
    """The first unit that acts; an independent leg may still begin after the settlement."""
    if dossier.status is Status.ACCEPTED:
        dossier.move(Status.PROCESSING)


def decline_receipt(dossier: Dossier, actor: Actor, *, reason: str, leg: int | None = None) -> None:
    """Not taken over: the giver looks again while the receiver's clock stands still."""
    mine = dossier.turn(leg, *SETTLING)
    actor.require([mine.holder], *WORKERS)
    if mine.received_at or mine.giver is None:
        raise ConflictError("leg.already_received")
    begin(dossier)
    opened = review(dossier, mine, mine.giver)
    dossier.record(EventType.RECEIPT_DECLINED, actor, mine, note=reason, to=[opened.n])


def assign(dossier: Dossier, actor: Actor, *, officer: OfficerId, leg: int | None = None) -> None:
    """The head gives the work to an official; the clock goes on."""
    mine = dossier.turn(leg, *SETTLING, LegKind.REVIEW, LegKind.INTAKE, LegKind.RETURN)
    actor.require([mine.holder], Role.HEAD)
    mine.assignee = officer
    dossier.record(EventType.ASSIGNED, actor, mine, officer=officer)


def hand_over(dossier: Dossier, actor: Actor, *, note: str = "", leg: int | None = None) -> None:
    """The giver's signature: this leg is done, the next ones open.

    A review ends with the legs that waited for it. The leg that settles the dossier cannot be
    handed over: it is completed, with its result.
    """
    mine = dossier.turn(leg, *SETTLING, LegKind.REVIEW)
    actor.require([mine.holder], *WORKERS)
    if mine.kind is not LegKind.REVIEW and is_last(dossier, mine):
        raise RuleError("leg.result_needed", pointer="/action")
    received = take_over(dossier, mine, actor)
    waiting = [leg for leg in dossier.open_legs() if leg.waits == mine.n]
    opened = _finish(dossier, mine, "handed_over")
    dossier.record(
        EventType.HANDED_OVER,
        actor,
        mine,
        note=note,
        received=received,
        to=[each.n for each in opened],
        resumed=[leg.n for leg in waiting if leg.is_running],
    )


def complete(
    dossier: Dossier, actor: Actor, *, result: str, note: str = "", leg: int | None = None
) -> None:
    """The leg ends with its result; `result` is the id of a stored file."""
    mine = dossier.turn(leg, *SETTLING)
    actor.require([mine.holder], *WORKERS)
    received = take_over(dossier, mine, actor)
    mine.result = result
    opened = _finish(dossier, mine, "completed")
    dossier.record(
        EventType.COMPLETED,
        actor,
        mine,
        note=note,
        received=received,
        result=result,
        to=[each.n for each in opened],
    )


def _finish(dossier: Dossier, leg: Leg, outcome: str) -> list[Leg]:
    dossier.close(leg, outcome)
    if leg.kind is LegKind.REVIEW:
        dossier.resume_waiting(leg)
        return []
    return passed(dossier, leg)


def refuse(dossier: Dossier, actor: Actor, *, reason: str, leg: int | None = None) -> None:
    """Refused on the merits; of a required leg, that settles the dossier."""
    mine = dossier.turn(leg, *SETTLING)
    actor.require([mine.holder], *WORKERS)
    take_over(dossier, mine, actor)
    cut, opened = refuse_on_merits(dossier, mine)
    dossier.record(
        EventType.REFUSED,
        actor,
        mine,
        note=reason,
        cancelled=[each.n for each in cut],
        to=[each.n for each in opened],
    )


def send_back(dossier: Dossier, actor: Actor, *, reason: str, leg: int | None = None) -> None:
    """A fault was found: back to the desk, never to the citizen (R23)."""
    mine = dossier.turn(leg, *SETTLING, LegKind.REVIEW)
    actor.require([mine.holder], *WORKERS)
    if mine.holder == dossier.desk:
        raise RuleError("leg.send_back_from_desk")
    take_over(dossier, mine, actor)
    opened = review(dossier, mine, dossier.desk)
    dossier.record(EventType.SENT_BACK, actor, mine, note=reason, to=[opened.n])


def extend(
    dossier: Dossier, actor: Actor, *, limit: TimeLimit, reason: str, leg: int | None = None
) -> None:
    """A leader extends, once, before the due time, within the version's legal ground.

    The dossier's own due time moves with the first extension of a required leg of its route,
    unless that time is past: what was missed stays missed.
    """
    mine = dossier.turn(leg, *SETTLING)
    if not actor.leads(dossier.ctx.directory.hierarchy(mine.holder)):
        raise ForbiddenError("decision.not_yours")
    rule = dossier.ctx.procedure.extension
    if rule is None:
        raise RuleError("extension.no_ground")
    calendar, now = dossier.calendar(mine), dossier.ctx.now
    end = mine.clock.due(calendar) or now
    added, most = limit.budget(calendar, end), rule.maximum.budget(calendar, end)
    if not 0 < added <= most:
        raise RuleError("extension.too_long", pointer="/limit")
    if mine.extended:
        raise RuleError("extension.once")
    if mine.clock.consumed_at(calendar, now) >= mine.clock.budget:
        raise RuleError("extension.too_late")
    if whole := _whole_moves(dossier, mine):
        _lengthen(dossier, whole, added)
    _lengthen(dossier, mine, added)
    mine.extended = True
    dossier.record(EventType.EXTENDED, actor, mine, note=reason, seconds=added)


def _whole_moves(dossier: Dossier, extended: Leg) -> Leg | None:
    """The settlement, where this extension moves its due time, too."""
    whole = dossier.settlement
    if whole is None or not (whole.is_running and _is_on_the_way(extended)):
        return None
    if any(leg.extended and _is_on_the_way(leg) for leg in dossier.legs):
        return None
    spent = whole.clock.consumed_at(dossier.calendar(whole), dossier.ctx.now)
    return whole if spent < whole.clock.budget else None


def _is_on_the_way(leg: Leg) -> bool:
    return leg.required and not leg.is_requested


def _lengthen(dossier: Dossier, leg: Leg, seconds: int) -> None:
    spent = leg.clock.consumed_at(dossier.calendar(leg), dossier.ctx.now)
    leg.clock = leg.clock.extend(seconds)
    dossier.forget_ahead(leg, spent)
    leg.told = ()


def request_agency(
    dossier: Dossier,
    actor: Actor,
    *,
    agency: AgencyCode,
    limit: TimeLimit,
    reason: str,
    shares: Collection[str] = (),
    leg: int | None = None,
) -> None:
    """Ask an agency outside the route (R5, R25); the asking leg waits for its answer.

    It gets to see the subjects in `shares`, and no others.
    """
    mine = dossier.turn(leg, LegKind.UNIT)
    actor.require([mine.holder], *WORKERS)
    dossier.ctx.directory.agency(agency, "/agency")
    if agency == mine.holder:
        raise RuleError("leg.same_agency", pointer="/agency")
    if unknown := set(shares) - dossier.ctx.procedure.subjects:
        raise RuleError("supplement.unknown_subject", pointer="/shares", subject=min(unknown))
    take_over(dossier, mine, actor)
    opened = dossier.open_leg(
        LegKind.AGENCY,
        agency,
        limit.budget(dossier.ctx.directory.calendar(agency), dossier.ctx.now),
        code=REQUESTED,
        step=mine.step,
        shares=tuple(sorted(shares)),
        required=mine.required,
        giver=mine.holder,
    )
    dossier.pause(mine, waits=opened)
    dossier.record(EventType.AGENCY_REQUESTED, actor, mine, note=reason, to=[opened.n])
