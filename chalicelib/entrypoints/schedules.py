"""The schedules: do what should have happened and has not; measure what is late."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from chalice.app import Blueprint

from chalicelib.bootstrap import deps
from chalicelib.entrypoints.watched import ids_of, watched
from chalicelib.use_cases.measure import measure as measured
from chalicelib.use_cases.reconcile import reconcile as reconcile_open
from chalicelib.watch import Metric, about, count, emit, logger, unexpected

schedules = Blueprint(__name__)

MOST_UNITS: Final = 10  # that a line names, the latest of them
SPARE_MS: Final = 20_000  # stop before the function's own time limit; the next pass goes on


@schedules.lambda_function(name="reconcile")
@watched
def reconcile(event: Mapping[str, Any], context: Any) -> dict[str, int]:
    """One pass over what is open and due; `{"all": true}` looks at everything that is open."""

    def spare() -> bool:
        return bool(context.get_remaining_time_in_millis() > SPARE_MS)

    def failed(key: str, error: Exception) -> None:
        unexpected("reconcile failed", error, **ids_of(key))

    with about():  # which dossier it is changes within
        done = reconcile_open(deps(), everything=bool(event.get("all")), spare=spare, failed=failed)
    if done.late or done.restarted or done.failed:
        logger.warning("reconciled", extra=asdict(done))
    count(Metric.REPAIRS, done.late + done.restarted)
    count(Metric.RECONCILE_FAILED, done.failed)
    return asdict(done)


@schedules.lambda_function(name="measure")
@watched
def measure(_event: Mapping[str, Any], _context: Any) -> dict[str, int]:
    """The gauges, as they are now, and who is meant; their absence is an alarm of its own."""
    found = measured(deps())
    gauges = {
        Metric.OVERDUE: found.late.total(),
        Metric.OLDEST_OVERDUE: found.overdue.hours,
        Metric.OLDEST_UNDECIDED: found.undecided.hours,
    }
    emit(gauges)
    if found.late.total():
        units = dict(found.late.most_common(MOST_UNITS))
        worst = {"overdue": asdict(found.overdue), "undecided": asdict(found.undecided)}
        logger.info("late", extra={**worst, "units": units})
    return {metric.name.lower(): value for metric, value in gauges.items()}
