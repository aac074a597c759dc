"""Child `aws`: every service a deployment needs but Step Functions, on one loopback port."""

from __future__ import annotations

import asyncio
import hashlib
import importlib
import json
import signal
import socket
import sys
import threading
import zipfile
from http import HTTPStatus
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar, Final

from infra.local import checksums, emulator, exports
from infra.local.guard import die_with_parent, expect_cut_connections, ready
from infra.local.settings import Home, ports_from_environment

# A function finds its libraries in its package or not at all, as in AWS.
_ALONE: Final = (
    "import sys; sys.path = [place for place in sys.path if 'site-packages' not in place]\n"
)


def install_import() -> None:
    """Chalice imports its API from a document, which the emulator does for CloudFormation only."""
    v1: Any = importlib.import_module("ministack.services.apigateway_v1")
    handle = v1.handle_request

    async def importing(method: str, path: str, headers: Any, body: bytes, query: Any) -> Any:
        parts = path.strip("/").split("/")
        if (method, parts) == ("POST", ["restapis"]) and "mode" in query:
            api = v1._import_rest_api(json.loads(body))  # noqa: SLF001 - it offers no other way
            return HTTPStatus.CREATED, _JSON, json.dumps({"id": api}).encode()
        if method == "PUT" and len(parts) == 2 and parts[0] == "restapis":  # noqa: PLR2004
            for place, item in json.loads(body).get("paths", {}).items():
                v1._import_path_item(parts[1], place, item)  # noqa: SLF001 - as above
            return HTTPStatus.OK, _JSON, json.dumps({"id": parts[1]}).encode()
        return await handle(method, path, headers, body, query)

    v1.handle_request = importing


_JSON: Final = {"Content-Type": "application/json"}


def install_alone() -> None:
    """Take our own environment out of the functions' sight."""
    runtime: Any = importlib.import_module("ministack.core.lambda_runtime")
    detect = runtime._detect_runtime_binary  # noqa: SLF001 - it offers no other way

    def detected(name: str) -> tuple[str, str]:
        binary, script = detect(name)
        return binary, _ALONE + script

    runtime._detect_runtime_binary = detected  # noqa: SLF001 - as above


class Code(zipfile.ZipFile):
    """A function's code: unpacked once, as in AWS, and read by all its workers.

    The emulator unpacks it for each of them, which takes longer than the work that is waiting.
    """

    folder: Path  # where all are unpacked
    _one: ClassVar = threading.Lock()

    def extractall(self, path: Any = None, *_: Any) -> None:
        """Put a link to what is unpacked at `path`."""
        with self._one:
            place = self.folder / hashlib.sha256(Path(str(self.filename)).read_bytes()).hexdigest()
            if not place.exists():
                super().extractall(place.with_suffix(".new"))
                place.with_suffix(".new").rename(place)
        Path(path).rmdir()
        Path(path).symlink_to(place)


def install_code(folder: Path) -> None:
    """Let workers share what is unpacked below `folder`."""
    runtime: Any = importlib.import_module("ministack.core.lambda_runtime")
    Code.folder = folder
    runtime.zipfile = SimpleNamespace(ZipFile=Code)


async def _serve(home: Home, listening: socket.socket) -> None:
    ministack: Any = importlib.import_module("ministack.app")
    install_import()
    install_alone()
    install_code(home.path / "code")
    checksums.install()
    exports.install()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    hypercorn = importlib.import_module("hypercorn.asyncio")

    async def application(scope: Any, receive: Any, send: Any) -> None:
        async def sending(message: Any) -> None:
            await send(message)
            if message["type"] == "lifespan.startup.complete":
                ready()

        await ministack.app(scope, receive, sending if scope["type"] == "lifespan" else send)

    async def until() -> None:
        await stop.wait()
        expect_cut_connections()

    await hypercorn.serve(application, emulator.server_config(listening), shutdown_trigger=until)


def main() -> None:
    """Serve until SIGTERM; nothing is kept."""
    die_with_parent()
    port = ports_from_environment().data
    home = Home.from_environment()
    # As AWS has it; its own would be what this machine could hold at once.
    emulator.configure(home, port, PERSIST_STATE="0", LAMBDA_ACCOUNT_CONCURRENCY="1000")
    listening = socket.create_server(("127.0.0.1", port), backlog=1024)
    asyncio.run(_serve(home, listening))
    sys.exit(0)


if __name__ == "__main__":
    main()
