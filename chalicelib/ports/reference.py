"""What changes seldom: catalogue, directory, calendars, agencies' endpoints."""

from collections.abc import Sequence
from typing import Protocol

from chalicelib.domain.directory import Directory
from chalicelib.domain.ids import (
    AgencyCode,
    ProcedureCode,
)
from chalicelib.domain.procedure import ProcedureVersion, Text
from chalicelib.domain.value import value


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
