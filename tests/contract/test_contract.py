"""Thousands of generated requests, by every role: no answer outside the contract."""

import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final
from zlib import crc32

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from chalicelib.entrypoints import api
from chalicelib.entrypoints.api.dev import dev
from chalicelib.entrypoints.http.openapi import document
from tests.contract.callers import CALLERS, GOOD
from tests.contract.sending import Plan, Sent, Stage, plans, send
from tests.entrypoints.functions import make_state_machine
from tests.entrypoints.served import served

pytestmark = pytest.mark.slow

ROUTES: Final = {route.operation: route for route in (*api.routes(), *dev)}
SCHEMA: Final = schemathesis.openapi.from_dict(document(ROUTES.values()))
OPERATIONS: Final[Mapping[str, Any]] = {
    each.ok().definition.raw["operationId"]: each.ok()  # type: ignore[union-attr] # an Err raises
    for each in SCHEMA.get_all_operations()
}
CHECKS: Final = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
FEW, SOME, MANY = 3, 11, 36  # examples with nothing to generate; of most; where it can go well
WANTED: Final = 2000

tally: Counter[tuple[str, str]] = Counter()  # by caller and hundred of the status


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with served(tmp_path_factory.mktemp("keys")):
        make_state_machine()  # a deployment that is able to do its work
        yield Stage()


def examples(name: str, caller: str) -> int:
    """Most where most can go wrong: a body, from somebody whose request may be carried out."""
    route = ROUTES[name]
    if not (route.takes_body or route.parameters or route.query):
        return FEW
    several = len({good for good in GOOD.get(name, ()) if good.caller == caller})
    return SOME + min(several, 2) * MANY if name != "make_token" else SOME


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("name", OPERATIONS)
def test_every_answer_is_in_the_contract(stage: Stage, name: str, caller: str) -> None:
    """Status, media type and shape are as `openapi.json` says; a refusal stores nothing."""

    @seed(crc32(f"{name} {caller}".encode()))
    @settings(
        max_examples=examples(name, caller),
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(plan=plans(OPERATIONS[name], caller))
    def check(plan: Plan) -> None:
        sent = send(plan, stage)
        tally[caller, f"{sent.response.status_code // 100}xx"] += 1
        plan.case.validate_response(sent.response, checks=CHECKS)
        if sent.response.status_code >= HTTPStatus.BAD_REQUEST:
            check_refusal(sent)

    check()


def check_refusal(sent: Sent) -> None:
    """A problem by RFC 9457 whose header and body name one correlation id; nothing was stored."""
    response, body = sent.response, json.loads(sent.response.content)
    assert response.headers["content-type"] == ["application/problem+json"]
    assert body["status"] == response.status_code
    named = response.headers.get("x-correlation-id", [body["correlation_id"]])
    assert named == [body["correlation_id"]]
    assert sent.written == []


def test_enough_cases_were_tried(capfd: pytest.CaptureFixture[str]) -> None:
    """Everybody called, often, and often enough with success; a check nobody runs finds nothing."""
    cases, done = tally.total(), sum(n for (_, kind), n in tally.items() if kind == "2xx")
    with capfd.disabled():
        print(f"\nschemathesis: {cases} cases, {done / cases:.0%} of them 2xx", file=sys.stderr)  # noqa: T201 - the figure is asked for
    assert cases >= WANTED
    assert {caller for caller, _ in tally} >= set(CALLERS)
    assert done / cases > 1 / 5
    assert not any(kind == "5xx" for _, kind in tally)
