"""The catalogue: found by words, read in full, for anyone (R10)."""

from typing import Any

import pytest

from tests.entrypoints.api.conftest import Refused
from tests.entrypoints.town import BIRTH, DESK, LAND, LINKED, WARD_DESK, Town

MARRIAGE, CERTIFIED, EXTRACT = "1.000894", "2.000815", "2.000908"
OTHERS = ["1.001612", "1.001776", "1.004194", "1.004222", "1.013225", "X-BTXH05"]
ALL = sorted([BIRTH, LAND, LINKED, MARRIAGE, CERTIFIED, EXTRACT, *OTHERS])


def found(town: Town, query: str) -> list[str]:
    return [line["code"] for line in town.get(f"/procedures?{query}").body["items"]]


@pytest.mark.parametrize(
    ("words", "codes"),
    [
        ("", ALL),
        ("khai sinh", [BIRTH, LINKED]),
        ("Khai Sinh", [BIRTH, LINKED]),
        ("đất đai", [LAND]),
        ("dat dai", [LAND]),
        ("ĐẤT ĐAI", [LAND]),
        ("dat chuyen", [LAND]),  # words, in any order
        ("chuyen dat", [LAND]),
        ("birth", [BIRTH, LINKED]),
        ("ket hon", [MARRIAGE]),
        ("ban sao", [CERTIFIED, EXTRACT]),
        ("1.001", [BIRTH, "1.001612", "1.001776"]),
        ("hộ chiếu", []),
        ("%", []),
    ],
)
def test_search(town: Town, words: str, codes: list[str]) -> None:
    """As people type it: with diacritics or, on a phone, without."""
    assert found(town, f"q={words}") == codes


def test_search_composed_and_decomposed(town: Town) -> None:
    """Some keyboards send a letter and its marks apart (NFD); it is the same word."""
    assert found(town, "q=đa\u0302\u0301t") == [LAND]


def test_by_field_and_by_desk(town: Town) -> None:
    """What can be filed here, in this field."""
    assert found(town, "field=Hộ tịch") == [MARRIAGE, BIRTH, LINKED]
    assert found(town, "field=ho tich") == [MARRIAGE, BIRTH, LINKED]
    assert found(town, "agency=H15.01") == [LAND]  # the province's own desk
    assert found(town, f"agency={WARD_DESK}") == ALL


def test_an_unknown_desk(town: Town, refused: Refused) -> None:
    """Not the same as a desk that takes nothing in."""
    reply = refused(lambda: town.get("/procedures?agency=H15.99"))
    assert reply.refusal == (404, "agency.not_found")


def test_page_by_page(town: Town) -> None:
    """`next` leads to the end and no further."""
    page = town.get("/procedures?limit=7").body
    assert [line["code"] for line in page["items"]] == ALL[:7]
    rest = town.get(f"/procedures?limit=7&cursor={page['next']}").body
    assert [line["code"] for line in rest["items"]] == ALL[7:]
    assert rest["next"] is None


def test_a_line_is_in_both_languages(town: Town) -> None:
    """The reader chooses; the list may be cached for a minute."""
    answer = town.get("/procedures?q=đất đai")
    (line,) = answer.body["items"]
    assert set(line["name"]) == {"vi", "en"}
    assert answer.headers["cache-control"] == "public, max-age=60"


def test_everything_about_one(town: Town) -> None:
    """Form, papers, route, limits, fees, legal basis: nothing is left to a phone call (R10)."""
    body = town.get(f"/procedures/{LAND}").body
    assert body["form"]["required"] == [
        "transferor",
        "transferee",
        "parcel",
        "transfer",
        "request",
    ]
    assert body["limit"]["counter"] != body["limit"]["online"]  # R16
    named: list[Any] = [body[name] for name in ("papers", "route", "fees", "legal_basis")]
    assert all(named)


def test_versions(town: Town) -> None:
    """A running dossier is pinned to one; anyone can read which rules it was filed under (R3)."""
    assert town.get(f"/procedures/{BIRTH}/versions").body == {"items": [1]}
    version = town.get(f"/procedures/{BIRTH}/versions/1")
    assert version.body == town.get(f"/procedures/{BIRTH}").body
    assert "immutable" in version.headers["cache-control"]


@pytest.mark.parametrize(
    "path",
    [
        "/procedures/1.999999",
        "/procedures/1.999999/versions",
        "/procedures/1.999999/versions/1",
        f"/procedures/{BIRTH}/versions/2",
        f"/procedures/{BIRTH}/versions/0",
        f"/procedures/{BIRTH}/versions/x",
        "/procedures/%2e%2e",
        "/procedures/a%00b",
    ],
)
def test_what_is_not_in_the_catalogue(town: Town, refused: Refused, path: str) -> None:
    """A name that cannot exist is answered like one that does not."""
    assert refused(lambda: town.get(path)).status == 404


def test_desks(town: Town) -> None:
    """Where one can file, with address and phone; back offices are not among them."""
    items = town.get("/desks").body["items"]
    assert WARD_DESK in {each["code"] for each in items}
    assert "H15.50.05.02" not in {each["code"] for each in items}
    assert all(each["address"] and each["phone"] for each in items)


def test_signing_in_changes_nothing(town: Town) -> None:
    """The catalogue is public; a stale token must not lock anybody out of it."""
    assert town.get("/procedures", DESK).body == town.get("/procedures").body
    bad = town.client.call("GET", "/procedures", headers={"Authorization": "Bearer x"})
    assert bad.status == 200
