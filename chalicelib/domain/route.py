"""Along the route: open the legs of a step, notice when it is done, settle at the end.

The route is data of the pinned procedure version; nothing here knows any procedure.
"""

from chalicelib.domain.calendar import TimeLimit
from chalicelib.domain.conditions import applies
from chalicelib.domain.directory import Medium
from chalicelib.domain.dossier import Dossier
from chalicelib.domain.ids import AgencyCode
from chalicelib.domain.leg import CITIZEN, Leg
from chalicelib.domain.procedure import RouteLeg
from chalicelib.domain.terms import LegKind, LegState, ResultKind, Status

DAY = 24 * 3600
WORKING_DAY = 8 * 3600


def enter(dossier: Dossier, step: int, giver: AgencyCode) -> list[Leg]:
    """Open the legs of `step`; a step with nothing to do is passed over; the last one settles."""
    route = dossier.ctx.procedure.route
    dossier.step = step
    if step >= len(route):
        return _arrive(dossier)
    legs = open_step(dossier, giver)
    waits = any(leg.required for leg in legs)
    return legs if waits else legs + enter(dossier, step + 1, giver)


def open_step(dossier: Dossier, giver: AgencyCode) -> list[Leg]:
    """Open the legs of the present step that are for this dossier and are not there yet."""
    route, step = dossier.ctx.procedure.route, dossier.step
    if not 0 <= step < len(route):
        return []
    there = {leg.code for leg in dossier.legs if leg.step == step}
    wanted = [leg for leg in route[step].legs if applies(leg, dossier.conditions)]
    opened = [_open(dossier, leg, giver) for leg in wanted if leg.code not in there]
    return [leg for leg in opened if leg is not None]


def _open(dossier: Dossier, leg: RouteLeg, giver: AgencyCode) -> Leg | None:
    if leg.kind is LegKind.PAYMENT:
        return open_payment(dossier, leg.code, giver) if dossier.paid < dossier.dues else None
    if leg.unit is None or leg.limit is None:
        raise ValueError(f"route leg {leg.code} has no unit or limit")
    agency = dossier.ctx.directory.competent(leg.unit, dossier.desk)
    limit = leg.limit.of(dossier.channel, dossier.conditions)
    return dossier.open_leg(
        leg.kind,
        agency.code,
        budget_of(dossier, limit, agency.code),
        code=leg.code,
        required=leg.required,
        giver=giver,
    )


def open_payment(dossier: Dossier, code: str, giver: AgencyCode) -> Leg:
    """The citizen has `payment_days` to pay what is due; then it goes on from `giver`."""
    days = dossier.ctx.procedure.payment_days
    return dossier.open_leg(LegKind.PAYMENT, CITIZEN, days * DAY, code=code, giver=giver)


def budget_of(dossier: Dossier, limit: TimeLimit, holder: AgencyCode) -> int:
    """Working seconds that `limit` gives `holder` from now."""
    return limit.budget(dossier.ctx.directory.calendar(holder), dossier.ctx.now)


def passed(dossier: Dossier, ended: Leg) -> list[Leg]:
    """After a leg of the route ended: enter the next step once no required leg is left open.

    Returns the legs opened by it.
    """
    dossier.resume_waiting(ended)
    if ended.is_requested:
        return []
    if dossier.step >= len(dossier.ctx.procedure.route):
        return _arrive(dossier)
    if ended.step != dossier.step or _required_left(dossier):
        return []
    official = (ended.giver or dossier.desk) if ended.is_citizens else ended.holder
    return enter(dossier, dossier.step + 1, official)


def _required_left(dossier: Dossier) -> bool:
    return any(leg.required and leg.step == dossier.step for leg in dossier.open_legs())


def is_last(dossier: Dossier, leg: Leg) -> bool:
    """Whether ending this leg brings a result: the dossier's, or an independent leg's own."""
    if leg.is_requested:
        return False
    return not (leg.required and work_is_left(dossier, apart_from=leg))


def work_is_left(dossier: Dossier, apart_from: Leg | None = None) -> bool:
    """Whether a unit or an agency must still do something before the result is there."""
    officials = (each for each in dossier.open_legs() if not each.is_citizens)
    if any(each.required and each is not apart_from for each in officials):
        return True
    later = dossier.ctx.procedure.route[dossier.step + 1 :]
    legs = (each for step in later for each in step.legs if applies(each, dossier.conditions))
    return any(each.required and each.kind is not LegKind.PAYMENT for each in legs)


def _arrive(dossier: Dossier) -> list[Leg]:
    """Beyond the last step: settled when no required leg is open; independent ones go on.

    An independent leg that ends after that has a result of its own to hand out: the birth
    certificate never waits for the insurance card (DOMAIN.md, "Parallel legs").
    """
    open_legs = dossier.open_legs()
    if dossier.status is Status.SETTLED:
        handing = any(leg.kind is LegKind.RETURN for leg in open_legs)
        return [] if handing else [_open_return(dossier)]
    if any(leg.required for leg in open_legs):
        return []
    return [settle(dossier, ResultKind.GRANTED)]


def settle(dossier: Dossier, kind: ResultKind) -> Leg:
    """The result exists: stop the settlement clock, the desk hands it out (R27, R29)."""
    version = dossier.ctx.procedure
    dossier.move(Status.PROCESSING)
    dossier.move(Status.SETTLED)
    dossier.result_kind = kind
    dossier.task = ""
    if dossier.settlement:
        dossier.close(dossier.settlement, kind.value)
    if kind is ResultKind.GRANTED:
        fee = version.fee(dossier.channel) if dossier.fee is None else dossier.fee
        dossier.dues += fee
    else:
        dossier.dues = dossier.paid  # nothing is owed for what is refused
    dossier.step = len(version.route)
    return _open_return(dossier)


def _open_return(dossier: Dossier) -> Leg:
    budget = dossier.ctx.procedure.collect_days * WORKING_DAY
    return dossier.open_leg(LegKind.RETURN, dossier.desk, budget, giver=dossier.desk)


def refuse_on_merits(dossier: Dossier, refusing: Leg) -> tuple[list[Leg], list[Leg]]:
    """A unit or agency says no. Returns the legs cut short, and those opened.

    A required leg's refusal settles the dossier and ends the others; that of an independent
    one, or of an agency outside the route, is only its own.
    """
    dossier.close(refusing, ResultKind.REFUSAL.value)
    if refusing.is_requested or not refusing.required:
        return [], passed(dossier, refusing)
    cut = dossier.cancel_open("refused_elsewhere")
    return cut, [settle(dossier, ResultKind.REFUSAL)]


def review(dossier: Dossier, leg: Leg, holder: AgencyCode) -> Leg:
    """Somebody must look again: `leg` stands still while `holder` reviews it.

    A holder that works in software of its own knows no reviews: the desk, which leads, looks for
    it. The unit's consumed time goes on afterwards where it stood (DOMAIN.md, "Supplement once").
    """
    if dossier.ctx.directory.agency(holder).medium is Medium.WEBHOOK:
        holder = dossier.desk
    hours = dossier.ctx.procedure.review_hours
    opened = dossier.open_leg(
        LegKind.REVIEW,
        holder,
        hours * 3600,
        giver=leg.holder,
        step=leg.step,
        required=leg.required,
    )
    dossier.pause(leg, waits=opened)
    return opened


def expire(dossier: Dossier, leg: Leg) -> list[Leg]:
    """The citizen never answered: refused before acceptance, stopped after it.

    What was asked for an independent leg ends that leg alone. Returns the legs cut short.
    """
    if not leg.required:
        return _expire_alone(dossier, leg)
    status = Status.STOPPED if dossier.accepted_at else Status.REFUSED
    dossier.close(leg, "expired", LegState.CANCELLED)
    return dossier.end(status, "expired")


def _expire_alone(dossier: Dossier, slip: Leg) -> list[Leg]:
    """The leg that it was asked for ends with it, through all the reviews in between.

    Legs that only depend on that one run on.
    """
    dossier.close(slip, "expired", LegState.CANCELLED)
    cut: list[Leg] = []
    ended = [slip]
    for gone in ended:
        waiting = [leg for leg in dossier.open_legs() if leg.waits == gone.n]
        asked_for = [leg for leg in waiting if not dossier.depends_on_any(leg, waiting)]
        for leg in asked_for:
            dossier.close(leg, "expired", LegState.CANCELLED)
        dossier.resume_waiting(gone)
        ended += [leg for leg in asked_for if leg.kind is LegKind.REVIEW]
        cut += asked_for
    for leg in cut:
        if leg.kind is not LegKind.REVIEW:
            passed(dossier, leg)
    return cut
