"""The event API Gateway hands over, read defensively: whatever comes, nothing here fails."""

import re
import uuid
from base64 import b64decode
from collections.abc import Mapping, Sequence
from typing import Any, Final

from chalicelib.domain.value import value
from chalicelib.entrypoints.http.messages import Language, language_of

# It goes into the log: of digits only it could be somebody's number.
_CORRELATION: Final = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9-]{8,64}")


@value(frozen=True, slots=True)
class Edge:
    """What CloudFront adds, or somebody who pretends to be it: `key` tells them apart."""

    key: str
    viewer: str


@value(frozen=True, slots=True)
class Incoming:
    """One request: header names in lower case, every value of a repeated header or parameter."""

    headers: Mapping[str, Sequence[str]]
    query: Mapping[str, Sequence[str]]
    path: Mapping[str, str]
    raw: bytes | None  # None: said to be base64, and is not
    caller: str
    edge: Edge | None
    language: Language
    correlation_id: str

    @classmethod
    def of(cls, event: Mapping[str, Any]) -> "Incoming":
        """Read a proxy event of a REST API (payload 1.0), or Chalice's local imitation of it."""
        headers = _headers(event)
        context = event.get("requestContext") or {}
        return cls(
            headers=headers,
            query=event.get("multiValueQueryStringParameters") or {},
            path=event.get("pathParameters") or {},
            raw=_raw(event),
            caller=str((context.get("identity") or {}).get("sourceIp") or ""),
            edge=_edge(headers),
            language=language_of(",".join(headers.get("accept-language", ()))),
            correlation_id=_correlation_id(headers.get("x-correlation-id", ())),
        )

    def values(self, name: str) -> Sequence[str]:
        """The different values of a header."""
        return list(dict.fromkeys(self.headers.get(name.lower(), ())))


def _headers(event: Mapping[str, Any]) -> Mapping[str, Sequence[str]]:
    many = event.get("multiValueHeaders")
    if not many:
        many = {name: [value] for name, value in (event.get("headers") or {}).items()}
    headers: dict[str, list[str]] = {}
    for name, values in many.items():
        headers.setdefault(name.lower(), []).extend(values)
    return headers


def _raw(event: Mapping[str, Any]) -> bytes | None:
    body = event.get("body") or b""
    if isinstance(body, str):
        body = body.encode("utf-8", "surrogatepass")
    if not event.get("isBase64Encoded"):
        return bytes(body)
    try:
        return b64decode(body, validate=True)
    except ValueError:
        return None


def _edge(headers: Mapping[str, Sequence[str]]) -> Edge | None:
    keys, viewers = headers.get("x-origin-key", ()), headers.get("x-viewer-address", ())
    return Edge(keys[0], viewers[0]) if len(keys) == len(viewers) == 1 else None


def _correlation_id(given: Sequence[str]) -> str:
    if len(given) == 1 and _CORRELATION.fullmatch(given[0]):
        return given[0]
    return str(uuid.uuid4())
