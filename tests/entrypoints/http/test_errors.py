"""What a handler raises: one table from error to answer, and bugs that tell nobody anything."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
from chalice.test import Client

from chalicelib.domain.procedure import Text
from chalicelib.domain.terms import Status
from chalicelib.entrypoints.http.messages import Language, Messages
from chalicelib.watch import logger
from tests.entrypoints.http.sample import LEAK, app, call, check, things


@pytest.mark.parametrize(
    ("name", "status", "code", "faults"),
    [
        ("missing", 404, "thing.not_found", []),
        ("forbidden", 403, "thing.not_yours", []),
        ("conflict", 409, "thing.conflict", []),
        ("stale", 409, "thing.stale", []),
        ("rule", 422, "thing.too_heavy", [("/weight", "thing.too_heavy")]),
        ("transition", 422, "thing.transition", []),
        (
            "faults",
            422,
            "request.invalid",
            [("/parts/0", "field.missing"), ("/weight", "thing.too_heavy")],
        ),
        ("throttled", 429, "thing.throttled", []),
        ("unavailable", 503, "thing.unavailable", []),
        ("refused", 401, "auth.invalid", []),
        ("unknown", 500, "internal", []),
        ("bug", 500, "internal", []),
    ],
)
def test_what_the_domain_refuses(
    name: str, status: int, code: str, faults: list[tuple[str, str]]
) -> None:
    """One table from error to status: the contract that clients program against."""
    reply = call("POST", "/fail", given={"name": name})
    check(reply, status, code)
    assert reply.faults == faults


def test_parameters_are_filled_in_everywhere() -> None:
    """A fault of a rule says the number that the rule has."""
    reply = call("POST", "/fail", given={"name": "faults"})
    assert [each["detail"] for each in reply.json_body["errors"]] == [
        "Còn thiếu mục này.",
        "Nặng quá 5 kg.",
    ]
    assert reply.json_body["title"] == "Trái quy tắc"


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (Language.VI, "Đang xử lý → Đã trả kết quả"),
        (Language.EN, "Being processed → Result returned"),
    ],
)
def test_terms_are_said_in_words(language: Language, said: str) -> None:
    """`processing` means nothing to whoever reads the sentence."""
    params = {"status": Status.PROCESSING, "to": Status.RETURNED}
    assert said in Messages().text("dossier.transition_not_allowed", language, params)


def test_names_and_numbers_are_said_as_people_write_them() -> None:
    """In the reader's language, with its own mark between the thousands."""
    said = Messages().text
    paper = {"paper": Text("Giấy chứng sinh", "Birth notification")}
    assert "Giấy chứng sinh" in said("paper.missing", Language.VI, paper)
    assert "Birth notification" in said("paper.missing", Language.EN, paper)
    assert "1900" in said("field.too_small", Language.VI, {"min": 1900})
    due = {"outstanding": 1_500_000}
    assert "1.500.000 đồng" in said("payment.outstanding", Language.VI, due)
    assert "1,500,000 đồng" in said("payment.outstanding", Language.EN, due)


def test_how_long_to_wait() -> None:
    """A client that is told to slow down is told for how long."""
    assert call("POST", "/fail", given={"name": "throttled"}).headers["retry-after"] == "30"


def test_every_refusal_was_declared() -> None:
    """`Route.refusals` is what the contract promises; it must not promise too little."""
    declared = {route.operation: route.refusals for route in things}
    assert declared["make_thing"] == {400, 401, 403, 409, 413, 415, 422, 500, 503}
    assert declared["read_thing"] == {400, 401, 404, 500, 503}
    assert declared["list_things"] == {400, 500}
    assert declared["take_hook"] == {400, 401, 404, 413, 415, 422, 500}


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What the structured logger writes."""
    written = io.StringIO()
    handler = logger.handlers[0]
    assert isinstance(handler, logging.StreamHandler)
    before = handler.setStream(written)
    yield written
    handler.setStream(before)


def test_a_bug_is_logged_and_not_told(log: io.StringIO) -> None:
    """The operator finds it by the correlation id; neither side reads what the citizen sent."""
    sent = {"X-Correlation-Id": "abc-12345678", "Content-Type": "application/json"}
    reply = call("POST", "/fail", given='{"name": "bug"}', headers=sent)
    check(reply, 500, "internal")
    assert "ValueError" not in reply.text
    assert LEAK not in reply.text
    written = json.loads(log.getvalue())
    assert (written["correlation_id"], written["operation"]) == ("abc-12345678", "fail")
    assert "ValueError" in log.getvalue()
    assert "sample.py" in log.getvalue()
    assert LEAK not in written.values()
    assert "049090000001" not in log.getvalue()


def test_what_the_domain_refuses_is_no_bug(log: io.StringIO) -> None:
    """An alarm that rings for every mistyped number is soon switched off; a caller can ask why."""
    sent = {"X-Correlation-Id": "abc-12345678", "Content-Type": "application/json"}
    call("POST", "/fail", given='{"name": "rule"}', headers=sent)
    written = json.loads(log.getvalue())
    assert (written["level"], written["message"]) == ("INFO", "refused")
    assert (written["status"], written["code"]) == (422, "thing.too_heavy")
    assert (written["correlation_id"], written["operation"]) == ("abc-12345678", "fail")


def test_what_chalice_answers_itself_is_not_swallowed() -> None:
    """Unknown paths and methods stay what they are; the gateway puts them into words."""
    with Client(app()) as client:
        assert client.http.get("/api/v1/nothing").status_code in {403, 404}
        assert client.http.delete("/api/v1/things").status_code == 405
