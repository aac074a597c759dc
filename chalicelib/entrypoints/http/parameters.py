"""Parameters of path and query are text; this gives them the type that their declaration asks for.

Only JSON's own spelling of numbers and booleans is taken, so that the rest of the checking is the
same strict one that bodies get (pydantic alone would take ` 5 `, `1_000`, `yes`).
"""

import json
import re
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from functools import cache
from typing import Annotated, Any, Final, Literal, get_args, get_origin

_SCALAR: Final = re.compile(r"true|false|-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,15})?")


def typed(text: str, annotation: object) -> object:
    """`text` as number or boolean where `annotation` has room for one, else as it is."""
    if _takes_scalars(annotation) and _SCALAR.fullmatch(text):
        return json.loads(text)
    return text


@cache
def is_repeatable(annotation: object) -> bool:
    """Whether the parameter may be given several times."""
    origin = get_origin(annotation) or annotation
    if isinstance(origin, type) and issubclass(origin, Sequence | AbstractSet):
        return not issubclass(origin, str)
    return any(is_repeatable(part) for part in _parts(annotation))


@cache
def _takes_scalars(annotation: object) -> bool:
    return any(
        isinstance(leaf, type) and issubclass(leaf, int | float) for leaf in _leaves(annotation)
    )


def _leaves(annotation: object) -> Iterator[object]:
    parts = _parts(annotation)
    if not parts:
        yield annotation
    for part in parts:
        yield from _leaves(part)


def _parts(annotation: object) -> Sequence[Any]:
    """Members of a union, items of a list, what is annotated; types of literal values."""
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return [type(value) for value in parts]
    return parts[:1] if origin is Annotated else parts
