"""Which browsers may use the data plane: those on a page of ours, as the bucket's rules say.

The emulator invites every origin, and asks nobody for a signature: any page open in
the developer's browser could read the tables. Programs send no Origin and pass.
"""

from __future__ import annotations

import importlib
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = dict[str, str]

_CORS = b"access-control-"


class OwnOrigins:
    """ASGI: answers preflights from the bucket's CORS rules and refuses all other origins."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI application."""
        headers = _headers(scope) if scope["type"] == "http" else {}
        if "origin" not in headers:
            await self._application(scope, receive, send)
            return
        bucket, _, key = scope["path"].lstrip("/").partition("/")
        s3: Any = importlib.import_module("ministack.services.s3")
        allowed: Headers = s3.cors_response_headers(bucket, scope["method"], headers)
        if scope["method"] == "OPTIONS" or not allowed:
            # A foreign origin is refused in the words of a preflight that failed.
            asked = {"access-control-request-method": scope["method"], **headers}
            await _answer(send, *s3.cors_preflight(bucket, key, asked))
            return
        await self._application(scope, receive, _replacing(send, allowed))


def _headers(scope: Scope) -> Headers:
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}


def _encoded(headers: Headers) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]


def _replacing(send: Send, allowed: Headers) -> Send:
    """The emulator's invitation to everyone, replaced by the bucket's to this origin."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            others = [pair for pair in message["headers"] if not pair[0].lower().startswith(_CORS)]
            message["headers"] = [*others, *_encoded(allowed)]
        await send(message)

    return sending


async def _answer(send: Send, status: int, headers: Headers, body: bytes) -> None:
    start = {"type": "http.response.start", "status": status, "headers": _encoded(headers)}
    await send(start)
    await send({"type": "http.response.body", "body": body})
