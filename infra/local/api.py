"""Child `api`: the Chalice app under /api/ and the pages under everything else."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from infra.local import handlers
from infra.local.gateway import Gateway
from infra.local.guard import die_with_parent, expect_cut_connections, ready
from infra.local.server import Handle, Server
from infra.local.settings import ROOT, Ports, ports_from_environment
from infra.local.static import Pages

if TYPE_CHECKING:
    from infra.local.wire import Reply, Request

WEB = "MOTCUA_WEB"


def _web_root() -> Path:
    """The built pages where there are any, else their sources; tests name their own."""
    named = os.environ.get(WEB)
    if named:
        return Path(named)
    built = ROOT / "web" / "dist"
    return built if built.is_dir() else ROOT / "web"


def handle(ports: Ports) -> Handle:
    """The whole site as one function of a request."""
    gateway = Gateway(handlers.load("app"))
    pages = Pages(_web_root(), ports.data_url)

    def answer(request: Request) -> Reply:
        in_api = request.path == "/api" or request.path.startswith("/api/")
        return gateway.answer(request) if in_api else pages.answer(request)

    return answer


async def _serve(ports: Ports) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    server = Server(handle(ports))
    listening = await server.start("127.0.0.1", ports.api)
    ready()
    await stop.wait()
    expect_cut_connections()
    listening.close()
    await server.finish(seconds=3)


def _allow_many_connections() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 65536 if hard == resource.RLIM_INFINITY else min(65536, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))


def main() -> None:
    """Serve until SIGTERM."""
    die_with_parent()
    _allow_many_connections()
    # Threads that compute must let the loop through sooner than after Python's 5 ms.
    sys.setswitchinterval(0.001)
    asyncio.run(_serve(ports_from_environment()))


if __name__ == "__main__":
    main()
