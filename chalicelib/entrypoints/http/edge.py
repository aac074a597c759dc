"""Whose address a request came from, when CloudFront stands in front of the API."""

from hmac import compare_digest
from typing import Any

from chalicelib.entrypoints.http.route import Request
from chalicelib.ports import Keys


def address_of(request: Request[Any, Any], keys: Keys) -> str:
    """The citizen's, if the edge says so and proves that it is the edge; else whoever called.

    Behind CloudFront the caller is one of its servers, which thousands share. But the API can
    also be reached past it, and then anybody can write any address into a header.
    """
    edge = request.edge
    if edge is None:
        return request.caller
    shown = edge.key.encode("utf-8", "surrogatepass")
    return edge.viewer if compare_digest(shown, edge_key(keys).encode()) else request.caller


def edge_key(keys: Keys) -> str:
    """What the edge shows with each request; made from the deployment's key on both sides."""
    return keys.opaque("edge")
