"""The executions that lead dossiers, and what they wait on."""

from typing import Protocol

from chalicelib.domain.ids import (
    DossierCode,
)
from chalicelib.domain.terms import Stage
from chalicelib.domain.value import value


class LateTokenError(Exception):
    """The execution no longer waits on this token."""


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
