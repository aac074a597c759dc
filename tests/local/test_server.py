"""The HTTP server on its own: broken, slow and hostile clients."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from typing import TYPE_CHECKING

import pytest

from infra.local.server import BODY_LIMIT, Limits, Server
from infra.local.wire import Reply, Request

if TYPE_CHECKING:
    from collections.abc import Iterator

LIMITS = Limits(threads=2, connections=300, idle=2.0, head=0.5, body=0.5, write=2.0)


def _answer(request: Request) -> Reply:
    if request.path == "/bug":
        raise RuntimeError("a bug, on purpose")
    content = {"method": request.method, "target": request.target, "length": len(request.body)}
    return Reply(200, [("Content-Type", "application/json")], json.dumps(content).encode())


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """A server in a thread, with two workers and little patience."""
    loop = asyncio.new_event_loop()
    listening = loop.run_until_complete(Server(_answer, LIMITS).start("127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    yield listening.sockets[0].getsockname()[1]
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    left = asyncio.all_tasks(loop)  # connections the tests left open
    for task in left:
        task.cancel()
    if left:
        loop.run_until_complete(asyncio.wait(left))
    loop.close()


def _send(port: int, data: bytes, *, seconds: float = 5) -> bytes:
    """Everything the server answers until it closes or nothing more comes."""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as client:
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)
        received = b""
        while part := client.recv(65536):
            received += part
        return received


def _get(path: str, *more: str, method: str = "GET") -> bytes:
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: local", *more, "", ""]).encode()


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        (b"NONSENSE\r\n\r\n", 400, "request.malformed"),
        (b"GET / HTTP/1.1\r\n\r\n", 400, "request.malformed"),  # no Host
        (_get("/", "Content-Length: x"), 400, "request.malformed"),
        (_get("/", "Content-Length: 1", "Content-Length: 2"), 400, "request.malformed"),
        (_get("/", f"Content-Length: {BODY_LIMIT + 1}", method="POST"), 413, "request.too_large"),
        (_get("/", "Transfer-Encoding: chunked", method="POST"), 411, "request.length_required"),
        (_get("/", "X: " + "x" * 40_000), 431, "request.headers_too_large"),
    ],
)
def test_bad_requests_get_a_problem(port: int, sent: bytes, status: int, code: str) -> None:
    """Bad input never gets 5xx nor a cut line: a client can always tell what was wrong."""
    head, _, body = _send(port, sent).partition(b"\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {status} ".encode())
    problem = json.loads(body)
    assert (problem["status"], problem["code"]) == (status, code)
    assert b"application/problem+json" in head
    assert problem["correlation_id"]


def test_bug_is_a_500_with_an_id(port: int) -> None:
    """And the connection serves on."""
    received = _send(port, _get("/bug") + _get("/after"))
    assert b"internal" in received
    assert b'"/after"' in received


def test_slow_clients_cost_no_thread(port: int) -> None:
    """100 clients that never finish their request must not keep two threads from anyone."""
    slow = [socket.create_connection(("127.0.0.1", port)) for _ in range(100)]
    for client in slow:
        client.sendall(b"GET /slow HTTP/1.1\r\nHo")
    began = time.monotonic()
    assert b'"/quick"' in _send(port, _get("/quick"))
    assert time.monotonic() - began < 0.4
    assert b"408" in slow[0].recv(65536)  # and they are not waited for forever
    for client in slow:
        client.close()


def test_clients_that_hang_up_leave_no_trace(port: int) -> None:
    """A closed laptop in the middle of an upload is an everyday event."""
    for _ in range(50):
        client = socket.create_connection(("127.0.0.1", port))
        client.sendall(_get("/", "Content-Length: 1000", method="POST") + b"half")
        client.close()
    assert b'"/still"' in _send(port, _get("/still"))


def test_one_connection_many_requests(port: int) -> None:
    """Keep-alive, also when requests are sent before the answers are read."""
    received = _send(port, b"".join(_get(f"/{number}") for number in range(20)))
    assert [received.count(f'"/{number}"'.encode()) for number in range(20)] == [1] * 20


def test_head_has_the_length_but_no_body(port: int) -> None:
    """A body after HEAD would be read as the next answer."""
    head, _, body = _send(port, _get("/a", method="HEAD")).partition(b"\r\n\r\n")
    assert b"Content-Length: " in head
    assert body == b""


def test_expect_continue_is_answered(port: int) -> None:
    """Curl waits a second for it before each larger upload."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
        client.sendall(_get("/", "Content-Length: 3", "Expect: 100-continue", method="POST"))
        assert client.recv(100).startswith(b"HTTP/1.1 100")
        client.sendall(b"abc")
        assert b'"length": 3' in client.recv(65536)
