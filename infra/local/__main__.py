"""`python -m infra.local run`: the whole system on this machine, with one command."""

from __future__ import annotations

import argparse
import os
import sys

from infra.local import clock, report, supervisor
from infra.local.ports import PortTakenError
from infra.local.process import ChildFailedError

_ENVIRONMENT = """\
environment:
  PORT          port of the site on 127.0.0.1 (default 8000)
  SPEED         service seconds per real second (default 1)
  START         service time at the first start, ISO 8601 (default: now)
  MOTCUA_HOME   folder of all state (default .local); remove it to start afresh
"""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m infra.local",
        description="MotCua's local cloud: API, pages, workflow and data on this machine.",
        epilog=_ENVIRONMENT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="start everything; Ctrl-C saves and ends")
    run.add_argument("--port", type=int, default=int(os.environ.get("PORT", "8000")))
    run.add_argument("--speed", default=os.environ.get("SPEED"), help="service seconds per second")
    run.add_argument("--start", default=os.environ.get("START"), help="ISO 8601, first start only")
    return parser


def main() -> int:
    """Exit status: 0 ended on request, 1 could not start, 2 wrong use or port taken."""
    arguments = _parser().parse_args()
    try:
        speed, start = clock.parse_speed(arguments.speed), clock.parse_start(arguments.start)
    except ValueError as error:
        report.complain(f"SPEED or START: {error}")
        return 2
    try:
        supervisor.run(arguments.port, speed, start)
    except (PortTakenError, supervisor.AlreadyRunningError) as error:
        report.complain(str(error))
        return 2
    except ChildFailedError as error:
        report.complain(f"\n{error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
