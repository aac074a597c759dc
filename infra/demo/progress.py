"""Live progress: a table that renews itself on a terminal, one line for each step elsewhere."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Self

from rich.live import Live
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from rich.console import Console

    from infra.demo.clock import Clock

_A_SECOND = 4  # renewals


class Progress:
    """What each story is doing now; use it as a context."""

    def __init__(self, console: Console, clock: Clock, titles: Sequence[str]) -> None:
        self._console, self._clock = console, clock
        self._titles = titles
        self._now = [""] * len(titles)
        self._lock = threading.Lock()
        self._live = (
            Live(console=console, get_renderable=self._render, refresh_per_second=_A_SECOND)
            if console.is_terminal
            else None
        )

    def __enter__(self) -> Self:
        if self._live:
            self._live.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live:
            self._live.__exit__(kind, error, trace)

    def say(self, story: int, text: str) -> None:
        """A step of the story with that index; called from its own thread."""
        with self._lock:
            at = f"{self._clock.now():%a %d/%m %H:%M}"
            self._now[story] = f"{at}  {text}"
            if not self._live:
                number = self._titles[story].partition(" ")[0]
                self._console.print(f"{at}  {number}  {text}", highlight=False)

    def _render(self) -> Table:
        table = Table(title=f"{self._clock.now():%A %d/%m/%Y %H:%M} (UTC+7)", title_justify="left")
        for column in ("Câu chuyện · Story", "Bước gần nhất · Latest step"):
            table.add_column(column)
        for title, now in zip(self._titles, self._now, strict=True):
            table.add_row(title, now)
        return table
