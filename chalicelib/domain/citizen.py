"""What a citizen does with a dossier: submit, supplement, withdraw."""

from collections.abc import Collection

from chalicelib.domain.actor import Actor
from chalicelib.domain.dossier import Context, Dossier
from chalicelib.domain.errors import ConflictError, ForbiddenError, RuleError
from chalicelib.domain.ids import AgencyCode, DossierCode, PersonRef
from chalicelib.domain.leg import Leg
from chalicelib.domain.route import work_is_left
from chalicelib.domain.terms import Channel, EventType, LegKind, Role, Status


def submit(
    ctx: Context,
    actor: Actor,
    *,
    code: DossierCode,
    desk: AgencyCode,
    channel: Channel,
    owner: PersonRef,
    submitter: PersonRef,
) -> Dossier:
    """A new dossier: the desk's clock for its answer runs from now (R18)."""
    agency = ctx.directory.agency(desk)
    if not agency.desk or agency.kind not in ctx.procedure.receiving:
        raise RuleError("desk.does_not_receive", pointer="/desk", desk=desk)
    dossier = Dossier(
        ctx=ctx,
        code=code,
        procedure=ctx.procedure.code,
        version=ctx.procedure.version,
        desk=desk,
        channel=channel,
        owner=owner,
        submitter=submitter,
        submitted_at=ctx.now,
        generation_at=ctx.now,
    )
    intake = dossier.open_leg(LegKind.INTAKE, desk, answer_budget(ctx, channel, desk))
    dossier.record(EventType.SUBMITTED, actor, intake, channel=channel.value)
    return dossier


def answer_budget(ctx: Context, channel: Channel, desk: AgencyCode) -> int:
    """Working seconds that the desk has for its answer, from now."""
    limit = ctx.procedure.answer_limit.of(channel)
    return limit.budget(ctx.directory.calendar(desk), ctx.now)


def require_owner(dossier: Dossier, actor: Actor) -> None:
    """The owner, the submitter, or the desk on their behalf (R11: the counter is a channel)."""
    if actor.may_act_for(dossier.desk, [Role.DESK]):
        return
    if Role.CITIZEN not in actor.roles or actor.id not in (dossier.owner, dossier.submitter):
        raise ForbiddenError("dossier.not_yours")


def supplement(dossier: Dossier, actor: Actor, *, subjects: Collection[str]) -> None:
    """Answer an open slip: every item asked for, nothing else.

    Parallel legs may each have led to a slip: what is given answers all that it answers whole.
    Before acceptance the intake starts anew; after it the unit goes on where it stood.
    """
    require_owner(dossier, actor)
    answered = _answered(dossier, set(subjects))
    resumed = [leg for slip in answered for leg in _answer(dossier, slip)]
    dossier.record(
        EventType.SUPPLEMENTED,
        actor,
        answered[0],
        items=sorted(subjects),
        slips=[slip.n for slip in answered],
        resumed=[leg.n for leg in resumed],
    )


def _answered(dossier: Dossier, given: set[str]) -> list[Leg]:
    """The slips that `given` answers; raise where one is begun only, or was never asked for."""
    slips = [leg for leg in dossier.running() if leg.kind is LegKind.SUPPLEMENT]
    if not slips:
        raise ConflictError("supplement.not_open")
    whole = [slip for slip in slips if given.issuperset(slip.asked)]
    rest = given.difference(*(slip.asked for slip in whole))
    begun = [slip for slip in slips if rest.intersection(slip.asked)]
    for slip in begun or ([] if whole else slips[:1]):
        raise _fault("supplement.missing", min(set(slip.asked) - given), dossier)
    if rest:
        raise _fault("supplement.not_asked", min(rest), dossier)
    return whole


def _fault(code: str, subject: str, dossier: Dossier) -> RuleError:
    kind, _, name = subject.partition(":")
    pointer = f"/answers/{name}" if kind == "section" else "/papers"
    return RuleError(code, pointer=pointer, subject=dossier.ctx.procedure.called(subject))


def _answer(dossier: Dossier, slip: Leg) -> list[Leg]:
    """End the slip; returns the legs that waited for it and run again."""
    waiting = [leg for leg in dossier.open_legs() if leg.waits == slip.n]
    dossier.close(slip, "supplemented")
    dossier.resume_waiting(slip)
    for leg in waiting:
        if leg.kind is LegKind.INTAKE:
            budget = answer_budget(dossier.ctx, dossier.channel, dossier.desk)
            leg.clock, leg.claimed, leg.told = leg.clock.restart(dossier.ctx.now, budget), (), ()
    return [leg for leg in waiting if leg.is_running]


def withdraw(dossier: Dossier, actor: Actor, *, reason: str = "") -> None:
    """Until the result is signed; the agencies' legs are cancelled with it.

    Raise RuleError when only a payment is between the signed result and the citizen.
    """
    require_owner(dossier, actor)
    on_route = dossier.accepted_at and dossier.step < len(dossier.ctx.procedure.route)
    if on_route and not dossier.is_closed and not work_is_left(dossier):
        raise RuleError("withdraw.result_signed")
    cut = dossier.end(Status.WITHDRAWN, "withdrawn")
    dossier.record(EventType.WITHDRAWN, actor, note=reason, cancelled=[leg.n for leg in cut])
