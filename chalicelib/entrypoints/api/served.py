"""All routes of this stage, and the contract that is generated from them."""

from collections.abc import Iterator
from functools import cache
from typing import Any

from chalicelib.bootstrap import is_local
from chalicelib.entrypoints.api.callbacks import callbacks
from chalicelib.entrypoints.api.decisions import decisions
from chalicelib.entrypoints.api.dossiers import dossiers
from chalicelib.entrypoints.api.procedures import procedures
from chalicelib.entrypoints.api.system import system
from chalicelib.entrypoints.api.uploads import uploads
from chalicelib.entrypoints.api.worklist import worklist
from chalicelib.entrypoints.http.answering import Answer
from chalicelib.entrypoints.http.auth import public
from chalicelib.entrypoints.http.openapi import document
from chalicelib.entrypoints.http.route import Request, Route
from chalicelib.entrypoints.http.router import Routes

contract = Routes("system")

SERVED = (system, contract, procedures, uploads, dossiers, decisions, worklist, callbacks)


@cache
def routes() -> tuple[Route, ...]:
    """In the order of the contract; sign-in for development in the local stage only."""
    return tuple(route for part in (*SERVED, *_local()) for route in part)


def _local() -> Iterator[Routes]:
    if is_local():
        from chalicelib.entrypoints.api.dev import dev  # noqa: PLC0415 - nowhere else

        yield dev


@contract.get("/openapi.json", auth=public(), answer=dict[str, Any], cache="public, max-age=60")
def read_openapi(request: Request) -> Answer:  # noqa: ARG001 - takes nothing
    """This contract, as OpenAPI 3.1."""
    return Answer(_contract())


@cache
def _contract() -> dict[str, Any]:
    return document(routes())
