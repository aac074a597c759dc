"""GET /worklist: a unit's own work, the most urgent first."""

from collections.abc import Iterator

import pytest

from tests.entrypoints.api.conftest import Refused
from tests.entrypoints.town import (
    AUDITOR,
    BIRTH,
    CITIZEN,
    DESK,
    LAND,
    LAND_OFFICER,
    LINKED,
    OFFICER,
    OTHER_DESK,
    OTHER_OFFICER,
    TAX_OFFICER,
    Filed,
    Town,
)


@pytest.fixture
def clock(town: Town) -> Iterator[Town]:
    """A town whose clock may be moved."""
    yield town
    town.clock("2026-10-06T09:00:00+07:00")


def codes(town: Town, account: str, query: str = "") -> list[str]:
    return [row["code"] for row in town.get(f"/worklist{query}", account).body["items"]]


def test_own_work_and_nobody_elses(town: Town) -> None:
    """The unit that holds it sees it; the one that handed it over, and the neighbours, do not."""
    filed = town.at(Town.at_tax)
    assert codes(town, TAX_OFFICER) == [filed.code]
    for account in (DESK, LAND_OFFICER, OFFICER, OTHER_DESK, OTHER_OFFICER):
        assert codes(town, account) == []


def test_a_row(town: Town) -> None:
    """What an official needs to choose what to do next, and nothing personal."""
    filed = town.at(Town.at_unit)
    answer = town.get("/worklist", OFFICER)
    (row,) = answer.body["items"]
    assert (row["code"], row["leg"], row["procedure"]) == (filed.code, 2, BIRTH)
    assert (row["due_at"], row["kind"]) == ("2026-10-06T10:00:00Z", "unit")
    assert row["remaining_working_minutes"] == 360  # 09:00 to 17:00, lunch apart
    assert row["rag"] == "on_track"
    assert answer.body["next"] is None
    assert "066090000001" not in answer.content.decode()
    assert "Niê" not in answer.content.decode()


@pytest.mark.parametrize(
    ("moment", "rag", "minutes"),
    [
        ("2026-10-06T11:30:00+07:00", "due_soon", 210),
        ("2026-10-06T16:59:00+07:00", "due_soon", 1),
        ("2026-10-06T17:00:00+07:00", "overdue", 0),
        ("2026-10-07T08:00:00+07:00", "overdue", -60),
    ],
)
def test_the_colour_follows_the_working_clock(
    clock: Town, moment: str, rag: str, minutes: int
) -> None:
    """Nights and lunch do not count, in either direction."""
    clock.at(Town.at_unit)
    clock.clock(moment)
    (row,) = clock.get("/worklist", OFFICER).body["items"]
    assert (row["rag"], row["remaining_working_minutes"]) == (rag, minutes)


def many(town: Town) -> Filed:
    """Five dossiers at the desk, of three procedures."""
    filed = [town.submit(each) for each in (BIRTH, LAND, LINKED, BIRTH, BIRTH)]
    return filed[-1]


@pytest.mark.parametrize("limit", [1, 2, 5, 100])
def test_page_by_page(town: Town, limit: int) -> None:
    """Every row once, in one order, whatever the size of a page."""
    town.at(many)
    whole = codes(town, DESK)
    seen: list[str] = []
    page = town.get(f"/worklist?limit={limit}", DESK).body
    for _ in range(6):
        seen += [row["code"] for row in page["items"]]
        assert len(page["items"]) <= limit
        if page["next"] is None:
            break
        page = town.get(f"/worklist?limit={limit}&cursor={page['next']}", DESK).body
    assert seen == whole
    assert len(seen) == len(set(seen)) == 5


def test_filters(town: Town) -> None:
    """By procedure, by due time, and what a desk must do beside its legs."""
    town.at(many)
    assert len(codes(town, DESK, f"?procedure={LAND}")) == 1
    assert len(codes(town, DESK, "?due=2026-10-08T00:00:00Z")) == 5
    assert codes(town, DESK, "?due=2026-10-06T00:00:00Z") == []
    assert codes(town, DESK, "?due=2026-10-08T00:00:00%2B07:00") == codes(town, DESK)
    assert codes(town, DESK, "?queue=task") == []


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=101",
        "limit=x",
        "queue=all",
        "due=tomorrow",
        "due=2026-10-08",
        "due=1999-01-01T00:00:00Z",
        "cursor=%00",
        "x=1",
        "limit=1&limit=2",
    ],
)
def test_a_query_that_is_not_right(town: Town, refused: Refused, query: str) -> None:
    """The parameter at fault is named."""
    reply = refused(lambda: town.get(f"/worklist?{query}", DESK))
    assert reply.refusal == (400, "request.invalid")
    name = query.partition("=")[0]
    assert [pointer for pointer, _ in reply.faults] in ([f"/query/{name}"], ["/query"])


@pytest.mark.parametrize("cursor", ["_____w", "abcde", "A", "gA"])
def test_a_cursor_nobody_gave_out(town: Town, refused: Refused, cursor: str) -> None:
    """Made up: refused, not a bug and not the first page again."""
    town.at(many)
    reply = refused(lambda: town.get(f"/worklist?cursor={cursor}", DESK))
    assert reply.refusal == (422, "list.cursor")


@pytest.mark.parametrize("account", [CITIZEN, AUDITOR])
def test_not_for_everyone(town: Town, refused: Refused, account: str) -> None:
    """A work-list belongs to those who work on it."""
    assert refused(lambda: town.get("/worklist", account)).refusal == (403, "auth.role")
