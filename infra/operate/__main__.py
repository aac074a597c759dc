"""`python -m infra.operate`: see how a stage is, find what stands still, and set it going again."""

from __future__ import annotations

import contextlib
import io
import logging
import sys
from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.adapters.schema import NewerSchemaError
from chalicelib.config import SettingsError
from chalicelib.domain.errors import Error, NotFoundError
from chalicelib.watch import logger
from infra.operate import commands, target, terminal
from infra.operate.screen import MISUSED, UNREACHABLE, WRONG, Screen, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

_SIGN_IN = "Are you signed in (AWS_PROFILE, `aws sso login`), for the right account and region?"
_RIGHTS = "Your role lacks a right; docs/operate-commands.md lists what each command needs."


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status: 0 all well, 1 something is wrong, 2 wrong use, 3 not reachable."""
    given = commands.parser().parse_args(arguments)
    screen = Screen(json=given.json, yes=given.yes)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            return int(given.run(given, target.find(given.stage), screen))
    except (*_MEANING, KeyboardInterrupt) as error:
        code, why = _explained(error)
        screen.failed(why)
        return code


_MEANING: Final = (
    UsageError,
    Error,
    NewerSchemaError,
    ClientError,
    BotoCoreError,
    SettingsError,
    target.UnreachableError,
)


def _hush() -> None:
    """What functions tell CloudWatch is not for a terminal: of lines warnings only, no metrics."""
    logger.setLevel(logging.WARNING)
    for handler in logger.handlers:
        if isinstance(handler, logging.StreamHandler):
            handler.setStream(sys.stderr)


def _explained(error: BaseException) -> tuple[int, str]:
    """Exit status, and what to tell."""
    match error:
        case UsageError():
            found = MISUSED, str(error)
        case NotFoundError():
            found = WRONG, "There is no such dossier in this stage. Check each letter of the code."
        case Error() | NewerSchemaError():
            found = WRONG, f"The record refuses: {error}"
        case KeyboardInterrupt():
            found = WRONG, "Stopped. What was begun is safe to do again."
        case ClientError():
            code = error.response["Error"]["Code"]
            denied = "Denied" in code or "Unauthorized" in code
            found = UNREACHABLE, f"{error} {_RIGHTS if denied else _SIGN_IN}"
        case BotoCoreError():
            found = UNREACHABLE, f"{error} {_SIGN_IN}"
        case _:
            found = UNREACHABLE, str(error)
    return found


if __name__ == "__main__":
    _hush()
    terminal.run(main)
