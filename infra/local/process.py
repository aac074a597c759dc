"""One child process: started, watched until it is ready, restarted, stopped."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from infra.local.guard import ANCHOR, LIFELINE, READY
from infra.local.settings import ROOT

if TYPE_CHECKING:
    from pathlib import Path

_FIRST_PAUSE, _LONGEST_PAUSE, _STABLE_AFTER = 0.2, 5.0, 10.0  # seconds
_TAIL = 25  # lines


class ChildFailedError(Exception):
    """A child ended, or hung, before it was ready; the text has the end of its log."""


def _rotate(log: Path) -> None:
    """Keep the log of the run before this one, no more."""
    if log.exists():
        log.replace(log.with_suffix(".log.old"))


class Child:
    """A Python module run as a process of its own, in its own session and log."""

    def __init__(
        self, name: str, environment: dict[str, str], logs: Path, package: str = "infra.local"
    ) -> None:
        self.name = name
        self._module = f"{package}.{name}"
        self._environment = environment
        self._log = logs / f"{name}.log"
        self._lifeline, self._keep = os.pipe()  # the write end closes when we end
        _rotate(self._log)
        self._process: subprocess.Popen[bytes] | None = None
        self._word: int | None = None  # our end of the socket on which it says that it is ready
        self._started = 0.0
        self._pause = _FIRST_PAUSE
        self.was_ready = False  # once at least

    @property
    def pid(self) -> int | None:
        """Of the process started last; None before the first."""
        return self._process.pid if self._process else None

    @property
    def alive(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    @property
    def status(self) -> int | None:
        """How the process started last ended: as in Popen.returncode."""
        return self._process.poll() if self._process else None

    @property
    def log(self) -> Path:
        """The file with all it printed in this run."""
        return self._log

    def start(self) -> None:
        """Start the process; `await_ready` and `release` must follow."""
        self._let_go()
        ours, its = (end.detach() for end in socket.socketpair())
        ties = {LIFELINE: str(self._lifeline), READY: str(its)}
        self._log.parent.mkdir(parents=True, exist_ok=True)  # somebody may have removed it
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own modules
                [sys.executable, "-m", self._module],
                env={**self._environment, **ties},
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=(self._lifeline, its),
                # Ctrl-C in the terminal must reach the supervisor alone: it knows the order.
                start_new_session=True,
            )
        os.close(its)
        self._word = ours
        self._started = time.monotonic()

    def await_ready(self, seconds: float = 60) -> None:
        """Wait until the process says that it is ready. Raises ChildFailedError."""
        heard = self._word is not None and select.select([self._word], [], [], seconds)[0]
        if not heard or not self._hear():
            self.kill()
            raise ChildFailedError(
                f"'{self.name}' did not start. The end of {self._log}:\n{self.tail()}"
            )
        self.was_ready = True

    def release(self) -> None:
        """Let it begin, with the business clock as its environment has it by now."""
        if self._word is not None:
            with contextlib.suppress(OSError):  # it has ended, which the next look finds
                os.write(self._word, self._environment[ANCHOR].encode())
        self._let_go()

    def _hear(self) -> bytes:
        try:
            return os.read(self._word, 1) if self._word is not None else b""
        except ConnectionResetError:
            return b""

    def _let_go(self) -> None:
        if self._word is not None:
            os.close(self._word)
            self._word = None

    def run(self) -> None:
        """Start, and come back when it has begun its work."""
        self.start()
        self.await_ready()
        self.release()

    def next_pause(self) -> float:
        """Seconds to wait before the next restart: longer each time, unless it ran well."""
        if time.monotonic() - self._started > _STABLE_AFTER:
            self._pause = _FIRST_PAUSE
        pause, self._pause = self._pause, min(2 * self._pause, _LONGEST_PAUSE)
        return pause

    def signal(self, number: int) -> None:
        """Send a signal, unless the process has ended."""
        if self._process and self.alive:
            self._process.send_signal(number)

    def stop(self, seconds: float = 10) -> None:
        """SIGTERM, and SIGKILL to its whole session when it takes too long."""
        if not self._process:
            return
        self._let_go()
        self.signal(signal.SIGTERM)
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End it and whatever it started at once."""
        if not self._process:
            return
        self._let_go()
        with contextlib.suppress(ProcessLookupError):  # it was faster
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def tail(self) -> str:
        """The last lines of its log."""
        lines = self._log.read_text(errors="replace").splitlines() if self._log.exists() else []
        return "\n".join(f"  | {line}" for line in lines[-_TAIL:])


def lives(pid: int) -> bool:
    """Whether there is a process of that number, whoever's it is."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
