"""The HTTP API: one module per resource, each a `Routes`; `routes()` is what is served.

A route parses, calls one use case and answers; who may call it stands in its decorator.
"""

from functools import cache
from importlib import import_module

from chalicelib.bootstrap import is_local
from chalicelib.entrypoints.http.route import Route

SERVED = ("system", "procedures", "uploads", "dossiers", "decisions", "worklist", "callbacks")


@cache
def routes() -> tuple[Route, ...]:
    """All routes of this stage, in the order of the contract."""
    names = (*SERVED, "dev") if is_local() else SERVED
    return tuple(route for name in names for route in getattr(_module(name), name))


def _module(name: str) -> object:
    return import_module(f"{__name__}.{name}")
