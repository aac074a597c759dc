"""`python -m infra.backup`: export the record to the province's own store, and bring it back."""

from __future__ import annotations

import argparse
import os
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.config import SettingsError
from chalicelib.domain.backup import BackupError
from infra.backup import commands, place, text
from infra.local.clock import VIETNAM
from infra.operate import terminal
from infra.operate.screen import Screen, UsageError
from infra.operate.target import UnreachableError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_EPILOG = """\
environment (docs/operate-backup.md has them all; with --stage, what is not set is read from the
stage's functions):
  EXPORT_ENDPOINT     https address of the province's store, any that speaks S3
  EXPORT_BUCKET       bucket there
  EXPORT_SECRET       its credentials: name of a secret of Secrets Manager, or
  EXPORT_SECRET_FILE  a file with {"access_key_id": …, "secret_access_key": …}
  EXPORT_PUBLIC_KEY   file of the public key the province keeps (also --public-key)
  EXPORT_KEY          key of KMS that signs (export and key only)
  STAGE, RECORD_TABLE, FILE_BUCKET, CHANGES_BUCKET   the deployment (export and restore)
  SECRET_KEY_FILE     the deployment's key, to be compared (restore), or
  SECRET_KEY_NAME     name of its secret

where neither names a stage, the local cloud of MOTCUA_HOME is meant, and the stand-in store of
`python -m infra.local.store`; then nothing of this has to be set.

exit status: 0 done, 1 something is missing, changed or refused, 2 wrong use
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status as in the epilog of --help."""
    given = _parser().parse_args(arguments)
    screen = Screen(json=given.json, yes=getattr(given, "yes", False), quiet=given.quiet)
    try:
        if given.stage:
            place.ask(given.stage)
        report = given.act(given, screen)
    except (SettingsError, UnreachableError, UsageError) as error:
        return _refused(str(error), 2)
    except BackupError as error:
        return _refused(str(error), 1)
    except KeyboardInterrupt:
        return _refused("Stopped. What was done is kept: the same command goes on with it", 1)
    except (ClientError, BotoCoreError) as error:
        return _refused(f"{error}. What was done is kept: the same command goes on with it", 1)
    screen.result(report, *text.told(given.command, report))
    return 1 if report.get("faults") else 0


def _refused(why: str, status: int) -> int:
    print(f"\n{why}.".replace("..", "."), file=sys.stderr)
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m infra.backup",
        description="The province's own copy of the record: export it, check it, restore it.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    found = parser.add_subparsers(dest="command", required=True)
    make = _command(found, "export", commands.make, "make a run now, or go on with one")
    make.add_argument("--full", action="store_true", help="the whole record, not only changes")
    make.add_argument("--nightly", action="store_true", help="only if the last is six hours old")
    make.add_argument("--adopt", action="store_true", help="go on with another deployment's runs")
    _reading(_command(found, "list", commands.listed, "show the runs in the store"))
    check = _command(found, "verify", commands.verify, "check signatures, chain and hashes")
    _reading(check)
    check.add_argument("--deep", action="store_true", help="read every file and every event, too")
    check.add_argument("--all", action="store_true", help="objects of all runs, not only of this")
    back = _command(found, "restore", commands.restore, "write a run into a deployment")
    _reading(back)
    back.add_argument(
        "--overwrite", action="store_true", help="even if it holds dossiers: what is missing there"
    )
    back.add_argument("--yes", action="store_true", help="do not ask before anything is written")
    back.add_argument("--other-key", action="store_true", help="even if its key is another")
    _reading(_command(found, "drill", commands.drill, "restore into an emulator, look, throw away"))
    _command(found, "key", commands.key, "print the public key, for the province to keep")
    return parser


def _command(
    found: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    act: Callable[[argparse.Namespace, Screen], commands.Report],
    about: str,
) -> argparse.ArgumentParser:
    made = found.add_parser(
        name,
        help=about,
        description=(act.__doc__ or "").strip(),
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("--stage", help="a stage in AWS, whose functions know the settings")
    made.add_argument("--json", action="store_true", help="the report as one JSON object")
    made.add_argument("--quiet", action="store_true", help="no progress on standard error")
    made.set_defaults(act=act)
    return made


def _reading(parser: argparse.ArgumentParser) -> None:
    known = os.environ.get("EXPORT_PUBLIC_KEY")
    parser.add_argument(
        "--public-key",
        type=Path,
        action="append",
        metavar="FILE",
        default=[Path(known)] if known else [],
        help="believe what this key signed; may be repeated",
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--run", type=_number, metavar="N", help="as of this run (default: the newest)"
    )
    which.add_argument("--at", type=_moment, metavar="TIME", help="as of the last run until then")
    parser.add_argument(
        "--expect-run", type=int, metavar="N", help="refuse a store that ends before this run"
    )


def _number(given: str) -> int:
    """Of a run: they begin with 1."""
    if (found := int(given)) < 1:
        raise ValueError(given)
    return found


def _moment(given: str) -> datetime:
    """ISO 8601; without a zone it is Vietnam's."""
    found = datetime.fromisoformat(given)
    return found if found.tzinfo else found.replace(tzinfo=VIETNAM)


if __name__ == "__main__":
    terminal.run(main)
