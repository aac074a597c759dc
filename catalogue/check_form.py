"""What a form must keep to, so that browser and server judge it alike and it stays small.

Vietnamese titles with their English beside them, nothing unknown let in, a length on every text,
patterns of plain ASCII anchored at both ends (WEB.md, "One truth for validation").
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import jsonschema_rs

# Classes that engines read differently; `$` alone takes a trailing newline in some.
_UNSURE: Final = re.compile(r"\\[dDwWsSbBpP]|\(\?")


def form_problems(form: Mapping[str, Any]) -> Iterator[str]:
    """Sentences that name the place as a JSON Pointer; none for a good form."""
    try:
        jsonschema_rs.Draft202012Validator(dict(form))
    except jsonschema_rs.ValidationError as error:
        yield f"form: not a JSON Schema: {error.message}"
        return
    if form.get("type") != "object" or form.get("additionalProperties") is not False:
        yield "form: must be an object without additional properties"
    yield from _of_branch(form, "form")
    for name, section in form.get("properties", {}).items():
        if section.get("type") != "object":
            yield f"form/{name}: a section is an object"
        yield from _of(section, f"form/{name}")


def _of(schema: Mapping[str, Any], path: str) -> Iterator[str]:
    if not (schema.get("title") and schema.get("x-en")):
        yield f"{path}: needs title and x-en"
    if bool(schema.get("description")) != bool(schema.get("x-en-description")):
        yield f"{path}: description and x-en-description go together"
    yield from _CHECKS.get(schema.get("type", ""), _unknown)(schema, path)


def _of_object(schema: Mapping[str, Any], path: str) -> Iterator[str]:
    properties = schema.get("properties", {})
    if schema.get("additionalProperties") is not False:
        yield f"{path}: additionalProperties must be false"
    if strangers := set(schema.get("required", ())) - set(properties):
        yield f"{path}: requires {sorted(strangers)}, which it does not have"
    yield from _of_branch(schema, path)
    for name, inner in properties.items():
        yield from _of(inner, f"{path}/{name}")


def _of_branch(schema: Mapping[str, Any], path: str) -> Iterator[str]:
    """If properties are these, others are required: so much browser and server judge alike."""
    if not schema.keys() & {"if", "then", "else"}:
        return
    question, then = schema.get("if", {}), schema.get("then", {})
    asked = question.get("properties", {})
    plain = all(each.keys() in ({"const"}, {"enum"}) for each in asked.values())
    whole = plain and question == {"properties": asked, "required": list(asked)}
    if not whole or then.keys() != {"required"} or "else" in schema:
        yield f"{path}: no more than: if properties are these, then others are required"
    elif strangers := {*asked, *then["required"]} - set(schema.get("properties", {})):
        yield f"{path}: if and then name {sorted(strangers)}, which it does not have"


def _of_array(schema: Mapping[str, Any], path: str) -> Iterator[str]:
    if "maxItems" not in schema:
        yield f"{path}: needs maxItems"
    yield from _of(schema.get("items", {}), f"{path}/items")


def _of_string(schema: Mapping[str, Any], path: str) -> Iterator[str]:
    if "enum" in schema:
        if set(schema["enum"]) != set(schema.get("x-labels", {})):
            yield f"{path}: every value of enum needs its x-labels"
    elif "maxLength" not in schema:
        yield f"{path}: needs maxLength"
    if pattern := schema.get("pattern"):
        yield from _of_pattern(pattern, path)


def _of_pattern(pattern: str, path: str) -> Iterator[str]:
    if not (pattern.isascii() and pattern.startswith("^") and pattern.endswith("$")):
        yield f"{path}: a pattern is ASCII, from ^ to $"
    if _UNSURE.search(pattern):
        yield f"{path}: browser and server may read {pattern} differently"


def _of_number(schema: Mapping[str, Any], path: str) -> Iterator[str]:
    if not schema.keys() & {"minimum", "exclusiveMinimum"} or "maximum" not in schema:
        yield f"{path}: needs the least and the most"


def _of_flag(_schema: Mapping[str, Any], _path: str) -> Iterator[str]:
    yield from ()


def _unknown(schema: Mapping[str, Any], path: str) -> Iterator[str]:
    yield f"{path}: type {schema.get('type')!r} is none of {', '.join(_CHECKS)}"


_CHECKS: Final = {
    "object": _of_object,
    "array": _of_array,
    "string": _of_string,
    "integer": _of_number,
    "number": _of_number,
    "boolean": _of_flag,
}
