"""Child `data`: DynamoDB, S3 and SQS on one loopback port, saved every few seconds."""

from __future__ import annotations

import asyncio
import fcntl
import importlib
import os
import signal
import socket
import sys
import time
import traceback
from typing import Any

from infra.local import checksums, emulator, exports, recovery
from infra.local.guard import die_with_parent, expect_cut_connections, ready
from infra.local.origins import Application, Message, OwnOrigins, Receive, Scope, Send
from infra.local.settings import Home, ports_from_environment
from infra.local.snapshot import Saver, UnreadableStateError, check, load_services

SAVE_EVERY = 2.5  # seconds; longer when saving itself takes long
_READS = (b"Get", b"Query", b"Scan", b"BatchGet", b"TransactGet", b"Describe", b"List", b"Receive")


class DataPlane:
    """The emulator with a watch on it: what changed is saved, what did not costs nothing."""

    def __init__(self, application: Application, home: Home) -> None:
        self._application = application
        self._home = home
        self._saver = Saver(home.state, home.saved_at)
        self._changed = True

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI application."""
        if scope["type"] == "lifespan":
            await self._application(scope, receive, self._before_serving(send))
            return
        changes = scope["type"] == "http" and _may_change(scope)
        # Before, as the answer leaves before the call returns; and after, as a save that
        # starts in between would miss the change.
        self._changed |= changes
        try:
            await self._application(scope, receive, send)
        finally:
            self._changed |= changes

    def _before_serving(self, send: Send) -> Send:
        async def sending(message: Message) -> None:
            if message["type"] == "lifespan.startup.complete":
                await self._recover()
            await send(message)
            if message["type"] == "lifespan.startup.complete":
                ready()

        return sending

    async def _recover(self) -> None:
        """The state is loaded and nobody is served yet: the one moment to correct it."""
        if self._home.running.exists():
            moved = await recovery.move_serials_on()
            print(f"unclean end: moved {moved} counters on by {recovery.STEP}", flush=True)
        self._home.running.touch()

    async def save_regularly(self, stop: asyncio.Event) -> None:
        """Save what changed, every few seconds, until told to stop."""
        while not await _sleep(max(SAVE_EVERY, 2 * self._saver.took), stop):
            try:
                await self._save()
            except OSError:  # no process to be had, no room for the mark: the next try may do
                traceback.print_exc()
                self._changed = True

    async def _save(self) -> None:
        if not self._changed:
            self._saver.touch(time.time())
            return
        self._changed = False
        self._saver.start()
        while self._saver.busy():  # noqa: ASYNC110 - a process has no event to await
            await asyncio.sleep(0.05)
        self._changed |= not self._saver.succeeded

    def save_last(self) -> None:
        """The clean end."""
        self._saver.save_now()
        self._home.running.unlink(missing_ok=True)


def _may_change(scope: Scope) -> bool:
    for name, value in scope["headers"]:
        if name == b"x-amz-target":
            return not value.rpartition(b".")[2].startswith(_READS)
    return scope["method"] not in {"GET", "HEAD", "OPTIONS"}


async def _until(stop: asyncio.Event) -> None:
    await stop.wait()
    expect_cut_connections()


async def _sleep(seconds: float, stop: asyncio.Event) -> bool:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return False
    return True


def _configure(home: Home, port: int) -> None:
    emulator.configure(
        home,
        port,
        SERVICES="dynamodb,dynamodbstreams,s3,sqs",
        PERSIST_STATE="1",
        STATE_DIR=str(home.state),
        S3_PERSIST="1",
        S3_DATA_DIR=str(home.files),
        # macOS refuses to fork a process with threads unless told.
        OBJC_DISABLE_INITIALIZE_FORK_SAFETY="YES",
    )


async def _serve(home: Home, listening: socket.socket) -> None:
    ministack: Any = importlib.import_module("ministack.app")
    load_services()
    checksums.install()
    exports.install()
    # Its own save at the end is slower and in another order; ours follows it.
    ministack.save_all = lambda _services: None
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    plane = DataPlane(OwnOrigins(ministack.app), home)
    saving = asyncio.create_task(plane.save_regularly(stop))
    hypercorn = importlib.import_module("hypercorn.asyncio")
    await hypercorn.serve(
        plane, emulator.server_config(listening), shutdown_trigger=lambda: _until(stop)
    )
    await saving
    plane.save_last()


def _lock_state(home: Home) -> None:
    """Wait until no process of an earlier run, nor its saving fork, writes here."""
    home.state.mkdir(parents=True, exist_ok=True)
    fcntl.flock(os.open(home.state / "lock", os.O_CREAT | os.O_RDWR, 0o600), fcntl.LOCK_EX)


def main() -> None:
    """Serve until SIGTERM, then save and end."""
    die_with_parent()
    home = Home.from_environment()
    port = ports_from_environment().data
    _lock_state(home)
    _configure(home, port)
    try:
        check(home.state, home.saved_at)
    except UnreadableStateError as error:
        sys.exit(str(error))
    listening = socket.create_server(("127.0.0.1", port), backlog=1024)
    asyncio.run(_serve(home, listening))
    sys.exit(0)


if __name__ == "__main__":
    main()
