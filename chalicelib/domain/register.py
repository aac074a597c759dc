"""The register (sổ theo dõi): each accepted dossier one line, by desk and year, no number missing.

The number is given by the transaction that accepts: what was not stored has none, and two that
accept at the same moment cannot have the same (R20; DOMAIN.md, "Codes").
"""

from chalicelib.domain.dossier import Dossier
from chalicelib.domain.ids import AgencyCode, DossierCode
from chalicelib.domain.value import value


@value(frozen=True, slots=True)
class Book:
    """The register of one desk in one local year."""

    desk: AgencyCode
    year: int


@value(frozen=True, slots=True)
class Line:
    """One line of it; numbers count from 1."""

    book: Book
    number: int
    dossier: DossierCode


def book_of(dossier: Dossier) -> Book:
    """In which a dossier is entered that is accepted now."""
    calendar = dossier.ctx.directory.calendar(dossier.desk)
    return Book(dossier.desk, dossier.ctx.now.astimezone(calendar.tz).year)
