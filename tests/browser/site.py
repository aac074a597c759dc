"""A running site of its own, and whoever calls its API beside the browser."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import Any

import pytest
import requests

ROOT = Path(__file__).resolve().parents[2]
START = "2026-10-05T08:00:00+07:00"  # a Monday morning
SPEED = "60"  # a minute of service time each second
READY_WITHIN = 40  # seconds


class Site:
    """`python -m infra.local run` in a folder of its own, on a free port."""

    def __init__(self, home: Path) -> None:
        port = _free_port()
        self.url = f"http://127.0.0.1:{port}"
        told = {"MOTCUA_HOME": str(home), "PORT": str(port), "SPEED": SPEED, "START": START}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "infra.local", "run"],
            cwd=ROOT,
            env={**os.environ, **told},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def wait(self) -> None:
        """Until the API answers; fails with what the cloud printed if it never does."""
        end = time.monotonic() + READY_WITHIN
        while time.monotonic() < end and self._process.poll() is None:
            try:
                requests.get(f"{self.url}/api/v1/health", timeout=1).raise_for_status()
            except requests.RequestException:
                time.sleep(0.1)
            else:
                return
        pytest.fail(f"the local cloud did not start:\n{self.stop()}")

    def stop(self) -> str:
        """Answers what it printed. Nothing is to be saved, so it is killed; its children follow."""
        self._process.kill()
        return self._process.communicate(timeout=30)[0]


class Official:
    """An official, as the API's own client."""

    def __init__(self, site: Site, account: str) -> None:
        self._url = f"{site.url}/api/v1"
        answer = requests.post(f"{self._url}/dev/token", json={"account": account}, timeout=10)
        self._headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}

    def get(self, path: str) -> dict[str, Any]:
        """Raise HTTPError for a no."""
        answer = requests.get(f"{self._url}{path}", headers=self._headers, timeout=10)
        answer.raise_for_status()
        content: dict[str, Any] = answer.json()
        return content

    def decide(self, code: str, action: str, **given: Any) -> None:
        """Decide on the dossier as it stands now. Raise HTTPError for a no."""
        rev = self.get(f"/dossiers/{code}/full")["rev"]
        answer = requests.post(
            f"{self._url}/dossiers/{code}/decisions",
            json={"action": action, "rev": rev, **given},
            headers={**self._headers, "Idempotency-Key": uuid.uuid4().hex},
            timeout=10,
        )
        answer.raise_for_status()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
