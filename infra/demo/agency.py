"""The software of agencies outside the platform: signed messages in, signed answers out (R5).

It knows what a real agency's software would: its own secrets and what the messages say.
"""

from __future__ import annotations

import json
import os
import secrets
import threading
import time
import uuid
from base64 import b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

from standardwebhooks import Webhook, WebhookVerificationError

from infra.demo.client import ApiError, answer_to, description, session, store, unanswered

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

Json = dict[str, Any]

LARGEST = 20_000  # bytes of a message; the contract promises less
_TRIES = 6


@dataclass(frozen=True)
class Message:
    """A verified message; `data` is its content as sent."""

    id: str
    agency: str
    type: str
    data: Json

    @property
    def dossier(self) -> str:
        """Code of the dossier it is about."""
        return str(self.data["dossier_code"])


class AgencyServer:
    """Listens on loopback for several agencies at once; use it as a context."""

    def __init__(self, secrets: Mapping[str, str], port: int = 0) -> None:
        """`secrets` by agency code; `port` 0 takes a free one. Raise OSError for a taken one."""
        self.secrets = dict(secrets)
        self.refused = 0  # messages without a valid signature
        self._inbox: dict[str, Message] = {}
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", port), self)

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._server.server_address[1])

    def url(self, agency: str) -> str:
        """Where messages to an agency go."""
        return f"http://127.0.0.1:{self.port}/{agency}"

    def received(self, dossier: str, kind: str, agency: str) -> Message | None:
        """The first message of that kind about a dossier; None before it has come."""
        found = self.all(kind)
        return next((m for m in found if (m.dossier, m.agency) == (dossier, agency)), None)

    def all(self, kind: str) -> list[Message]:
        """Every message of that kind, as they came."""
        with self._lock:
            return [message for message in self._inbox.values() if message.type == kind]

    def take(self, agency: str, headers: Mapping[str, str], body: bytes) -> int:
        """Verify and file a message; answers the HTTP status. One sent twice counts once."""
        try:
            Webhook(self.secrets[agency]).verify(body, dict(headers))
        except (KeyError, WebhookVerificationError):
            with self._lock:
                self.refused += 1
            return HTTPStatus.UNAUTHORIZED
        content = json.loads(body)
        message = Message(headers["webhook-id"], agency, content["type"], content["data"])
        with self._lock:
            self._inbox.setdefault(message.id, message)
        return HTTPStatus.NO_CONTENT

    def answer(self, asked: Message, outcome: str, **more: Any) -> str:
        """Answer for a leg; what became of the answer: `applied`, `filed`. Raise ApiError."""
        body = {"outcome": outcome, **more}
        return str(self._send(asked, "", body)["receipt"])

    def upload(self, asked: Message, content: bytes, name: str = "ket-qua.pdf") -> str:
        """Store the file of a result; answers its id. Raise ApiError."""
        promised = self._send(asked, "/uploads", description(content, name))
        with session() as by:
            store(by, promised, content)
        return str(promised["file_id"])

    def _send(self, asked: Message, path: str, body: Json) -> Json:
        """One message, under one id however often it is sent; each try is signed anew."""
        name, text = f"msg_{uuid.uuid4().hex}", json.dumps(body, ensure_ascii=False)
        with session() as by:
            for attempt in range(_TRIES):
                # A try within the same second would carry the same signature: a replay.
                time.sleep(1.1 * attempt)
                answer = answer_to(
                    by,
                    "POST",
                    asked.data["callback_url"] + path,
                    data=text.encode(),
                    headers=signed(self.secrets[asked.agency], name, text),
                )
                if answer is not None and answer.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
                    break
        if answer is None:
            raise unanswered(f"{asked.agency}'s answer")
        content = answer.json()
        if not answer.ok:
            raise ApiError(answer.status_code, content)
        return dict(content)


def signed(secret: str, name: str, body: str) -> dict[str, str]:
    """Headers of a message by Standard Webhooks 1.0, signed now (real time)."""
    at = datetime.now(UTC)
    return {
        "content-type": "application/json",
        "webhook-id": name,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(name, at, body),
    }


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], agencies: AgencyServer) -> None:
        self.agencies = agencies
        super().__init__(address, _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        length = int(self.headers.get("content-length", 0))
        status: int = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        if length <= LARGEST:
            headers = {key.lower(): value for key, value in self.headers.items()}
            status = self.server.agencies.take(self.path[1:], headers, self.rfile.read(length))
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *_: Any) -> None:  # noqa: A002 - http.server's own name
        """Stay silent: the demo's own lines say what happens."""


def open_for(agencies: Iterable[str], file: Path) -> AgencyServer:
    """A server on the port and with the secrets it had before, kept in `file`.

    The platform remembers an address for a minute, so a new one would miss its first messages.
    """
    try:
        kept = json.loads(file.read_text())
    except FileNotFoundError:
        kept = {"port": 0, "secrets": {}}
    known = {agency: kept["secrets"].get(agency) or new_secret() for agency in agencies}
    try:
        server = AgencyServer(known, kept["port"])
    except OSError:
        server = AgencyServer(known)
    _keep({"port": server.port, "secrets": known}, file)
    return server


def _keep(content: Json, file: Path) -> None:
    temporary = file.with_suffix(".new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as written:
        json.dump(content, written)
    temporary.replace(file)


def new_secret() -> str:
    """A signing secret of 32 random bytes."""
    return f"whsec_{b64encode(secrets.token_bytes(32)).decode()}"
