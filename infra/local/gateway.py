"""What API Gateway does around the Chalice app: routes, events, and errors in one format."""

from __future__ import annotations

import base64
import binascii
import json
import threading
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote_to_bytes

from chalice.local import LocalChalice, LocalGatewayAuthorizer, LocalGatewayException

from infra.local.handlers import Context, context_for
from infra.local.wire import Headers, Reply, Request, problem

if TYPE_CHECKING:
    from chalice.app import Chalice

Json = dict[str, Any]


class ThreadedChalice(LocalChalice):
    """Chalice keeps the request and the context on the app: here, one of each per thread."""

    _PER_THREAD = threading.local()

    @property  # type: ignore[override] # an attribute in Chalice, shared by all threads there
    def lambda_context(self) -> Context:
        """The context of the request this thread answers."""
        context: Context = self._PER_THREAD.context
        return context

    @lambda_context.setter
    def lambda_context(self, value: Context) -> None:
        self._PER_THREAD.context = value


@dataclass(frozen=True)
class Match:
    """A route and the decoded values of its parameters."""

    route: str
    values: dict[str, str]


class Routes:
    """Finds the route of a path; a literal part wins over a parameter, as in API Gateway."""

    def __init__(self, routes: list[str]) -> None:
        self._root: Json = {}
        for route in routes:
            node = self._root
            for part in _split(route):
                node = node.setdefault("{}" if part.startswith("{") else part, {})
            node["/route"] = route  # no part contains a slash

    def find(self, path: str) -> Match | None:
        """The match for a path as sent. Raises ValueError if it is not UTF-8."""
        parts = [unquote_to_bytes(part).decode("utf-8") for part in _split(path)]
        route = _walk(self._root, parts)
        if route is None:
            return None
        names = _split(route)
        pairs = zip(names, parts, strict=True)
        values = {name[1:-1]: part for name, part in pairs if name.startswith("{")}
        return Match(route, values)


def _split(path: str) -> list[str]:
    """Parts between slashes, before decoding: an encoded slash belongs to its part."""
    return path.removesuffix("/").split("/")[1:] if path != "/" else []


def _walk(node: Json, parts: list[str]) -> str | None:
    if not parts:
        route: str | None = node.get("/route")
        return route
    for key in (parts[0], "{}") if parts[0] else ():  # no parameter is empty
        if key in node and "/" not in key:
            found = _walk(node[key], parts[1:])
            if found is not None:
                return found
    return None


class Gateway:
    """Answers a request by calling the Chalice app as Lambda would be called."""

    def __init__(self, app: Chalice) -> None:
        # The class is swapped so that concurrent requests cannot see each other.
        app.__class__ = type("ThreadedApp", (ThreadedChalice, type(app)), {})
        self._app = app
        self._authorizer = LocalGatewayAuthorizer(app)
        self._routes = Routes(list(app.routes))
        # Routes may carry /api themselves or leave it to the stage's name, as Chalice does.
        self._prefix = "" if any(route.startswith("/api/") for route in app.routes) else "/api"

    def answer(self, request: Request) -> Reply:
        """The app's reply; everything it does not answer itself is a problem."""
        try:
            match = self._routes.find(request.path.removeprefix(self._prefix) or "/")
            query = parse_qsl(
                request.target.partition("?")[2], keep_blank_values=True, errors="strict"
            )
        except ValueError:
            return problem(400, request)
        if match is None:
            return problem(404, request)
        methods = self._app.routes[match.route]
        method = _method(request.method, methods)
        if method is None:
            allow = [("Allow", ", ".join(sorted(_allowed(methods))))]
            return (
                Reply(204, allow)
                if request.method == "OPTIONS"
                else problem(405, request, headers=allow)
            )
        return self._call(request, match, method, query)

    def _call(
        self, request: Request, match: Match, method: str, query: list[tuple[str, str]]
    ) -> Reply:
        # Chalice wants a class of its own; anything with a context's attributes serves.
        context: Any = context_for("motcua-local-api", 29, request.id)
        event = self._event(request, match, method, query)
        try:
            event, context = self._authorizer.authorize(request.path, event, context)
            answer = self._app(event, context)
        except LocalGatewayException as refused:
            return problem(refused.CODE, request)
        return self._reply(request, answer)

    def _event(
        self, request: Request, match: Match, method: str, query: list[tuple[str, str]]
    ) -> Json:
        headers = _joined(request.headers)
        body, encoded = self._body(request)
        values: dict[str, list[str]] = {}
        for name, value in query:
            values.setdefault(name, []).append(value)
        return {
            "resource": match.route,
            "path": request.path,
            "httpMethod": method,
            "headers": headers,
            "multiValueQueryStringParameters": values or None,
            "queryStringParameters": {name: all_[-1] for name, all_ in values.items()} or None,
            "pathParameters": match.values,
            "stageVariables": {},
            "requestContext": {
                "httpMethod": method,
                "resourcePath": match.route,
                "path": request.path,
                "requestId": request.id,
                "identity": {
                    "sourceIp": request.peer,
                    "userAgent": headers.get("user-agent", ""),
                },
            },
            "body": body,
            "isBase64Encoded": encoded,
        }

    def _body(self, request: Request) -> tuple[str | None, bool]:
        """Text as text, everything else in base64, as API Gateway does for binary types."""
        if not request.body:
            return None, False
        kind = request.header("content-type").partition(";")[0].strip().lower()
        if kind not in self._app.api.binary_types:
            try:
                return request.body.decode("utf-8"), False
            except UnicodeDecodeError:
                pass  # the app decodes it and finds what is wrong
        return base64.b64encode(request.body).decode("ascii"), True

    def _reply(self, request: Request, answer: Json) -> Reply:
        headers: Headers = [(name, str(value)) for name, value in answer["headers"].items()]
        for name, several in answer.get("multiValueHeaders", {}).items():
            headers += [(name, str(value)) for value in several]
        body = answer["body"] or ""
        try:
            raw = base64.b64decode(body) if answer.get("isBase64Encoded") else body.encode("utf-8")
        except (binascii.Error, AttributeError):
            raw = json.dumps(body).encode()
        status = int(answer["statusCode"])
        if status >= HTTPStatus.BAD_REQUEST and not _is_problem(headers):
            return _mapped(status, request, headers)
        if not any(name.lower() == "content-type" for name, _ in headers) and raw:
            headers.append(("Content-Type", "application/json"))
        return Reply(status, headers, raw)


def _method(asked: str, methods: Json) -> str | None:
    """The route's method that answers; HEAD is GET without the body."""
    if asked in methods:
        return asked
    return "GET" if asked == "HEAD" and "GET" in methods else None


def _allowed(methods: Json) -> set[str]:
    return {*methods, "OPTIONS", *(["HEAD"] if "GET" in methods else [])}


def _joined(headers: Headers) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in headers:
        separator = "; " if name == "cookie" else ", "
        joined[name] = f"{joined[name]}{separator}{value}" if name in joined else value
    return joined


def _is_problem(headers: Headers) -> bool:
    return any(
        name.lower() == "content-type" and value.startswith("application/problem+json")
        for name, value in headers
    )


def _mapped(status: int, request: Request, headers: Headers) -> Reply:
    """Chalice's own error in our format; its headers that matter (Allow, CORS) stay."""
    kept = [
        (name, value)
        for name, value in headers
        if name.lower() not in {"content-type", "content-length"}
    ]
    return problem(status, request, headers=kept)
