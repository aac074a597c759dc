"""`Routes`: how a module declares what it serves."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from chalicelib.entrypoints.http.auth import Auth
from chalicelib.entrypoints.http.route import MOST_BYTES, Handler, Header, Route


class Routes:
    """The routes of one module, in the order they were declared; `tag` groups them in the contract.

    `auth` has no default: whoever adds a route decides who may call it.
    """

    def __init__(self, tag: str) -> None:
        self.tag = tag
        self._routes: list[Route] = []

    def __iter__(self) -> Iterator[Route]:
        return iter(self._routes)

    def get(  # noqa: PLR0913 - each is a part of the declaration
        self,
        path: str,
        *,
        auth: Auth,
        answer: Any,
        query: type[BaseModel] | None = None,
        types: Mapping[str, Any] | None = None,
        errors: Sequence[int] = (),
        cache: str = "no-store",
        media: Sequence[str] = (),
    ) -> Callable[[Handler], Handler]:
        """A route that reads."""
        return self._declare(
            method="GET",
            path=path,
            auth=auth,
            answer=answer,
            query=query,
            types=types or {},
            errors=errors,
            cache=cache,
            media=media,
        )

    def post(  # noqa: PLR0913 - each is a part of the declaration
        self,
        path: str,
        *,
        auth: Auth,
        body: Any,
        answer: Any,
        status: int = 200,
        types: Mapping[str, Any] | None = None,
        headers: Sequence[Header] = (),
        errors: Sequence[int] = (),
        most_bytes: int = MOST_BYTES,
    ) -> Callable[[Handler], Handler]:
        """A route that changes something; `status` is that of success."""
        return self._declare(
            method="POST",
            path=path,
            auth=auth,
            body=body,
            answer=answer,
            status=status,
            types=types or {},
            headers=headers,
            errors=errors,
            most_bytes=most_bytes,
        )

    def _declare(self, **declared: Any) -> Callable[[Handler], Handler]:
        def add(handler: Handler) -> Handler:
            self._routes.append(Route(handler=handler, tag=self.tag, **declared))
            return handler

        return add
