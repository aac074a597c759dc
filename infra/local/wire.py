"""What the server, the gateway and the static files pass to each other, and error answers."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

from chalicelib.entrypoints.http.messages import language_of
from chalicelib.entrypoints.http.problem import MEDIA_TYPE
from infra.problems import body

Headers = list[tuple[str, str]]


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


def problem(status: int, request: Request | None, headers: Headers | None = None) -> Reply:
    """An RFC 9457 answer for what our handlers never saw, in the caller's language."""
    language = language_of(request.header("accept-language") if request else "")
    content = body(status, language, request.id if request else str(uuid.uuid4()))
    fixed = [("Content-Type", MEDIA_TYPE), ("Content-Language", language.value)]
    return Reply(status, [*fixed, *(headers or [])], content.model_dump_json().encode())
