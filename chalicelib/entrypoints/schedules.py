"""The schedule: every few minutes, do what should have happened and has not."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from chalice.app import Blueprint

from chalicelib.bootstrap import deps
from chalicelib.entrypoints.logging import logger
from chalicelib.use_cases.reconcile import reconcile as reconcile_open

schedules = Blueprint(__name__)

SPARE_MS: Final = 20_000  # stop before the function's own time limit; the next pass goes on


@schedules.lambda_function(name="reconcile")
def reconcile(event: Mapping[str, Any], context: Any) -> dict[str, int]:
    """One pass over what is open and due; `{"all": true}` looks at everything that is open."""

    def spare() -> bool:
        return bool(context.get_remaining_time_in_millis() > SPARE_MS)

    def failed(key: str) -> None:
        logger.exception("reconcile failed", extra={"key": key})

    done = reconcile_open(deps(), everything=bool(event.get("all")), spare=spare, failed=failed)
    if done.restarted or done.failed:
        logger.warning("reconciled", extra=asdict(done))
    return asdict(done)
