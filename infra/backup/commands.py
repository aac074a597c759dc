"""What each command does; they answer a report, as plain data."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from chalicelib.adapters import schema
from chalicelib.bootstrap.exporting import backup_deps, policy
from chalicelib.config import SettingsError
from chalicelib.domain.backup import (
    BackupError,
    BrokenChainError,
    run_at,
    runs_to_restore,
)
from chalicelib.domain.event import stamp
from chalicelib.use_cases.export import State, export
from infra.backup import place, scratch
from infra.backup.restore import Restore
from infra.backup.staging import Staging
from infra.operate.audit import noted

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterable, Iterator

    from chalicelib.domain.backup import Manifest, Plan
    from infra.backup.reading import Chain, Vault
    from infra.operate.screen import Screen

Report = dict[str, Any]
_RETRY = 5.0  # seconds until a failed export of the table is begun again
_FAILED_TRIES = 3


def make(given: Namespace, screen: Screen) -> Report:
    """One run to its end, and after a long pause as many as it takes."""
    place.enter(running=True)
    rule = policy(nightly=given.nightly, full=given.full)
    reports, failures = [], 0
    while True:
        done = export(backup_deps(), rule, adopt=given.adopt, say=screen.aside)
        if done.state is State.UNFINISHED:
            failures += 1
            if failures == _FAILED_TRIES:
                raise BackupError("DynamoDB's export failed repeatedly: see its own messages above")
            time.sleep(_RETRY)
            continue
        if done.state is State.COMPLETE and done.manifest:
            reports.append(about(done.manifest))
            if done.manifest.plan.is_capped:
                continue
        return {"runs": reports, "newest": done.run}


def listed(given: Namespace, screen: Screen) -> Report:
    """All runs of the store."""
    found, chain = _chain(given, screen)
    return {
        "chain": chain.head.chain,
        "runs": [about(manifest) for manifest in chain.manifests],
        "begun": found.begun(),
    }


def verify(given: Namespace, screen: Screen) -> Report:
    """Signatures, chain, hashes; with `deep` every file and every dossier's events."""
    found, chain = _chain(given, screen)
    runs = _runs(chain, given)
    faults = found.faults(chain.manifests if given.all else runs, screen, deep=given.deep)
    report = {"run": runs[-1].plan.run, "runs": len(chain.manifests), "faults": faults}
    if given.deep and not faults:
        with _staged(found, runs, screen) as staging:
            report |= {"faults": staging.broken_dossiers(), "counts": staging.counts()}
    return report | {"last_until": stamp(chain.last.plan.until), "age_hours": _age(chain.last)}


def restore(given: Namespace, screen: Screen) -> Report:
    """Into an empty deployment; into one in use only what is missing there."""
    place.enter(running=True)
    target = place.target(os.environ)
    found, chain = _chain(given, screen)
    runs = _runs(chain, given)
    work = Restore(found, target, screen)
    work.check_target(runs[-1], overwrite=given.overwrite)
    screen.confirm(_question(work, runs[-1].plan))
    with _staged(found, runs, screen) as staging:
        _check_staged(staging, given, screen)
        work.check_beyond(staging, overwrite=given.overwrite)
        about = {"run": str(runs[-1].plan.run), "overwrite": str(given.overwrite)}
        with noted(target.table, place.who(given.stage), "restore", **about):
            return _restored(work, staging, runs[-1])


def drill(given: Namespace, screen: Screen) -> Report:
    """A restore into an emulator that is made for it and thrown away: nothing else is touched."""
    place.enter(running=False)
    found, chain = _chain(given, screen)
    runs = _runs(chain, given)
    began = time.monotonic()
    with _staged(found, runs, screen) as staging:
        check_broken(staging)
        with scratch.deployment() as target:
            report = _restored(Restore(found, target, screen), staging, runs[-1])
    return report | {"seconds": round(time.monotonic() - began, 1), "age_hours": _age(chain.last)}


def key(_given: Namespace, _screen: Screen) -> Report:
    """The public half of the deployment's signing key."""
    place.enter(running=False)
    return {"public_key": place.public_key().decode()}


# -- steps


def about(manifest: Manifest) -> Report:
    """One run in a line."""
    plan = manifest.plan
    return {
        "run": plan.run,
        "kind": plan.kind.value,
        "since": stamp(plan.since) if plan.since else None,
        "until": stamp(plan.until),
        "items": manifest.items,
        "deleted": manifest.deleted,
        "files": manifest.files,
        "missing": manifest.missing,
        "code": manifest.origin.code,
    }


def _chain(given: Namespace, screen: Screen) -> tuple[Vault, Chain]:
    place.enter(running=False)
    found = place.vault()
    chain = found.chain(place.public_keys(given.public_key), run=given.run, at=given.at)
    if chain.rest:
        screen.aside(f"! later runs are not to be trusted: {chain.rest}")
    check_expected(chain, given.expect_run or 0)
    return found, chain


def check_expected(chain: Chain, run: int) -> None:
    """Raise BrokenChainError for a chain that ends before a run which is known to have been."""
    if chain.head.run < run:
        raise BrokenChainError(
            f"run {run} was expected, and the store ends with run {chain.head.run}: the newest "
            "runs were removed"
        )


def _runs(chain: Chain, given: Namespace) -> list[Manifest]:
    """What leads to the run asked for, by number or by time; else to the newest."""
    run = chain.head.run if given.run is None else given.run
    if given.at:
        run = run_at(chain.manifests, given.at)
    found = runs_to_restore(chain.manifests, run)
    check_understood(found)
    return found


def check_understood(runs: Iterable[Manifest]) -> None:
    """Raise BackupError for items of a later schema than this version of the code reads."""
    latest = max(manifest.origin.schema for manifest in runs)
    if latest > schema.known():
        raise BackupError(
            f"the run holds items of schema {latest}, and this version reads up to "
            f"{schema.known()}: take the version that made it, or a later one"
        )


class _staged:  # noqa: N801 - used as a function, in a `with`
    """The record as of the last of these runs, in a folder that is removed at the end."""

    def __init__(self, vault: Vault, runs: list[Manifest], screen: Screen) -> None:
        self._vault, self._runs, self._screen = vault, runs, screen
        self._folder = TemporaryDirectory(prefix="motcua-restore-")
        self._staging = Staging(Path(self._folder.name) / "record.sqlite")

    def __enter__(self) -> Staging:
        try:
            self._staging.fill(self._vault, self._runs, self._screen)
        except BaseException:
            self.__exit__()
            raise
        return self._staging

    def __exit__(self, *_: object) -> None:
        self._staging.close()
        self._folder.cleanup()


def check_broken(staging: Staging) -> None:
    """Raise BrokenChainError where a dossier's events are not one chain."""
    if broken := staging.broken_dossiers():
        few = "; ".join(broken[:5])
        raise BrokenChainError(
            f"{len(broken)} dossiers are not whole ({few}): nothing was written. The export is "
            "signed, so they were broken in the deployment before; take an earlier run with --run"
        )


def _check_staged(staging: Staging, given: Namespace, screen: Screen) -> None:
    check_broken(staging)
    for each in staging.without_file():
        screen.aside(f"! a file was missing when the run was made: {each}")
    secret = place.secret_keys(os.environ)
    fits = staging.key_fits(secret) if secret else None
    if secret is None:
        screen.aside("! the deployment's key is not given (SECRET_KEY_FILE), so it was not checked")
    if fits is False and not given.other_key:
        raise SettingsError(
            "this deployment has another key than the one the record was made with: no receipt "
            "would open its dossier, no citizen find an earlier one, no agency call back. Put the "
            "copy of the key in its place (UPGRADING.md, Secrets), or say --other-key"
        )


def _question(work: Restore, plan: Plan) -> str:
    used = "It holds dossiers, which stay as they are. " if work.is_used else ""
    what = f"run {plan.run}, as of {stamp(plan.until)}"
    return f"{used}Restore {what}, into {work.target.table.name}?"


def _restored(work: Restore, staging: Staging, run: Manifest) -> Report:
    written = work.write(staging, run)
    faults = work.faults(staging)
    if not faults:
        work.finish(run)
    return {
        "run": run.plan.run,
        "until": stamp(run.plan.until),
        "counts": staging.counts(),
        "written": written,
        "without_file": list(_few(staging.without_file())),
        "faults": faults,
    }


def _few(told: list[str]) -> Iterator[str]:
    yield from told[:20]
    if len(told) > 20:  # noqa: PLR2004 - as above
        yield f"and {len(told) - 20} more"


def _age(manifest: Manifest) -> float:
    return round((datetime.now(UTC) - manifest.plan.until).total_seconds() / 3600, 1)
