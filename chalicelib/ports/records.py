"""The record of dossiers and the outbox."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from chalicelib.domain.delivery import Delivery
from chalicelib.domain.dossier import Context, Dossier
from chalicelib.domain.event import Event
from chalicelib.domain.ids import (
    DeliveryId,
    DossierCode,
    FileId,
    ProcedureCode,
)
from chalicelib.domain.register import Book, Line
from chalicelib.domain.value import value

ContextOf = Callable[[ProcedureCode, int], Context]


class RaceError(Exception):
    """Another write came first: read again and decide again. Never reaches a client."""


class NumberTakenError(RaceError):
    """Somebody else's dossier was entered under that number of the register."""


class SeenError(Exception):
    """A mark that must be new was there already; `content` is what was written with it."""

    def __init__(self, content: Mapping[str, Any]) -> None:
        super().__init__("seen")
        self.content = content


class FileNotReadyError(Exception):
    """A file of the dossier is not there, is somebody else's, or is used already."""

    def __init__(self, file: FileId) -> None:
        super().__init__(file)
        self.file = file


@value(frozen=True, slots=True)
class Mark:
    """Something that may happen once: an idempotency key, a webhook id.

    `key` is opaque; `content` is answered to whoever comes second; `keep_days` in days.
    """

    key: str
    content: Mapping[str, Any]
    keep_days: int


@value(frozen=True, slots=True)
class PaperHandedIn:
    """A paper of the dossier and the stored file that shows it."""

    paper: str
    file: FileId


@value(frozen=True, slots=True)
class Form:
    """One version of what the citizen filed: persons and answers (personal data), papers."""

    number: int
    submitter: Mapping[str, Any]
    owner: Mapping[str, Any]
    answers: Mapping[str, Any]
    papers: tuple[PaperHandedIn, ...]


@dataclass(slots=True)
class Change:
    """One unit of work: stored wholly or not at all."""

    dossier: Dossier
    events: list[Event]
    woke_at: datetime | None = None  # the wake-up it was loaded with
    notes: Mapping[int, str] = field(default_factory=dict)
    deliveries: list[Delivery] = field(default_factory=list)
    mark: Mark | None = None
    form: Form | None = None
    files: tuple[FileId, ...] = ()
    line: Line | None = None


@value(frozen=True, slots=True)
class WorkRow:
    """One line of a unit's work-list; `due` is None while the leg waits for others."""

    dossier: DossierCode
    leg: int
    due: datetime | None
    row: Mapping[str, Any]


@value(frozen=True, slots=True)
class Late:
    """Open legs of one queue that are past due; the most urgent of all, and of the intakes."""

    legs: int = 0
    first: tuple[datetime, DossierCode] | None = None
    undecided: tuple[datetime, DossierCode] | None = None


@value(frozen=True, slots=True)
class Page:
    """`next` is an opaque cursor, empty at the end."""

    items: Sequence[Any]
    next: str = ""


class Records(Protocol):
    """The record of dossiers. Reads are consistent."""

    def load(self, code: DossierCode, context: ContextOf) -> Dossier:
        """Raise NotFoundError."""

    def commit(self, change: Change) -> None:
        """Store if the dossier's `ev` and wake-up are still those it was loaded with.

        Raise RaceError, NumberTakenError, SeenError (the mark was there) or FileNotReadyError:
        nothing is stored.
        """

    def mark(self, key: str) -> Mapping[str, Any] | None:
        """The content of a mark that was made, if it was."""

    def events(self, code: DossierCode) -> list[Event]:
        """All events, in order."""

    def notes(self, code: DossierCode) -> Mapping[int, str]:
        """Free texts by event number."""

    def form(self, code: DossierCode) -> Form:
        """The latest version of what was filed."""

    def next_serial(self, counter: str) -> int:
        """Counts from 1; never gives a number twice; gaps are allowed."""

    def last_number(self, book: Book) -> int:
        """Of the register's last line; 0 for an empty one."""

    def lines(self, book: Book, after: int, limit: int) -> Sequence[Line]:
        """Of the register, from the one behind number `after` on."""

    def worklist(self, queue: str, limit: int, cursor: str, due: str) -> Page:
        """Rows of one unit by due time; `due` is an upper bound or empty."""

    def late(self, queue: str, now: datetime) -> Late:
        """What is past due; a result that its citizen has not collected is not."""

    def overdue_for_waking(self, before: datetime | None) -> Iterable[str]:
        """Keys (`D#code`, `DEL#id`) whose wake-up is earlier than `before`; all with None."""


class Deliveries(Protocol):
    """The outbox."""

    def get(self, id: DeliveryId) -> Delivery | None:  # noqa: A002
        """None when it was never written."""

    def update(self, delivery: Delivery, expected_tries: int) -> None:
        """Raise RaceError when somebody else updated it."""
