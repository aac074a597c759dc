"""POST /callbacks/{callback_id}: agencies answer, signed, once (R5, R25, R26)."""

import json
from typing import Any

import pytest

from tests import aws
from tests.entrypoints.api.conftest import Refused
from tests.entrypoints.served import Reply
from tests.entrypoints.town import (
    AUDITOR,
    CITIZEN,
    DESK,
    LAND_OFFICER,
    LINKED,
    OFFICER,
    POLICE,
    TAX,
    Filed,
    Town,
    file_body,
    seconds_from_now,
)

DONE = {"outcome": "completed", "amount": 1_000_000}
BAD_SIGNATURE = (401, "callback.signature_invalid")


def state(town: Town, filed: Filed) -> tuple[str, str]:
    body = town.get(f"/dossiers/{filed.code}", AUDITOR).body
    return body["status"], body["stage"]


@pytest.mark.parametrize(
    ("given", "leads_to"),
    [
        (DONE, ("payment_requested", "Payment")),
        ({"outcome": "completed"}, ("processing", "Department")),  # nothing is owed
        ({"outcome": "progress", "note": "Đang làm."}, ("processing", "InterAgency")),
        ({"outcome": "refused", "note": "Không đủ."}, ("settled", "Return")),
        ({"outcome": "incomplete", "items": ["section:parcel"]}, ("processing", "Department")),
    ],
    ids=str,
)
def test_an_answer_is_applied(town: Town, given: dict[str, Any], leads_to: tuple[str, str]) -> None:
    """Each of the four outcomes leads on by itself: nobody types it in again (R25)."""
    filed = town.at(Town.at_tax)
    answer = town.send(town.callback(filed), given)
    assert (answer.status, answer.body) == (200, {"receipt": "applied"})
    assert state(town, filed) == leads_to


def tampered(town: Town, path: str) -> Reply:
    """The body is another than the signed one."""
    headers = town.signed(json.dumps(DONE).encode())
    raw = json.dumps(DONE | {"amount": 1}).encode()
    return town.client.call("POST", path, raw, headers=headers)


def renamed(town: Town, path: str) -> Reply:
    """The id is another than the signed one."""
    raw = json.dumps(DONE).encode()
    headers = town.signed(raw) | {"webhook-id": "msg_other"}
    return town.client.call("POST", path, raw, headers=headers)


def nonsense(town: Town, path: str) -> Reply:
    headers = town.signed(b"{}") | {"webhook-signature": "v1,%%%"}
    return town.client.call("POST", path, DONE, headers=headers)


@pytest.mark.parametrize(
    "send",
    [
        tampered,
        renamed,
        nonsense,
        lambda town, path: town.send(path, DONE, secret="whsec_" + "A" * 40),
        lambda town, path: town.send(path, DONE, at=-301),
        lambda town, path: town.send(path, DONE, at=301),
    ],
    ids=["body", "id", "nonsense", "key", "old", "early"],
)
def test_a_signature_that_is_not_right(town: Town, refused: Refused, send: Any) -> None:
    """Whoever knows the address still cannot answer in an agency's name, nor keep an answer."""
    filed = town.at(Town.at_tax)
    path = town.callback(filed)
    assert refused(lambda: send(town, path)).refusal == BAD_SIGNATURE
    assert town.send(path, DONE).status == 200  # and nothing was used up by it


@pytest.mark.parametrize("signature", ["abc", "v1", "v1,a,b", "v1,A", "v1 ,x", "v1,%%%"])
def test_what_is_no_signature_at_all(town: Town, refused: Refused, signature: str) -> None:
    """Anybody can send it: it must not look like a fault of ours."""
    path = town.callback(town.at(Town.at_tax))
    headers = town.signed(b"{}") | {"webhook-signature": signature}
    reply = refused(lambda: town.client.call("POST", path, DONE, headers=headers))
    assert reply.refusal == BAD_SIGNATURE


@pytest.mark.parametrize("spelt", ["{}.0", "+{}", "0{}", " {}", "yesterday"])
def test_a_moment_has_one_spelling(town: Town, refused: Refused, spelt: str) -> None:
    """Another one under the old signature would make a recording a new message."""
    path, raw = town.callback(town.at(Town.at_tax)), json.dumps(DONE).encode()
    headers = town.signed(raw)
    assert town.client.call("POST", path, raw, headers=headers).status == 200
    again = headers | {"webhook-timestamp": spelt.format(headers["webhook-timestamp"])}
    reply = refused(lambda: town.client.call("POST", path, raw, headers=again))
    assert reply.refusal == (400, "request.invalid")


def test_one_id_is_one_message_to_one_leg(town: Town, refused: Refused) -> None:
    """An agency that numbers per dossier must not be told that its answer had arrived."""
    first, second = town.at_tax(), town.at_tax()
    assert town.send(town.callback(first), DONE, message="msg_1").status == 200
    reply = refused(lambda: town.send(town.callback(second), DONE, message="msg_1", at=1))
    assert reply.refusal == (409, "callback.replayed")


def test_no_agency_invents_a_debt(town: Town, refused: Refused) -> None:
    """Where the route has no payment nobody could ever pay it."""
    filed = town.at_unit(LINKED)
    town.decided(filed, OFFICER, "complete", result=town.upload(OFFICER))
    path = town.callback(filed, 3, POLICE)
    file = town.arrive(town.send(f"{path}/uploads", file_body()).body["file_id"])
    given = {"outcome": "completed", "result": file, "amount": 9_000_000}
    reply = refused(lambda: town.send(path, given))
    assert reply.faults == [("/amount", "callback.nothing_to_pay")]


def test_an_address_that_was_not_made_here(town: Town, refused: Refused) -> None:
    """Forged, cut, or another leg's: it does not exist."""
    filed = town.at(Town.at_tax)
    good = town.callback(filed)
    content, _, proof = good.removeprefix("/callbacks/").partition(".")
    other = town.callback(filed, leg=2).partition(".")[0].removeprefix("/callbacks/")
    for forged in (f"{content}.{'A' * 22}", f"{other}.{proof}", content, f"{content}.{proof}x"):
        reply = refused(lambda forged=forged: town.send(f"/callbacks/{forged}", DONE))  # type: ignore[misc]
        assert reply.status == 404


def test_an_agency_answers_for_its_own_leg_only(town: Town, refused: Refused) -> None:
    """The police have a webhook too, but this leg is the tax office's."""
    filed = town.at(Town.at_tax)
    for leg, agency in ((3, POLICE), (2, TAX), (99, TAX)):
        path = town.callback(filed, leg, agency)
        assert refused(lambda path=path: town.send(path, DONE)).status == 404  # type: ignore[misc]


def test_an_agency_without_a_webhook(town: Town, refused: Refused) -> None:
    """Without a registered secret nothing can be signed."""
    filed = town.at(Town.at_tax)
    path = town.callback(filed, 2, "H15.11.05")
    assert refused(lambda: town.send(path, DONE)).refusal == BAD_SIGNATURE


def test_a_retry_and_a_replay(town: Town, refused: Refused) -> None:
    """A retry is signed anew and answered as received; the very same message again is an attack."""
    filed = town.at(Town.at_tax)
    path, signed = town.callback(filed), seconds_from_now(-5)
    first = town.send(path, DONE, message="msg_A", moment=signed)
    assert first.body == {"receipt": "applied"}
    replay = refused(lambda: town.send(path, DONE, message="msg_A", moment=signed))
    assert replay.refusal == (409, "callback.replayed")
    retry = town.send(path, DONE, message="msg_A")
    assert (retry.status, retry.body) == (200, {"receipt": "already_received"})
    other = refused(lambda: town.send(path, DONE | {"amount": 2}, message="msg_A"))
    assert other.refusal == (409, "callback.replayed")


def test_an_answer_that_comes_late_is_filed(town: Town) -> None:
    """The leg is over: it is kept as evidence and changes nothing the citizen sees."""
    filed = town.at(Town.at_payment)
    before = town.get(f"/dossiers/{filed.code}", CITIZEN).body
    late = town.send(town.callback(filed), {"outcome": "refused", "note": "Không."})
    assert late.body == {"receipt": "filed"}
    assert town.get(f"/dossiers/{filed.code}", CITIZEN).body == before
    events = town.get(f"/dossiers/{filed.code}/full", AUDITOR).body["events"]
    assert events[-1]["type"] == "callback_filed"


@pytest.mark.parametrize(
    ("given", "code", "pointer"),
    [
        ({"outcome": "refused"}, "callback.reason_needed", "/note"),
        ({"outcome": "incomplete"}, "callback.items_needed", "/items"),
        (
            {"outcome": "incomplete", "items": ["section:x"]},
            "supplement.unknown_subject",
            "/items",
        ),
    ],
)
def test_an_answer_against_a_rule(
    town: Town, refused: Refused, given: dict[str, Any], code: str, pointer: str
) -> None:
    """Specific and complete, as everybody who asks for more must be (R26)."""
    filed = town.at(Town.at_tax)
    path = town.callback(filed)
    reply = refused(lambda: town.send(path, given))
    assert reply.refusal == (422, code)
    assert reply.faults == [(pointer, code)]


def test_a_result_that_never_came(town: Town, refused: Refused) -> None:
    """An agency's result is a stored file, too (R27)."""
    filed = town.at(Town.at_tax)
    promised = town.send(f"{town.callback(filed)}/uploads", file_body()).body["file_id"]
    given = {"outcome": "completed", "result": promised}
    reply = refused(lambda: town.send(town.callback(filed), given))
    assert reply.refusal == (422, "upload.not_ready")
    assert reply.faults == [("/result", "upload.not_ready")]


def test_incomplete_once(town: Town, refused: Refused) -> None:
    """An agency asks once, with a slip; the second time it must decide (R26)."""
    filed = town.at(Town.at_tax)
    path = town.callback(filed)
    asked = {"outcome": "incomplete", "items": ["section:parcel"]}
    town.send(path, asked)
    waiting = refused(lambda: town.send(path, DONE))
    assert waiting.refusal == (409, "callback.leg_waits")
    town.decided(filed, LAND_OFFICER, "hand_over", leg=4)
    again = refused(lambda: town.send(path, asked))
    assert again.refusal == (422, "callback.incomplete_once")
    assert town.send(path, DONE).body == {"receipt": "applied"}


def test_an_agency_uploads_its_result(town: Town) -> None:
    """The file goes to the store and the answer names it; the owner can fetch it when settled."""
    filed = town.at_unit(LINKED)
    town.decided(filed, OFFICER, "complete", result=town.upload(OFFICER))
    path = town.callback(filed, 3, POLICE)
    promised = town.send(f"{path}/uploads", file_body())
    assert promised.status == 201
    file = town.arrive(promised.body["file_id"])
    answer = town.send(path, {"outcome": "completed", "result": file})
    assert answer.body == {"receipt": "applied"}
    results = town.get(f"/dossiers/{filed.code}/full", DESK).body["results"]
    assert [each["code"] for each in results] == ["birth", "residence"]


def test_an_upload_is_signed_too(town: Town, refused: Refused) -> None:
    """Nobody fills the store in an agency's name."""
    filed = town.at(Town.at_tax)
    path = f"{town.callback(filed)}/uploads"
    reply = refused(lambda: town.send(path, file_body(), secret="whsec_" + "A" * 40))
    assert reply.refusal == BAD_SIGNATURE
    big = refused(lambda: town.send(path, file_body() | {"size": 2**30}))
    assert big.refusal == (422, "upload.too_large")


def test_signing_in_does_not_help(town: Town, refused: Refused) -> None:
    """People do not answer for machines, whoever they are."""
    filed = town.at(Town.at_tax)
    path = town.callback(filed)
    reply = refused(lambda: town.client.call("POST", path, DONE, account=LAND_OFFICER))
    assert reply.status == 400
    assert {pointer for pointer, _ in reply.faults} == {
        "/headers/webhook-id",
        "/headers/webhook-timestamp",
        "/headers/webhook-signature",
    }


def test_a_secret_rotates(town: Town) -> None:
    """While the agency changes over, the old and the new one both sign."""
    from catalogue.load import set_webhook  # noqa: PLC0415 - only here

    new = "whsec_" + "Q" * 40
    set_webhook(TAX, "https://agency.test/hooks", new, aws.RECORD)
    town.restart()
    filed = town.at_tax()
    path = town.callback(filed)
    progress = {"outcome": "progress"}
    assert town.send(path, progress).status == 200
    assert town.send(path, progress, secret=new).status == 200
    town.begin()
    town.restart()
