"""Child `workflow`: Step Functions, executed by moto's interpreter in this process."""

from __future__ import annotations

import importlib
import logging
import signal
import threading

from infra.local import bridge, handlers, interpreter, resources
from infra.local.guard import die_with_parent, ready
from infra.local.settings import (
    ROLLOVER_FUNCTION,
    WAKE_FUNCTION,
    Ports,
    ports_from_environment,
)

# Each waiting execution holds three threads; at the default of 8 MB of address space
# the system's limits end that long before memory does.
_STACK = 1 << 20


def main() -> None:
    """Serve until SIGTERM. Executions live in memory; the reconciler brings them back."""
    die_with_parent()
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    serve(_functions(), ports_from_environment())
    resources.create_state_machine()
    ready()
    stop.wait()


def _functions() -> dict[str, handlers.Handler]:
    return {WAKE_FUNCTION: handlers.load("wake"), ROLLOVER_FUNCTION: handlers.load("rollover")}


def serve(functions: dict[str, handlers.Handler] | None, ports: Ports) -> None:
    """Answer from threads of this process; `functions` as for `bridge.install`."""
    threading.stack_size(_STACK)
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    interpreter.install()
    bridge.install(functions, ports)
    server = importlib.import_module("moto.server").ThreadedMotoServer(
        ip_address="127.0.0.1", port=ports.workflow, verbose=False
    )
    server.start()


if __name__ == "__main__":
    main()
