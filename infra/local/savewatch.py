"""Tells the person at the terminal when nothing is saved any more.

The data plane goes on serving while its saves fail, so this is the only way to notice
before it is too late. Ages are counted on the monotonic clock: a laptop that slept an
hour has not failed to save for an hour.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

PATIENCE = 15.0  # seconds; six saves


class SaveWatch:
    """Looks at the save mark again and again; each outage is told once."""

    def __init__(self, mark: Path, log: Path, patience: float = PATIENCE) -> None:
        self._mark = mark
        self._log = log
        self._patience = patience
        self.begin()

    def begin(self) -> None:
        """Count from now: the data plane has just started, or is about to."""
        self._seen = self._moment()
        self._since = time.monotonic()
        self._told = False

    def news(self) -> str | None:
        """A sentence to print, when an outage has lasted long enough or has ended."""
        now = self._moment()
        if now != self._seen:
            told = self._told
            self.begin()
            return "  ✓ saving works again" if told else None
        if self._told or time.monotonic() - self._since < self._patience:
            return None
        self._told = True
        since = f"since {self._last()}" if self._seen else "yet"
        return f"  ! nothing is saved {since}: is the disk full? See {self._log}"

    def lost(self) -> str:
        """The sentence for an end that saved nothing."""
        last = f"the last save was at {self._last()}" if self._moment() else "nothing ever was"
        return f"  NOT SAVED: {last}, see {self._log}"

    def _last(self) -> str:
        moment = datetime.fromtimestamp(self._moment() or 0, UTC)
        return f"{moment.astimezone():%Y-%m-%d %H:%M:%S}"

    def _moment(self) -> float | None:
        try:
            return self._mark.stat().st_mtime
        except OSError:
            return None
