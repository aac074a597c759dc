"""The contract, OpenAPI 3.1, generated from the routes and their models."""

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
    503: "Sign-in is out of reach; Retry-After says when to try again",
}
# Without sign-in headers: those are the security schemes' own.
_SECURITY_HEADERS: Final = frozenset({SECRET_HEADER, "webhook-signature"})

Json = dict[str, Any]
Mode = Literal["validation", "serialization"]


def document(routes: Iterable[Route], prefix: str = "/api/v1") -> Json:
    """The whole document; the same routes give the same one.

    Raise ValueError where two routes share a name, or a method and path.
    """
    declared = list(routes)
    names = [route.operation for route in declared]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"two routes are called {min(twice)}")
    schemas = _Schemas(declared)
    paths: dict[str, Json] = {}
    for route in declared:
        _add(paths.setdefault(prefix + route.path, {}), route, schemas)
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


def _add(methods: Json, route: Route, schemas: "_Schemas") -> None:
    if route.method.lower() in methods:
        raise ValueError(f"{route.method} {route.path} is declared twice")
    methods[route.method.lower()] = _operation(route, schemas)


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
    done: Json = {"description": "Done"}
    if route.answer is not None:
        answer = {"schema": schemas.of(f"{route.operation}.answer")}
        done["content"] = dict.fromkeys(route.media or (JSON,), answer)
    found: Json = {str(route.status): done}
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
        "schema": {"type": "string", "pattern": f"^(?:{header.pattern})$"},
    }


def _query(route: Route) -> list[Json]:
    if route.query is None:
        return []
    schema = route.query.model_json_schema()
    definitions = schema.get("$defs", {})
    return [
        _parameter(name, _inlined(part, definitions), required=name in schema.get("required", ()))
        for name, part in schema["properties"].items()
    ]


def _parameter(name: str, schema: Json, *, required: bool) -> Json:
    found: Json = {"name": name, "in": "query", "required": required}
    if words := schema.pop("description", ""):
        found["description"] = words
    return found | {"schema": _without_null(schema)}


def _inlined(part: Any, definitions: Json) -> Any:
    """Definitions stay behind in the query's own schema, so each stands where it is used."""
    if isinstance(part, list):
        return [_inlined(each, definitions) for each in part]
    if not isinstance(part, dict):
        return part
    own = {key: _inlined(value, definitions) for key, value in part.items() if key != "$ref"}
    if "$ref" not in part:
        return own
    return _inlined(definitions[part["$ref"].removeprefix("#/$defs/")], definitions) | own


def _without_null(part: Json) -> Json:
    """A query has no null: what is left out is left out."""
    kinds = [kind for kind in part.get("anyOf", ()) if kind.get("type") != "null"]
    rest = {key: value for key, value in part.items() if key not in ("anyOf", "title")}
    if rest.get("default", "") is None:
        del rest["default"]
    if len(kinds) == 1:
        return {**rest, **kinds[0]}
    return {**rest, "anyOf": kinds} if kinds else rest
