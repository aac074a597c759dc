"""`python -m infra.deploy`: plan, deploy, roll back, destroy a stage."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
from dataclasses import asdict
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from infra.deploy.account import QuotaError
from infra.deploy.deployment import CatalogueError, Deployment
from infra.deploy.functions import FunctionsError
from infra.deploy.lock import LockedError, held, unlock
from infra.deploy.package import PackageError
from infra.deploy.pages import PublishError
from infra.deploy.releases import Release, ReleaseError
from infra.deploy.stacks import StackError
from infra.deploy.stages import StageError, load
from infra.deploy.versions import ShiftError
from infra.templates import TemplateError

if TYPE_CHECKING:
    from collections.abc import Sequence

_EPILOG = """\
The account is that of your AWS credentials (AWS_PROFILE, or whatever else boto3 finds); the stages
are in infra/deploy/stages.yaml.

  python -m infra.deploy plan staging        what would change
  python -m infra.deploy deploy staging      make it so; safe to repeat
  python -m infra.deploy releases staging    what was deployed, newest last
  python -m infra.deploy rollback staging    the release before: code, settings, workflow, pages
  python -m infra.deploy destroy dev --yes   everything but the data, which stays
  python -m infra.deploy unlock dev --yes    after a deployment whose process is gone

exit status: 0 done (plan: nothing to change), 1 refused or failed, 2 wrong use, 3 plan: changes
"""
CHANGES = 3
FAILURES = (
    BotoCoreError,
    CatalogueError,
    ClientError,
    FunctionsError,
    LockedError,
    PackageError,
    PublishError,
    QuotaError,
    ReleaseError,
    ShiftError,
    StackError,
    TemplateError,
    ValueError,  # a file of ours that is not what it should be
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status as in the epilog of --help."""
    given = _parser().parse_args(arguments)
    began = time.monotonic()

    def say(line: str) -> None:
        stream = sys.stderr if given.json else sys.stdout
        print(f"{time.monotonic() - began:6.1f} s  {line}", file=stream, flush=True)

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what must be put back, is
    try:
        deployment = Deployment(load(given.stage), say)
        return _COMMANDS[given.command](deployment, given)
    except StageError as wrong:
        print(wrong, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nCut short. Run the same command again: it goes on.", file=sys.stderr)
        return 1
    except FAILURES as failed:
        print(f"\n{failed}\n{_advice(failed)}", file=sys.stderr)
        return 1


def _plan(deployment: Deployment, given: argparse.Namespace) -> int:
    plan = deployment.plan()
    if given.json:
        print(json.dumps(plan.changes, indent=2))
        return CHANGES if not plan.is_empty else 0
    for name, lines in plan.changes.items():
        print(f"{name}: {'no change' if not lines else ''}")
        for line in lines:
            print(f"  {line}")
    return CHANGES if not plan.is_empty else 0


def _deploy(deployment: Deployment, given: argparse.Namespace) -> int:
    deployment.deploy()
    if given.json:
        print(json.dumps({"address": deployment.address(), **deployment.outputs()}, indent=2))
    else:
        print(f"\n  {deployment.address()}\n")
    return 0


def _releases(deployment: Deployment, given: argparse.Namespace) -> int:
    known = deployment.releases.all()
    if given.json:
        print(json.dumps([asdict(release) for release in known], indent=2))
        return 0
    for release in known:
        back = f"  (went back to {release.of})" if release.of else ""
        what = f"code {release.parts['code']}" if release.parts else "destroyed"
        print(f"{release.name}  {what}{back}{_state(release)}")
    if not known:
        print("Nothing was deployed yet.")
    elif known[-1].whole:
        print("The last one is live.")
    else:
        print("NOT live as a whole: `deploy` again finishes it, `rollback` goes back.")
    return 0


def _state(release: Release) -> str:
    return "" if release.whole or not release.parts else "  (did not come about as a whole)"


def _roll_back(deployment: Deployment, given: argparse.Namespace) -> int:
    release = deployment.roll_back(given.to)
    _tell(
        given,
        f"Back at {release.name}. Deploying again brings the files here forward again.",
        release=release.name,
    )
    return 0


def _tell(given: argparse.Namespace, sentence: str, **facts: object) -> None:
    """The facts to a program, the sentence to a person."""
    print(json.dumps(facts, indent=2) if given.json else sentence)


def _destroy(deployment: Deployment, given: argparse.Namespace) -> int:
    if not given.yes:
        print(
            f"This ends the service of {given.stage} in account {deployment.account.id}: "
            "functions, workflow, pages, alarms. Tables, files, slips, accounts and keys stay. If "
            "that is meant, add --yes.",
            file=sys.stderr,
        )
        return 2
    deployment.destroy()
    _tell(given, "The data stays. `deploy` brings the service back around it.", destroyed=True)
    return 0


def _unlock(deployment: Deployment, given: argparse.Namespace) -> int:
    where = deployment.stage.region, deployment.stage.stem
    if not (note := held(*where)):
        _tell(given, "Nobody is at it.", unlocked=None)
        return 0
    said = f"{note['who']}, {note['what']}, since {note['since']}, on {note['where']}"
    if not given.yes:
        print(f"{said}: if that process is gone, add --yes.", file=sys.stderr)
        return 2
    unlock(*where)
    _tell(given, f"No longer: {said}.", unlocked=note)
    return 0


def _advice(failed: Exception) -> str:
    text = str(failed)
    if isinstance(failed, ReleaseError):
        return "`python -m infra.deploy releases STAGE` shows what there is."
    if any(each in text for each in ("Unable to locate credentials", "Expired", "SSO", "profile")):
        return "Sign in to the account first (aws sso login, or set AWS_PROFILE)."
    if "AccessDenied" in text or "not authorized" in text:
        return "Your role may not do that: docs/operate.md lists what a deployment needs."
    if isinstance(failed, LockedError):
        return "Nothing was changed."
    return "Nothing is half done for good: mend that and run the same command again."


_COMMANDS = {
    "plan": _plan,
    "deploy": _deploy,
    "releases": _releases,
    "rollback": _roll_back,
    "destroy": _destroy,
    "unlock": _unlock,
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m infra.deploy",
        description="Brings a stage to what the files here say.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    helps = {
        "plan": "what would change; changes nothing",
        "deploy": "make it so",
        "releases": "what was deployed",
        "rollback": "an earlier release: code, settings, permissions, workflow, pages; data stays",
        "destroy": "end the service; the data stays",
        "unlock": "let others at it, after a process that is gone",
    }
    for name, text in helps.items():
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument("stage", help="a stage of infra/deploy/stages.yaml")
        command.add_argument("--json", action="store_true", help="for programs")
        if name == "rollback":
            command.add_argument(
                "--to", metavar="RELEASE", help="this one (default: the one before what runs)"
            )
        if name in {"destroy", "unlock"}:
            command.add_argument("--yes", action="store_true", help="yes, that is meant")
    return parser


if __name__ == "__main__":
    sys.exit(main())
