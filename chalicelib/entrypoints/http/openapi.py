"""The contract, OpenAPI 3.1, generated from the routes and their models."""

import re
from collections.abc import Iterable, Mapping, Sequence
from inspect import cleandoc
from typing import Any, Final, Literal

from pydantic import TypeAdapter

from chalicelib.entrypoints.http.answering import JSON
from chalicelib.entrypoints.http.auth import SECRET_HEADER, Scheme
from chalicelib.entrypoints.http.problem import MEDIA_TYPE, Problem
from chalicelib.entrypoints.http.route import Header, Route

VERSION: Final = "0.1.0"
_REF: Final = "#/components/schemas/{model}"
_SECURITY: Final[Mapping[Scheme, list[dict[str, list[str]]]]] = {
    Scheme.PUBLIC: [],
    Scheme.SIGNED_IN: [{"bearer": []}],
    Scheme.WEBHOOK: [{"webhook": []}],
    Scheme.SECRET_OR_SIGNED_IN: [{"secret": []}, {"bearer": []}],
}
_SCHEMES: Final = {
    "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    "secret": {"type": "apiKey", "in": "header", "name": SECRET_HEADER},
    "webhook": {
        "type": "apiKey",
        "in": "header",
        "name": "webhook-signature",
        "description": "Standard Webhooks 1.0, over webhook-id, webhook-timestamp and the body.",
    },
}
_PHRASES: Final = {
    400: "Malformed",
    401: "Not signed in, or the signature is wrong",
    403: "Not yours to do",
    404: "Does not exist, or is not for you to see",
    409: "The state has moved on",
    413: "Too large",
    415: "Not JSON",
    422: "Against a rule; the fields are named",
    429: "Too many tries; Retry-After says how long to wait",
    500: "Our fault; the correlation id finds it",
}
# Without sign-in headers: those are the security schemes' own.
_SECURITY_HEADERS: Final = frozenset({SECRET_HEADER, "webhook-signature"})

Json = dict[str, Any]
Mode = Literal["validation", "serialization"]


def document(routes: Iterable[Route], prefix: str = "/api/v1") -> Json:
    """The whole document; the same routes give the same one."""
    declared = list(routes)
    schemas = _Schemas(declared)
    paths: dict[str, Json] = {}
    for route in declared:
        paths.setdefault(prefix + route.path, {})[route.method.lower()] = _operation(route, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "MotCua",
            "version": VERSION,
            "description": "Một cửa điện tử liên thông: file once, follow it, get the result.",
            "license": {"name": "EUPL-1.2", "identifier": "EUPL-1.2"},
        },
        "paths": paths,
        "components": {"schemas": schemas.components, "securitySchemes": _SCHEMES},
    }


class _Schemas:
    """All models at once, so that each is written down once."""

    def __init__(self, routes: Sequence[Route]) -> None:
        inputs: list[tuple[str, Mode, TypeAdapter[Any]]] = [
            ("problem", "serialization", TypeAdapter(Problem))
        ]
        for route in routes:
            if route.takes_body:
                inputs.append((f"{route.operation}.body", "validation", route.body_type))
            answer = TypeAdapter(route.answer)
            inputs.append((f"{route.operation}.answer", "serialization", answer))
        found, definitions = TypeAdapter.json_schemas(inputs, ref_template=_REF)
        self._found = {key: schema for (key, _), schema in found.items()}
        self.components: Json = dict(sorted(definitions.get("$defs", {}).items()))

    def of(self, key: str) -> Json:
        """A schema, or the reference to one."""
        return self._found[key]


def _operation(route: Route, schemas: _Schemas) -> Json:
    summary, _, more = cleandoc(route.handler.__doc__ or "").partition("\n")
    found: Json = {
        "operationId": route.operation,
        "tags": [route.tag],
        "summary": summary,
        "security": _SECURITY[route.auth.scheme],
        "parameters": _parameters(route),
        "responses": _responses(route, schemas),
    }
    if more.strip():
        found["description"] = more.strip()
    if route.auth.roles:
        found["x-roles"] = sorted(role.value for role in route.auth.roles)
    if route.takes_body:
        found["requestBody"] = {
            "required": route.body_required,
            "content": {JSON: {"schema": schemas.of(f"{route.operation}.body")}},
        }
    return found


def _responses(route: Route, schemas: _Schemas) -> Json:
    answer = {"schema": schemas.of(f"{route.operation}.answer")}
    media = route.media or (JSON,)
    found: Json = {
        str(route.status): {
            "description": "Done",
            "content": dict.fromkeys(media, answer),
        }
    }
    for status in sorted(route.refusals):
        found[str(status)] = {
            "description": _PHRASES[status],
            "content": {MEDIA_TYPE: {"schema": schemas.of("problem")}},
        }
    return found


def _parameters(route: Route) -> list[Json]:
    path = [
        {"name": name, "in": "path", "required": True, "schema": adapter.json_schema()}
        for name, adapter in route.path_types.items()
    ]
    headers = [
        _header(header)
        for header in route.all_headers
        if header.name.lower() not in _SECURITY_HEADERS
    ]
    return [*path, *_query(route), *headers]


def _header(header: Header) -> Json:
    return {
        "name": header.name,
        "in": "header",
        "required": header.required,
        "description": header.description,
        "schema": {"type": "string", "pattern": f"^{header.pattern}$"},
    }


def _query(route: Route) -> list[Json]:
    if route.query is None:
        return []
    schema = route.query.model_json_schema()
    definitions = schema.get("$defs", {})
    required = schema.get("required", ())
    return [
        {
            "name": name,
            "in": "query",
            "required": name in required,
            "schema": _without_null(_resolved(part, definitions)),
        }
        for name, part in schema["properties"].items()
    ]


def _resolved(part: Json, definitions: Json) -> Json:
    if (ref := part.get("$ref")) is None:
        return part
    found: Json = definitions[re.sub(r"^#/\$defs/", "", ref)]
    return found


def _without_null(part: Json) -> Json:
    """A query has no null: what is left out is left out."""
    kinds = [kind for kind in part.get("anyOf", ()) if kind.get("type") != "null"]
    rest = {key: value for key, value in part.items() if key not in ("anyOf", "default", "title")}
    return {**rest, **kinds[0]} if len(kinds) == 1 else rest
