"""What the server, the gateway and the static files pass to each other, and error answers."""

from __future__ import annotations

import functools
import json
import re
import uuid
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path

Headers = list[tuple[str, str]]

CODES = {
    400: "request.malformed",
    401: "request.unauthenticated",
    403: "request.forbidden",
    404: "resource.not_found",
    405: "route.method_not_allowed",
    408: "request.timeout",
    409: "request.conflict",
    411: "request.length_required",
    413: "request.too_large",
    415: "request.unsupported_media_type",
    422: "request.unprocessable",
    429: "request.too_many",
    431: "request.headers_too_large",
    503: "service.busy",
}


@dataclass(frozen=True)
class Request:
    """One request, complete: nothing of it is still on the way."""

    method: str
    target: str  # as sent: path and query, percent-encoded
    headers: Headers  # names in lower case
    body: bytes = b""
    peer: str = "127.0.0.1"
    id: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def path(self) -> str:
        """The path as sent, without the query."""
        return self.target.partition("?")[0]

    def header(self, name: str, default: str = "") -> str:
        """All values of a header, joined as RFC 9110 says."""
        values = [value for key, value in self.headers if key == name]
        return ", ".join(values) if values else default


@dataclass(frozen=True)
class Reply:
    """What is answered; the server adds Content-Length and Date."""

    status: int
    headers: Headers = field(default_factory=list)
    body: bytes = b""


def problem(
    status: int, request: Request | None, code: str | None = None, headers: Headers | None = None
) -> Reply:
    """An RFC 9457 answer for what our handlers never saw.

    `code` defaults to the one usual for the status; the sentence is in the caller's language.
    """
    code = code or CODES.get(status) or _general_code(status)
    language = preferred_language(request.header("accept-language") if request else "")
    content = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": _messages()[code][language],
        "code": code,
        "errors": [],
        "correlation_id": request.id if request else str(uuid.uuid4()),
    }
    fixed = [("Content-Type", "application/problem+json"), ("Content-Language", language)]
    return Reply(
        status, [*fixed, *(headers or [])], json.dumps(content, ensure_ascii=False).encode()
    )


def _general_code(status: int) -> str:
    server = status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return "internal.error" if server else "request.malformed"


def preferred_language(accepted: str) -> str:
    """Vietnamese, unless English is asked for before it."""
    weights = {"vi": 0.0, "en": 0.0}
    for part in accepted.lower().split(","):
        found = re.match(r"\s*(vi|en)\b[\w-]*\s*(?:;\s*q=([01](?:\.\d{0,3})?))?\s*$", part)
        if found:
            weights[found[1]] = max(weights[found[1]], float(found[2] or 1))
    return "en" if weights["en"] > weights["vi"] else "vi"


@functools.cache
def _messages() -> dict[str, dict[str, str]]:
    text = (Path(__file__).parent / "messages.json").read_text(encoding="utf-8")
    loaded: dict[str, dict[str, str]] = json.loads(text)
    return loaded
