"""Child `front`: stands where CloudFront stands, pages from their bucket, /api from the API.

The emulator makes distributions but serves nothing through them.
"""

from __future__ import annotations

import http.client
import signal
import threading
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

import boto3
from botocore.exceptions import ClientError

from infra.local.guard import die_with_parent, ready
from infra.local.settings import Ports, ports_from_environment
from infra.rehearsal.town import STEM

_HOP: Final = {"connection", "transfer-encoding", "keep-alive", "content-length", "host", "date"}
STAGE: Final = "v1"
EDGE: Final = f"{STEM}-edge"


class Front(ThreadingHTTPServer):
    """Knows where the API and the pages are, once they are deployed."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, ports: Ports) -> None:
        super().__init__(("127.0.0.1", ports.api), Request)
        self.data = ports.data
        self._api = ""

    def api(self) -> str:
        """Id of the REST API that the edge was given, as CloudFront has it; empty before that."""
        if not self._api:
            with suppress(ClientError):  # no such stack yet
                found = boto3.client("cloudformation").describe_stacks(StackName=EDGE)["Stacks"][0]
                given = {
                    each["ParameterKey"]: each["ParameterValue"]
                    for each in found.get("Parameters", ())  # none while it is being proposed
                }
                self._api = given.get("RestApiId", "")
        return self._api

    def page(self, path: str) -> dict[str, Any]:
        """The object of a page. Raise ClientError."""
        s3 = boto3.client("s3")
        (bucket,) = [
            each["Name"] for each in s3.list_buckets()["Buckets"] if "-web-" in each["Name"]
        ]
        return dict(s3.get_object(Bucket=bucket, Key=path.lstrip("/") or "index.html"))


class Request(BaseHTTPRequestHandler):
    """One request, handed on."""

    server: Front
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Pages and reads."""
        if self.path.startswith("/api/"):
            self._hand_on()
        else:
            self._page()

    def _hand_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        upstream = http.client.HTTPConnection("127.0.0.1", self.server.data, timeout=60)
        place = f"/restapis/{self.server.api()}/{STAGE}/_user_request_{self.path}"
        kept = {name: value for name, value in self.headers.items() if name.lower() not in _HOP}
        try:
            upstream.request(self.command, place, body or None, kept)
            answer = upstream.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException) as error:
            self._answer(HTTPStatus.BAD_GATEWAY, {}, str(error).encode())
            return
        finally:
            upstream.close()
        self._answer(answer.status, dict(answer.getheaders()), content)

    do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = _hand_on  # noqa: N815 - as above

    def _page(self) -> None:
        try:
            found = self.server.page(self.path.partition("?")[0])
        except (ClientError, ValueError):
            self._answer(HTTPStatus.NOT_FOUND, {}, b"")
            return
        self._answer(HTTPStatus.OK, {"Content-Type": found["ContentType"]}, found["Body"].read())

    def _answer(self, status: int, headers: dict[str, str], content: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in _HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """The API writes its own log."""


def main() -> None:
    """Serve until SIGTERM."""
    die_with_parent()
    front = Front(ports_from_environment())
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    threading.Thread(target=front.serve_forever, daemon=True).start()
    ready()
    stop.wait()


if __name__ == "__main__":
    main()
