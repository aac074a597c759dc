"""The schedules: do what should have happened and has not; measure what is late; export."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, Final

from chalice.app import Blueprint

from chalicelib.bootstrap import deps
from chalicelib.domain.ids import DeliveryId
from chalicelib.entrypoints.watched import ids_of, watched
from chalicelib.use_cases.measure import measure as measured
from chalicelib.use_cases.reconcile import reconcile as reconcile_open
from chalicelib.use_cases.redeliver import redeliver
from chalicelib.watch import Metric, about, count, emit, logger, unexpected

schedules = Blueprint(__name__)

MOST_UNITS: Final = 10  # that a line names, the latest of them
SPARE_MS: Final = 20_000  # stop before the function's own time limit; the next pass goes on
SPARE_TO_COPY_MS: Final = 60_000  # what some hundred files may take to be copied


@schedules.lambda_function(name="reconcile")
@watched
def reconcile(event: Mapping[str, Any], context: Any) -> dict[str, int]:
    """One pass over what is open and due; `{"all": true}` looks at everything that is open.

    `{"messages": [ids]}` is an operator's word to send them again: the next pass finds them due.
    """
    if "messages" in event:
        return {"due": sum(redeliver(DeliveryId(each), deps()) for each in event["messages"])}

    def failed(key: str, error: Exception) -> None:
        unexpected("reconcile failed", error, **ids_of(key))

    spare = _spare(context, SPARE_MS)
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


@schedules.lambda_function(name="export")
@watched
def export(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """A run of the export to the province's own store, or as much of it as there is time for.

    Called many times in a night, it makes one run; `{"now": true}` does not wait for the night,
    `{"full": true}` exports the whole record anew. Its modules are imported when it is called:
    every function registers this handler, and no other must pay for them at its cold start.
    """
    from chalicelib.bootstrap import exporting  # noqa: PLC0415 - see above
    from chalicelib.domain.backup import BusyError  # noqa: PLC0415 - see above
    from chalicelib.use_cases import export as use_case  # noqa: PLC0415 - see above

    if not exporting.is_configured():  # and so the alarm on runs that do not come rings
        logger.warning("no export configured")
        return {"state": "not_configured"}
    now, full = bool(event.get("now")), bool(event.get("full"))
    rule = exporting.policy(nightly=not (now or full), full=full)
    spare = _spare(context, SPARE_TO_COPY_MS)
    try:
        done = use_case.export(exporting.backup_deps(), rule, spare=spare, say=logger.info)
    except BusyError:  # one by hand, which counts: the next call goes on from there
        logger.info("export", extra={"state": "another_is_under_way"})
        return {"state": "another_is_under_way"}
    found: dict[str, Any] = {"state": done.state.value, "run": done.run}
    if done.manifest:
        plan, missing = done.manifest.plan, done.manifest.missing
        found |= {"until": plan.until.isoformat(), "missing": missing}
        if done.state is use_case.State.COMPLETE:
            count(Metric.EXPORTS, int(exporting.is_of_this_night(plan.until)))
            count(Metric.FILES_NOT_EXPORTED, missing)
    logger.info("export", extra=found)
    return found


def _spare(context: Any, least: int) -> Callable[[], bool]:
    """Whether the function has more than that many milliseconds left."""

    def spare() -> bool:
        return bool(context.get_remaining_time_in_millis() > least)

    return spare
