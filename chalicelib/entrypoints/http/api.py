"""Serves declared routes on a Chalice app: read, handle, answer; every error becomes a problem."""

from collections.abc import Callable, Iterable
from typing import Any, Final, Protocol

from chalice.app import Chalice, Response

from chalicelib.domain.errors import Error, UnavailableError
from chalicelib.entrypoints.http.answering import Answer, answered, refused
from chalicelib.entrypoints.http.auth import Identify
from chalicelib.entrypoints.http.incoming import Incoming
from chalicelib.entrypoints.http.messages import Messages
from chalicelib.entrypoints.http.problem import RefusedError, refusal_of
from chalicelib.entrypoints.http.reading import read
from chalicelib.entrypoints.http.route import Route
from chalicelib.watch import invocation, logger, unexpected

PREFIX: Final = "/api/v1"


class Loaded(Protocol):
    """A route, or what says where it is declared."""

    @property
    def method(self) -> str:
        """Of HTTP."""

    @property
    def path(self) -> str:
        """Below `PREFIX`."""

    def load(self) -> Route:
        """The declared route."""


class Api:
    """What every route shares: who signs in, and in which words it is answered."""

    def __init__(self, identify: Identify, messages: Messages | None = None) -> None:
        self._identify = identify
        self._messages = messages or Messages()

    def mount(self, app: Chalice, routes: Iterable[Loaded]) -> None:
        """Register each route under `PREFIX`; it is loaded with its first request."""
        for route in routes:
            # Any media type comes in, so that the 415 is ours: after sign-in, and in words.
            app.route(
                PREFIX + route.path,
                methods=[route.method],
                name=f"{route.method} {route.path}",
                content_types=["*/*"],
            )(self._view(app, route))

    def _view(self, app: Chalice, route: Loaded) -> Callable[..., Response]:
        def view(**_path: str) -> Response:
            if (request := app.current_request) is None:
                raise LookupError("a view is called by a request only")
            name = getattr(app.lambda_context, "function_name", "")
            return self.respond(route.load(), request.to_original_event(), name)

        return view

    def respond(self, route: Route, event: dict[str, Any], function_name: str) -> Response:
        """The response to a proxy event."""
        incoming = Incoming.of(event)
        ids = {"function_name": function_name, "operation": route.operation}
        with invocation(incoming.correlation_id, **ids):
            try:
                return self._answered(route, incoming)
            except RefusedError as error:
                logger.info("refused", extra={"status": error.status, "code": error.code})
                return refused(error, incoming, self._messages)
            except Exception as error:  # noqa: BLE001 - a bug: logged, and answered as one
                unexpected("failed", error)
                return refused(RefusedError(500, "internal"), incoming, self._messages)

    def _answered(self, route: Route, incoming: Incoming) -> Response:
        """Raise RefusedError, also for what the domain refuses."""
        try:
            answer = route.handler(read(route, incoming, self._identify))
        except UnavailableError as error:
            unexpected("unavailable", error)
            raise refusal_of(error) or error from error
        except Error as error:
            raise refusal_of(error) or error from error
        if not isinstance(answer, Answer):
            answer = Answer(answer)
        return answered(answer, route.status, route.cache, incoming)
