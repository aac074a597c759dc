"""What a citizen does with a dossier: submit, supplement, withdraw."""

from collections.abc import Collection

from chalicelib.domain.actor import Actor
from chalicelib.domain.dossier import Context, Dossier
from chalicelib.domain.errors import ForbiddenError, RuleError
from chalicelib.domain.ids import AgencyCode, DossierCode, PersonRef
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
    limit = ctx.procedure.answer_limit.of(channel)
    budget = limit.budget(ctx.directory.calendar(desk), ctx.now)
    intake = dossier.open_leg(LegKind.INTAKE, desk, budget)
    dossier.record(EventType.SUBMITTED, actor, intake, channel=channel.value)
    return dossier


def require_owner(dossier: Dossier, actor: Actor) -> None:
    """The owner, the submitter, or the desk on their behalf (R11: the counter is a channel)."""
    if actor.may_act_for(dossier.desk, [Role.DESK]):
        return
    if Role.CITIZEN not in actor.roles or actor.id not in (dossier.owner, dossier.submitter):
        raise ForbiddenError("dossier.not_yours")


def supplement(dossier: Dossier, actor: Actor, *, subjects: Collection[str]) -> None:
    """Answer the open slip: every item asked for, nothing else.

    Before acceptance the intake starts anew; after it the unit goes on where it stood.
    """
    require_owner(dossier, actor)
    slip = dossier.turn(None, LegKind.SUPPLEMENT)
    if missing := set(slip.asked) - set(subjects):
        raise RuleError("supplement.missing", pointer="/items", subject=min(missing))
    if extra := set(subjects) - set(slip.asked):
        raise RuleError("supplement.not_asked", pointer="/items", subject=min(extra))
    waiting = [leg for leg in dossier.open_legs() if leg.waits == slip.n]
    dossier.close(slip, "supplemented")
    dossier.resume_waiting(slip)
    for leg in waiting:
        if leg.kind is LegKind.INTAKE:
            leg.clock, leg.claimed, leg.told = leg.clock.restart(dossier.ctx.now), (), ()
    dossier.record(
        EventType.SUPPLEMENTED,
        actor,
        slip,
        items=sorted(subjects),
        resumed=[leg.n for leg in waiting],
    )


def withdraw(dossier: Dossier, actor: Actor, *, reason: str = "") -> None:
    """Until the result exists; the agencies' legs are cancelled with it."""
    require_owner(dossier, actor)
    cut = dossier.end(Status.WITHDRAWN, "withdrawn")
    dossier.record(EventType.WITHDRAWN, actor, note=reason, cancelled=[leg.n for leg in cut])
