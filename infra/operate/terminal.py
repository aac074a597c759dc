"""Standard streams as a shell gives them: closed, read by nobody any more, or of few letters."""

from __future__ import annotations

import io
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable


def run(main: Callable[[], int]) -> NoReturn:
    """The program, with the exit status that it gives: who reads it, and how far, changes none."""
    _settle()
    try:
        code = main()
    finally:
        flush(sys.stdout)
        flush(sys.stderr)
    sys.exit(code)


def _settle() -> None:
    """What was closed is empty, and what cannot be shown is replaced."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode))  # noqa: SIM115 - until the end
    for stream in (sys.stdin, sys.stdout):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def flush(stream: IO[Any]) -> None:
    """Now; at the very end Python would complain of a pipe that was closed."""
    try:
        stream.flush()
    except BrokenPipeError:
        unread(stream)


def unread(stream: IO[Any]) -> None:
    """Whoever read it has gone, as `head` does: the rest goes nowhere, and work goes on."""
    with suppress(OSError):  # it is no file
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
