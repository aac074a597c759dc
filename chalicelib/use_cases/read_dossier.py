"""The whole dossier, for officials concerned and auditors (R12, R22, R25, R32)."""

from collections.abc import Mapping

from chalicelib.domain.actor import Actor
from chalicelib.domain.control_slip import Hop, Period, control_slip, periods
from chalicelib.domain.dossier import Dossier
from chalicelib.domain.event import Event
from chalicelib.domain.ids import DossierCode, FileId
from chalicelib.domain.leg import Leg
from chalicelib.domain.terms import LegKind, Role
from chalicelib.domain.value import value
from chalicelib.ports import Deps, Form
from chalicelib.use_cases.changing import context
from chalicelib.use_cases.sharing import shared_form, shared_results
from chalicelib.use_cases.track_dossier import require_seen


@value(frozen=True, slots=True)
class FullDossier:
    """`form` as far as the reader's part needs it; `links` are short-lived, by file."""

    dossier: Dossier
    form: Form
    links: Mapping[str, str]
    events: list[Event]
    notes: Mapping[int, str]
    slip: list[Hop]
    periods: list[Period]


def read_dossier(code: DossierCode, actor: Actor, deps: Deps) -> FullDossier:
    """Raise NotFoundError, also for what the reader may not see."""
    records = deps.records
    dossier = records.load(code, context(deps))
    require_seen(dossier, actor)
    form, events, notes = records.form(code), records.events(code), records.notes(code)
    results = [leg for leg in dossier.legs if leg.result]
    if legs := _only_takes_part(dossier, actor):
        form, results = shared_form(form, dossier, legs), shared_results(dossier, legs)
        theirs = {event.ev for event in events if _is_about(event, legs)}
        notes = {ev: note for ev, note in notes.items() if ev in theirs}
    files = {paper.file for paper in form.papers} | {FileId(leg.result) for leg in results}
    return FullDossier(
        dossier,
        form,
        {file: deps.files.link(file) for file in files},
        events,
        notes,
        control_slip(dossier),
        periods(events, dossier.ctx.now),
    )


def _only_takes_part(dossier: Dossier, actor: Actor) -> list[Leg]:
    """The legs of an agency that has no other part in it (least privilege); else none."""
    legs = [leg for leg in dossier.legs if _below(leg, dossier, actor)]
    outside = all(leg.kind is LegKind.AGENCY for leg in legs) and Role.AUDITOR not in actor.roles
    return legs if outside else []


def _is_about(event: Event, legs: list[Leg]) -> bool:
    """What happened to these legs, or opened them."""
    numbers = {leg.n for leg in legs}
    return event.leg in numbers or not numbers.isdisjoint(event.data.get("to", ()))


def _below(leg: Leg, dossier: Dossier, actor: Actor) -> bool:
    """Whether the leg's holder is the reader's agency or one below it."""
    if leg.is_citizens or actor.agency is None:
        return False
    return actor.agency in dossier.ctx.directory.hierarchy(leg.holder)
