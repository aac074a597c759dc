"""Sets of forms, digests, sums in words: what a slip has before it is set."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from chalicelib.adapters.slip_forms import form_sets
from chalicelib.domain.calendar import LimitUnit
from chalicelib.domain.procedure import ByChannel, Condition, LimitCase
from chalicelib.domain.slips import to_citizen
from chalicelib.domain.slips.case import appointed_at
from chalicelib.domain.slips.forms import in_force
from chalicelib.domain.slips.slip import Rows, Slip, SlipKind
from chalicelib.domain.slips.written import in_words, money
from chalicelib.domain.terms import Channel, EventType
from tests.domain.builders import CLERK, NAME, at, days
from tests.domain.story import Story, accept
from tests.slips.samples import (
    FORMS,
    SITE,
    VERSION,
    case_of,
    control,
    event_of,
    receipt,
    register,
    town,
)


def test_another_word_is_another_digest() -> None:
    """Whoever changes a date on a receipt changes what it is checked by."""
    slip = receipt()
    assert replace(slip, title=slip.title.lower()).digest() != slip.digest()
    assert replace(slip, made_at=datetime(2026, 1, 1, tzinfo=UTC)).digest() != slip.digest()


def test_each_kind_is_known_to_every_set() -> None:
    """What was printed under the old circular keeps its form; the new one renumbered it."""
    old, new = form_sets()
    assert all(set(each.forms) == set(SlipKind) for each in (old, new))
    assert in_force(form_sets(), date(2025, 9, 14)) is old
    assert in_force(form_sets(), date(2025, 9, 15)) is new
    assert in_force(form_sets(), date(2000, 1, 1)) is old
    assert receipt(old).heading.form == "Mẫu số 01 (Thông tư số 01/2018/TT-VPCP)"
    assert control(old).heading.form.startswith("Mẫu số 05 ")
    assert control(new).heading.form.startswith("Mẫu số 06 ")
    assert (old.form_code(SlipKind.STOP), new.form_code(SlipKind.REGISTER)[:9]) == ("", "Mẫu số 07")


def test_every_limit_can_be_said() -> None:
    """Also those that no sample has."""
    assert {f"limit.{unit}" for unit in LimitUnit} <= set(FORMS.words)


def test_only_the_citizens_slips_carry_the_tracking_secret() -> None:
    """Other agencies handle the control slip; the register is open to a whole desk."""
    assert "&secret=" in receipt().qr
    assert receipt().qr.startswith(f"{SITE}/#code=H15.50.1-261005-0001")
    assert "secret" not in control().qr
    assert register().qr == ""


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        (0, "Không đồng"),
        (5, "Năm đồng"),
        (15, "Mười lăm đồng"),
        (21, "Hai mươi mốt đồng"),
        (105, "Một trăm linh năm đồng"),
        (1_000, "Một nghìn đồng"),
        (45_500, "Bốn mươi lăm nghìn năm trăm đồng"),
        (1_005_011, "Một triệu không trăm linh năm nghìn không trăm mười một đồng"),
        (2_000_000_000, "Hai tỷ đồng"),
    ],
)
def test_a_sum_in_words(amount: int, words: str) -> None:
    """As a receipt has it, so that nobody adds a nought."""
    assert in_words(amount) == words
    assert money(1_250_000) == "1.250.000 đồng"


def said(slip: Slip) -> dict[str, str]:
    """Labels and what stands behind them."""
    rows = (block.rows for block in slip.blocks if isinstance(block, Rows))
    return {label: text for each in rows for label, text in each}


def test_a_receipt_promises_what_the_answers_give() -> None:
    """A longer limit for some cases is the one that was appointed, whatever is answered later."""
    twelve = LimitCase(days(12), days(12), when=("checked",))
    limit = ByChannel(days(8), days(8), (twelve,))
    checked = {"checked": Condition(NAME, "/matter/check", one_of=(True,))}
    version = replace(VERSION, limit=limit, conditions=checked)
    story = Story(version, answers={"matter": {"check": True}}, channel=Channel.ONLINE, who=town())
    story.wait(hours=1).do(accept, CLERK)
    event = event_of(story, EventType.ACCEPTED)
    told = said(to_citizen.receipt(case_of(story), event, FORMS))
    assert told["Thời hạn theo quy định"] == "12 ngày làm việc"
    assert told["Thời gian hẹn trả kết quả"] == case_of(story).moment(at("2026-10-22 09:00"))
    assert story.dossier.due_at == at("2026-10-22 09:00")
    story.dossier.conditions = ()  # a supplement answered otherwise
    assert appointed_at(story.dossier) == at("2026-10-22 09:00")
