"""Every no: its status, its code, where the fault is, and that nothing else is given away."""

import json
from base64 import b64encode
from collections.abc import Mapping

import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

from tests.entrypoints.http.sample import KEY, Reply, bearer, call, check

GOOD = {"kind": "soft", "weight": 3}
JSON = {"Content-Type": "application/json"}
SIGNED = {"webhook-id": "m", "webhook-timestamp": "1700000000", "webhook-signature": "v1,x"}
THING = "/things/{number}"
DESK_SENDS = bearer("desk") | KEY


def post(
    given: object = GOOD,
    headers: Mapping[str, str] | None = None,
    event: Mapping[str, object] | None = None,
) -> Reply:
    """A thing is sent by the desk."""
    return call("POST", "/things", given=given, headers=headers or DESK_SENDS, event=event)


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "{",
        '{"kind": "soft", "kind": "hard", "weight": 3}',
        '{"kind": "soft", "weight": NaN}',
        '{"kind": "soft", "weight": Infinity}',
        '{"kind": "soft", "weight": 9007199254740992}',
        '{"kind": "so\\u0000ft", "weight": 3}',
        '{"kind": "\\ud800", "weight": 3}',
        '{"kind": "soft", "weight": 3} x',
        "[" * 900 + "]" * 900,
        "\ufeff{}",
    ],
)
def test_json_that_readers_disagree_about(raw: str) -> None:
    """Whatever two programs could read differently stops here, before anything is stored."""
    sent = DESK_SENDS | JSON
    check(post(raw, sent), 400, "request.malformed_json")


@pytest.mark.parametrize(("body", "encoded"), [("%%%", True), ("/w==", True), ("\ud800", False)])
def test_bytes_that_are_no_text(body: str, encoded: bool) -> None:  # noqa: FBT001 - a case
    """Neither broken base64 nor broken UTF-8 is our fault, so neither is a 500."""
    sent = DESK_SENDS | JSON
    check(post("", sent, {"body": body, "isBase64Encoded": encoded}), 400, "request.malformed_json")


@pytest.mark.parametrize(
    ("query", "fault"),
    [
        ({"limit": ["0"]}, ("/query/limit", "field.too_small")),
        ({"limit": ["101"]}, ("/query/limit", "field.too_large")),
        ({"limit": [" 5"]}, ("/query/limit", "field.not_whole_number")),
        ({"limit": ["1_0"]}, ("/query/limit", "field.not_whole_number")),
        ({"limit": ["5", "6"]}, ("/query/limit", "field.repeated")),
        ({"heavy": ["yes"]}, ("/query/heavy", "field.not_true_or_false")),
        ({"kinds": ["soft", "x"]}, ("/query/kinds/1", "field.not_one_of")),
        ({"kinds": ["soft", "hard", "soft"]}, ("/query/kinds", "field.too_many")),
        ({"other": ["1"]}, ("/query/other", "field.unknown")),
        ({"a/b~c": ["1"]}, ("/query/a~1b~0c", "field.unknown")),
        ({"limit": ["\ud800"]}, ("/query", "field.format")),
        ({"kinds": ["\0"]}, ("/query", "field.format")),
    ],
)
def test_a_bad_query(query: dict[str, list[str]], fault: tuple[str, str]) -> None:
    """A client finds the one parameter it got wrong; a misspelt one is not passed over."""
    reply = call("GET", "/things", query=query)
    check(reply, 400, "request.invalid")
    assert reply.faults == [fault]


@pytest.mark.parametrize(
    ("headers", "fault"),
    [
        ({}, ("/headers/Idempotency-Key", "field.missing")),
        ({"Idempotency-Key": "short"}, ("/headers/Idempotency-Key", "field.format")),
        ({"idempotency-key": "0123456789\n"}, ("/headers/Idempotency-Key", "field.format")),
    ],
)
def test_a_bad_header(headers: dict[str, str], fault: tuple[str, str]) -> None:
    """Without a good key a repeated request would file a second dossier."""
    reply = post(headers=bearer("desk") | headers)
    check(reply, 400, "request.invalid")
    assert reply.faults == [fault]


def test_a_repeated_header() -> None:
    """Two keys at once: nobody could say which one counts."""
    sent = {name: [value] for name, value in bearer("desk").items()}
    sent |= {"Idempotency-Key": ["0123456789", "9876543210"], "Content-Type": ["application/json"]}
    reply = post(event={"multiValueHeaders": sent})
    assert reply.faults == [("/headers/Idempotency-Key", "field.repeated")]


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "auth.required"),
        ({"Authorization": "Bearer nobody"}, "auth.invalid"),
        ({"Authorization": "Bearer "}, "auth.invalid"),
        ({"Authorization": "Basic desk"}, "auth.invalid"),
        ({"Authorization": "desk"}, "auth.invalid"),
        ({"Authorization": "Bearer desk, Bearer desk"}, "auth.invalid"),
        ({"Authorization": "Bearer " + "a" * 8193}, "auth.invalid"),
    ],
)
def test_nobody_knows_who_calls(headers: dict[str, str], code: str) -> None:
    """Only a good token signs in, and a client is told which way to try."""
    reply = call("POST", "/things", given=GOOD, headers=headers | KEY)
    check(reply, 401, code)
    assert reply.headers["www-authenticate"] == "Bearer"


def test_a_bad_token_is_not_saved_by_a_secret() -> None:
    """Whoever claims to be somebody must be; falling back would hide an expired sign-in."""
    headers = {"Authorization": "Bearer nobody", "X-Dossier-Secret": "s3cret-s3cret"}
    check(call("GET", "/things/5", route=THING, headers=headers), 401, "auth.invalid")


def test_neither_secret_nor_token() -> None:
    """A dossier is not for everyone who can guess its code."""
    check(call("GET", "/things/5", route=THING), 401, "auth.required")


def test_the_role_is_missing() -> None:
    """Signed in is not enough: this is the least that a route decides."""
    reply = post(headers=bearer("head") | KEY)
    check(reply, 403, "auth.role")


def test_who_calls_is_asked_before_what_is_sent() -> None:
    """An outsider must not learn from the order of refusals what a route takes."""
    reply = call("POST", "/things", given="{", headers={"Content-Type": "text/x"})
    check(reply, 401, "auth.required")
    check(call("GET", "/things/nothing", route=THING), 401, "auth.required")


def test_two_tokens_are_none() -> None:
    """A proxy in front may have checked the other one."""
    sent = {"Authorization": ["Bearer desk", "Bearer head"], "Idempotency-Key": ["0123456789"]}
    check(post(event={"multiValueHeaders": sent}), 401, "auth.invalid")


@pytest.mark.parametrize("name", ["0", "1000", "x", "1.5", "٣", "-1", "", "a\0", "\ud800"])
def test_a_name_that_cannot_exist(name: str) -> None:
    """It is answered like one that does not: never a 400, never a bug."""
    secret = {"X-Dossier-Secret": "s3cret-s3cret"}
    reply = call("GET", f"/things/{name}", route=THING, headers=secret)
    check(reply, 404, "request.not_found")


@pytest.mark.parametrize("name", ["../etc", "a b", "đ", "a" * 65, "-a", "\ud800"])
def test_a_name_without_a_type_is_a_slug(name: str) -> None:
    """What is not declared gets the narrowest type, since names end in keys of the table."""
    event = {"pathParameters": {"hook": name}}
    reply = call("POST", "/hooks/a", route="/hooks/{hook}", given=GOOD, headers=SIGNED, event=event)
    check(reply, 404, "request.not_found")


@pytest.mark.parametrize("lacking", sorted(SIGNED))
def test_a_webhook_needs_all_three_headers(lacking: str) -> None:
    """Each is part of what was signed."""
    headers = {name: value for name, value in SIGNED.items() if name != lacking}
    reply = call("POST", "/hooks/a", route="/hooks/{hook}", given=GOOD, headers=headers)
    check(reply, 400, "request.invalid")
    assert reply.faults == [(f"/headers/{lacking}", "field.missing")]


def test_a_body_that_is_too_large() -> None:
    """Refused by its size alone: it is not even parsed."""
    sent = DESK_SENDS | JSON
    check(post("{" * 2001, sent), 413, "request.too_large")
    check(post("{" * 2000, sent), 400, "request.malformed_json")


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json; charset=utf-16",
        "application/jsonp",
        "application/xml, application/json",
        "image/png",
        "",
    ],
)
def test_a_body_that_is_not_said_to_be_json(kind: str) -> None:
    """We answer this ourselves, in the caller's language, and so refuse a plain form's post."""
    check(
        post(json.dumps(GOOD), bearer("desk") | KEY | {"Content-Type": kind}),
        415,
        "request.unsupported_media_type",
    )


@pytest.mark.parametrize("kind", ["application/json", 'APPLICATION/JSON; charset="UTF-8"'])
def test_json_however_it_is_spelt(kind: str) -> None:
    """Media types do not care about case (RFC 9110, 8.3.1)."""
    assert post(json.dumps(GOOD), bearer("desk") | KEY | {"Content-Type": kind}).status == 201


def test_a_content_type_without_a_body_harms_nothing() -> None:
    """Many clients send one with every request, also where there is nothing to say it about."""
    assert call("GET", "/things", headers={"Content-Type": "text/plain"}).status == 200


@pytest.mark.parametrize(
    ("change", "faults"),
    [
        ({"weight": 0}, [("/weight", "field.too_small")]),
        ({"weight": "3"}, [("/weight", "field.not_whole_number")]),
        ({"weight": True}, [("/weight", "field.not_whole_number")]),
        (
            {"weight": None, "kind": 1},
            [("/kind", "field.not_one_of"), ("/weight", "field.not_whole_number")],
        ),
        ({"parts": [{"name": ""}]}, [("/parts/0/name", "field.text_too_short")]),
        ({"parts": [{"name": "a"}, {}]}, [("/parts/1/name", "field.missing")]),
        ({"parts": [{"name": "a"}] * 3}, [("/parts", "field.too_many")]),
        ({"parts": {}}, [("/parts", "field.not_list")]),
        ({"parts": ["a"]}, [("/parts/0", "field.not_object")]),
        ({"ow/ner": 1}, [("/ow~1ner", "field.unknown")]),
        ({"x" * 101: 1}, [("", "field.unknown")]),
    ],
)
def test_json_against_the_model(change: dict[str, object], faults: list[tuple[str, str]]) -> None:
    """A form marks every field at fault at once, by these pointers and codes."""
    reply = post(GOOD | change)
    check(reply, 422, "request.invalid")
    assert reply.faults == faults


def test_a_sentence_names_the_limit() -> None:
    """A mere "too large" helps nobody; the value may be personal, so it is not repeated."""
    reply = post(
        GOOD | {"weight": 49090000001},
        DESK_SENDS | JSON | {"Accept-Language": "en"},
    )
    assert reply.json_body["errors"][0]["detail"] == "No more than 100."
    assert "49090000001" not in reply.text


@settings(max_examples=150, deadline=None)
@drawn(st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode("utf-8")))
def test_no_bytes_make_a_bug(raw: bytes) -> None:
    """Bad input never gets 5xx."""
    sent = DESK_SENDS | JSON
    encoded = b64encode(raw).decode()
    assert post("", sent, {"body": encoded, "isBase64Encoded": True}).status in {400, 422}
