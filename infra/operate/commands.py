"""The command line: each command with its help and an example."""

from __future__ import annotations

import argparse
import os
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from infra.operate import agencies, audit, find, redrive, replay, show, status, verify
from infra.operate.screen import OK, Screen, table

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.operate.target import Target

    Run = Callable[[argparse.Namespace, Target, Screen], int]

CODE: Final = "H15.50.05.13-261008-0975"
_EPILOG: Final = """\
where it works:
  --stage local      the local cloud that runs in $MOTCUA_HOME (default .local)
  --stage STAGE      a stage in AWS: credentials and region from the environment

exit status: 0 all well, 1 something is wrong or was not found, 2 wrong use, 3 not reachable

No output has personal data, except of `show --personal` and `find --owner`, which are logged.
"""


def parser() -> argparse.ArgumentParser:
    """Of the whole program."""
    made = argparse.ArgumentParser(
        prog="python -m infra.operate",
        description="See how a stage is, find what stands still, and set it going again.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = made.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _reading(commands)
    _dossiers(commands)
    _replay(commands)
    _agencies(commands)
    return made


def _reading(commands: Any) -> None:
    _command(commands, "status", status.run, "how the stage is, and what is in force", "status")
    found = _command(
        commands, "find", find.run, "which dossier is meant", f"find {CODE}", "find --owner"
    )
    found.add_argument("code", nargs="?", metavar="CODE", help="the dossier code on the receipt")
    found.add_argument("--link", metavar="URL", help="the tracking link on the receipt")
    found.add_argument(
        "--owner",
        action="store_true",
        help="by a person's or organisation's number, asked for or read from standard input",
    )
    shown = _command(
        commands,
        "show",
        show.run,
        "a dossier's timeline, legs, messages and execution",
        f"show {CODE} --execution",
    )
    shown.add_argument("code", metavar="CODE")
    shown.add_argument("--execution", action="store_true", help="the execution's history, too")
    shown.add_argument(
        "--personal", action="store_true", help="the form and people's words, too; this is logged"
    )
    log = _command(commands, "log", _log, "what operators did", "log --month 2026-10")
    log.add_argument(
        "--month", type=_month, default=audit.this_month(), help="default: %(default)s"
    )


def _dossiers(commands: Any) -> None:
    checked = _command(
        commands, "verify", verify.run, "do records hold together", f"verify {CODE}", "verify --all"
    )
    checked.add_argument("codes", nargs="*", metavar="CODE")
    checked.add_argument("--open", action="store_true", help="all that have not ended")
    checked.add_argument("--all", action="store_true", help="every dossier there ever was")
    checked.add_argument(
        "--strict", action="store_true", help="clocks that do not fit today's calendar are wrong"
    )
    driven = _command(
        commands,
        "redrive",
        redrive.redrive,
        "let an execution lead a dossier again",
        f"redrive {CODE} --yes",
    )
    driven.add_argument("codes", nargs="+", metavar="CODE")
    driven.add_argument(
        "--new", action="store_true", help="start the next generation even if one runs"
    )
    again = _command(
        commands,
        "reconcile",
        redrive.reconcile,
        "do now what the schedule does every few minutes",
        "reconcile --all --yes",
    )
    again.add_argument("--all", action="store_true", help="look at everything that is open")


def _replay(commands: Any) -> None:
    what = commands.add_parser("replay", help="try anew what was given up").add_subparsers(
        dest="what", required=True, metavar="WHAT"
    )
    sent = _command(
        what,
        "messages",
        replay.messages,
        "messages to agencies that were given up",
        f"replay messages {CODE} --yes",
        "replay messages --agency G12.H15.01 --yes",
    )
    sent.add_argument("codes", nargs="*", metavar="CODE", help="of these dossiers")
    sent.add_argument("--agency", type=_agency, metavar="AGENCY", help="all of one agency")
    sent.add_argument("--all", action="store_true", help="all of the stage")
    sent.add_argument(
        "--delivered", action="store_true", help="those that were delivered, too: it lost them"
    )
    dead = _command(
        what,
        "dead-letters",
        replay.dead_letters,
        "events that functions would not take",
        "replay dead-letters --list",
    )
    dead.add_argument("--list", action="store_true", help="only say what there is")
    dead.add_argument("--limit", type=_positive, default=1000, help="default: %(default)s")


def _agencies(commands: Any) -> None:
    held = _command(
        commands,
        "pause",
        agencies.pause,
        "hold back all messages to an agency",
        'pause G12.H15.01 --reason "maintenance until Monday" --yes',
    )
    held.add_argument("agency", type=_agency, metavar="AGENCY", help="its code")
    held.add_argument("--reason", required=True, help="shown in the status; nothing personal")
    freed = _command(
        commands,
        "resume",
        agencies.resume,
        "send them again, and what has waited",
        "resume G12.H15.01 --yes",
    )
    freed.add_argument("agency", type=_agency, metavar="AGENCY", help="its code")
    freed.add_argument(
        "--no-wait", dest="wait", action="store_false", help="what has waited goes out by itself"
    )


def _command(commands: Any, name: str, run: Run, what: str, *examples: str) -> Any:
    """With what every command takes."""
    lines = "\n".join(f"  python -m infra.operate {example}" for example in examples)
    made = commands.add_parser(
        name,
        help=what,
        description=what[0].upper() + what[1:] + ".",
        epilog=f"example:\n{lines}\n\n{_EPILOG}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument(
        "--stage", default=os.environ.get("STAGE") or "local", help="default: $STAGE, or local"
    )
    made.add_argument("--json", action="store_true", help="one JSON object on standard output")
    made.add_argument("--yes", action="store_true", help="do not ask before changing anything")
    made.set_defaults(run=run)
    return made


def _agency(text: str) -> str:
    return text.strip().upper()


def _month(text: str) -> str:
    try:
        return f"{datetime.strptime(text.strip(), '%Y-%m'):%Y-%m}"  # noqa: DTZ007 - no moment
    except ValueError:
        raise argparse.ArgumentTypeError("a month is like 2026-10") from None


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


def _log(given: argparse.Namespace, _target: Target, screen: Screen) -> int:
    found = audit.lines(given.month)
    rows = [[*each.values()] for each in found]
    shown = table("Thao tác · By operators", list(found[0]) if found else [], rows)
    screen.result({"lines": found}, shown if found else f"Nothing in {given.month}.")
    return OK
