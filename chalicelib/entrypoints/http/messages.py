"""What people read: templates by code, Vietnamese and English, in `chalicelib/messages/`."""

import json
import re
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Final

from chalicelib.domain.procedure import Text

FOLDER: Final = Path(__file__).parents[2] / "messages"
_MOST_CHARACTERS: Final = 200  # of an Accept-Language header that are worth reading
_QUALITY: Final = re.compile(r"\s*q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)\s*")


class Language(StrEnum):
    """The languages every text exists in."""

    VI = "vi"
    EN = "en"


GROUPED_FROM: Final = 10_000  # a year has no mark in it
THOUSANDS: Final = {Language.VI: ".", Language.EN: ","}


class Messages:
    """Templates of one folder (`vi.json`, `en.json`: code to template), read when first needed."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._read = cache(lambda language: _templates(folder / f"{language}.json"))

    def text(self, code: str, language: Language, params: Mapping[str, object]) -> str:
        """The sentence in `language`, else in Vietnamese; the code itself if nobody wrote one."""
        template = self._read(language).get(code) or self._read(Language.VI).get(code) or code
        said = {name: self._said(value, language) for name, value in params.items()}
        return template.format_map(_Named(said))

    def _said(self, value: object, language: Language) -> object:
        """A value as people read it: names in their language, terms by their word."""
        if isinstance(value, Text):
            return getattr(value, language)
        if isinstance(value, StrEnum):
            return self.text(f"{type(value).__name__.lower()}.{value}", language, {})
        if isinstance(value, int) and value >= GROUPED_FROM:
            return f"{value:,}".replace(",", THOUSANDS[language])
        return value


class _Named(dict[str, object]):
    """Parameters by name; one that was not given stays as it stands in the template."""

    def __missing__(self, key: str) -> str:
        return f"{{{key}}}"


def _templates(file: Path) -> Mapping[str, str]:
    templates: dict[str, str] = json.loads(file.read_text("utf-8"))
    return templates


def language_of(accept_language: str) -> Language:
    """The best of our languages for an Accept-Language header; Vietnamese where it names none."""
    chosen, best = Language.VI, 0.0
    for part in accept_language[:_MOST_CHARACTERS].split(","):
        tag, _, weight = part.partition(";")
        name = tag.strip().lower().partition("-")[0]
        if name in set(Language) and _quality(weight) > best:
            chosen, best = Language(name), _quality(weight)
    return chosen


def _quality(weight: str) -> float:
    if not weight:
        return 1.0
    found = _QUALITY.fullmatch(weight)
    return float(found[1]) if found else 0.0
