"""What the API never sees: refusals of whatever stands before it, in the API's own words.

The local cloud answers them in the caller's language. API Gateway can only put a few values into
a fixed text, so there one text holds both languages.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

from chalicelib.entrypoints.http.messages import Language, Messages
from chalicelib.entrypoints.http.problem import MEDIA_TYPE, Problem, RefusedError, problem

MOST_MEGABYTES: Final = 10  # of a body: API Gateway's limit
RETRY_AFTER: Final = 5  # seconds
_PARAMS: Final = {"most": f"{MOST_MEGABYTES} MB"}
_FAULT_OF_OURS: Final = 500

_CODES: Final = {
    401: "auth.required",
    403: "request.forbidden",
    404: "request.not_found",
    405: "request.method_not_allowed",
    408: "request.timeout",
    411: "request.length_required",
    413: "request.too_large",
    415: "request.unsupported_media_type",
    429: "request.too_many",
    431: "request.headers_too_large",
    503: "unavailable",
    504: "unavailable",
}

# API Gateway's own kinds of answer. An unknown path and a wrong method are one kind there, by
# itself a 403; with a bearer token they become a complaint about a signature, which no route of
# ours asks for. So all of these, and what has no kind of its own, say: there is nothing here.
STATUS: Final = {
    "ACCESS_DENIED": 403,
    "API_CONFIGURATION_ERROR": 500,
    "AUTHORIZER_CONFIGURATION_ERROR": 500,
    "AUTHORIZER_FAILURE": 500,
    "BAD_REQUEST_BODY": 400,
    "BAD_REQUEST_PARAMETERS": 400,
    "DEFAULT_4XX": 404,
    "DEFAULT_5XX": 500,
    "EXPIRED_TOKEN": 404,
    "INTEGRATION_FAILURE": 504,
    "INTEGRATION_TIMEOUT": 504,
    "INVALID_API_KEY": 404,
    "INVALID_SIGNATURE": 404,
    "MISSING_AUTHENTICATION_TOKEN": 404,
    "QUOTA_EXCEEDED": 429,
    "REQUEST_TOO_LARGE": 413,
    "RESOURCE_NOT_FOUND": 404,
    "THROTTLED": 429,
    "UNAUTHORIZED": 401,
    "UNSUPPORTED_MEDIA_TYPE": 415,
    "WAF_FILTERED": 403,
}
_REQUEST_ID: Final = "$context.requestId"


def refusal(status: int) -> RefusedError:
    """The one that is usual for `status`."""
    usual = "internal" if status >= _FAULT_OF_OURS else "request.malformed"
    return RefusedError(status, _CODES.get(status, usual), params=_PARAMS)


def body(status: int, language: Language, correlation_id: str) -> Problem:
    """The API's own problem, in one language."""
    return problem(refusal(status), language, correlation_id, Messages())


@dataclass(frozen=True)
class GatewayResponse:
    """One kind of API Gateway's own answers, as its API takes it."""

    kind: str
    status: str
    headers: dict[str, str]
    template: str


def gateway_responses() -> list[GatewayResponse]:
    """Every kind there is, each as a problem in both languages."""
    return [
        GatewayResponse(kind, str(status), _headers(status), _template(status))
        for kind, status in STATUS.items()
    ]


def _headers(status: int) -> dict[str, str]:
    fixed = {
        "Content-Type": MEDIA_TYPE,
        "Content-Language": "vi, en",
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    if status in {429, 504}:
        fixed["Retry-After"] = str(RETRY_AFTER)
    literal = {f"gatewayresponse.header.{name}": f"'{value}'" for name, value in fixed.items()}
    return literal | {"gatewayresponse.header.X-Correlation-Id": "context.requestId"}


def _template(status: int) -> str:
    vi, en = (body(status, language, _REQUEST_ID) for language in (Language.VI, Language.EN))
    both = {"title": f"{vi.title} / {en.title}", "detail": f"{vi.detail} {en.detail}"}
    return json.dumps(vi.model_dump() | both, ensure_ascii=False)
