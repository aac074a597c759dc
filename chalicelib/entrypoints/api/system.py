"""Whether it is up."""

from chalicelib.bootstrap import deps, settings
from chalicelib.entrypoints.api.wire import Moment
from chalicelib.entrypoints.http.auth import public
from chalicelib.entrypoints.http.route import Request, Wire
from chalicelib.entrypoints.http.router import Routes

system = Routes("system")


class HealthAnswer(Wire):
    """`now` is service time: in the local stage it may run fast."""

    status: str
    stage: str
    now: Moment


@system.get("/health", auth=public(), answer=HealthAnswer)
def read_health(request: Request) -> HealthAnswer:  # noqa: ARG001 - takes nothing
    """Whether the API is up and configured."""
    return HealthAnswer(status="ok", stage=settings().stage, now=deps().clock.now())
