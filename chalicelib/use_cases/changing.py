"""The one way a dossier changes: load, decide, commit; decide again if another write came first."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from chalicelib.domain.delivery import deliveries
from chalicelib.domain.dossier import Context, Dossier
from chalicelib.domain.errors import ConflictError, Error, RuleError
from chalicelib.domain.event import Event
from chalicelib.domain.ids import DossierCode, FileId, ProcedureCode
from chalicelib.domain.milestones import claim_passed, next_wake
from chalicelib.domain.register import Line
from chalicelib.domain.value import value
from chalicelib.ports import (
    Change,
    Deps,
    FileNotReadyError,
    Form,
    Mark,
    NumberTakenError,
    RaceError,
)

TRIES = 8
TRIES_OF_A_NUMBER = 100
REMEMBERED_KEYS = 8
Stored = TypeVar("Stored")


@value(frozen=True, slots=True)
class Idempotency:
    """A client's key and what it was sent with, both hashed."""

    key: str
    body: str

    def __str__(self) -> str:
        return f"{self.key}.{self.body}"


@value(frozen=True, slots=True)
class Changed:
    """The dossier after a change; `replayed` when the same request had been carried out before."""

    dossier: Dossier
    events: list[Event]
    replayed: bool = False


@value(frozen=True, slots=True)
class Extras:
    """What is stored in the same transaction, besides the dossier and its events."""

    mark: Mark | None = None
    form: Form | None = None
    files: tuple[FileId, ...] = ()
    line: Line | None = None
    anyway: bool = False  # store it even if nothing happened: only its next wake-up is new


Decide = Callable[[Dossier], Extras | None]


def context(deps: Deps) -> Callable[[ProcedureCode, int], Context]:
    """The context of a decision made now."""
    now = deps.clock.now()
    return lambda code, version: Context(
        now, deps.reference.procedure(code, version), deps.reference.directory()
    )


def change(
    deps: Deps, code: DossierCode, decide: Decide, idempotency: Idempotency | None = None
) -> Changed:
    """Apply `decide` to the dossier and store it, or raise and store nothing.

    Raise whatever `decide` raises, unless the same request was carried out before: then the
    dossier is answered as it is.
    """
    tries, most = 0, TRIES
    while tries < most:
        tries += 1
        dossier = deps.records.load(code, context(deps))
        try:
            return _once(deps, dossier, decide, idempotency)
        except NumberTakenError:  # each time somebody else's acceptance came through
            most = TRIES_OF_A_NUMBER
        except RaceError:
            continue
        except Error:
            if idempotency and _replayed(deps, code, idempotency):
                return Changed(deps.records.load(code, context(deps)), [], replayed=True)
            raise
    raise ConflictError("dossier.busy")


def _once(deps: Deps, dossier: Dossier, decide: Decide, idempotency: Idempotency | None) -> Changed:
    if idempotency:
        if idempotency.key in dossier.keys:
            raise ConflictError("idempotency.mismatch")
        dossier.idempotency = str(idempotency)
        dossier.keys = (*dossier.keys, idempotency.key)[-REMEMBERED_KEYS:]
    if dossier.has_overslept:  # what was missed before is missed, though no timer came yet
        claim_passed(dossier)
    extras = decide(dossier) or Extras()
    if not (dossier.happenings or extras.anyway):
        return Changed(dossier, [])
    return Changed(dossier, commit(deps, dossier, extras))


def commit(deps: Deps, dossier: Dossier, extras: Extras) -> list[Event]:
    """Number the events, derive the messages to agencies, store all of it at once."""
    notes = [happening.note for happening in dossier.happenings]
    woke_at = dossier.wake_at
    events = dossier.finish(next_wake)
    deps.records.commit(
        Change(
            dossier=dossier,
            events=events,
            woke_at=woke_at,
            notes={event.ev: note for event, note in zip(events, notes, strict=True) if note},
            deliveries=deliveries(dossier, events),
            mark=extras.mark,
            form=extras.form,
            files=extras.files,
            line=extras.line,
        )
    )
    return events


def confirm_files(store: Callable[[], Stored], places: Mapping[FileId, str], deps: Deps) -> Stored:
    """Store; where a file's arrival has not been noticed yet, look at the object and try again.

    `places` are pointers to where in the request each file is named.
    """
    checked: set[FileId] = set()
    while True:
        try:
            return store()
        except FileNotReadyError as missing:
            if missing.file in checked or not deps.files.confirm(missing.file):
                place = places[missing.file]
                raise RuleError("upload.not_ready", pointer=place, file=missing.file) from None
            checked.add(missing.file)


def _replayed(deps: Deps, code: DossierCode, idempotency: Idempotency) -> bool:
    """Whether an event carries this request; raise ConflictError if it carried another body."""
    for event in deps.records.events(code):
        if event.idempotency == str(idempotency):
            return True
        if event.idempotency.startswith(f"{idempotency.key}."):
            raise ConflictError("idempotency.mismatch")
    return False
