"""The whole dossier, for officials concerned and auditors (R12, R22, R25, R32)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from chalicelib.domain.actor import Actor
from chalicelib.domain.control_slip import Hop, Period, control_slip, periods
from chalicelib.domain.dossier import Dossier
from chalicelib.domain.event import Event
from chalicelib.domain.ids import DossierCode, FileId
from chalicelib.domain.leg import Leg
from chalicelib.domain.terms import LegKind, Role
from chalicelib.ports import Deps, Form
from chalicelib.use_cases.changing import context
from chalicelib.use_cases.track_dossier import require_seen


@dataclass(frozen=True, slots=True)
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
    dossier = deps.records.load(code, context(deps))
    require_seen(dossier, actor)
    form = _shared(deps.records.form(code), dossier, actor)
    events = deps.records.events(code)
    return FullDossier(
        dossier,
        form,
        {file: deps.files.link(file) for file in _files(form, dossier)},
        events,
        deps.records.notes(code),
        control_slip(dossier),
        periods(events, dossier.ctx.now),
    )


def _files(form: Form, dossier: Dossier) -> set[FileId]:
    results = {FileId(leg.result) for leg in dossier.legs if leg.result}
    return {paper.file for paper in form.papers} | results


def _shared(form: Form, dossier: Dossier, actor: Actor) -> Form:
    """An agency that only takes part sees the sections its legs share (least privilege)."""
    legs = [leg for leg in dossier.legs if _below(leg, dossier, actor)]
    outside = legs and all(leg.kind is LegKind.AGENCY for leg in legs)
    if not outside or Role.AUDITOR in actor.roles:
        return form
    sections = {section for leg in legs for section in _sections(dossier, leg)}
    answers = {name: value for name, value in form.answers.items() if name in sections}
    return replace(form, submitter={}, owner={}, answers=answers)


def _below(leg: Leg, dossier: Dossier, actor: Actor) -> bool:
    """Whether the leg's holder is the reader's agency or one below it."""
    if leg.is_citizens or actor.agency is None:
        return False
    return actor.agency in dossier.ctx.directory.hierarchy(leg.holder)


def _sections(dossier: Dossier, leg: Leg) -> tuple[str, ...]:
    route_leg = dossier.ctx.procedure.route_leg(leg.step, leg.code)
    return route_leg.shares if route_leg else ()
