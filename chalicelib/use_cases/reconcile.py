"""Whatever should have happened by now and has not: do it. Killed anywhere, nothing is lost."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from chalicelib.domain.ids import DeliveryId, DossierCode
from chalicelib.ports import Deps
from chalicelib.use_cases.changing import context
from chalicelib.use_cases.deliver import deliver
from chalicelib.use_cases.escalate import escalate
from chalicelib.use_cases.lead import look
from chalicelib.use_cases.roll_over import roll_over

GRACE: Final = timedelta(minutes=5)  # what the ordinary way may take before this one steps in


@dataclass(slots=True)
class Repaired:
    """What one pass did, and `failed` to do; `late` are wake-ups that no timer answered."""

    seen: int = 0
    late: int = 0
    restarted: int = 0
    delivered: int = 0
    failed: int = 0


def reconcile(
    deps: Deps,
    *,
    everything: bool = False,
    spare: Callable[[], bool] = lambda: True,
    failed: Callable[[str, Exception], None] = lambda *_: None,
) -> Repaired:
    """One pass over the open index; `everything` looks at all that is open, due or not.

    `spare` says whether there is time for one more; the next pass goes on where this one stopped.
    One dossier that cannot be repaired never keeps the others waiting: `failed` hears of it.
    """
    done = Repaired()
    now = deps.clock.now()
    for key in _dossiers_first(deps.records.overdue_for_waking(None if everything else now)):
        if not spare():
            return done
        done.seen += 1
        try:
            _repair(key, done, deps, everything=everything)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is reported and the pass goes on
            done.failed += 1
            failed(key, error)
    return done


def _dossiers_first(keys: Iterable[str]) -> Iterator[str]:
    """An agency that does not answer must not keep dossiers waiting."""
    messages = []
    for key in keys:
        if key.startswith("DEL#"):
            messages.append(key)
        else:
            yield key
    yield from messages


def _repair(key: str, done: Repaired, deps: Deps, *, everything: bool) -> None:
    kind, _, name = key.partition("#")
    if kind == "DEL":
        done.delivered += deliver(DeliveryId(name), deps)
    else:
        late, restarted = _revived(DossierCode(name), deps, everything=everything)
        done.late += late
        done.restarted += restarted


def revive(code: DossierCode, deps: Deps, *, everything: bool = False) -> bool:
    """Make sure an execution leads it, then claim what has passed; True if one was started.

    In this order a milestone that cannot be claimed leaves the dossier with somebody to lead it.
    """
    return _revived(code, deps, everything=everything)[1]


def _revived(code: DossierCode, deps: Deps, *, everything: bool) -> tuple[bool, bool]:
    """Whether its wake-up was late, and whether an execution was started."""
    dossier = deps.records.load(code, context(deps))
    if dossier.is_closed:
        return False, False
    overdue = dossier.wake_at is not None and dossier.wake_at <= dossier.ctx.now - GRACE
    if not (overdue or everything):
        return False, False
    leads = deps.workflow.is_running(code, dossier.generation)
    generation = dossier.generation if leads else roll_over(code, dossier.generation, deps)
    if overdue:
        escalate(code, generation, deps)
    if leads:
        look(code, deps)
    return overdue, not leads
