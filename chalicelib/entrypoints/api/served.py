"""What is served, by the module that answers it: one is loaded with its first request.

A cold start pays for the resource that is asked for and for no other (docs/decisions/0023).
"""

from collections.abc import Iterator
from functools import cache
from importlib import import_module
from typing import Final

from chalicelib.bootstrap import is_local
from chalicelib.domain.value import value
from chalicelib.entrypoints.http.route import Route

SERVED: Final = {
    "system": ("GET /health",),
    "contract": ("GET /openapi.json",),
    "procedures": (
        "GET /procedures",
        "GET /procedures/{code}",
        "GET /procedures/{code}/versions",
        "GET /procedures/{code}/versions/{number}",
        "GET /desks",
    ),
    "uploads": ("POST /uploads",),
    "dossiers": (
        "POST /dossiers",
        "GET /dossiers/{code}",
        "GET /dossiers/{code}/full",
        "POST /dossiers/{code}/supplement",
        "POST /dossiers/{code}/withdraw",
    ),
    "batch": ("POST /dossiers/batch",),
    "decisions": ("POST /dossiers/{code}/decisions",),
    "worklist": ("GET /worklist",),
    "register": ("GET /reports/register",),
    "callbacks": ("POST /callbacks/{callback_id}", "POST /callbacks/{callback_id}/uploads"),
}
LOCAL: Final = {"dev": ("GET /dev/accounts", "POST /dev/token")}  # sign-in for development


@value(frozen=True, slots=True)
class Served:
    """A method and path, and the module whose `Routes` of the same name declares it."""

    method: str
    path: str
    resource: str

    def load(self) -> Route:
        """The declared route."""
        found = _declared(self.resource)
        return next(each for each in found if (each.method, each.path) == (self.method, self.path))


def served() -> Iterator[Served]:
    """In the order of the contract; sign-in for development in the local stage only."""
    for resource, names in {**SERVED, **(LOCAL if is_local() else {})}.items():
        for name in names:
            method, path = name.split(" ")
            yield Served(method, path, resource)


@cache
def routes() -> tuple[Route, ...]:
    """All that is served, as declared: loads every resource."""
    return tuple(each.load() for each in served())


@cache
def _declared(resource: str) -> tuple[Route, ...]:
    module = import_module(f"chalicelib.entrypoints.api.{resource}")
    return tuple(getattr(module, resource))
