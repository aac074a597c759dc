"""`python -m infra.local.store`: a stand-in for the province's own data centre.

An object store that speaks S3, in a folder and on a port of its own, beside the local cloud: what
`make backup` sends to and `make restore` reads from on one machine. It asks nobody for a
signature, so it is for trying things out only.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import signal
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra.local import emulator
from infra.local.guard import die_with_parent, expect_cut_connections
from infra.local.settings import ACCOUNT, REGION, ROOT, STORE_BUCKET, STORE_PORT, Home

if TYPE_CHECKING:
    from infra.local.origins import Application, Message, Receive, Scope, Send


class Store:
    """The emulator's object store; it makes its bucket before it serves anyone."""

    def __init__(self, application: Application, bucket: str) -> None:
        self._application = application
        self._bucket = bucket

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI application."""
        starting = scope["type"] == "lifespan"
        await self._application(scope, receive, self._before_serving(send) if starting else send)

    def _before_serving(self, send: Send) -> Send:
        async def sending(message: Message) -> None:
            if message["type"] == "lifespan.startup.complete":
                await self._make_bucket()
            await send(message)

        return sending

    async def _make_bucket(self) -> None:
        responses: Any = importlib.import_module("ministack.core.responses")
        responses.set_request_account_id(ACCOUNT)
        responses.set_request_region(REGION)
        s3: Any = importlib.import_module("ministack.services.s3")
        place = f"<LocationConstraint>{REGION}</LocationConstraint>"
        body = f"<CreateBucketConfiguration>{place}</CreateBucketConfiguration>".encode()
        await s3.handle_request("PUT", f"/{self._bucket}", {}, body, {})


def _configure(folder: Path, port: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    emulator.configure(
        Home(folder),
        port,
        SERVICES="s3",
        PERSIST_STATE="1",
        STATE_DIR=str(folder / "state"),
        S3_PERSIST="1",
        S3_DATA_DIR=str(folder / "files"),
    )


async def _serve(listening: socket.socket, bucket: str) -> None:
    ministack: Any = importlib.import_module("ministack.app")
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    config = emulator.server_config(listening)
    hypercorn = importlib.import_module("hypercorn.asyncio")

    async def until() -> None:
        await stop.wait()
        expect_cut_connections()

    await hypercorn.serve(Store(ministack.app, bucket), config, shutdown_trigger=until)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m infra.local.store", description=__doc__)
    parser.add_argument("--port", type=int, default=STORE_PORT, help="on 127.0.0.1 (%(default)s)")
    parser.add_argument(
        "--folder", type=Path, default=ROOT / ".store", help="where it keeps its objects"
    )
    parser.add_argument("--bucket", default=STORE_BUCKET, help="made at the start (%(default)s)")
    return parser


def main() -> int:
    """Serve until Ctrl-C; 2 when the port is taken."""
    die_with_parent()
    given = _parser().parse_args()
    try:
        listening = socket.create_server(("127.0.0.1", given.port), backlog=128)
    except OSError as error:
        print(f"Port {given.port} cannot be used ({error}): choose another with --port")
        return 2
    _configure(given.folder.resolve(), given.port)
    print(
        f"  Store of the province: http://127.0.0.1:{given.port}, bucket {given.bucket}", flush=True
    )
    asyncio.run(_serve(listening, given.bucket))
    return 0


if __name__ == "__main__":
    sys.exit(main())
