"""What a citizen does with a dossier: submit, supplement, withdraw."""

from collections.abc import Collection

from chalicelib.domain.actor import Actor
from chalicelib.domain.conditions import Answers
from chalicelib.domain.dossier import Context, Dossier
from chalicelib.domain.errors import ConflictError, ForbiddenError, RuleError
from chalicelib.domain.ids import AgencyCode, DossierCode, PersonRef
from chalicelib.domain.leg import Leg
from chalicelib.domain.route import budget_of, open_step, work_is_left
from chalicelib.domain.terms import Channel, EventType, LegKind, Level, Role, Status
from chalicelib.domain.value import value


@value(frozen=True, slots=True)
class Filing:
    """What is filed, where and by whom; of the answers only what they decide is kept."""

    desk: AgencyCode
    channel: Channel
    owner: PersonRef
    submitter: PersonRef
    answers: Answers


def submit(ctx: Context, actor: Actor, code: DossierCode, filing: Filing) -> Dossier:
    """A new dossier: the desk's clock for its answer runs from now (R18)."""
    agency = ctx.directory.agency(filing.desk)
    if not agency.desk or agency.kind not in ctx.procedure.receiving:
        raise RuleError("desk.does_not_receive", pointer="/desk", desk=filing.desk)
    if ctx.procedure.level is Level.INFORMATION and filing.channel is Channel.ONLINE:
        raise RuleError("submit.not_online", pointer="/channel")
    dossier = Dossier(
        ctx=ctx,
        code=code,
        procedure=ctx.procedure.code,
        version=ctx.procedure.version,
        desk=filing.desk,
        channel=filing.channel,
        owner=filing.owner,
        submitter=filing.submitter,
        submitted_at=ctx.now,
        generation_at=ctx.now,
    )
    _fix_terms(dossier, filing.answers)
    intake = dossier.open_leg(LegKind.INTAKE, dossier.desk, _answer_budget(dossier))
    dossier.record(EventType.SUBMITTED, actor, intake, channel=dossier.channel.value)
    return dossier


def _fix_terms(dossier: Dossier, answers: Answers) -> None:
    """What the answers decide: which conditions hold, and what is due at the collection."""
    version = dossier.ctx.procedure
    dossier.conditions = version.holding(answers)
    dossier.fee = version.fee(dossier.channel, dossier.conditions, answers)


def _answer_budget(dossier: Dossier) -> int:
    """Working seconds that the desk has for its answer, from now."""
    limit = dossier.ctx.procedure.answer_limit.of(dossier.channel, dossier.conditions)
    return budget_of(dossier, limit, dossier.desk)


def require_owner(dossier: Dossier, actor: Actor) -> None:
    """The owner, the submitter, or the desk on their behalf (R11: the counter is a channel)."""
    if actor.may_act_for(dossier.desk, [Role.DESK]):
        return
    if Role.CITIZEN not in actor.roles or actor.id not in (dossier.owner, dossier.submitter):
        raise ForbiddenError("dossier.not_yours")


def supplement(
    dossier: Dossier,
    actor: Actor,
    *,
    subjects: Collection[str],
    answers: Answers | None = None,
) -> None:
    """Answer an open slip: every item asked for, nothing else.

    Parallel legs may each have led to a slip: what is given answers all that it answers whole.
    Before acceptance the intake starts anew; after it the unit goes on where it stood. `answers`
    are all of them, where some are new: what only these ask for is opened beside the unit, and
    clocks that have begun keep their limits.
    """
    require_owner(dossier, actor)
    answered = _answered(dossier, set(subjects))
    if answers is not None:
        _fix_terms(dossier, answers)
    opened = open_step(dossier, dossier.desk)
    resumed = [leg for slip in answered for leg in _answer(dossier, slip)]
    dossier.record(
        EventType.SUPPLEMENTED,
        actor,
        answered[0],
        items=sorted(subjects),
        slips=[slip.n for slip in answered],
        resumed=[leg.n for leg in resumed],
        to=[leg.n for leg in opened],
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
            clock = leg.clock.restart(dossier.ctx.now, _answer_budget(dossier))
            leg.clock, leg.claimed, leg.told = clock, (), ()
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
