"""A slip as it lies on the table: plain text in its places, ready to be set."""

from dataclasses import asdict
from datetime import datetime
from enum import StrEnum

from chalicelib.domain.event import digest_of, stamp
from chalicelib.domain.ids import DossierCode
from chalicelib.domain.value import value


class SlipKind(StrEnum):
    """The kinds there are."""

    RECEIPT = "receipt"  # giấy tiếp nhận hồ sơ và hẹn trả kết quả
    SUPPLEMENT = "supplement"  # phiếu yêu cầu bổ sung, hoàn thiện hồ sơ
    REFUSAL = "refusal"  # phiếu từ chối tiếp nhận, giải quyết hồ sơ
    APOLOGY = "apology"  # phiếu xin lỗi và hẹn lại ngày trả kết quả
    STOP = "stop"  # thông báo dừng giải quyết hồ sơ
    CONTROL = "control"  # phiếu kiểm soát quá trình giải quyết hồ sơ
    REGISTER = "register"  # sổ theo dõi hồ sơ
    FEE_RECEIPT = "fee_receipt"  # biên lai thu phí, lệ phí


@value(frozen=True, slots=True)
class Paragraph:
    """Running text."""

    text: str
    strong: bool = False


@value(frozen=True, slots=True)
class Rows:
    """What is known, line by line: a label and its value."""

    rows: tuple[tuple[str, str], ...]


class Align(StrEnum):
    """Where a column's text stands."""

    LEFT = "left"
    CENTRE = "centre"
    RIGHT = "right"


@value(frozen=True, slots=True)
class Column:
    """`width` in parts of all the columns' widths."""

    title: str
    width: int
    align: Align = Align.LEFT


@value(frozen=True, slots=True)
class Table:
    """Every row has a cell for every column."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]


Block = Paragraph | Rows | Table


@value(frozen=True, slots=True)
class Signature:
    """Room for one: who signs, and how."""

    role: str
    hint: str


@value(frozen=True, slots=True)
class Heading:
    """The unit in two lines, the form's code, place and date, and the slip's own number."""

    superior: str
    unit: str
    form: str
    place_and_date: str
    number: str


@value(frozen=True, slots=True)
class Slip:
    """`qr` is what its square says, empty for none; `code_line` names the dossier, or the book."""

    kind: SlipKind
    heading: Heading
    title: str
    code_line: str
    blocks: tuple[Block, ...]
    signatures: tuple[Signature, ...]
    about: DossierCode | None
    made_at: datetime
    qr: str = ""
    qr_caption: str = ""
    landscape: bool = False

    def digest(self) -> str:
        """SHA-256 of all it says, 43 characters of base64url: printed on it, so it can be checked.

        Of the content and not of the file, which could not hold its own.
        """
        return digest_of({**asdict(self), "made_at": stamp(self.made_at)})
