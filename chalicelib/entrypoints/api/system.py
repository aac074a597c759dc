"""Whether it is up, and whether it can do its work."""

from collections.abc import Mapping
from typing import Annotated, Final, Literal

from pydantic import Field

from chalicelib.bootstrap import deps, probe, settings
from chalicelib.entrypoints.api.wire import Moment
from chalicelib.entrypoints.http.auth import public
from chalicelib.entrypoints.http.problem import Fault, RefusedError
from chalicelib.entrypoints.http.route import Request, Wire
from chalicelib.entrypoints.http.router import Routes

system = Routes("system")


class HealthQuery(Wire):
    """Without `deep` nothing but the API itself is asked."""

    deep: Annotated[bool, Field(description="Also whether it can do its work; else a 503.")] = False


class HealthAnswer(Wire):
    """`checks` that were made, and are well; `now` is service time, which may run fast locally."""

    status: Literal["ok"]
    stage: str
    now: Moment
    checks: dict[str, Literal["ok"]]


FAULTS: Final[Mapping[str, Fault]] = {
    "record": Fault("/checks/record", "health.record"),
    "catalogue": Fault("/checks/catalogue", "health.catalogue"),
    "workflow": Fault("/checks/workflow", "health.workflow"),
    "files": Fault("/checks/files", "health.files"),
    "key": Fault("/checks/key", "health.key"),
    "sign_in": Fault("/checks/sign_in", "health.sign_in"),
}


@system.get("/health", auth=public(), query=HealthQuery, answer=HealthAnswer, errors=(503,))
def read_health(request: Request[None, HealthQuery]) -> HealthAnswer:
    """Whether the API is up and configured; `deep`: and whether it can do its work."""
    if request.query.deep:
        _require_all_well()
    return HealthAnswer(
        status="ok",
        stage=settings().stage,
        now=deps().clock.now(),
        checks=dict.fromkeys(FAULTS, "ok") if request.query.deep else {},
    )


def _require_all_well() -> None:
    """Raise RefusedError that names the checks which failed, and nothing of why."""
    if failing := probe().failing():
        faults = [FAULTS[name] for name in failing]
        raise RefusedError(503, "health.not_able", faults=faults, headers={"retry-after": "30"})
