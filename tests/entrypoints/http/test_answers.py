"""What a caller gets when all is well."""

from base64 import b64decode

import pytest
from chalice.test import Client

from tests.entrypoints.http.sample import KEY, app, bearer, call

GOOD = {"kind": "soft", "weight": 3}


def test_a_request_through_the_whole_gateway() -> None:
    """Chalice's own client must be able to call what was mounted, or nothing deploys."""
    with Client(app()) as client:
        answer = client.http.get("/api/v1/things?limit=7&kinds=soft&kinds=hard&heavy=true")
    assert answer.status_code == 200
    expected = {"limit": 7, "kinds": ["soft", "hard"], "heavy": True, "like": None}
    assert answer.json_body == {"id": "all", "seen": expected}


def test_one_path_takes_several_methods() -> None:
    """Chalice holds one view per path and method; two declarations must not collide."""
    assert call("GET", "/things").json_body["id"] == "all"
    made = call("POST", "/things", given=GOOD, headers=bearer("desk") | KEY)
    assert (made.status, made.json_body["id"]) == (201, "OF-0001")
    assert made.json_body["seen"] == {"key": KEY["Idempotency-Key"], "weight": 3}


def test_the_secret_stands_in_for_signing_in() -> None:
    """A citizen without an account follows a dossier by its secret; a token wins over it."""
    secret = {"X-Dossier-Secret": "s3cret-s3cret"}
    by_secret = call("GET", "/things/5", route="/things/{number}", headers=secret)
    assert by_secret.json_body == {"id": "5", "seen": {"who": "s3cret-s3cret"}}
    both = call("GET", "/things/5", route="/things/{number}", headers=secret | bearer("head"))
    assert both.json_body["seen"] == {"who": "OF-0002"}


def test_a_webhook_sees_the_very_bytes() -> None:
    """A signature is over what was sent, not over what a parser made of it."""
    raw = '{"kind": "hard",\n  "weight":1}'
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": "1700000000",
        "webhook-signature": "v1,x y",
    }
    answer = call("POST", "/hooks/a", route="/hooks/{hook}", given=raw, headers=headers)
    assert answer.json_body["seen"] == {"raw": raw}


@pytest.mark.parametrize("given", [None, {"name": "x"}])
def test_an_optional_body_may_be_left_out(given: object) -> None:
    """`X | None` is a promise to clients; and nothing answered means an empty body."""
    answer = call("POST", "/notes", given=given)
    assert (answer.status, answer.text) == (204, "")
    assert "content-type" not in answer.headers


def test_bytes_arrive_as_they_are() -> None:
    """A PDF that went through a text encoding opens nowhere."""
    answer = call("GET", "/table")
    assert b64decode(answer.text) == b"\xff\x00"
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"] == "inline"


def test_headers_of_every_answer() -> None:
    """Caches may keep only what a route allows them to, and then one copy per language."""
    kept, private = call("GET", "/things").headers, call("GET", "/table").headers
    assert (kept["cache-control"], kept["vary"]) == ("max-age=60", "Accept-Language")
    assert (private["cache-control"], private.get("vary")) == ("no-store", None)
    assert kept["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("asked", "language"),
    [
        ("", "vi"),
        ("en", "en"),
        ("en-GB,en;q=0.9,vi;q=0.8", "en"),
        ("fr, vi;q=0.3, en;q=0.2", "vi"),
        ("en;q=0", "vi"),
        ("en;q=x, de", "vi"),
        ("*", "vi"),
    ],
)
def test_the_language_is_negotiated(asked: str, language: str) -> None:
    """People read refusals in their own language; Vietnamese where nothing fits."""
    answer = call("POST", "/fail", given={"name": "stale"}, headers={"Accept-Language": asked})
    assert answer.headers["content-language"] == language
    sentences = {"vi": "Đã đổi: nay là 7.", "en": "It has changed: it is at 7 now."}
    assert answer.json_body["detail"] == sentences[language]


def test_a_correlation_id_comes_back() -> None:
    """Whoever reports a fault names the id that their own logs hold."""
    given = {"X-Correlation-Id": "abc-12345678"}
    assert call("GET", "/things", headers=given).headers["x-correlation-id"] == "abc-12345678"
    refused = call("GET", "/things", headers=given, query={"no": ["1"]})
    assert refused.headers["x-correlation-id"] == refused.json_body["correlation_id"]
    assert refused.json_body["correlation_id"] == "abc-12345678"


@pytest.mark.parametrize(
    "bad", ["short", "a" * 65, "abc\ninjected: 1", "<script>x</script>", "066090000001"]
)
def test_a_correlation_id_that_could_do_harm_is_replaced(bad: str) -> None:
    """It goes into logs and headers: no text of a stranger's choice."""
    answer = call("GET", "/things", headers={"X-Correlation-Id": bad})
    assert answer.status == 200
    assert len(answer.headers["x-correlation-id"]) == 36
