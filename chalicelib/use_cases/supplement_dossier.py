"""The citizen answers the one supplement slip (R19)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from chalicelib.domain import citizen
from chalicelib.domain.actor import Actor
from chalicelib.domain.dossier import Dossier
from chalicelib.domain.ids import DossierCode
from chalicelib.domain.value import value
from chalicelib.ports import Deps, Form, PaperHandedIn
from chalicelib.use_cases.changing import Changed, Extras, Idempotency, change, confirm_files
from chalicelib.use_cases.submit_dossier import places_of, require_distinct, require_good
from chalicelib.use_cases.track_dossier import require_seen


@value(frozen=True, slots=True)
class Supplement:
    """New answers by section and new papers, exactly those that were asked for."""

    dossier: DossierCode
    rev: int
    answers: Mapping[str, Any]
    papers: tuple[PaperHandedIn, ...]
    idempotency: Idempotency | None = None


def supplement_dossier(command: Supplement, actor: Actor, deps: Deps) -> Changed:
    """Raise RuleError for anything missing or not asked for, FaultsError for a bad answer."""
    require_distinct(command.papers)

    def apply(dossier: Dossier) -> Extras:
        require_seen(dossier, actor)
        citizen.require_owner(dossier, actor)
        dossier.expect(command.rev)
        form = _merged(dossier, command, deps)
        citizen.supplement(dossier, actor, subjects=_subjects(command), answers=form.answers)
        return Extras(form=form, files=_files(command))

    def store() -> Changed:
        return change(deps, command.dossier, apply, command.idempotency)

    return confirm_files(store, places_of(command.papers), deps)


def _subjects(command: Supplement) -> set[str]:
    sections = {f"section:{name}" for name in command.answers}
    return sections | {f"paper:{paper.paper}" for paper in command.papers}


def _files(command: Supplement) -> tuple[Any, ...]:
    return tuple(paper.file for paper in command.papers)


def _merged(dossier: Dossier, command: Supplement, deps: Deps) -> Form:
    form = deps.records.form(dossier.code)
    answers = {**form.answers, **command.answers}
    require_good(answers, dossier.ctx.procedure, deps)
    replaced = {paper.paper for paper in command.papers}
    kept = tuple(paper for paper in form.papers if paper.paper not in replaced)
    return replace(form, number=form.number + 1, answers=answers, papers=kept + command.papers)
