"""The slips' fonts: Tinos, with every letter of Vietnamese and of Ê Đê (made by `infra/fonts.py`).

Unicode has no single character for some Ê Đê letters (Ê̆, ơ̆): a circumflex or horn and a breve
above it. The fonts have a glyph for each under a private code; whoever copies the text out of a
slip gets the two characters that Unicode spells it with.
"""

from functools import cache
from pathlib import Path
from typing import Final
from unicodedata import normalize

from fpdf.fonts import Glyph, SubsetMap

FOLDER: Final = Path(__file__).parents[1] / "fonts"
FILES: Final = {"": "tinos-regular.ttf", "B": "tinos-bold.ttf", "I": "tinos-italic.ttf"}
PRIVATE: Final = {0xE000 + n: base + "\u0306" for n, base in enumerate("ÊêÔôƠơƯư")}
_CODES: Final = {letter: chr(code) for code, letter in PRIVATE.items()}


def encoded(text: str) -> str:
    """Composed, and the letters that take two characters as one private one."""
    text = normalize("NFC", text)
    if "\u0306" in text:
        for letter, code in _CODES.items():
            text = text.replace(letter, code)
    return text


class Spelled(SubsetMap):
    """Of one font in one document; what stands under a private code is written as it is spelled."""

    @cache  # noqa: B019 - fpdf2 clears it when the document is done
    def get_glyph(
        self,
        glyph: int | None = None,
        unicode: int | tuple[int, ...] | None = None,
        glyph_name: str | None = None,
        glyph_width: int | None = None,
    ) -> Glyph | None:
        """See fpdf2."""
        found = super().get_glyph(glyph, unicode, glyph_name, glyph_width)
        spelled = PRIVATE.get(unicode) if isinstance(unicode, int) else None
        if found is None or spelled is None:
            return found
        letters = tuple(map(ord, spelled))
        return Glyph(found.glyph_id, letters, found.glyph_name, found.glyph_width)
