"""Makes the slips' fonts again: `python -m infra.fonts FOLDER`.

FOLDER is the unpacked npm package @fontsource/tinos (`npm pack @fontsource/tinos@5.3.0`): Tinos,
with the widths of the typeface that Vietnamese offices write in, under the SIL Open Font Licence.
Kept are the letters of Vietnamese, Ê Đê and names from abroad. Hinting and features are not: a
slip is printed, and every byte of a font is in every slip.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from unicodedata import normalize

from fontTools import merge, subset
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont

from chalicelib.adapters.slip_font import FOLDER, PRIVATE

STYLES: Final = {"regular": "400-normal", "bold": "700-normal", "italic": "400-italic"}
PARTS: Final = ("latin", "latin-ext", "vietnamese")
LETTERS: Final = frozenset(
    [
        *range(0x20, 0x7F),
        *range(0xA0, 0x180),  # of Latin names from anywhere
        *map(ord, "ƀɃƠơƯư"),
        *range(0x1EA0, 0x1EFA),  # Vietnamese vowels with tones
        *map(ord, "–—‘’“”…•₫"),
    ]
)
BREVE: Final = "\u0306"
HORN: Final = "\u031b"
MADE: Final = 3_850_000_000  # seconds since 1904, so that the same sources are the same bytes
GAP: Final = 40  # of 2048 units, between a letter and what stands above it


def main(package: Path) -> None:
    """Write the three fonts and their licence."""
    for style, source in STYLES.items():
        files = [package / "files" / f"tinos-{part}-{source}.woff" for part in PARTS]
        _make(files).save(FOLDER / f"tinos-{style}.ttf")
    (FOLDER / "OFL.txt").write_bytes((package / "LICENSE").read_bytes())


def _make(files: list[Path]) -> TTFont:
    with TemporaryDirectory() as folder:
        parts: list[str] = []
        left = set(LETTERS)
        for file in files:
            font = TTFont(file, recalcTimestamp=False)
            mine = left & set(font.getBestCmap())
            left -= mine
            _reduce(font, mine)
            font.flavor = None
            font.save(part := Path(folder) / f"{len(parts)}.ttf")
            parts.append(str(part))
        if left:
            raise SystemExit(f"no glyph for {sorted(map(chr, left))}")
        whole = merge.Merger().merge(parts)
    _add(whole, ord(BREVE), "", "o")
    for private, spelled in PRIVATE.items():
        _add(whole, private, spelled[0], normalize("NFD", spelled)[0])
    whole.setGlyphOrder(whole["glyf"].glyphOrder)
    whole["post"].formatType = 3.0  # without the glyphs' names
    whole.recalcTimestamp = False
    whole["head"].created = whole["head"].modified = MADE
    return whole


def _reduce(font: TTFont, letters: set[int]) -> None:
    options = subset.Options(
        hinting=False, layout_features=[], name_IDs=[1, 2, 4, 6, 13], notdef_outline=True
    )
    options.drop_tables += ["GPOS", "GSUB", "GDEF", "DSIG", "meta", "gasp"]
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=letters)
    subsetter.subset(font)


def _add(font: TTFont, code: int, letter: str, plain: str) -> None:
    """A letter with a breve, centred over its stem and not over its horn; or a breve alone."""
    glyphs: Any = font["glyf"]
    cmap, widths = font.getBestCmap(), font["hmtx"]
    name = glyphs[cmap[ord("ă")]].components[1].glyphName
    breve, stem = glyphs[name], glyphs[cmap[ord(plain)]]
    top = glyphs[cmap[ord(letter)]].yMax if letter and HORN not in normalize("NFD", letter) else 0
    right = (stem.xMin + stem.xMax - breve.xMin - breve.xMax) // 2
    up = max(0, max(top, stem.yMax) + GAP - breve.yMin)
    pen = TTGlyphPen(glyphs)
    if letter:
        pen.addComponent(cmap[ord(letter)], (1, 0, 0, 1, 0, 0))
    else:
        right -= widths[cmap[ord(plain)]][0]
    pen.addComponent(name, (1, 0, 0, 1, right, up))
    name = f"uni{code:04X}"
    glyphs[name] = made = pen.glyph()
    made.recalcBounds(glyphs)
    widths[name] = (widths[cmap[ord(letter)]][0] if letter else 0, made.xMin)
    for table in font["cmap"].tables:
        table.cmap[code] = name


if __name__ == "__main__":
    main(Path(sys.argv[1]))
