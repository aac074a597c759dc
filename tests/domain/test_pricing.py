"""Fees that follow the answers: by the page, with a cap, and less for whom the law exempts."""

from typing import Any

import pytest

from chalicelib.domain.citizen import supplement
from chalicelib.domain.desk import request_supplement
from chalicelib.domain.pricing import Exemption, PageTier, PerPage
from chalicelib.domain.procedure import Condition, Fee, FeeKind
from chalicelib.domain.terms import Channel
from chalicelib.domain.unit import complete, refuse
from tests.domain.builders import (
    CITIZEN_OWNER,
    CLERK,
    FEE,
    NAME,
    WORKER,
    marks,
    procedure,
    step,
    unit_leg,
)
from tests.domain.story import Story, accept, accepted

# 2,000 đ for pages 1 and 2, 1,000 đ from the third on, at most 200,000 đ for a copy.
TIERS = (PageTier(1, 2_000), PageTier(3, 1_000))
COPIES = PerPage("/documents", "pages", "copies", TIERS, most=200_000)
CHARGE = Fee("copies", NAME, FeeKind.CHARGE, per_page=COPIES)
POOR = Condition(NAME, "/person/poor", one_of=(True,))
OLD = Condition(NAME, "/person/age", at_least=60)
VERSION = procedure(
    step(unit_leg("do")),
    fees=(CHARGE,),
    form={"properties": {"person": {}, "matter": {}, "documents": {}}},
)


@pytest.mark.parametrize(
    ("pages", "price"),
    [
        (0, 0),
        (1, 2_000),
        (2, 4_000),
        (3, 5_000),
        (10, 12_000),
        (197, 199_000),
        (198, 200_000),
        (199, 200_000),
        (5_000, 200_000),
    ],
)
def test_the_price_of_one_copy(pages: int, price: int) -> None:
    """The tiers at both of their edges, and the cap at its."""
    assert COPIES.of_copy(pages) == price


def test_without_a_cap_it_goes_on() -> None:
    """Only where the regulation has none."""
    assert PerPage("/d", "p", "c", TIERS).of_copy(1_000) == 1_002_000


def test_a_price_may_rise_as_well() -> None:
    """Tiers are data; nothing here knows that pages get cheaper."""
    assert PerPage("/d", "p", "c", (PageTier(1, 10), PageTier(4, 30))).of_copy(5) == 90


DOCUMENTS: dict[str, Any] = {"documents": [{"pages": 3, "copies": 2}, {"pages": 300, "copies": 1}]}


def test_every_copy_of_every_document_counts() -> None:
    """The cap is for a copy, not for all of them."""
    assert COPIES.amount(DOCUMENTS) == 2 * 5_000 + 200_000
    assert COPIES.amount({}) == 0


def _fee(*exemptions: Exemption) -> Fee:
    return Fee("fee", NAME, FeeKind.FEE, counter=20_001, online=10_000, exemptions=exemptions)


def test_an_exemption_is_for_its_case() -> None:
    """Half for the old, nothing for the poor, rounded down."""
    fee = _fee(Exemption(50, when=("old",)), Exemption(100, when=("poor",)))
    assert fee.amount(Channel.COUNTER, (), {}) == 20_001
    assert fee.amount(Channel.COUNTER, ("old",), {}) == 10_000
    assert fee.amount(Channel.ONLINE, ("old",), {}) == 5_000
    assert fee.amount(Channel.ONLINE, ("poor",), {}) == 0
    assert fee.amount(Channel.ONLINE, ("old", "poor"), {}) == 0, "the largest, not the sum"


def test_a_fixed_part_and_pages_add_up() -> None:
    """An exemption is of the whole fee."""
    half = (Exemption(50, when=("old",)),)
    fee = Fee("fee", NAME, FeeKind.FEE, counter=1_000, per_page=COPIES, exemptions=half)
    documents = {"documents": [{"pages": 1, "copies": 1}]}
    assert fee.amount(Channel.COUNTER, (), documents) == 3_000
    assert fee.amount(Channel.COUNTER, ("old",), documents) == 1_500


def _collected(story: Story) -> int:
    story.wait(hours=1).do(complete, WORKER, result="R-1")
    return story.dossier.dues


def test_the_amount_is_fixed_when_it_is_filed() -> None:
    """Known from the first day on, and due at the collection."""
    story = Story(VERSION, answers=DOCUMENTS)
    assert (story.dossier.fee, story.dossier.dues) == (210_000, 0)
    story.do(accept, CLERK)
    assert _collected(story) == 210_000


def test_a_supplement_fixes_it_anew() -> None:
    """The desk counted other pages than the citizen did."""
    story = Story(VERSION, answers=DOCUMENTS)
    story.do(request_supplement, CLERK, checks={**marks("section:matter"), **_good("documents")})
    fewer = {"documents": [{"pages": 2, "copies": 1}]}
    story.do(supplement, CITIZEN_OWNER, subjects=["section:matter"], answers=fewer)
    assert story.dossier.fee == 4_000


def _good(section: str) -> dict[str, Any]:
    return {f"section:{section}": marks()["section:matter"]}


def test_a_dossier_from_before_pays_what_its_version_says() -> None:
    """Filed when a fee followed from the channel alone."""
    story = accepted(procedure(step(unit_leg("do")), fees=(FEE,)))
    story.dossier.fee = None
    assert _collected(story) == 10_000


def test_exempt_is_not_unknown() -> None:
    """A fee of nothing is a fee that was fixed."""
    version = procedure(
        step(unit_leg("do")),
        fees=(_fee(Exemption(100, when=("poor",))),),
        conditions={"poor": POOR, "old": OLD},
    )
    story = accepted(version, answers={"person": {"poor": True}})
    assert story.dossier.fee == 0
    assert _collected(story) == 0


def test_nothing_is_due_for_a_refusal() -> None:
    """By the page or not."""
    story = accepted(VERSION, answers=DOCUMENTS)
    story.do(refuse, WORKER, reason="no original")
    assert story.dossier.dues == 0
