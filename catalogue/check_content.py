"""Papers, fees and texts of a procedure: complete, countable, in both languages."""

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any, Final

from catalogue.check_cases import field_at
from chalicelib.adapters.reference_codec import procedure_to_data
from chalicelib.domain.pricing import PerPage
from chalicelib.domain.procedure import Fee, Paper, PaperKind, ProcedureVersion

TEMPLATE: Final = re.compile(r"forms/[A-Za-z0-9._-]+")  # beside the pages
WHOLE: Final = 100  # percent


def content_problems(version: ProcedureVersion) -> Iterator[str]:
    """Sentences for the official who edits the file."""
    if version.result is None:
        yield "result: say what the citizen gets"
    if not version.legal_basis:
        yield "legal_basis: on what ground?"
    yield from _of_texts(procedure_to_data(version), "")
    for paper in version.papers:
        yield from (f"paper {paper.code}: {wrong}" for wrong in _of_paper(paper))
    for fee in version.fees:
        yield from (f"fee {fee.code}: {wrong}" for wrong in _of_fee(fee, version))


def _of_texts(data: object, path: str) -> Iterator[str]:
    """Wherever a text stands; the form has a check of its own."""
    if isinstance(data, Mapping):
        if data.keys() == {"vi", "en"} and not all(text.strip() for text in data.values()):
            yield f"{path.lstrip('/')}: is not in both languages"
        for name, inner in data.items():
            yield from () if path + name == "form" else _of_texts(inner, f"{path}/{name}")
    elif isinstance(data, list):
        for n, inner in enumerate(data):
            yield from _of_texts(inner, f"{path}/{n}")


def _of_paper(paper: Paper) -> Iterator[str]:
    counts = {
        PaperKind.ORIGINAL: paper.originals,
        PaperKind.CERTIFIED_COPY: paper.certified_copies,
        PaperKind.COPY: paper.copies,
    }
    if min(counts.values()) < 0:
        yield "is less than none"
    elif any(counts.values()) and not counts[paper.kind]:
        yield f"is a {paper.kind}, and the numbers have none of that"
    if paper.template and not TEMPLATE.fullmatch(paper.template):
        yield f"template {paper.template}: a file of forms/"
    if not paper.required and (paper.when or paper.unless):
        yield "is never required, so it has neither when nor unless"


def _of_fee(fee: Fee, version: ProcedureVersion) -> Iterator[str]:
    if min(fee.counter, fee.online) < 0:
        yield "is less than nothing"
    if not (fee.counter or fee.online or fee.per_page):
        yield "says no amount"
    for exemption in fee.exemptions:
        if not 1 <= exemption.percent <= WHOLE:
            yield f"exempts {exemption.percent} percent: 1 to {WHOLE}"
        if not (exemption.when or exemption.unless):
            yield "exempts everybody: for which case?"
    if fee.per_page:
        yield from _of_tiers(fee.per_page)
        yield from _of_quantities(fee.per_page, version.form)


def _of_tiers(price: PerPage) -> Iterator[str]:
    if not price.tiers or price.tiers[0].first != 1:
        yield "the first tier is from page 1"
    if any(before.first >= tier.first for before, tier in pairwise(price.tiers)):
        yield "tiers out of order: each is from a later page"
    if any(tier.price < 0 for tier in price.tiers):
        yield "a page costs less than nothing"
    if price.most is not None and price.most < 1:
        yield "the most for a copy is 1 đ or more"


def _of_quantities(price: PerPage, form: Mapping[str, Any]) -> Iterator[str]:
    """A quantity that may be missing or below nothing would be no amount."""
    field = field_at(form, price.at)
    if field is None or field.schema.get("type") != "array":
        yield f"the form has no list at {price.at}"
        return
    items = field.schema["items"]
    for name in (price.pages, price.copies):
        quantity = items.get("properties", {}).get(name, {})
        if quantity.get("type") != "integer" or quantity.get("minimum", -1) < 0:
            yield f"{price.at} has no whole number {name}, 0 or more"
        elif name not in items.get("required", ()):
            yield f"{price.at} must require {name}"
