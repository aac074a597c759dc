"""JSON that means the same to everyone who reads it (I-JSON, RFC 7493), or nothing at all.

Python's reader takes duplicate keys, NaN and half characters; a store, a browser or another
agency reads those differently or not at all, so they stop here.
"""

import json
import re
from collections.abc import Sequence
from typing import Final

DEEPEST: Final = 32
LARGEST: Final = 2**53 - 1  # what a JavaScript client can hold exactly
_SMALLEST: Final = 1e-100  # a number nearer to zero does not fit the record (DynamoDB: 1e-130)
_UNCLEAN: Final = re.compile(r"[\0\ud800-\udfff]")
_MOST_DIGITS: Final = 17  # also keeps the conversion of a huge literal cheap


class MalformedError(ValueError):
    """Not JSON, or JSON that readers disagree about."""


def parse(raw: bytes) -> object:
    """The value of a UTF-8 document. Raise MalformedError."""
    try:
        value = _DECODER.decode(raw.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise MalformedError from error
    _inspect(value)
    return value


def is_clean(text: str) -> bool:
    """Whether it can be stored and sent on: no NUL, no half of a surrogate pair."""
    return _UNCLEAN.search(text) is None


def _inspect(root: object) -> None:
    """Raise MalformedError for what the grammar allows and nobody can use."""
    level, depth = [root], 0
    while level:
        if depth > DEEPEST:
            raise MalformedError
        level = [part for value in level for part in _parts(value)]
        depth += 1


def _parts(value: object) -> Sequence[object]:
    if isinstance(value, str) and not is_clean(value):
        raise MalformedError
    if isinstance(value, dict):
        return [*value, *value.values()]
    return value if isinstance(value, list) else ()


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise MalformedError
    return members


def _integer(literal: str) -> int:
    if len(literal) > _MOST_DIGITS or abs(number := int(literal)) > LARGEST:
        raise MalformedError
    return number


def _float(literal: str) -> float:
    number = float(literal)
    if number and not _SMALLEST <= abs(number) <= LARGEST:
        raise MalformedError
    return number


def _constant(_literal: str) -> object:
    raise MalformedError


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_unique, parse_int=_integer, parse_float=_float, parse_constant=_constant
)
