"""A leader decides in the place of whoever holds a leg: with a reason, and always on the record."""

from collections.abc import Callable
from dataclasses import replace

from chalicelib.domain.actor import Actor
from chalicelib.domain.dossier import Dossier
from chalicelib.domain.errors import ConflictError, ForbiddenError
from chalicelib.domain.terms import EventType

Act = Callable[[Dossier, Actor], object]


def override(
    dossier: Dossier, actor: Actor, act: Act, *, reason: str, leg: int | None = None
) -> None:
    """`act` as the holder of the leg, of the only running one where none is named.

    The rules stay what they are: a leader may do what the holder might have done. Raise
    ForbiddenError for who does not lead the holder.
    """
    held = (
        [dossier.leg(leg)] if leg else [each for each in dossier.running() if not each.is_citizens]
    )
    if len(held) != 1:
        raise ConflictError("leg.choose_one" if held else "leg.not_running", pointer="/leg")
    holder = held[0].holder
    if not actor.leads(dossier.ctx.directory.hierarchy(holder)):
        raise ForbiddenError("decision.not_yours")
    act(dossier, replace(actor, instead_of=holder))
    dossier.record(EventType.OVERRIDDEN, actor, held[0], note=reason)
