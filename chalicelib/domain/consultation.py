"""Asking another unit what it thinks before deciding (R21): whoever asks goes on meanwhile."""

from chalicelib.domain.actor import Actor
from chalicelib.domain.calendar import TimeLimit
from chalicelib.domain.directory import Medium
from chalicelib.domain.dossier import Dossier
from chalicelib.domain.errors import RuleError
from chalicelib.domain.ids import AgencyCode
from chalicelib.domain.route import budget_of
from chalicelib.domain.terms import EventType, LegKind
from chalicelib.domain.unit import WORKERS, take_over


def consult(
    dossier: Dossier,
    actor: Actor,
    *,
    agency: AgencyCode,
    limit: TimeLimit,
    reason: str,
    leg: int | None = None,
) -> None:
    """Ask a unit that works here; `reason` is the question. The asking clock runs on."""
    mine = dossier.turn(leg, LegKind.INTAKE, LegKind.REVIEW, LegKind.UNIT)
    actor.require([mine.holder], *WORKERS)
    if dossier.ctx.directory.agency(agency, "/agency").medium is Medium.WEBHOOK:
        raise RuleError("consultation.elsewhere", pointer="/agency")
    if agency == mine.holder:
        raise RuleError("leg.same_agency", pointer="/agency")
    take_over(dossier, mine, actor)
    opened = dossier.open_leg(
        LegKind.CONSULTATION,
        agency,
        budget_of(dossier, limit, agency),
        step=mine.step,
        required=False,
        giver=mine.holder,
    )
    dossier.record(EventType.CONSULTED, actor, mine, note=reason, to=[opened.n])


def answer_consultation(
    dossier: Dossier, actor: Actor, *, note: str, leg: int | None = None
) -> None:
    """What the unit thinks; whoever asked decides."""
    asked = dossier.turn(leg, LegKind.CONSULTATION)
    actor.require([asked.holder], *WORKERS)
    take_over(dossier, asked, actor)
    dossier.close(asked, "answered")
    dossier.record(EventType.CONSULTATION_ANSWERED, actor, asked, note=note)
