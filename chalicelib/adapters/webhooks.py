"""The way out to agencies: signed by Standard Webhooks 1.0, to no host but a public one.

The name is resolved once and the connection goes to that address, so that a name that answers
differently the second time leads nowhere. No redirects: a registered address is the address.
"""

import ipaddress
import socket
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

import urllib3
from standardwebhooks import Webhook

from chalicelib.ports import Sent

TIMEOUT: Final = urllib3.Timeout(connect=3, read=7, total=10)
GONE: Final = 410
_PORTS: Final = {"https": 443, "http": 80}


class RefusedAddressError(ValueError):
    """The URL is not one that messages may go to."""


class SignedWebhooks:
    """`loopback` allows http and private addresses: the local stage only.

    Of an answer only status and headers are read: a body may be sent for hours.
    """

    def __init__(self, *, loopback: bool = False) -> None:
        self._loopback = loopback

    def send(self, url: str, id: str, secrets: Sequence[str], body: str) -> Sent:  # noqa: A002 - the port's own name
        try:
            with self._pool(url) as pool:
                answer = pool.request(
                    "POST",
                    _target(url),
                    body=body.encode(),
                    headers=_headers(url, id, secrets, body),
                    redirect=False,
                    preload_content=False,
                )
                answer.close()  # a pool closes what came back to it, and this has a body unread
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            return Sent(error=type(error).__name__)
        return _sent(answer.status, answer.headers.get("retry-after", ""))

    def _pool(self, url: str) -> Any:
        parts = urlsplit(url)
        if not parts.hostname or not (parts.scheme == "https" or self._loopback):
            raise RefusedAddressError(parts.scheme)
        port = parts.port or _PORTS[parts.scheme]
        address = self._resolve(parts.hostname, port)
        if parts.scheme == "http":
            return urllib3.HTTPConnectionPool(address, port, timeout=TIMEOUT, retries=False)
        return urllib3.HTTPSConnectionPool(
            address,
            port,
            timeout=TIMEOUT,
            retries=False,
            server_hostname=parts.hostname,
            assert_hostname=parts.hostname,
        )

    def _resolve(self, host: str, port: int) -> str:
        found = [
            str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        ]
        if not self._loopback and not all(ipaddress.ip_address(each).is_global for each in found):
            raise RefusedAddressError(host)
        return found[0]


def _target(url: str) -> str:
    parts = urlsplit(url)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _headers(url: str, id: str, secrets: Sequence[str], body: str) -> dict[str, str]:  # noqa: A002 - as above
    at = datetime.now(UTC)
    return {
        "host": urlsplit(url).netloc.rpartition("@")[2],
        "content-type": "application/json",
        "webhook-id": id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(Webhook(secret).sign(id, at, body) for secret in secrets),
    }


def _sent(status: int, retry_after: str) -> Sent:
    if 200 <= status < 300:  # noqa: PLR2004 - HTTP
        return Sent()
    seconds = int(retry_after) if retry_after.isascii() and retry_after.isdigit() else None
    return Sent(error=f"HTTP {status}", gone=status == GONE, retry_after=seconds)
