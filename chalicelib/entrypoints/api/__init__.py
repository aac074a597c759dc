"""The HTTP API: one module per resource, each a `Routes`; `served()` names them all.

A route parses, calls one use case and answers; who may call it stands in its decorator.
"""

from chalicelib.entrypoints.api.served import routes, served

__all__ = ["routes", "served"]
