"""What is wrong with a body or a query, in our own stable codes instead of pydantic's.

A validator of a model names its own code by raising `PydanticCustomError("person.number", …)`:
a type with a dot in it is taken as the code, its context as the message's parameters.
Nothing the caller sent is repeated in an answer, except the name of a field.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic import ValidationError

from chalicelib.entrypoints.http.problem import Fault

MOST_FAULTS: Final = 50
_LONGEST_NAME: Final = 100  # of a field; a longer one is not repeated, its parent is named

# pydantic's type of error -> our code, and which of its context goes into the sentence.
_CODES: Final[Mapping[str, tuple[str, Mapping[str, str]]]] = {
    "missing": ("field.missing", {}),
    "union_tag_not_found": ("field.missing", {}),
    "extra_forbidden": ("field.unknown", {}),
    "enum": ("field.not_one_of", {"expected": "allowed"}),
    "literal_error": ("field.not_one_of", {"expected": "allowed"}),
    "union_tag_invalid": ("field.not_one_of", {"expected_tags": "allowed"}),
    "string_too_short": ("field.text_too_short", {"min_length": "min"}),
    "string_too_long": ("field.text_too_long", {"max_length": "max"}),
    "too_short": ("field.too_few", {"min_length": "min"}),
    "too_long": ("field.too_many", {"max_length": "max"}),
    "greater_than": ("field.not_above", {"gt": "min"}),
    "greater_than_equal": ("field.too_small", {"ge": "min"}),
    "less_than": ("field.not_below", {"lt": "max"}),
    "less_than_equal": ("field.too_large", {"le": "max"}),
    "string_type": ("field.not_text", {}),
    "int_type": ("field.not_whole_number", {}),
    "float_type": ("field.not_number", {}),
    "bool_type": ("field.not_true_or_false", {}),
    "list_type": ("field.not_list", {}),
    "tuple_type": ("field.not_list", {}),
    "dict_type": ("field.not_object", {}),
    "model_type": ("field.not_object", {}),
    "dataclass_type": ("field.not_object", {}),
}
_FORMAT: Final = ("_parsing", "_pattern_mismatch", "timezone_aware", "date_type", "datetime_type")
CODES: Final = frozenset(
    {code for code, _ in _CODES.values()} | {"field.format", "field.invalid", "field.repeated"}
)


def faults_of(error: ValidationError, value: object, prefix: str = "") -> list[Fault]:
    """Each fault once, in order, at most `MOST_FAULTS`; `value` is what was validated."""
    found: dict[tuple[str, str], Fault] = {}
    for detail in error.errors(include_url=False, include_input=False):
        fault = _fault(detail, value, prefix)
        found.setdefault((fault.pointer, fault.code), fault)
    return list(found.values())[:MOST_FAULTS]


def _fault(detail: Mapping[str, Any], value: object, prefix: str) -> Fault:
    context = detail.get("ctx", {})
    at = list(detail["loc"])
    if detail["type"] in {"union_tag_not_found", "union_tag_invalid"}:
        at.append(context["discriminator"].strip("'"))
    code, params = _named(detail["type"], context)
    return Fault(prefix + _pointer(at, value, absent=code == "field.missing"), code, params)


def _named(kind: str, context: Mapping[str, object]) -> tuple[str, Mapping[str, object]]:
    if "." in kind:
        return kind, context
    if kind.endswith(_FORMAT):
        return "field.format", {}
    code, names = _CODES.get(kind, ("field.invalid", {}))
    return code, {ours: context[theirs] for theirs, ours in names.items()}


def _pointer(at: Sequence[str | int], value: object, *, absent: bool) -> str:
    """RFC 6901. pydantic's location also names members of unions, which are not in the value."""
    pointer, last = "", len(at) - 1
    for index, part in enumerate(at):
        if len(str(part)) > _LONGEST_NAME:
            break
        if _is_in(part, value):
            value = value[part]  # type: ignore[index] # just looked
        elif not (absent and index == last):
            continue
        pointer += "/" + escape(str(part))
    return pointer


def _is_in(part: str | int, value: object) -> bool:
    if isinstance(value, list):
        return isinstance(part, int) and part < len(value)
    return isinstance(value, dict) and part in value


def escape(part: str) -> str:
    """One part of a pointer, with `~` and `/` written as RFC 6901 asks."""
    return part.replace("~", "~0").replace("/", "~1")
