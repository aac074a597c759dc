"""`python -m infra.local run`: the whole system on this machine, with one command."""

from __future__ import annotations

import argparse
import os
import signal
import sys

if __name__ == "__main__":
    # Before anything is started there is nothing to end in order: no traceback either.
    signal.signal(signal.SIGINT, signal.SIG_DFL)

from infra.local import clock, report, supervisor
from infra.local.ports import PortTakenError
from infra.local.process import ChildFailedError
from infra.local.settings import HomeError

_ENVIRONMENT = """\
environment:
  PORT          port of the site on 127.0.0.1 (default 8000)
  SPEED         service seconds per real second: 3600 passes an hour each second (default 1)
  START         business time to begin at, read on a fresh home only (default now); ISO 8601,
                without a zone it is Vietnam's, such as 2026-12-01T08:00
  MOTCUA_HOME   folder of all state (default .local); remove it to start afresh

files in $MOTCUA_HOME:
  cloud.json           addresses and process ids while it runs
  logs/                one log for each process
  failed-events.jsonl  events that no handler took
"""

_REFUSALS = (
    PortTakenError,
    HomeError,
    clock.UnreadableClockError,
    supervisor.AlreadyRunningError,
)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m infra.local",
        description="MotCua's local cloud: API, pages, workflow and data on this machine.",
        epilog=_ENVIRONMENT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser(
        "run",
        help="start everything; Ctrl-C saves and ends",
        description="Starts everything in the foreground; Ctrl-C saves and ends.",
        epilog=_ENVIRONMENT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    known = os.environ
    run.add_argument("--port", type=port, default=known.get("PORT") or "8000", help="see PORT")
    run.add_argument("--speed", default=known.get("SPEED"), help="see SPEED")
    run.add_argument("--start", default=known.get("START"), help="see START")
    return parser


def port(text: str) -> int:
    """A port from the command line. Raises what argparse turns into its own message."""
    number = int(text)
    if not 0 < number < 1 << 16:
        raise argparse.ArgumentTypeError(f"PORT must be between 1 and 65535, not {text}")
    return number


def main() -> int:
    """Exit status: 0 ended on request, 1 could not start or save, 2 wrong use or port taken."""
    arguments = _parser().parse_args()
    try:
        speed, start = clock.parse_speed(arguments.speed), clock.parse_start(arguments.start)
    except ValueError as error:
        report.complain(str(error))
        return 2
    try:
        saved = supervisor.run(arguments.port, speed, start)
    except _REFUSALS as error:
        report.complain(str(error))
        return 2
    except ChildFailedError as error:
        report.complain(f"\n{error}")
        return 1
    return 0 if saved else 1


if __name__ == "__main__":
    sys.exit(main())
