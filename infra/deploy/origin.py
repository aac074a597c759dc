"""The parameter `OriginKey` of the edge stack, made from the deployment's key as the API does."""

from __future__ import annotations

from chalicelib.adapters.keys import SecretKeys
from chalicelib.entrypoints.http.edge import edge_key


def origin_key(secret: bytes) -> str:
    """`secret` is the deployment's key as the functions read it: the bytes of its text."""
    return edge_key(SecretKeys(lambda: secret))
