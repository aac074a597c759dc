"""From a proxy event to a checked `Request`, or to the first reason to refuse it.

The order says what an outsider may learn: sign-in (401, 403), path (404), headers and query
(400), media type (415), size (413), JSON (400), model (422).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from pydantic import BaseModel, ValidationError
from pydantic_core import to_json

from chalicelib.entrypoints.http import strict_json
from chalicelib.entrypoints.http.auth import Identify, admit
from chalicelib.entrypoints.http.faults import MOST_FAULTS, escape, faults_of
from chalicelib.entrypoints.http.incoming import Incoming
from chalicelib.entrypoints.http.parameters import is_repeatable, typed
from chalicelib.entrypoints.http.problem import Fault, RefusedError
from chalicelib.entrypoints.http.route import Request, Route

_LONGEST_NAME: Final = 100
_CHARSET: Final = re.compile(r"""charset\s*=\s*"?([^\s"]*)"?""", re.IGNORECASE)


def read(route: Route, incoming: Incoming, identify: Identify) -> Request[Any, Any]:
    """Raise RefusedError."""
    actor = admit(route.auth, incoming, identify)
    path = _path(route, incoming)
    headers, query = _headers_and_query(route, incoming)
    return Request(
        body=_body(route, incoming),
        query=query,
        path=path,
        headers=headers,
        raw=incoming.raw or b"",
        actor=actor,
        language=incoming.language,
        correlation_id=incoming.correlation_id,
        caller=incoming.caller,
        edge=incoming.edge,
    )


def _path(route: Route, incoming: Incoming) -> Mapping[str, Any]:
    """A name that cannot exist is answered like one that does not."""
    found: dict[str, Any] = {}
    for name, adapter in route.path_types.items():
        text = incoming.path.get(name, "")
        value = typed(text if strict_json.is_clean(text) else "", route.types.get(name, str))
        try:
            found[name] = adapter.validate_json(_json(value), strict=True)
        except ValidationError:
            raise RefusedError(404, "request.not_found") from None
    return found


def _headers_and_query(route: Route, incoming: Incoming) -> tuple[Mapping[str, str], Any]:
    """All that is wrong with either is said at once."""
    headers, faults = _headers(route, incoming)
    faults += _repeated(route, incoming)
    given = _query_values(route, incoming)
    query, more = _query(route.query or _NoQuery, given)
    if faults := [*faults, *more][:MOST_FAULTS]:
        raise RefusedError(400, "request.invalid", faults=faults)
    return headers, query if route.query else None


def _headers(route: Route, incoming: Incoming) -> tuple[Mapping[str, str], list[Fault]]:
    found: dict[str, str] = {}
    faults: list[Fault] = []
    for header in route.all_headers:
        values = incoming.values(header.name)
        if code := _header_fault(values, header.pattern, required=header.required):
            faults.append(Fault(f"/headers/{header.name}", code))
        elif values:
            found[header.name.lower()] = values[0]
    return found, faults


def _header_fault(values: Sequence[str], pattern: str, *, required: bool) -> str:
    if not values:
        return "field.missing" if required else ""
    if len(values) > 1:
        return "field.repeated"
    return "" if re.fullmatch(pattern, values[0]) else "field.format"


class _NoQuery(BaseModel, extra="forbid", defer_build=True):
    """Of a route that takes no parameters."""


def _query(model: type[BaseModel], given: Mapping[str, object]) -> tuple[Any, list[Fault]]:
    if not all(strict_json.is_clean(text) for text in _texts(given)):
        return None, [Fault("/query", "field.format")]
    try:
        return model.model_validate_json(_json(given), strict=True), []
    except ValidationError as error:
        return None, faults_of(error, given, "/query")


def _texts(given: Mapping[str, object]) -> Iterator[str]:
    for name, value in given.items():
        yield name
        yield from (
            item
            for item in (value if isinstance(value, list) else [value])
            if isinstance(item, str)
        )


def _annotations(route: Route) -> Mapping[str, object]:
    fields = route.query.model_fields if route.query else {}
    return {field.alias or name: field.annotation for name, field in fields.items()}


def _query_values(route: Route, incoming: Incoming) -> Mapping[str, object]:
    known = _annotations(route)
    given: dict[str, object] = {}
    for name, values in incoming.query.items():
        annotation = known.get(name, str)
        items = [typed(value, annotation) for value in values]
        given[name] = items if is_repeatable(annotation) else items[-1]
    return given


def _repeated(route: Route, incoming: Incoming) -> list[Fault]:
    known = _annotations(route)
    return [
        Fault(f"/query/{escape(name)}", "field.repeated")
        for name, values in incoming.query.items()
        if len(values) > 1 and name in known and not is_repeatable(known[name])
    ]


def _body(route: Route, incoming: Incoming) -> Any:
    if not route.takes_body or (
        not incoming.raw and incoming.raw is not None and not route.body_required
    ):
        return None
    _expect_json(incoming.values("content-type"))
    if incoming.raw is not None and len(incoming.raw) > route.most_bytes:
        raise RefusedError(
            413, "request.too_large", params={"most": f"{route.most_bytes >> 10} KB"}
        )
    try:
        value = strict_json.parse(incoming.raw or b"")
        return route.body_type.validate_json(incoming.raw or b"", strict=True)
    except strict_json.MalformedError:
        raise RefusedError(400, "request.malformed_json") from None
    except ValidationError as error:
        raise RefusedError(422, "request.invalid", faults=faults_of(error, value)) from None


def _expect_json(content_types: Sequence[str]) -> None:
    """`application/json`, in UTF-8 if a charset is named."""
    kind, *parameters = content_types[0].split(";") if len(content_types) == 1 else [""]
    charsets = [
        found[1].lower() for text in parameters if (found := _CHARSET.fullmatch(text.strip()))
    ]
    if kind.strip().lower() != "application/json" or any(name != "utf-8" for name in charsets):
        raise RefusedError(415, "request.unsupported_media_type")


def _json(value: object) -> bytes:
    return to_json(value)
