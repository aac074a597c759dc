"""An HTTP/1.1 server: one loop reads and writes, a bounded pool of threads answers.

A request reaches a thread only when it has arrived completely and its answer leaves
without one, so slow or silent clients cost a coroutine each and never a thread.
"""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from email.utils import formatdate
from http import HTTPStatus

import h11

from infra.local.wire import Reply, Request, problem

Handle = Callable[[Request], Reply]

BODY_LIMIT = 10 * 1024 * 1024  # bytes, the limit of API Gateway
HEAD_LIMIT = 32 * 1024


@dataclass(frozen=True)
class Limits:
    """How much and how long a client may take; times in seconds."""

    threads: int = 64
    connections: int = 8192
    idle: float = 75.0  # between two requests
    head: float = 15.0  # from the first byte of a request to the end of its headers
    body: float = 60.0
    write: float = 60.0


class RefusedError(Exception):
    """The request is answered without being read to its end; the connection closes."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Server:
    """Serves `handle` on one port."""

    def __init__(self, handle: Handle, limits: Limits | None = None) -> None:
        self._handle = handle
        self._limits = limits or Limits()
        self._pool = ThreadPoolExecutor(self._limits.threads, thread_name_prefix="api")
        self._open = 0
        self._answering = 0

    async def start(self, host: str, port: int) -> asyncio.Server:
        """Listen; the caller closes what this returns."""
        return await asyncio.start_server(
            self._serve, host, port, backlog=4096, limit=256 * 1024, reuse_address=True
        )

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open += 1
        connection = Connection(reader, writer, self._limits)
        try:
            await self._converse(connection)
        except (OSError, TimeoutError, h11.RemoteProtocolError):
            pass  # the client is gone or silent: nobody to answer
        except Exception:  # noqa: BLE001 - a bug here must not end the other connections
            traceback.print_exc()
        finally:
            self._open -= 1
            writer.close()

    async def _converse(self, connection: Connection) -> None:
        while True:
            try:
                request = await connection.read_request()
            except RefusedError as refused:
                await connection.refuse(problem(refused.status, connection.partial))
                return
            if request is None:
                return
            reply = await self._answer(request)
            if not await connection.send(request, reply):
                return

    async def _answer(self, request: Request) -> Reply:
        if self._open > self._limits.connections:
            return problem(503, request, headers=[("Retry-After", "2")])
        loop = asyncio.get_running_loop()
        self._answering += 1
        try:
            return await loop.run_in_executor(self._pool, self._handle, request)
        except Exception:  # noqa: BLE001 - a bug is a 500 with a correlation id
            print(f"request {request.id} {request.method} {request.path}", flush=True)
            traceback.print_exc()
            return problem(500, request)
        finally:
            self._answering -= 1

    async def finish(self, seconds: float) -> None:
        """Wait, but not longer, for the answers that are being worked on."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while self._answering and loop.time() < end:  # noqa: ASYNC110 - once, at the end
            await asyncio.sleep(0.02)
        await asyncio.sleep(0.05)  # to be written


class Connection:
    """One client's connection: complete requests out of it, replies into it."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, limits: Limits
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._limits = limits
        self._state = h11.Connection(h11.SERVER, max_incomplete_event_size=HEAD_LIMIT)
        self._peer = (writer.get_extra_info("peername") or ("127.0.0.1",))[0]
        self.partial: Request | None = None

    async def read_request(self) -> Request | None:
        """The next request, None when the client is done. Raises RefusedError."""
        try:
            head = await self._read_head()
            if head is None:
                return None
            self.partial = request = self._request(head)
            self._check(request)
            async with asyncio.timeout(self._limits.body):
                body = await self._read_body()
        except h11.RemoteProtocolError as error:
            raise RefusedError(error.error_status_hint) from error
        except TimeoutError as error:
            raise RefusedError(408) from error
        return Request(
            request.method, request.target, request.headers, body, self._peer, request.id
        )

    async def _read_head(self) -> h11.Request | None:
        """Wait as long as allowed for a request to begin, then not long for its headers."""
        event: object = self._state.next_event()
        if event is h11.NEED_DATA:
            try:
                async with asyncio.timeout(self._limits.idle):
                    data = await self._reader.read(65536)
            except TimeoutError:
                return None
            self._state.receive_data(data)
        async with asyncio.timeout(self._limits.head):
            while event is h11.NEED_DATA:
                event = await self._next_event()
        return event if isinstance(event, h11.Request) else None

    async def _next_event(self) -> object:
        event = self._state.next_event()
        if event is h11.NEED_DATA:
            if self._state.they_are_waiting_for_100_continue:
                go_on = h11.InformationalResponse(status_code=100, headers=[])
                self._writer.write(self._state.send(go_on))
            self._state.receive_data(await self._reader.read(65536))
            return h11.NEED_DATA
        return event

    def _request(self, head: h11.Request) -> Request:
        headers = [(name.decode("ascii"), value.decode("latin-1")) for name, value in head.headers]
        method, target = head.method.decode("ascii"), head.target.decode("ascii")
        if target.startswith("http://"):  # the form proxies use
            target = "/" + target.removeprefix("http://").partition("/")[2]
        return Request(method, target, headers, peer=self._peer)

    def _check(self, request: Request) -> None:
        if not request.target.startswith("/"):
            raise RefusedError(400)
        # h11 limits only what is still incomplete, and headers may come in one piece.
        if sum(len(name) + len(value) for name, value in request.headers) > HEAD_LIMIT:
            raise RefusedError(431)
        if request.header("transfer-encoding"):
            raise RefusedError(411)
        if int(request.header("content-length", "0")) > BODY_LIMIT:
            raise RefusedError(413)

    async def _read_body(self) -> bytes:
        parts: list[bytes] = []
        while True:
            event = await self._next_event()
            if isinstance(event, h11.Data):
                parts.append(bytes(event.data))
            elif isinstance(event, h11.EndOfMessage):
                return b"".join(parts)
            elif isinstance(event, h11.ConnectionClosed):
                raise ConnectionResetError

    async def send(self, request: Request, reply: Reply) -> bool:
        """Write the reply; True when the connection can take another request."""
        self._writer.write(self._bytes(reply, with_body=request.method != "HEAD"))
        async with asyncio.timeout(self._limits.write):
            await self._writer.drain()
        if self._state.our_state is h11.MUST_CLOSE or self._state.our_state is h11.ERROR:
            return False
        self._state.start_next_cycle()
        self.partial = None
        return True

    def _bytes(self, reply: Reply, *, with_body: bool) -> bytes:
        bodiless = reply.status in {204, 304}
        headers = [("Date", formatdate(usegmt=True)), *reply.headers]
        if not bodiless:
            headers.append(("Content-Length", str(len(reply.body))))
        wire = [(name.encode("latin-1"), value.encode("utf-8")) for name, value in headers]
        reason = HTTPStatus(reply.status).phrase.encode()
        head = h11.Response(status_code=reply.status, headers=wire, reason=reason)
        out = self._state.send(head) or b""
        if with_body and not bodiless and reply.body:
            out += self._state.send(h11.Data(data=reply.body)) or b""
        return out + (self._state.send(h11.EndOfMessage()) or b"")

    async def refuse(self, reply: Reply) -> None:
        """Answer, then give the client a moment to read it: closing at once would reset it."""
        closing = Reply(reply.status, [*reply.headers, ("Connection", "close")], reply.body)
        if self._state.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            self._writer.write(self._bytes(closing, with_body=True))
            await self._writer.drain()
            self._writer.write_eof()
            async with asyncio.timeout(1.0):
                while await self._reader.read(65536):
                    pass
