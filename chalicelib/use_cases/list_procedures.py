"""What a citizen can file, found by words with or without diacritics (R10)."""

import unicodedata

from chalicelib.domain.ids import AgencyCode
from chalicelib.domain.value import value
from chalicelib.ports import Deps, Offered, Page


@value(frozen=True, slots=True)
class Search:
    """Empty means anything; `agency` is a desk that should take it in, `cursor` a last code."""

    words: str = ""
    field: str = ""
    agency: AgencyCode | None = None
    limit: int = 50
    cursor: str = ""


def list_procedures(search: Search, deps: Deps) -> Page:
    """By code; every word must occur in the name, the field or the code. Raise NotFoundError."""
    kind = deps.reference.directory().agency(search.agency).kind if search.agency else ""
    lines = sorted(deps.reference.procedures(), key=lambda line: line.code)
    found = [line for line in lines if line.code > search.cursor and _fits(line, search, kind)]
    page = found[: search.limit]
    return Page(page, page[-1].code if len(found) > search.limit else "")


def _fits(line: Offered, search: Search, kind: str) -> bool:
    if kind and kind not in line.receiving:
        return False
    if search.field and folded(search.field) not in (folded(line.field.vi), folded(line.field.en)):
        return False
    texts = (line.code, line.name.vi, line.name.en, line.field.vi, line.field.en)
    text = folded(" ".join(texts))
    return all(word in text for word in folded(search.words).split())


def folded(text: str) -> str:
    """Lower case without diacritics, as people type on a phone: `Đắk Lắk` is `dak lak`."""
    plain = unicodedata.normalize("NFD", text.replace("Đ", "D").replace("đ", "d"))
    return "".join(each for each in plain if not unicodedata.combining(each)).casefold()
