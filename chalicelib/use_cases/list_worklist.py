"""A unit's work by due time (PEERS.md: countdown in working hours, colour by deadline)."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from chalicelib.domain.actor import Actor
from chalicelib.domain.errors import ForbiddenError
from chalicelib.domain.ids import DossierCode
from chalicelib.domain.value import value
from chalicelib.ports import Deps

SOON: Final = 4 * 3600  # working seconds before the due time when a row turns to "due soon"


class Rag(StrEnum):
    """Never shown as a colour alone."""

    ON_TRACK = "on_track"
    DUE_SOON = "due_soon"
    OVERDUE = "overdue"


@value(frozen=True, slots=True)
class Work:
    """One row; `remaining` in working seconds, negative when overdue, None without a due time."""

    dossier: DossierCode
    leg: int
    due: datetime | None
    rag: Rag
    remaining: int | None
    row: Mapping[str, Any]


@value(frozen=True, slots=True)
class Worklist:
    """One page of rows."""

    items: list[Work]
    next: str


@value(frozen=True, slots=True)
class Filter:
    """`queue` is `work` or `task`; `due_before` a stamp, `procedure` a code, both may be empty."""

    queue: str = "work"
    due_before: str = ""
    procedure: str = ""
    limit: int = 50
    cursor: str = ""


def list_worklist(actor: Actor, wanted: Filter, deps: Deps) -> Worklist:
    """Only the caller's own unit; a page of one procedure may be shorter than `limit`."""
    if actor.agency is None:
        raise ForbiddenError("decision.not_yours")
    queue = f"{actor.agency}#{wanted.queue}"
    page = deps.records.worklist(queue, wanted.limit, wanted.cursor, wanted.due_before)
    calendar = deps.reference.directory().calendar(actor.agency)
    now = deps.clock.now()

    def work(row: Any) -> Work:
        left = calendar.between(now, row.due) if row.due else None
        return Work(row.dossier, row.leg, row.due, _rag(left), left, row.row)

    rows = [row for row in page.items if wanted.procedure in ("", row.row.get("procedure"))]
    return Worklist([work(row) for row in rows], page.next)


def _rag(remaining: int | None) -> Rag:
    if remaining is None or remaining > SOON:
        return Rag.ON_TRACK
    return Rag.DUE_SOON if remaining > 0 else Rag.OVERDUE
