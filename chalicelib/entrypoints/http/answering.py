"""From what a handler returns to what Chalice sends."""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import field
from typing import Any, Final

from chalice.app import Response
from pydantic_core import to_json

from chalicelib.domain.value import value
from chalicelib.entrypoints.http.incoming import Incoming
from chalicelib.entrypoints.http.messages import Messages
from chalicelib.entrypoints.http.problem import MEDIA_TYPE, RefusedError, problem

JSON: Final = "application/json"
CORRELATION_HEADER: Final = "x-correlation-id"


@value(frozen=True, slots=True)
class Answer:
    """`body` becomes JSON, unless `media` says otherwise: then it is text or bytes, sent as is."""

    body: object = None
    status: int | None = None  # None: the route's own
    headers: Mapping[str, str] = field(default_factory=dict)
    media: str = JSON


class _Bytes(Response):
    """A body of bytes; Chalice would encode only types that it is told are binary."""

    def to_dict(self, binary_types: list[str] | None = None) -> dict[str, Any]:  # noqa: ARG002
        """Base64, whatever `binary_types` says."""
        content, self.body = self.body, ""
        answer: dict[str, Any] = super().to_dict(None)
        return answer | {"body": b64encode(content).decode("ascii"), "isBase64Encoded": True}


def answered(answer: Answer, status: int, cache: str, incoming: Incoming) -> Response:
    """The response to a request that was carried out. Raise ValueError for a bad header."""
    headers = _headers(incoming) | {"cache-control": cache}
    if cache != "no-store":
        headers["vary"] = "Accept-Language"
    if answer.body is not None:
        headers["content-type"] = answer.media
    headers |= {name.lower(): _line(value) for name, value in answer.headers.items()}
    return _response(_content(answer), headers, answer.status or status)


def refused(error: RefusedError, incoming: Incoming, messages: Messages) -> Response:
    """The response to a request that was not carried out."""
    body = problem(error, incoming.language, incoming.correlation_id, messages)
    own = {name.lower(): _line(value) for name, value in error.headers.items()}
    headers = _headers(incoming) | own | {"cache-control": "no-store", "content-type": MEDIA_TYPE}
    return _response(to_json(body).decode("utf-8"), headers, error.status)


def _headers(incoming: Incoming) -> dict[str, str]:
    return {
        CORRELATION_HEADER: incoming.correlation_id,
        "x-content-type-options": "nosniff",
        "content-language": incoming.language.value,
    }


def _content(answer: Answer) -> str | bytes:
    if answer.body is None:
        return ""
    if answer.media == JSON:
        return to_json(answer.body, by_alias=True, inf_nan_mode="null").decode("utf-8")
    if not isinstance(answer.body, str | bytes):
        raise TypeError(f"{answer.media} needs text or bytes")
    return answer.body


def _response(content: str | bytes, headers: dict[str, str], status: int) -> Response:
    kind = _Bytes if isinstance(content, bytes) else Response
    return kind(body=content, headers={**headers}, status_code=status)


def _line(value: str) -> str:
    if not value.isprintable():
        raise ValueError("a header must be one printable line")
    return value
