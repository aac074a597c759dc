"""Time, secrets, the way out to agencies, and what judges a form."""

from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import datetime
from typing import Any, Protocol

from chalicelib.domain.ids import (
    AgencyCode,
    DossierCode,
    PersonRef,
)
from chalicelib.domain.procedure import ProcedureVersion
from chalicelib.domain.value import value


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
