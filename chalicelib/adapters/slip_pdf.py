"""A slip as a PDF: A4, by the layout that Vietnamese administrative documents share.

The same slip is the same bytes. Import it only where a slip is made: fpdf2 is no part of a cold
start (docs/decisions/0026).
"""

from collections.abc import Iterator, Mapping
from datetime import UTC
from itertools import groupby
from typing import Final

import segno
from fpdf import FPDF
from fpdf.enums import Align as Placed
from fpdf.fonts import FontFace, TTFFont

from chalicelib.adapters.slip_font import FILES, FOLDER, Spelled, encoded
from chalicelib.domain.slips.slip import (
    Align,
    Block,
    Heading,
    Paragraph,
    Rows,
    Signature,
    Slip,
    Table,
)

# Millimetres and points.
LEFT: Final = 20
EDGE: Final = 15
FOOT: Final = 18
LABEL: Final = 58
QR: Final = 24
SIGNING: Final = 38
TEXT: Final = 12
LINE: Final = 5.6
SMALL: Final = 9
SMALL_LINE: Final = 4.2
CELL: Final = 10.5
NARROW_CELL: Final = 8.5  # where a landscape table has many columns
CELL_LINES: Final = 1.2  # height of a line to its letters'
POINT: Final = 0.3528
PLACED: Final = {Align.LEFT: Placed.L, Align.CENTRE: Placed.C, Align.RIGHT: Placed.R}


def to_pdf(slip: Slip, words: Mapping[str, str]) -> bytes:
    """Set it; `words` has what every slip says (state, motto, page, check)."""
    page = _Page(slip, words)
    page.add_page()
    page.head(slip.heading)
    page.titled()
    for block in slip.blocks:
        page.block(block)
    page.signed(slip.signatures)
    return bytes(page.output())


class _Page(FPDF):
    def __init__(self, slip: Slip, words: Mapping[str, str]) -> None:
        super().__init__("landscape" if slip.landscape else "portrait", format="A4")
        self._slip, self._words = slip, words
        self._check = words["check"].format(digest=slip.digest())
        self.set_creation_date(slip.made_at.astimezone(UTC))
        self.set_title(f"{slip.title} {slip.heading.number}".replace("\n", " "))
        self.set_lang("vi")
        self.set_margins(LEFT, EDGE, EDGE)
        self.c_margin = 0
        self.set_auto_page_break(auto=True, margin=FOOT)
        for style, file in FILES.items():
            self.add_font("tinos", style, FOLDER / file)
            font = self.fonts[f"tinos{style}"]
            if isinstance(font, TTFFont):
                font.subset = Spelled(font)

    def footer(self) -> None:
        """Page and digest; fpdf2 calls it."""
        self.set_y(-EDGE)
        self.set_font("tinos", "", SMALL)
        self.cell(self.epw * 3 / 4, SMALL_LINE, self._check)
        text = self._words["page"].format(page=self.page_no(), pages="{nb}")
        self.cell(0, SMALL_LINE, text, align=Placed.R)

    def head(self, heading: Heading) -> None:
        """The unit on the left, the state on the right, each over a line."""
        if heading.form:
            self._put(self.l_margin, self.epw, heading.form, "I", SMALL, align=Placed.R)
        half, top = self.epw * (0.5 if self._slip.landscape else 0.45), self.get_y()
        left = self.l_margin
        self._put(left, half, heading.superior, "", TEXT - 1)
        self._put(left, half, heading.unit, "B", TEXT - 1)
        self._underline(left, half, half / 4)
        self._put(left, half, heading.number, "", TEXT)
        ended = self.get_y()
        self.set_y(top)
        left, right = left + half, self.epw - half
        self._put(left, right, self._words["state"], "B", TEXT - 1)
        self._put(left, right, self._words["motto"], "B", TEXT)
        self._underline(left, right, right / 2)
        self._put(left, right, heading.place_and_date, "I", TEXT)
        self.set_y(max(ended, self.get_y()) + LINE / 2)

    def titled(self) -> None:
        """The title and the dossier's code, with the square beside them."""
        top, aside = self.get_y(), QR + LINE if self._slip.qr else 0
        left, width = self.l_margin + aside, self.epw - 2 * aside
        self.set_y(top + LINE)
        self._put(left, width, self._slip.title, "B", TEXT + 2)
        self._put(left, width, self._slip.code_line, "", TEXT)
        if aside:
            ended = self.get_y()
            self._square(self.l_margin, top)
            self.set_y(top + QR)
            self._put(self.l_margin - 4, QR + 8, self._slip.qr_caption, "I", SMALL - 2)
            self.set_y(max(ended, self.get_y()))
        self.ln(LINE / 2)

    def block(self, block: Block) -> None:
        """One of the body."""
        if isinstance(block, Paragraph):
            self._put(
                self.l_margin, self.epw, block.text, "B" if block.strong else "", TEXT, Placed.J
            )
            self.ln(1)
        elif isinstance(block, Rows):
            self._rows(block)
        else:
            self._table(block)

    def signed(self, signatures: tuple[Signature, ...]) -> None:
        """Side by side, on one page; a single one on the right."""
        if not signatures:
            return
        if self.will_page_break(SIGNING):
            self.add_page()
        self.ln(LINE)
        columns = max(2, len(signatures))
        width, top = self.epw / columns, self.get_y()
        for n, each in enumerate(signatures, columns - len(signatures)):
            self.set_y(top)
            self._put(self.l_margin + n * width, width, each.role, "B", TEXT)
            self._put(self.l_margin + n * width, width, each.hint, "I", TEXT - 1)

    def _rows(self, rows: Rows) -> None:
        for label, text in rows.rows:
            lines = self._lines(text)
            if self.will_page_break(lines * LINE):
                self.add_page()
            top = self.get_y()
            self._put(self.l_margin, LABEL, f"{label}:", "", TEXT, Placed.L)
            ended = self.get_y()
            self.set_y(top)
            self._put(self.l_margin + LABEL, self.epw - LABEL, text, "B", TEXT, Placed.L)
            self.set_y(max(ended, self.get_y()))
        self.ln(1)

    def _lines(self, text: str) -> int:
        """How many lines a value takes, at most as many as keep together on a page."""
        self.set_font("tinos", "B", TEXT)
        width = self.epw - LABEL
        return 1 + min(8, int(self.get_string_width(encoded(text)) // width))

    def _table(self, table: Table) -> None:
        size = NARROW_CELL if self._slip.landscape else CELL
        self.set_font("tinos", "", size)
        with self.table(
            align="LEFT",
            width=int(self.epw),
            col_widths=tuple(column.width for column in table.columns),
            text_align=tuple(PLACED[column.align] for column in table.columns),
            headings_style=FontFace(emphasis="BOLD"),
            line_height=size * POINT * CELL_LINES,
            padding=0.8,
        ) as made:
            heads = made.row()
            for column in table.columns:
                heads.cell(encoded(column.title), align=Placed.C)
            for cells in table.rows:
                row = made.row()
                for text in cells:
                    row.cell(encoded(text))
        self.ln(2)

    def _put(
        self, x: float, width: float, text: str, style: str, size: float, align: Placed = Placed.C
    ) -> None:
        """Wrapped text in a column from here down."""
        self.set_x(x)
        self.set_font("tinos", style, size)
        height = size * LINE / TEXT
        self.multi_cell(width, height, encoded(text), align=align, new_x="LMARGIN", new_y="NEXT")

    def _underline(self, x: float, width: float, long: float) -> None:
        y = self.get_y() + 0.4
        self.line(x + (width - long) / 2, y, x + (width + long) / 2, y)
        self.ln(1.6)

    def _square(self, x: float, y: float) -> None:
        """The QR code, each run of dark modules one rectangle."""
        matrix = segno.make(self._slip.qr, error="m", micro=False).matrix
        module = QR / len(matrix)
        for line, row in enumerate(matrix):
            for start, length in _dark(row):
                self.rect(x + start * module, y + line * module, length * module, module, "F")


def _dark(row: bytearray) -> Iterator[tuple[int, int]]:
    start = 0
    for dark, run in groupby(row):
        length = len(list(run))
        if dark:
            yield start, length
        start += length
