"""What slips say, read back out of their PDF as any reader does; and that a page is a page."""

import io
import re
import sys
import unicodedata
from dataclasses import replace
from functools import cache
from subprocess import run
from time import process_time
from typing import Final

import pypdfium2
import pytest
from pypdf import PdfReader

from chalicelib.adapters.slip_font import PRIVATE
from chalicelib.adapters.slip_pdf import to_pdf
from chalicelib.domain.slips.slip import Paragraph, Rows, Slip, SlipKind, Table
from tests.slips.samples import FORMS, OWNER, SAMPLES, SITE, SUBMITTER

MOST_BYTES: Final = 40_000
KINDS: Final = list(SlipKind)
SAYS: Final = {
    SlipKind.RECEIPT: (
        "Mẫu số 01 (Thông tư số 03/2025/TT-VPCP)",
        "Số: 07/TNHS",
        "GIẤY TIẾP NHẬN HỒ SƠ VÀ HẸN TRẢ KẾT QUẢ",
        "066190000123",
        "Trực tuyến",
        OWNER["full_name"],
        "08 ngày làm việc",
        "09 giờ 00 phút, ngày 05/10/2026",
        "09 giờ 00 phút, ngày 16/10/2026",
        "NGƯỜI NỘP HỒ SƠ",
        "NGƯỜI TIẾP NHẬN HỒ SƠ",
    ),
    SlipKind.SUPPLEMENT: (
        "Mẫu số 02",
        "Không đọc được",
        "Chụp lại cả hai mặt, đủ sáng, thấy rõ bốn góc.",
        "Ghi nơi sinh của trẻ: xã, phường; tỉnh, thành phố.",
        "Kiểm tra lần đầu",
        "đến 09 giờ 00 phút, ngày 04/11/2026",
        "0262 000 1513",
        SITE,
    ),
    SlipKind.REFUSAL: (
        "Mẫu số 03",
        "Số: 02/TCHS",
        "Việc này thuộc thẩm quyền của Ủy ban nhân dân xã Krông Pắc.",
        "Trung tâm Phục vụ hành chính công phường Buôn Hồ",
    ),
    SlipKind.APOLOGY: (
        "Mẫu số 04",
        "Kính gửi",
        "Phòng Văn hóa - Xã hội phường Buôn Hồ",
        "Phải xác minh nơi cư trú tại địa phương khác.",
        "09 giờ 00 phút, ngày 16/10/2026",
        "hẹn trả kết quả vào 16 giờ 30 phút, ngày 19/10/2026",
        "(X-1)",
    ),
    SlipKind.STOP: ("Mẫu số 05", "không có người thừa kế quyền yêu cầu.", "THỦ TRƯỞNG ĐƠN VỊ"),
    SlipKind.CONTROL: (
        "Mẫu số 06",
        "Văn phòng Đăng ký đất đai tỉnh Đắk Lắk",
        "10:00 06/10/2026",
        "Đã xác nhận trên hệ thống",
        "Trước hạn",
        "Quá hạn",
    ),
    SlipKind.REGISTER: ("Mẫu số 07", "Năm 2026", "01–12/STD", "đã gạch, xem số 5", "Trang 2/2"),
    SlipKind.FEE_RECEIPT: (
        "Số: 0001234",
        "Phí cấp bản sao trích lục hộ tịch Phí 8.000 đồng",
        "Lệ phí đăng ký hộ tịch Lệ phí 37.500 đồng",
        "45.500 đồng",
        "Bốn mươi lăm nghìn năm trăm đồng",
    ),
}


@cache
def made(kind: SlipKind) -> Slip:
    return SAMPLES[kind]()


@cache
def pdf(kind: SlipKind) -> bytes:
    return to_pdf(made(kind), FORMS.words)


def text(content: bytes) -> str:
    """All of it; where lines are broken is the page's affair."""
    pages = [page.extract_text() for page in PdfReader(io.BytesIO(content)).pages]
    return re.sub(r"\s+", " ", " ".join(pages))


def words(slip: Slip) -> list[str]:
    """Every text of the slip, from top to bottom."""
    said = [slip.title, slip.code_line, slip.heading.unit, slip.heading.place_and_date]
    for block in slip.blocks:
        if isinstance(block, Paragraph):
            said.append(block.text)
        elif isinstance(block, Rows):
            said += [each for row in block.rows for each in row]
        elif isinstance(block, Table):
            said += [cell for row in block.rows for cell in row]
    return said


@pytest.mark.parametrize("kind", KINDS)
def test_it_says_what_its_form_asks_for(kind: SlipKind) -> None:
    """Figures and dates computed by hand, read out of the file with their diacritics."""
    said = text(pdf(kind))
    assert [each for each in SAYS[kind] if each not in said] == []
    assert "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM" in said
    assert "Độc lập - Tự do - Hạnh phúc" in said
    assert "ỦY BAN NHÂN DÂN PHƯỜNG BUÔN HỒ" in said
    assert f"Mã kiểm tra: {made(kind).digest()}" in said


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_lost_between_the_slip_and_its_page(kind: SlipKind) -> None:
    """Each word of it is on the page, and no letter became a box."""
    said = re.sub(r"\s", "", text(pdf(kind)))
    missing = [each for each in words(made(kind)) if re.sub(r"\s", "", each) not in said]
    assert missing == []
    assert not any(chr(code) in said for code in PRIVATE)


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_small_and_of_few_pages(kind: SlipKind) -> None:
    """For a slow line in the hills; what it costs is printed and judged by nobody."""
    begun = process_time()
    again = to_pdf(made(kind), FORMS.words)
    spent = process_time() - begun
    pages = len(PdfReader(io.BytesIO(again)).pages)
    print(f"{kind}: {len(again):,} bytes, {pages} pages, {spent:.3f} s of CPU")  # noqa: T201 - pytest -s shows it
    assert len(again) <= MOST_BYTES
    assert pages == (2 if kind is SlipKind.REGISTER else 1)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_slip_is_the_same_bytes(kind: SlipKind) -> None:
    """Else neither its hash nor a second print would prove anything."""
    assert to_pdf(SAMPLES[kind](), FORMS.words) == pdf(kind)
    assert SAMPLES[kind]().digest() == made(kind).digest()


@pytest.mark.parametrize("kind", KINDS)
def test_all_ink_lies_within_the_margins(kind: SlipKind) -> None:
    """Drawn and looked at: no table runs off the paper, no text under the edge."""
    for page in pypdfium2.PdfDocument(pdf(kind)):
        picture = page.render(scale=1, grayscale=True).to_pil()
        ink = picture.point(lambda grey: 255 * (grey < 128)).getbbox()
        assert ink is not None
        left, top, right, bottom = ink
        assert min(left, top) >= 36
        assert right <= picture.width - 40
        assert bottom <= picture.height - 20


def test_letters_of_e_de_are_read_and_found_again() -> None:
    """A name is copied out of a slip, and searched for, as Unicode spells it."""
    letters = "Ă ă Â â Č č Ñ ñ Ê ê Ô ô Ơ ơ Ư ư Ŏ ŏ Ĭ ĭ Ŭ ŭ Ĕ ĕ Ƀ ƀ Đ đ Ô̆ ô̆ Ê̆ ê̆ Ơ̆ ơ̆ Ư̆ ư̆"
    slip = replace(
        made(SlipKind.STOP), blocks=(Paragraph(letters), Paragraph(letters, strong=True))
    )
    for form in ("NFC", "NFD"):
        written = replace(slip, title=unicodedata.normalize(form, letters))
        assert text(to_pdf(written, FORMS.words)).count(letters) == 3
    assert SUBMITTER["full_name"] in text(pdf(SlipKind.RECEIPT))


def test_every_vietnamese_letter_is_in_the_fonts() -> None:
    """With each tone, great and small: a name with a box in it is somebody else's."""
    vowels = "aăâeêioôơuưy"
    tones = ("", "\u0300", "\u0309", "\u0303", "\u0301", "\u0323")
    small = " ".join(unicodedata.normalize("NFC", v + tone) for v in vowels for tone in tones)
    both = f"{small} đ {small.upper()} Đ"
    slip = replace(made(SlipKind.STOP), blocks=(Paragraph(both), Paragraph(both, strong=True)))
    assert text(to_pdf(slip, FORMS.words)).count(both) == 2


def test_a_long_dossier_goes_on_over_pages() -> None:
    """The head of a table is repeated; the signatures stay together."""
    slip = made(SlipKind.RECEIPT)
    table = next(block for block in slip.blocks if isinstance(block, Table))
    long = replace(table, rows=table.rows * 40)
    blocks = tuple(long if block is table else block for block in slip.blocks)
    content = to_pdf(replace(slip, blocks=blocks), FORMS.words)
    pages = [page.extract_text() for page in PdfReader(io.BytesIO(content)).pages]
    assert len(pages) > 2
    assert all("Bản chính" in page for page in pages[:2])
    assert [("NGƯỜI NỘP" in page, "NGƯỜI TIẾP" in page) for page in pages][-1] == (True, True)


def test_a_cold_start_does_not_load_what_makes_slips() -> None:
    """Half a second of CPU for a request that prints nothing (docs/decisions/0026)."""
    code = "import app, sys; sys.exit(bool({'fpdf', 'fontTools', 'segno'} & set(sys.modules)))"
    assert run([sys.executable, "-c", code], check=False).returncode == 0  # noqa: S603 - ours
