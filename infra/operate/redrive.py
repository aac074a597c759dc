"""`redrive` and `reconcile`: executions follow the record again, by the stage's own functions.

Here it is only seen what is needed: nothing but those functions writes the record.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalicelib import bootstrap
from chalicelib.adapters import table_keys as keys
from chalicelib.domain.errors import NotFoundError
from chalicelib.domain.ids import DossierCode
from infra.operate import reading
from infra.operate.audit import audited
from infra.operate.screen import OK, WRONG, Screen, table
from infra.operate.target import UnreachableError

if TYPE_CHECKING:
    import argparse

    from chalicelib.domain.dossier import Dossier
    from infra.operate.target import Target

Json = dict[str, Any]


def redrive(given: argparse.Namespace, target: Target, screen: Screen) -> int:
    """0 all are led again, 1 one could not be."""
    codes = list(dict.fromkeys(DossierCode(code.strip().upper()) for code in given.codes))
    how = "Start a new generation for" if given.new else "See to the executions of"
    screen.confirm(f"{how} {len(codes)} dossiers?")
    done = []
    with screen.progress("Hồ sơ · Dossiers", len(codes)) as step:
        for code in codes:
            done.append(_tried(code, target, new=given.new))
            step()
    rows = [[*each.values()] for each in done]
    screen.result({"dossiers": done}, table("Hồ sơ · Dossiers", list(done[0]), rows))
    return OK if all(each["generation"] for each in done) else WRONG


def _tried(code: DossierCode, target: Target, *, new: bool) -> Json:
    """One must not keep the others waiting; but nothing is done that the log does not take."""
    logged = False
    try:
        with audited(target, "redrive", dossier=code, new=str(new)):
            logged = True
            return _redriven(code, target, new=new)
    except Exception as error:
        if not logged:
            raise
        return _not_done(code, f"failed: {type(error).__name__}: {error}")


def _not_done(code: DossierCode, why: str) -> Json:
    return {"code": code, "did": why, "generation": None, "running": False}


def _redriven(code: DossierCode, target: Target, *, new: bool) -> Json:
    try:
        before = reading.dossier(code)
    except NotFoundError:
        return _not_done(code, "not found")
    if before.is_closed:
        did = "has ended: nothing to do"
    elif new:
        _succeed(before, target)
        did = "started a new generation"
    else:
        did = "started a successor" if _led(before, target) else "woke it"
    generation = reading.dossier(code).generation
    running = bootstrap.deps().workflow.is_running(code, generation)
    return {"code": code, "did": did, "generation": generation, "running": running}


def _led(dossier: Dossier, target: Target) -> bool:
    """See that an execution leads it, and that it has followed; True if one was started."""
    if not bootstrap.deps().workflow.is_running(dossier.code, dossier.generation):
        _succeed(dossier, target)
        return True
    if dossier.wake_at is not None and dossier.wake_at <= dossier.ctx.now:
        target.call("wake", _asked(dossier))  # its timer is lost
    changed = {"PK": {"S": keys.dossier(dossier.code)}, "SK": {"S": keys.CASE}}
    record = {"eventName": "MODIFY", "dynamodb": {"Keys": changed, "SequenceNumber": "1"}}
    if target.call("on_change", {"Records": [record]})["batchItemFailures"]:
        raise UnreachableError(f"{target.name('on_change')} failed. Its log group says more.")
    return False


def _succeed(dossier: Dossier, target: Target) -> None:
    """Its next generation, unless somebody has claimed that."""
    target.call("rollover", _asked(dossier))


def _asked(dossier: Dossier) -> Json:
    return {"dossier_id": dossier.code, "generation": dossier.generation}


def reconcile(given: argparse.Namespace, target: Target, screen: Screen) -> int:
    """0 done, 1 something could not be repaired."""
    what = "Look at everything that is open" if given.all else "Do what is overdue"
    screen.confirm(f"{what}, as the schedule does?")
    with audited(target, "reconcile", all=str(given.all)):
        looked, started, failed = everything(target, screen) if given.all else (0, 0, [])
        answer = dict(target.call("reconcile", {}))
    screen.result(
        {"due": answer, "looked_at": looked, "started": started, "could_not": failed},
        f"{looked} open dossiers looked at, {started} executions started" if given.all else "",
        f"{answer['seen']} were due: {answer['restarted']} executions started, "
        f"{answer['delivered']} messages sent, {answer['failed']} failed",
        *(f"  ✗ {code}: {why}" for code, why in failed),
    )
    return WRONG if answer["failed"] or failed else OK


def everything(target: Target, screen: Screen) -> tuple[int, int, list[tuple[str, str]]]:
    """Every open dossier, from here: one function would run out of time and begin anew.

    How many were looked at, how many executions started, what could not be repaired and why.
    """
    failed: list[tuple[str, str]] = []
    looked = started = 0
    with screen.progress("Hồ sơ · Dossiers", None) as step:
        for code in reading.open_dossiers():
            looked += 1
            try:
                dossier = reading.dossier(code)
                started += not dossier.is_closed and _led(dossier, target)
            except Exception as error:  # noqa: BLE001 - one must not keep the others waiting
                failed.append((str(code), repr(error)))
            step()
    return looked, started, failed
