"""What the operator sees: tables for people, one JSON object for programs, questions, progress."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Sized
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, TypeVar

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from infra.local.clock import VIETNAM
from infra.operate import terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

_T = TypeVar("_T")
OK, WRONG, MISUSED, UNREACHABLE = range(4)
_WIDTH: Final = 170  # columns where no terminal says
_SAY_EVERY: Final = 10  # seconds, where there is no terminal to draw a bar on
_TIME: Final = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$")


class UsageError(Exception):
    """The command cannot be carried out as it was given; the message says how it could be."""


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Who reads no further neither stops what is being done nor hears why."""
        self.quiet = True
        terminal.unread(self.file)


class Screen:
    """Results go to standard output, everything else to standard error."""

    def __init__(self, *, json: bool, yes: bool = False, quiet: bool = False) -> None:
        self._json = json
        self._yes = yes
        self._stdout = sys.stdout  # whatever else is printed while a command runs is not a result
        self._out = _Console(
            file=self._stdout, width=None if sys.stdout.isatty() else _WIDTH, highlight=False
        )
        self._aside = _Console(stderr=True, highlight=False, soft_wrap=True, quiet=quiet)
        self._wrote = False

    def result(self, data: Mapping[str, Any], *parts: Table | str) -> None:
        """Once per command: `data` for programs, or the parts for people."""
        if self._json:
            self._print(data)
            return
        for part in parts:
            self._out.print(part, markup=False) if isinstance(part, str) else self._out.print(part)

    def aside(self, line: str) -> None:
        """Something by the way."""
        self._aside.print(line, markup=False)

    def _print(self, data: Mapping[str, Any]) -> None:
        """In letters that everybody can read where the output has few."""
        few = "utf" not in (self._stdout.encoding or "utf-8").lower()
        try:
            self._stdout.write(json.dumps(data, ensure_ascii=few, indent=2) + "\n")
        except BrokenPipeError:
            terminal.unread(self._stdout)
        terminal.flush(self._stdout)

    def failed(self, why: str) -> None:
        """Why nothing came of it, and what to do."""
        if self._json:
            self._print({"error": why})
        self.aside(why)

    def confirm(self, question: str) -> None:
        """Before anything is changed. Raise UsageError unless it is wanted."""
        if self._yes:
            return
        if not sys.stdin.isatty():
            raise UsageError(f"{question} Nothing was changed: add --yes to do it.")
        if self._aside.input(f"{question} [y/N] ").strip().lower() not in {"y", "yes", "c", "có"}:
            raise UsageError("Nothing was changed.")

    @contextmanager
    def progress(self, what: str, total: int | None) -> Iterator[Callable[[], None]]:
        """A bar on a terminal, else a line now and then; call what it gives for each step."""
        if not self._aside.is_terminal:
            yield self._lines(what, total)
            return
        columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=self._aside, transient=True) as bar:
            task = bar.add_task(what, total=total)
            yield lambda: bar.advance(task)

    def over(self, work: Iterable[_T], what: str, total: int | None = None) -> Iterator[_T]:
        """The same, told as it goes by."""
        with self.progress(what, len(work) if isinstance(work, Sized) else total) as step:
            for each in work:
                yield each
                step()

    def _lines(self, what: str, total: int | None) -> Callable[[], None]:
        done, said = 0, time.monotonic()

        def step() -> None:
            nonlocal done, said
            done += 1
            if time.monotonic() - said > _SAY_EVERY:
                said = time.monotonic()
                self.aside(f"{what}: {done}" + (f"/{total}" if total is not None else ""))

        return step


def headed(title: str, *columns: str) -> Table:
    """Without rows yet."""
    made = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        header_style="dim",
        box=SIMPLE_HEAD,
        pad_edge=False,
    )
    for column in columns:
        made.add_column(column, overflow="fold")
    return made


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    """Rows as they come; times are shown as in Vietnam."""
    made = headed(title, *columns)
    for row in rows:
        made.add_row(*map(_cell, row))
    return made


def _cell(value: object) -> str:
    """Short, for people; programs get the JSON."""
    if value is None:
        return ""
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_cell(inner)}" for name, inner in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_cell, value))
    text = str(value)
    if _TIME.match(text):
        return f"{datetime.fromisoformat(text).astimezone(VIETNAM):%d/%m/%y %H:%M:%S}"
    return text
