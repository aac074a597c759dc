"""The contract that is generated from what is served."""

from functools import cache
from typing import Any

from chalicelib.entrypoints.api.served import routes
from chalicelib.entrypoints.http.answering import Answer
from chalicelib.entrypoints.http.auth import public
from chalicelib.entrypoints.http.openapi import document
from chalicelib.entrypoints.http.route import Request
from chalicelib.entrypoints.http.router import Routes

contract = Routes("system")


@contract.get("/openapi.json", auth=public(), answer=dict[str, Any], cache="public, max-age=60")
def read_openapi(request: Request) -> Answer:  # noqa: ARG001 - takes nothing
    """This contract, as OpenAPI 3.1."""
    return Answer(_contract())


@cache
def _contract() -> dict[str, Any]:
    return document(routes())
