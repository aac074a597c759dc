"""The contract, sign-in for development, and what no route answers."""

import pytest

from chalicelib.entrypoints import api
from chalicelib.entrypoints.http.api import PREFIX
from tests.entrypoints.served import forget
from tests.entrypoints.town import CITIZEN, DESK, Town


def test_the_contract_describes_what_is_served(town: Town) -> None:
    """Each route under its path and method, and nothing besides."""
    document = town.get("/openapi.json").body
    described = {
        (method.upper(), path) for path, methods in document["paths"].items() for method in methods
    }
    assert described == {(route.method, PREFIX + route.path) for route in api.routes()}


def test_demo_accounts(town: Town) -> None:
    """Everyone whom a demonstration needs, and no citizen's number among what is shown."""
    answer = town.get("/dev/accounts")
    names = {each["account"]: each for each in answer.body["items"]}
    assert names[DESK]["roles"] == ["desk"]
    assert names[CITIZEN]["agency_code"] is None
    assert "066090000001" not in answer.content.decode()


def test_signing_in(town: Town) -> None:
    """A token for a demo account, for eight hours."""
    answer = town.client.call("POST", "/dev/token", {"account": DESK})
    assert answer.body["expires_in"] == 8 * 3600
    assert answer.body["access_token"].count(".") == 2


@pytest.mark.parametrize(
    ("account", "status", "code", "pointer"),
    [
        ("OF-9999", 404, "account.not_found", "/account"),
        ("nobody", 422, "request.invalid", "/account"),
        (1, 422, "request.invalid", "/account"),
    ],
)
def test_an_account_that_is_not(
    town: Town, account: object, status: int, code: str, pointer: str
) -> None:
    """Only those of the catalogue."""
    answer = town.client.call("POST", "/dev/token", {"account": account})
    assert answer.refusal == (status, code)
    assert [each for each, _ in answer.faults] == [pointer]


@pytest.mark.parametrize("stage", ["prod", "test", "locals"])
def test_no_development_sign_in_elsewhere(
    town: Town,  # noqa: ARG001 - its caches
    monkeypatch: pytest.MonkeyPatch,
    stage: str,
) -> None:
    """A route that signs anybody in must not even exist there."""
    assert any(route.path.startswith("/dev") for route in api.routes())
    monkeypatch.setenv("STAGE", stage)
    forget()
    try:
        assert not any(route.path.startswith("/dev") for route in api.routes())
    finally:
        forget()


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing", 404, "request.not_found"),
        ("GET", "", 404, "request.not_found"),
        ("GET", "/dossiers/a/b/c", 404, "request.not_found"),
        ("GET", "/procedures/%ff", 400, "request.malformed"),
        ("GET", "/procedures?q=%ff", 400, "request.malformed"),
        ("DELETE", "/procedures", 405, "request.method_not_allowed"),
        ("PUT", "/dossiers", 405, "request.method_not_allowed"),
        ("GET", "/dev/token", 405, "request.method_not_allowed"),
    ],
)
def test_what_no_route_answers(town: Town, method: str, path: str, status: int, code: str) -> None:
    """The gateway's own refusals have the one format, too."""
    answer = town.client.call(method, path)
    assert answer.refusal == (status, code)
    assert answer.body["correlation_id"]


@pytest.mark.parametrize("language", ["vi", "en"])
def test_refusals_in_both_languages(town: Town, language: str) -> None:
    """Whole sentences, no code and no gap in them."""
    headers = {"Accept-Language": language}
    answer = town.client.call("GET", "/dossiers/H15-261006-0001", account=DESK, headers=headers)
    assert answer.headers["content-language"] == language
    detail = answer.body["detail"]
    assert detail != answer.body["code"]
    assert "{" not in detail
    assert detail.endswith(".")


def test_head_is_get_without_its_body(town: Town) -> None:
    """Monitors ask with HEAD."""
    assert town.client.call("HEAD", "/health").status == 200
