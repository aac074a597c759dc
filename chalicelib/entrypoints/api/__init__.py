"""The HTTP API: one module per resource, each a `Routes`; `routes()` is what is served.

A route parses, calls one use case and answers; who may call it stands in its decorator.
"""

from chalicelib.entrypoints.api.served import routes

__all__ = ["routes"]
