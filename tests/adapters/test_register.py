"""The register's contract, on the fake and on AWS: no number twice, and none missing."""

import pytest

from chalicelib.domain.dossier import Dossier
from chalicelib.domain.ids import AgencyCode, DossierCode
from chalicelib.domain.register import Book, Line, book_of
from chalicelib.ports import NumberTakenError, RaceError
from tests.adapters import made
from tests.adapters.conftest import Ports
from tests.simulator import sample

BOOK = Book(sample.DESK, 2026)


def code(n: int) -> DossierCode:
    return DossierCode(f"S1.1-261005-{n:04d}")


def entered(ports: Ports, n: int, number: int) -> Dossier:
    """A dossier of that serial, accepted under that number, not stored yet."""
    ports.records.commit(made.change(made.submitted(code(n))))
    return made.accepted(ports.records.load(code(n), made.context()), number=number)


def line(dossier: Dossier, number: int) -> Line:
    return Line(book_of(dossier), number, dossier.code)


def test_an_empty_register(ports: Ports) -> None:
    """Numbers count from 1."""
    assert ports.records.last_number(BOOK) == 0
    assert list(ports.records.lines(BOOK, 0, 10)) == []


def test_lines_are_read_in_order(ports: Ports) -> None:
    """Page by page, whichever was written first."""
    for n in range(1, 13):
        dossier = entered(ports, n, n)
        ports.records.commit(made.change(dossier, line=line(dossier, n)))
    assert ports.records.last_number(BOOK) == 12
    first = ports.records.lines(BOOK, 0, 10)
    assert [each.number for each in first] == list(range(1, 11))
    assert [each.dossier for each in ports.records.lines(BOOK, 10, 10)] == [code(11), code(12)]


def test_each_desk_and_year_has_its_own(ports: Ports) -> None:
    """A new year begins with 1."""
    dossier = entered(ports, 1, 1)
    ports.records.commit(made.change(dossier, line=line(dossier, 1)))
    assert ports.records.last_number(Book(sample.DESK, 2027)) == 0
    assert ports.records.last_number(Book(AgencyCode("S1.2"), 2026)) == 0


def test_a_number_is_given_once(ports: Ports) -> None:
    """Nothing at all is stored of whoever comes second."""
    first, second = entered(ports, 1, 1), entered(ports, 2, 1)
    ports.records.commit(made.change(first, line=line(first, 1)))
    with pytest.raises(NumberTakenError):
        ports.records.commit(made.change(second, line=line(second, 1)))
    assert len(ports.records.events(code(2))) == 1
    assert [each.dossier for each in ports.records.lines(BOOK, 0, 10)] == [code(1)]


def test_a_decision_that_lost_is_no_taken_number(ports: Ports) -> None:
    """Of one dossier that two accept: whoever comes second must read it again, not count on."""
    ports.records.commit(made.change(made.submitted(code(1))))
    first, second = (made.accepted(ports.records.load(code(1), made.context())) for _ in range(2))
    ports.records.commit(made.change(first, line=line(first, 1)))
    with pytest.raises(RaceError) as lost:
        ports.records.commit(made.change(second, line=line(second, 2)))
    assert not isinstance(lost.value, NumberTakenError)
    assert ports.records.last_number(BOOK) == 1


def test_the_number_is_kept_with_the_dossier(ports: Ports) -> None:
    """On the record and in the event that is hashed."""
    dossier = entered(ports, 1, 1)
    ports.records.commit(made.change(dossier, line=line(dossier, 1)))
    assert ports.records.load(code(1), made.context()).number == 1
    assert ports.records.events(code(1))[-1].data["number"] == 1
