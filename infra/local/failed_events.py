"""Events that no handler took, one JSON object a line: the pump adds, an operator takes out.

They are two processes, so each changes the file under a lock beside it. It is replaced whole: who
is stopped at any point leaves every event where it was, once.
"""

from __future__ import annotations

import fcntl
import json
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class FailedEvents:
    """Where events go that a handler would not take: never dropped in silence."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def add(self, source: str, event: dict[str, Any]) -> None:
        """Append the event and say so in the log."""
        line = json.dumps({"at": time.time(), "source": source, "event": event})
        print(f"GAVE UP on an event of {source}, see {self.file.name}: {line}", flush=True)
        with self._alone(), self.file.open("a") as file:
            file.write(line + "\n")

    def lines(self) -> list[bytes]:
        """As they are: whoever was killed while writing may have left half a line."""
        content = self.file.read_bytes() if self.file.exists() else b""
        return [line for line in content.split(b"\n") if line.strip()]

    def remove(self, line: bytes) -> None:
        """Once, however often it is there."""
        with self._alone():
            left = self.lines()
            if line in left:
                left.remove(line)
            new = self.file.with_suffix(".new")
            new.write_bytes(b"".join(each + b"\n" for each in left))
            new.replace(self.file)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Nobody else changes it; the lock ends with whoever holds it, killed or not."""
        with self.file.with_suffix(".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
