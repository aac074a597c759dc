"""What every process with the AWS emulator in it needs: its settings and its server."""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING, Any

from infra.local.settings import ACCOUNT, REGION

if TYPE_CHECKING:
    import socket

    from infra.local.settings import Home


def configure(home: Home, port: int, **more: str) -> None:
    """The emulator reads its settings from the environment while it is imported."""
    os.environ.update(
        GATEWAY_PORT=str(port),
        MINISTACK_ACCOUNT_ID=ACCOUNT,
        MINISTACK_REGION=REGION,
        LOG_LEVEL=os.environ.get("LOG_LEVEL", "WARNING"),
        SFTP_ENABLED="0",
        IOT_MTLS_ENABLED="0",
        # It would look for containers of other instances and remove them.
        DOCKER_HOST=f"unix://{home.path / 'no-docker.sock'}",
    )
    os.environ.update(more)


def server_config(listening: socket.socket) -> Any:
    """Of hypercorn, on a socket that listens already."""
    config = importlib.import_module("hypercorn.config").Config()
    config.bind = [f"fd://{listening.fileno()}"]
    config.loglevel = "WARNING"
    config.keep_alive_timeout = 75
    config.graceful_timeout = 0.3
    return config
