"""Holding a dossier up: suspending a leg on legal ground, going on, stopping for good.

A suspended leg stands still; who suspended it answers for the wait, on a clock of its own that
escalates like any other. The due date moves by exactly that time (DOMAIN.md, "Statuses").
"""

from chalicelib.domain.actor import Actor
from chalicelib.domain.dossier import Dossier
from chalicelib.domain.errors import ForbiddenError, RuleError
from chalicelib.domain.ids import AgencyCode
from chalicelib.domain.procedure import SuspensionGround
from chalicelib.domain.route import budget_of
from chalicelib.domain.terms import EventType, LegKind, Status
from chalicelib.domain.unit import SETTLING, WORKERS, begin


def suspend(
    dossier: Dossier, actor: Actor, *, ground: str, reason: str, leg: int | None = None
) -> None:
    """A leader suspends a leg, on one of the version's legal grounds and no longer than it says."""
    mine = dossier.turn(leg, *SETTLING)
    _require_leader(dossier, actor, mine.holder)
    rule = _ground(dossier, ground)
    begin(dossier)
    opened = dossier.open_leg(
        LegKind.SUSPENSION,
        mine.holder,
        budget_of(dossier, rule.maximum, mine.holder),
        step=mine.step,
        required=mine.required,
        giver=mine.holder,
    )
    dossier.pause(mine, waits=opened)
    dossier.record(EventType.SUSPENDED, actor, mine, note=reason, ground=rule.code, to=[opened.n])


def _ground(dossier: Dossier, code: str) -> SuspensionGround:
    for rule in dossier.ctx.procedure.suspensions:
        if rule.code == code:
            return rule
    raise RuleError("suspension.no_ground", pointer="/ground")


def resume(dossier: Dossier, actor: Actor, *, note: str = "", leg: int | None = None) -> None:
    """The ground is gone: the suspended leg goes on where it stood."""
    resting = dossier.turn(leg, LegKind.SUSPENSION)
    if not actor.leads(dossier.ctx.directory.hierarchy(resting.holder)):
        actor.require([resting.holder], *WORKERS)
    waiting = [each for each in dossier.open_legs() if each.waits == resting.n]
    dossier.close(resting, "resumed")
    dossier.resume_waiting(resting)
    dossier.record(
        EventType.RESUMED,
        actor,
        resting,
        note=note,
        resumed=[each.n for each in waiting if each.is_running],
    )


def stop(dossier: Dossier, actor: Actor, *, reason: str) -> None:
    """It cannot be gone on with (dừng xử lý): a leader ends it, and the citizen is told why."""
    _require_leader(dossier, actor, dossier.desk)
    if dossier.status is Status.ACCEPTED:
        dossier.move(Status.PROCESSING)
    cut = dossier.end(Status.STOPPED, "stopped")
    dossier.record(EventType.STOPPED, actor, note=reason, cancelled=[each.n for each in cut])


def _require_leader(dossier: Dossier, actor: Actor, agency: AgencyCode) -> None:
    if not actor.leads(dossier.ctx.directory.hierarchy(agency)):
        raise ForbiddenError("decision.not_yours")
