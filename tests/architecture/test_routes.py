"""Every route has decided who may call it; what anyone may call is spelled out here."""

import inspect
import subprocess
import sys
from importlib import import_module
from typing import Any, Final

import pytest
from chalice.app import Chalice

from chalicelib.domain.terms import Role
from chalicelib.entrypoints import api
from chalicelib.entrypoints.api.dev import dev
from chalicelib.entrypoints.api.served import LOCAL, SERVED
from chalicelib.entrypoints.http.api import PREFIX, Api
from chalicelib.entrypoints.http.auth import Auth, Scheme
from chalicelib.entrypoints.http.route import IDEMPOTENCY_KEY, Request, Route
from chalicelib.entrypoints.http.router import Routes
from tests.architecture.code import calls, dotted, modules

ROUTES: Final = {
    f"{route.method} {route.path}": route
    for route in (*(each for each in api.routes() if each.tag != "dev"), *dev)
}

PUBLIC: Final = {
    "GET /health",
    "GET /openapi.json",
    "GET /procedures",
    "GET /procedures/{code}",
    "GET /procedures/{code}/versions",
    "GET /procedures/{code}/versions/{number}",
    "GET /desks",
    # in the local stage only
    "GET /dev/accounts",
    "POST /dev/token",
}
SIGNED: Final = {  # by machines, which do not sign in
    "POST /callbacks/{callback_id}",
    "POST /callbacks/{callback_id}/uploads",
}
BY_SECRET: Final = {
    "GET /dossiers/{code}": {
        Role.CITIZEN,
        Role.DESK,
        Role.OFFICER,
        Role.HEAD,
        Role.LEADER,
        Role.AUDITOR,
    },
}
SIGNED_IN: Final = {  # who may even ask; the domain decides the rest
    "POST /uploads": {Role.CITIZEN, Role.DESK, Role.OFFICER, Role.HEAD},
    "POST /dossiers": {Role.CITIZEN, Role.DESK},
    "POST /dossiers/batch": {Role.DESK},
    "GET /dossiers/{code}/full": {
        Role.DESK,
        Role.OFFICER,
        Role.HEAD,
        Role.LEADER,
        Role.AUDITOR,
    },
    "POST /dossiers/{code}/supplement": {Role.CITIZEN, Role.DESK},
    "POST /dossiers/{code}/withdraw": {Role.CITIZEN, Role.DESK},
    "POST /dossiers/{code}/decisions": {Role.DESK, Role.OFFICER, Role.HEAD, Role.LEADER},
    "GET /worklist": {Role.DESK, Role.OFFICER, Role.HEAD, Role.LEADER},
    "GET /reports/register": {Role.DESK, Role.HEAD, Role.LEADER, Role.AUDITOR},
}
# A promise of a file changes no dossier, and a second one costs nothing.
WITHOUT_KEY: Final = {"POST /uploads", "POST /dev/token"}


def of(scheme: Scheme) -> set[str]:
    return {name for name, route in ROUTES.items() if route.auth.scheme is scheme}


def test_what_anyone_may_call() -> None:
    """Whoever opens a route to everybody writes it down here as well, and is asked why."""
    assert of(Scheme.PUBLIC) == PUBLIC


def test_what_machines_call() -> None:
    """The handler checks the signature itself, so these need a reader's eye, too."""
    assert of(Scheme.WEBHOOK) == SIGNED


def test_which_roles_may_ask_without_the_secret() -> None:
    """Neither whoever runs the system nor whoever edits the catalogue."""
    found = {name: set(ROUTES[name].auth.roles) for name in of(Scheme.SECRET_OR_SIGNED_IN)}
    assert found == BY_SECRET


def test_which_roles_may_ask() -> None:
    """One table of least privilege, and no route that any signed-in person may call."""
    assert {name: set(ROUTES[name].auth.roles) for name in of(Scheme.SIGNED_IN)} == SIGNED_IN


@pytest.mark.parametrize("declare", [Routes.get, Routes.post])
def test_there_is_no_default(declare: Any) -> None:
    """A default would decide for whoever forgot to."""
    parameter = inspect.signature(declare).parameters["auth"]
    assert parameter.kind is parameter.KEYWORD_ONLY
    assert parameter.default is parameter.empty
    with pytest.raises(TypeError, match="auth"):
        declare(Routes("bad"), "/bad", **_all_but_auth(declare))


def _all_but_auth(declare: Any) -> dict[str, Any]:
    needed = inspect.signature(declare).parameters.values()
    return {
        each.name: None
        for each in needed
        if each.kind is each.KEYWORD_ONLY and each.default is each.empty and each.name != "auth"
    }


def test_a_route_itself_has_no_default_either() -> None:
    """Nor may one be made past `Routes`."""
    with pytest.raises(TypeError, match="auth"):
        Route(method="GET", path="/bad", handler=_nothing)  # type: ignore[call-arg]


def _nothing(_request: Request[Any, Any]) -> None:
    """Answers nothing."""


def test_every_route_decided() -> None:
    """None slipped through with something else than a decision."""
    assert all(isinstance(route.auth, Auth) for route in ROUTES.values())
    assert len(ROUTES) == len({route.operation for route in ROUTES.values()})


def writes_without_key(routes: dict[str, Route]) -> set[str]:
    """What people can send twice without being recognised; machines have a message's id."""
    return {
        name
        for name, route in routes.items()
        if route.method != "GET"
        and route.auth.scheme is not Scheme.WEBHOOK
        and IDEMPOTENCY_KEY not in route.headers
    }


def test_every_write_can_be_repeated() -> None:
    """A lost answer must never make a second dossier or a second decision."""
    assert writes_without_key(ROUTES) == WITHOUT_KEY


def test_a_write_without_a_key_is_seen() -> None:
    """The check can fail."""
    bad = Route(method="POST", path="/bad", auth=Auth(Scheme.SIGNED_IN), handler=_nothing)
    assert writes_without_key({"POST /bad": bad}) == {"POST /bad"}


def test_everything_that_is_served_was_declared() -> None:
    """What Chalice has registered, on this app and by `app.py`, all comes from `Routes`."""
    app = Chalice("routes", configure_logs=False)
    Api(lambda _token: None).mount(app, ROUTES.values())
    served = {
        f"{method} {path.removeprefix(PREFIX)}"
        for path, methods in app.routes.items()
        for method in methods
    }
    assert served == set(ROUTES) == PUBLIC | SIGNED | set(BY_SECRET) | set(SIGNED_IN)


def test_nobody_registers_past_them() -> None:
    """`app.route` is called in one place; a handler that Chalice calls itself checks nothing."""
    found = {
        module.path
        for module in (*modules("chalicelib"), *modules("infra"))
        for call in calls(module)
        if dotted(call.func).rpartition(".")[2] in {"route", "authorizer"}
        and dotted(call.func).partition(".")[0] != "self"
    }
    assert found == {"chalicelib/entrypoints/http/api.py"}


def test_the_app_serves_these_and_no_others() -> None:
    """`app.py` mounts `api.routes()`, and blueprints only bring functions without a path."""
    from app import app  # noqa: PLC0415 - imported last: it registers everything there is

    served = {
        f"{method} {path.removeprefix(PREFIX)}"
        for path, methods in app.routes.items()
        for method in methods
    }
    local = {name for name, route in ROUTES.items() if route.tag == "dev"}
    assert served in (set(ROUTES), set(ROUTES) - local)


@pytest.mark.parametrize("resource", [*SERVED, *LOCAL])
def test_every_declared_route_is_served(resource: str) -> None:
    """One that is not named beside the others would answer 404."""
    module = import_module(f"chalicelib.entrypoints.api.{resource}")
    declared = [f"{each.method} {each.path}" for each in getattr(module, resource)]
    assert declared == list({**SERVED, **LOCAL}[resource])


def test_a_resource_is_loaded_with_its_first_request() -> None:
    """A cold start pays for no other."""
    code = (
        "import sys, app; "
        "print(*(name for name in sys.modules if name.startswith('chalicelib.entrypoints.api.')))"
    )
    command = [sys.executable, "-c", code]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - ours
    assert ran.stdout.split() == ["chalicelib.entrypoints.api.served"]
