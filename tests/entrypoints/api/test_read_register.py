"""GET /reports/register: the register of a desk, for those who keep it, lead it or audit it."""

import pytest

from tests.entrypoints.api.conftest import Refused
from tests.entrypoints.town import (
    AUDITOR,
    BIRTH,
    CITIZEN,
    DESK,
    LAND,
    LEADER,
    OFFICER,
    OTHER_DESK,
    Town,
)

PATH = "/reports/register"


def numbers(town: Town, account: str, query: str = "") -> list[int]:
    return [line["number"] for line in town.get(f"{PATH}{query}", account).body["items"]]


def test_every_accepted_dossier_is_a_line(town: Town) -> None:
    """In the order of acceptance; what is not accepted has none, and nothing personal is shown."""
    first, _submitted, second = town.at_unit(), town.submit(), town.at_unit(LAND)
    answer = town.get(PATH, DESK)
    one, two = answer.body["items"]
    assert (one["number"], one["code"], one["procedure"]) == (1, first.code, BIRTH)
    assert (two["number"], two["code"], two["status"]) == (2, second.code, "accepted")
    assert one["accepted_at"] == "2026-10-06T02:00:00Z"
    assert one["due_at"] == "2026-10-06T10:00:00Z"
    assert (one["result"], one["settled_at"], answer.body["next"]) == (None, None, None)
    assert "066090000001" not in answer.content.decode()
    assert "Niê" not in answer.content.decode()


def test_a_line_shows_how_it_ended(town: Town) -> None:
    """As its dossier stands now."""
    town.settled()
    (line,) = town.get(PATH, DESK).body["items"]
    assert (line["status"], line["result"]) == ("settled", "granted")
    assert line["settled_at"] == "2026-10-06T02:00:00Z"


def test_page_by_page(town: Town) -> None:
    """By the number of the last line."""
    for _ in range(3):
        town.at_unit()
    page = town.get(f"{PATH}?limit=2", DESK).body
    assert ([line["number"] for line in page["items"]], page["next"]) == ([1, 2], 2)
    assert numbers(town, DESK, "?limit=2&after=2") == [3]


def test_an_empty_one(town: Town) -> None:
    """Of a year in which nothing was accepted, and of a desk that accepted nothing."""
    town.at_unit()
    assert numbers(town, DESK, "?year=2025") == []
    assert numbers(town, OTHER_DESK) == []


def test_who_reads_it(town: Town, refused: Refused) -> None:
    """Its own desk, whoever leads it, auditors; no other desk."""
    desk = town.at_unit().code.rsplit("-", 2)[0]
    assert numbers(town, LEADER, f"?desk={desk}") == [1]
    assert numbers(town, AUDITOR, f"?desk={desk}") == [1]
    other = refused(lambda: town.get(f"{PATH}?desk={desk}", OTHER_DESK))
    assert other.refusal == (403, "decision.not_yours")
    for account in (OFFICER, CITIZEN):
        assert refused(lambda a=account: town.get(PATH, a)).refusal == (403, "auth.role")  # type: ignore[misc]


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("?desk=X9", 404, "agency.not_found"),
        ("?year=1999", 400, "request.invalid"),
        ("?limit=0", 400, "request.invalid"),
        ("?page=2", 400, "request.invalid"),
    ],
)
def test_what_there_is_not(
    town: Town, refused: Refused, query: str, status: int, code: str
) -> None:
    """A clear refusal."""
    assert refused(lambda: town.get(f"{PATH}{query}", DESK)).refusal == (status, code)
