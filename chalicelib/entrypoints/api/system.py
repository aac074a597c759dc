"""Health, and the contract itself."""

from functools import cache
from typing import Any

from chalicelib.bootstrap import deps, settings
from chalicelib.entrypoints import api
from chalicelib.entrypoints.api.wire import Moment
from chalicelib.entrypoints.http.answering import Answer
from chalicelib.entrypoints.http.auth import public
from chalicelib.entrypoints.http.openapi import document
from chalicelib.entrypoints.http.route import Request, Wire
from chalicelib.entrypoints.http.router import Routes

system = Routes("system")


class HealthAnswer(Wire):
    """`now` is service time: in the local stage it may run fast."""

    status: str
    stage: str
    now: Moment


@system.get("/health", auth=public(), answer=HealthAnswer)
def read_health(request: Request) -> HealthAnswer:  # noqa: ARG001 - takes nothing
    """Whether the API is up and configured."""
    return HealthAnswer(status="ok", stage=settings().stage, now=deps().clock.now())


@system.get("/openapi.json", auth=public(), answer=dict[str, Any], cache="public, max-age=60")
def read_openapi(request: Request) -> Answer:  # noqa: ARG001 - takes nothing
    """This contract, as OpenAPI 3.1."""
    return Answer(_contract(), media="application/json")


@cache
def _contract() -> dict[str, Any]:
    found: dict[str, Any] = document(api.routes())
    return found
