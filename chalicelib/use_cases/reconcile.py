"""Whatever should have happened by now and has not: do it. Killed anywhere, nothing is lost."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from chalicelib.domain.errors import Error
from chalicelib.domain.ids import DeliveryId, DossierCode
from chalicelib.ports import Deps, LateTokenError
from chalicelib.use_cases.changing import context
from chalicelib.use_cases.deliver import deliver
from chalicelib.use_cases.escalate import escalate
from chalicelib.use_cases.lead import look
from chalicelib.use_cases.roll_over import roll_over

SHARDS: Final = 8
GRACE: Final = timedelta(minutes=5)  # what the ordinary way may take before this one steps in


@dataclass(slots=True)
class Repaired:
    """What one pass found: looked at, milestones claimed late, executions started anew, failed."""

    seen: int = 0
    restarted: int = 0
    delivered: int = 0
    failed: int = 0


def reconcile(deps: Deps, *, everything: bool = False, spare: Callable[[], bool] = lambda: True) -> Repaired:
    """One pass over the open index; `everything` looks at all that is open, due or not.

    `spare` says whether there is time for one more; the next pass goes on where this one stopped.
    """
    done = Repaired()
    now = deps.clock.now()
    for shard in range(SHARDS):
        for key in deps.records.overdue_for_waking(None if everything else now, shard):
            if not spare():
                return done
            _repair(key, done, deps, everything=everything)
    return done


def _repair(key: str, done: Repaired, deps: Deps, *, everything: bool) -> None:
    kind, _, name = key.partition("#")
    done.seen += 1
    try:
        if kind == "DEL":
            done.delivered += deliver(DeliveryId(name), deps)
        else:
            done.restarted += revive(DossierCode(name), deps, everything=everything)
    except (Error, LateTokenError):
        done.failed += 1


def revive(code: DossierCode, deps: Deps, *, everything: bool = False) -> bool:
    """Claim what has passed and make sure an execution leads the dossier; True if one was started."""
    dossier = deps.records.load(code, context(deps))
    if dossier.is_closed:
        return False
    overdue = dossier.wake_at is not None and dossier.wake_at <= dossier.ctx.now - GRACE
    if not (overdue or everything):
        return False
    if overdue:
        escalate(code, dossier.generation, deps)
    if deps.workflow.is_running(code, dossier.generation):
        look(code, deps)
        return False
    roll_over(code, dossier.generation, deps)
    return True
