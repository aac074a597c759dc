"""What the use cases need from the world. Adapters implement it; the simulator does, too.

One contract suite (`tests/adapters/`) runs on every implementation, so that the fakes stay honest.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from chalicelib.domain.delivery import Delivery
from chalicelib.domain.directory import Directory
from chalicelib.domain.dossier import Context, Dossier
from chalicelib.domain.event import Event
from chalicelib.domain.ids import (
    AgencyCode,
    DeliveryId,
    DossierCode,
    FileId,
    PersonRef,
    ProcedureCode,
)
from chalicelib.domain.procedure import ProcedureVersion, Text
from chalicelib.domain.terms import Stage
from chalicelib.domain.value import value

ContextOf = Callable[[ProcedureCode, int], Context]


class RaceError(Exception):
    """Another write came first: read again and decide again. Never reaches a client."""


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


class LateTokenError(Exception):
    """The execution no longer waits on this token."""


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

        Raise RaceError, SeenError (the mark was there) or FileNotReadyError: nothing is stored.
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


@value(frozen=True, slots=True)
class Token:
    """What an execution waits on: the wait's number, the execution's generation, the task token."""

    seq: int
    generation: int
    token: str


class Tokens(Protocol):
    """The token table, written by the state machine only."""

    def get(self, code: DossierCode) -> Token | None:
        """The latest registration, read consistently."""


@value(frozen=True, slots=True)
class Next:
    """Where the execution goes next; its whole knowledge of the dossier."""

    stage: Stage
    seq: int
    timeout_seconds: int

    def as_output(self) -> dict[str, str | int]:
        """As the state machine reads it; its names stay for at least 13 months."""
        return {
            "stage": self.stage.value,
            "seq": self.seq,
            "timeout_seconds": self.timeout_seconds,
        }


class Workflow(Protocol):
    """The executions that lead dossiers through the visible stages."""

    def start(self, code: DossierCode, generation: int) -> bool:
        """Idempotent; False when it was started before, whatever became of it."""

    def wake(self, token: str, next: Next) -> None:  # noqa: A002
        """Raise LateTokenError."""

    def is_running(self, code: DossierCode, generation: int) -> bool:
        """Whether this generation's execution exists and runs."""


class Offered(Protocol):
    """A line of the catalogue; every `ProcedureVersion` is one."""

    @property
    def code(self) -> ProcedureCode:
        """Of the procedure."""

    @property
    def version(self) -> int:
        """In force now."""

    @property
    def name(self) -> Text:
        """What people call it."""

    @property
    def field(self) -> Text:
        """Its field (lĩnh vực)."""

    @property
    def receiving(self) -> tuple[str, ...]:
        """Kinds of agency whose desk takes it in."""


@value(frozen=True, slots=True)
class Endpoint:
    """An agency's webhook: its secrets newest first, several while one rotates."""

    url: str
    secrets: tuple[str, ...]


class Reference(Protocol):
    """Catalogue, directory and calendars; cached for up to a minute."""

    def procedure(self, code: ProcedureCode, version: int | None = None) -> ProcedureVersion:
        """The version, or the one in force. Raise NotFoundError."""

    def procedures(self) -> Sequence["Offered"]:
        """All that may be filed now: one line each."""

    def versions(self, code: ProcedureCode) -> Sequence[int]:
        """Numbers of all versions, newest first; empty for an unknown procedure."""

    def directory(self) -> Directory:
        """Agencies and calendars."""

    def endpoint(self, agency: AgencyCode) -> "Endpoint | None":
        """Where an agency's messages go; None where none is registered."""

    def is_paused(self, agency: AgencyCode) -> bool:
        """Whether an operator holds its messages back."""


@value(frozen=True, slots=True)
class Upload:
    """A promised file."""

    file: FileId
    name: str
    type: str
    size: int
    sha256: str
    uploader: str
    present: bool = False
    dossier: str = ""


class Files(Protocol):
    """Files in the object store and their records."""

    def promise(self, upload: Upload) -> Mapping[str, Any]:
        """Record the promise; returns the presigned request (`url`, `fields`)."""

    def get(self, file: FileId) -> Upload | None:
        """The record."""

    def confirm(self, file: FileId) -> bool:
        """Look at the stored object and mark it present if it is what was promised."""

    def link(self, file: FileId) -> str:
        """A download link for a few minutes."""


class Clock(Protocol):
    """Service time."""

    def now(self) -> datetime:
        """Aware, whole seconds."""

    def timer_seconds(self, until: datetime) -> int:
        """Real seconds until that service time, within what a timer of a stage may be."""


class Webhooks(Protocol):
    """The way out to agencies' endpoints."""

    def send(self, url: str, id: str, secrets: Sequence[str], body: str) -> "Sent":  # noqa: A002
        """One signed try."""


@value(frozen=True, slots=True)
class Sent:
    """How a try went: `error` empty when it was taken; `gone` when the receiver wants no more."""

    error: str = ""
    gone: bool = False
    retry_after: int | None = None


class Throttle(Protocol):
    """Counts wrong tries per caller and window."""

    def check(self, caller: str) -> None:
        """Raise ThrottledError."""

    def count(self, caller: str) -> None:
        """One more wrong try."""


@value(frozen=True, slots=True)
class CallbackTarget:
    """Which leg of which dossier an agency may answer for."""

    dossier: DossierCode
    leg: int
    agency: AgencyCode


class Keys(Protocol):
    """Everything derived from the deployment's secret key."""

    def tracking_secret(self, code: DossierCode) -> str:
        """Of a dossier; derived, so that a repeated submission answers the same."""

    def person_ref(self, number: str) -> PersonRef:
        """Keyed hash of a person's or organisation's number."""

    def opaque(self, *parts: str) -> str:
        """Keyed hash of anything else that must not be read off a key."""

    def callback_id(self, code: DossierCode, leg: int, agency: AgencyCode) -> str:
        """What an agency calls back with; never a task token."""

    def callback_of(self, callback_id: str) -> "CallbackTarget":
        """The inverse. Raise NotFoundError for one that was not made here."""


@value(frozen=True, slots=True)
class Fault:
    """One thing wrong with a form; `code` has a sentence, which `params` fill."""

    pointer: str
    code: str
    params: Mapping[str, object] = field(default_factory=dict)


class Forms(Protocol):
    """Judges answers by the JSON Schema of a procedure version."""

    def faults(self, version: ProcedureVersion, answers: Mapping[str, Any]) -> Sequence[Fault]:
        """Everything wrong at once; empty when it is good."""


@value(frozen=True, slots=True)
class Deps:
    """All ports, wired once by `bootstrap` (or by a test, or by the simulator)."""

    records: Records
    deliveries: Deliveries
    tokens: Tokens
    workflow: Workflow
    reference: Reference
    files: Files
    clock: Clock
    webhooks: Webhooks
    throttle: Throttle
    keys: Keys
    forms: Forms
    public_url: str
