"""What every function but the API shares: its ids in each line, its bugs by types and places."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from chalicelib.watch import invocation, unexpected

Event = TypeVar("Event")
Answer = TypeVar("Answer")


def ids_of(key: str) -> dict[str, str]:
    """What a key of the record is about: `D#<dossier>`, or `DEL#<dossier>.<event>.<leg>`."""
    kind, _, name = key.partition("#")
    if kind != "DEL":
        return {"dossier_id": name}
    dossier, event, _ = name.rsplit(".", 2)
    return {"dossier_id": dossier, "event_id": f"{dossier}#{event}", "delivery_id": name}


class FailedError(Exception):
    """A function failed, as its log says: callers and histories get the error's type only."""


def watched(handler: Callable[[Event, Any], Answer]) -> Callable[[Event, Any], Answer]:
    """Under the handler's own name, which is the one that Lambda calls."""

    @wraps(handler)
    def call(event: Event, context: Any) -> Answer:
        with invocation(context.aws_request_id, function_name=context.function_name):
            try:
                return handler(event, context)
            except Exception as error:  # noqa: BLE001 - whatever it is, only its words are held back
                unexpected("failed", error)
                # The words of an error may be a citizen's own: Lambda would log them, and the
                # state machine would keep them in its history.
                raise FailedError(type(error).__name__) from None

    return call
