"""What the person at the terminal reads."""

from __future__ import annotations

import contextlib
import http.client
import json
import sys
import time
import urllib.error
import urllib.request
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TextIO

from infra.local.clock import VIETNAM

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.local.settings import Ports


def say(line: str = "") -> None:
    """One line, at once, also into a pipe."""
    _write(line, sys.stdout)


def complain(line: str) -> None:
    """One line to standard error."""
    _write(line, sys.stderr)


def _write(line: str, stream: TextIO) -> None:
    """A closed window or a dead pipe must never be in the way of saving and ending."""
    with contextlib.suppress(OSError):
        print(line, file=stream, flush=True)


@contextlib.contextmanager
def step(done: str) -> Iterator[None]:
    """Say that something is done and how long it took."""
    began = time.monotonic()
    yield
    say(f"  ✓ {done} ({time.monotonic() - began:.1f} s)")


def welcome(ports: Ports, service: float, speed: float) -> None:
    """The address, the business clock and who can sign in."""
    moment = datetime.fromtimestamp(service, VIETNAM)
    say(f"\n  {ports.api_url}\n")
    say(
        f"  Business clock: {moment:%Y-%m-%d %H:%M:%S} (UTC+7)"
        + (f", {speed:g} × real time" if speed != 1 else "")
    )
    accounts = _accounts(ports)
    if accounts:
        say("\n  Demo accounts (no password):")
        for line in table(accounts):
            say(f"    {line}")
    say("\n  Ctrl-C saves and ends.\n")


def illness(ports: Ports) -> str | None:
    """Why the API is not able to do its work; None when it is. Processes may run and all fail."""
    failing = ""
    try:
        with _direct().open(f"{ports.api_url}/api/v1/health?deep=true", timeout=30) as answer:
            status = answer.status
    except urllib.error.HTTPError as error:
        status, failing = error.code, _failing(error)
    except (OSError, http.client.HTTPException) as error:
        return str(error)
    return None if status == HTTPStatus.OK else f"status {status}{failing}"


def _failing(error: urllib.error.HTTPError) -> str:
    """The checks that failed, where the answer says so."""
    try:
        names = [fault["pointer"].rpartition("/")[2] for fault in json.load(error)["errors"]]
    except (OSError, http.client.HTTPException, ValueError, LookupError, TypeError):
        return ""
    return f": {', '.join(names)}" if names else ""


def _direct() -> urllib.request.OpenerDirector:
    """A developer's proxy does not know this machine's loopback."""
    return urllib.request.build_opener(urllib.request.ProxyHandler({}))


def _accounts(ports: Ports) -> list[dict[str, Any]]:
    """The demo accounts; none when the app cannot tell, which is not worth failing for."""
    try:
        with _direct().open(f"{ports.api_url}/api/v1/dev/accounts", timeout=10) as answer:
            items: list[dict[str, Any]] = json.load(answer)["items"]
            return items
    except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
        complain(f"  (no table of demo accounts: {error})")
        return []


def table(accounts: list[dict[str, Any]]) -> list[str]:
    """Accounts in columns."""
    rows = [
        (
            str(account["account"]),
            str(account["name"]),
            ", ".join(account["roles"]),
            str(account.get("agency_code") or ""),
        )
        for account in accounts
    ]
    rows.insert(0, ("account", "name", "roles", "agency"))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return [_line(row, widths) for row in rows]


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
    return "  ".join(cells).rstrip()
