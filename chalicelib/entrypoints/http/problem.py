"""Every no, as `application/problem+json` (RFC 9457), and the table from error to status.

Exception
└── RefusedError     carries everything of the answer but its language
"""

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Final

from pydantic import BaseModel

from chalicelib.domain.errors import (
    ConflictError,
    Error,
    FaultsError,
    ForbiddenError,
    LaterError,
    NotFoundError,
    RuleError,
    ThrottledError,
    UnavailableError,
)
from chalicelib.domain.value import value
from chalicelib.entrypoints.http.messages import Language, Messages

MEDIA_TYPE: Final = "application/problem+json"

STATUS: Final[Mapping[type[Error], int]] = {
    NotFoundError: 404,
    ForbiddenError: 403,
    ConflictError: 409,
    RuleError: 422,
    ThrottledError: 429,
    UnavailableError: 503,
}


class FaultAnswer(BaseModel, defer_build=True):
    """One thing wrong; `pointer` (RFC 6901) is into the body, or `/query/…`, `/headers/…`."""

    pointer: str
    code: str
    detail: str


class Problem(BaseModel, defer_build=True):
    """Why the request was refused: `code` for programs, `title` and `detail` for people."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: Sequence[FaultAnswer]
    correlation_id: str


@value(frozen=True, slots=True)
class Fault:
    """One thing wrong, before it is put into words."""

    pointer: str
    code: str
    params: Mapping[str, object] = field(default_factory=dict)


class RefusedError(Exception):
    """The request is refused with `status`; `code` and the faults' codes have messages."""

    def __init__(
        self,
        status: int,
        code: str,
        *,
        params: Mapping[str, object] | None = None,
        faults: Sequence[Fault] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.params = params or {}
        self.faults = faults
        self.headers = headers or {}


def refusal_of(error: Error) -> RefusedError | None:
    """The answer to an error of the domain; None for one that the table does not know: a bug."""
    status = next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), None)
    if status is None:
        return None
    headers = {}
    if isinstance(error, LaterError):
        headers["retry-after"] = str(error.retry_after)
    return RefusedError(
        status, error.code, params=error.params, faults=_faults(error), headers=headers
    )


def _faults(error: Error) -> Sequence[Fault]:
    if isinstance(error, FaultsError):
        return [Fault(pointer, code, params) for pointer, code, params in error.faults]
    return [Fault(error.pointer, error.code, error.params)] if error.pointer else []


def problem(
    refused: RefusedError, language: Language, correlation_id: str, messages: Messages
) -> Problem:
    """The body, in the caller's language."""
    return Problem(
        type=f"urn:motcua:problem:{refused.code}",
        title=messages.text(f"title.{refused.status}", language, {}),
        status=refused.status,
        detail=messages.text(refused.code, language, refused.params),
        code=refused.code,
        errors=[_in_words(fault, language, messages) for fault in refused.faults],
        correlation_id=correlation_id,
    )


def _in_words(fault: Fault, language: Language, messages: Messages) -> FaultAnswer:
    detail = messages.text(fault.code, language, fault.params)
    return FaultAnswer(pointer=fault.pointer, code=fault.code, detail=detail)
