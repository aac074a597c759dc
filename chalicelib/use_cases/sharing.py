"""What of a dossier an agency that only takes part gets to see: what its legs need, no more."""

from collections.abc import Sequence
from dataclasses import replace

from chalicelib.domain.dossier import Dossier
from chalicelib.domain.leg import Leg
from chalicelib.ports import Form


def shared_form(form: Form, dossier: Dossier, legs: Sequence[Leg]) -> Form:
    """The sections and papers that these legs share; the persons are in them, where needed."""
    subjects = {subject for leg in legs for subject in _needed(dossier, leg)}
    return replace(
        form,
        submitter={},
        owner={},
        answers={
            name: value for name, value in form.answers.items() if f"section:{name}" in subjects
        },
        papers=tuple(paper for paper in form.papers if f"paper:{paper.paper}" in subjects),
    )


def _needed(dossier: Dossier, leg: Leg) -> tuple[str, ...]:
    """By the route, or by the request of whoever asked an agency outside it."""
    planned = dossier.ctx.procedure.route_leg(leg.step, leg.code)
    return planned.shares if planned else leg.shares


def shared_results(dossier: Dossier, legs: Sequence[Leg]) -> list[Leg]:
    """Legs whose results they work on: their own, and what was ready when the first began."""
    began = min(leg.opened_at for leg in legs)
    return [
        leg
        for leg in dossier.legs
        if leg.result and (leg in legs or (leg.closed_at and leg.closed_at <= began))
    ]
