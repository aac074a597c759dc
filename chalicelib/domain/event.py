"""What happened, as it is kept: numbered without gaps, chained by hash, never changed.

An event holds references only. Free text (a reason, what to mend) is kept beside it as a note
under the same number, so that the chain can be published and the note erased by law.
"""

import hashlib
import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from chalicelib.domain.actor import Actor
from chalicelib.domain.ids import AgencyCode, DossierCode
from chalicelib.domain.terms import EventType, Stage, Status
from chalicelib.domain.value import value

GENESIS = "0" * 43
_CANONICAL = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, check_circular=False
)


Holders = tuple[tuple[int, AgencyCode], ...]


@dataclass(slots=True)
class Happening:
    """An event in the making: it gets its number and hash when the decision is finished.

    Of several in one decision (milestones passed by one timer) each keeps the place it happened
    at; the last one shows where the decision led.
    """

    type: EventType
    actor: Actor
    leg: int | None
    data: Mapping[str, Any]
    note: str
    status: Status
    stage: Stage
    holders: Holders


@value(frozen=True, slots=True)
class Event:
    """`holders` are the running legs after it, as (leg number, holder)."""

    dossier: DossierCode
    ev: int
    type: EventType
    at: datetime
    actor: str
    leg: int | None
    status: Status
    stage: Stage
    holders: tuple[tuple[int, str], ...]
    data: Mapping[str, Any]
    prev: str
    idempotency: str = ""

    def body(self) -> dict[str, Any]:
        """The hashed content, as JSON-able data."""
        return {
            "dossier": self.dossier,
            "ev": self.ev,
            "type": self.type.value,
            "at": stamp(self.at),
            "actor": self.actor,
            "leg": self.leg,
            "status": self.status.value,
            "stage": self.stage.value,
            "holders": [list(holder) for holder in self.holders],
            "data": dict(self.data),
            "prev": self.prev,
            "idempotency": self.idempotency,
        }

    def digest(self) -> str:
        """SHA-256 of the canonical content, 43 characters of base64url."""
        return digest_of(self.body())


def digest_of(content: Mapping[str, Any]) -> str:
    """SHA-256 over canonical JSON (sorted keys, no spaces, UTF-8), base64url without padding."""
    text = _CANONICAL.encode(content)
    return urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")


def stamp(at: datetime) -> str:
    """UTC, whole seconds, fixed width: sorts as text. Raise ValueError for a naive time."""
    if at.tzinfo is None:
        raise ValueError("naive time")
    if at.tzinfo is not UTC:
        at = at.astimezone(UTC)
    return at.isoformat(timespec="seconds")[:19] + "Z"


def moment(text: str) -> datetime:
    """The inverse of `stamp`."""
    return datetime.fromisoformat(text)
