"""GET /dossiers/{code} and /full: who may know, and what."""

import pytest

from chalicelib.bootstrap import deps
from chalicelib.entrypoints.http.edge import edge_key
from tests.entrypoints.api.conftest import Refused
from tests.entrypoints.served import Reply, stored
from tests.entrypoints.town import (
    AUDITOR,
    CATALOGUE,
    CITIZEN,
    DESK,
    LAND,
    LAND_LEADER,
    LAND_OFFICER,
    LEADER,
    OFFICER,
    OPERATOR,
    OTHER_CITIZEN,
    OTHER_DESK,
    OTHER_OFFICER,
    TAX_OFFICER,
    WARD_DESK,
    WARD_OFFICE,
    Town,
)

NOT_FOUND = (404, "dossier.not_found")


def test_with_the_secret(town: Town) -> None:
    """Which unit holds it and until when, for anyone with the receipt in hand (R12)."""
    filed = town.at(Town.at_unit)
    body = town.get(f"/dossiers/{filed.code}", secret=filed.secret).body
    assert (body["status"], body["stage"], body["paused"]) == ("accepted", "Department", False)
    (holder,) = body["holders"]
    assert holder["unit"] == WARD_OFFICE
    assert "Buôn Hồ" in holder["unit_name"]["vi"]
    assert holder["due_at"] == body["due_at"] == "2026-10-06T10:00:00Z"
    assert [each["type"] for each in body["timeline"]] == ["submitted", "accepted"]
    assert [each["unit"] for each in body["timeline"]] == ["citizen", WARD_DESK]


def test_the_secret_reads_the_status_only(town: Town) -> None:
    """Whoever finds a receipt learns where a dossier is, and nothing about its people."""
    filed = town.at(Town.asked)
    with_secret = town.get(f"/dossiers/{filed.code}", secret=filed.secret)
    assert with_secret.body["open_request"]["text"] is None
    for personal in ("066090000001", "Niê", "Viết lại"):
        assert personal not in with_secret.content.decode()
    owner = town.get(f"/dossiers/{filed.code}", CITIZEN).body["open_request"]
    assert owner["items"] == [{"subject": "section:child", "reason_code": "unclear"}]
    assert "Viết lại cho rõ." in owner["text"]


def test_the_owner_reads_why(town: Town) -> None:
    """A refusal without its reason leaves a citizen with nothing to act on."""
    filed = town.at_unit()
    town.decided(filed, OFFICER, "refuse", reason="Đã được đăng ký tại nơi khác.")
    *_, refused = town.get(f"/dossiers/{filed.code}", CITIZEN).body["timeline"]
    assert (refused["type"], refused["words"]) == ("refused", "Đã được đăng ký tại nơi khác.")
    for who in ({"secret": filed.secret}, {"account": DESK}):
        *_, refused = town.get(f"/dossiers/{filed.code}", **who).body["timeline"]
        assert refused["words"] is None


def test_what_officials_write_to_each_other_is_not_the_owners(town: Town) -> None:
    """A note on a hand-over is meant for the next unit."""
    filed = town.at_unit(LAND)
    town.decided(filed, LAND_OFFICER, "send_back", reason="Cán bộ một cửa xem lại trang 2.")
    answer = town.get(f"/dossiers/{filed.code}", CITIZEN)
    assert "trang 2" not in answer.content.decode()


def test_the_result_is_the_owners(town: Town) -> None:
    """A link to the certificate is not for everyone who knows the secret."""
    filed = town.at(Town.settled)
    assert town.get(f"/dossiers/{filed.code}", secret=filed.secret).body["results"] == []
    (result,) = town.get(f"/dossiers/{filed.code}", CITIZEN).body["results"]
    assert (result["leg"], result["code"]) == (2, "register")
    assert "X-Amz-Signature" in result["url"]
    assert "attachment" in result["url"]


@pytest.mark.parametrize("account", [CITIZEN, DESK, OFFICER, LEADER, AUDITOR])
def test_whom_it_concerns(town: Town, account: str) -> None:
    """The owner, the desk, the unit that holds it, those above them, and the auditor."""
    filed = town.at(Town.at_unit)
    assert town.get(f"/dossiers/{filed.code}", account).status == 200


@pytest.mark.parametrize(
    "account", [OTHER_CITIZEN, OTHER_DESK, OTHER_OFFICER, LAND_OFFICER, LAND_LEADER, TAX_OFFICER]
)
def test_whom_it_does_not_concern(town: Town, refused: Refused, account: str) -> None:
    """They do not even learn that it exists (least privilege)."""
    filed = town.at(Town.at_unit)
    for path in (f"/dossiers/{filed.code}", f"/dossiers/{WARD_DESK}-261006-9999"):
        assert refused(lambda path=path: town.get(path, account)).refusal == NOT_FOUND  # type: ignore[misc]


@pytest.mark.parametrize("account", [CATALOGUE, OPERATOR])
def test_who_runs_the_system_does_not_read_dossiers(
    town: Town, refused: Refused, account: str
) -> None:
    """Their agency stands above every desk; their work needs nobody's certificate."""
    filed = town.at(Town.settled)
    for path in (f"/dossiers/{filed.code}", f"/dossiers/{filed.code}/full"):
        assert refused(lambda path=path: town.get(path, account)).refusal == (403, "auth.role")  # type: ignore[misc]


def test_a_wrong_secret_and_an_unknown_code_look_the_same(town: Town) -> None:
    """Else a stranger could list which codes exist."""
    filed = town.at(Town.at_unit)
    unknown = f"{WARD_DESK}-261006-9999"
    answers = [
        town.get(f"/dossiers/{filed.code}", secret="a" * 22),
        town.get(f"/dossiers/{unknown}", secret="a" * 22),
        town.get(f"/dossiers/{unknown}", secret=filed.secret),
    ]
    assert {each.refusal for each in answers} == {NOT_FOUND}
    bodies = [{**each.body, "correlation_id": ""} for each in answers]
    assert bodies[0] == bodies[1] == bodies[2]


def test_neither_secret_nor_sign_in(town: Town, refused: Refused) -> None:
    """A code is printed on paper and easy to guess; it opens nothing by itself."""
    filed = town.at(Town.at_unit)
    reply = refused(lambda: town.get(f"/dossiers/{filed.code}"))
    assert reply.refusal == (401, "auth.required")


def test_wrong_secrets_are_throttled(town: Town) -> None:
    """After ten, even the right one waits; whoever signed in does not."""
    filed = town.at(Town.at_unit)
    path = f"/dossiers/{filed.code}"
    for _ in range(10):
        assert town.get(path, secret="a" * 22).refusal == NOT_FOUND
    reply = town.get(path, secret=filed.secret)
    assert reply.refusal == (429, "throttled")
    assert 0 < int(reply.headers["retry-after"]) <= 900
    assert town.get(path, CITIZEN).status == 200
    assert not any("127.0.0.1" in partition for partition, _ in stored())


def _behind_the_edge(town: Town, path: str, viewer: str, key: str, secret: str) -> Reply:
    shown = {"X-Origin-Key": key, "X-Viewer-Address": viewer, "X-Dossier-Secret": secret}
    return town.client.call("GET", path, headers=shown)


def test_citizens_behind_one_edge_server_do_not_share_their_tries(town: Town) -> None:
    """CloudFront calls for all of them; one who mistypes must not lock the others out."""
    filed = town.at(Town.at_unit)
    path, key = f"/dossiers/{filed.code}", edge_key(deps().keys)
    for _ in range(10):
        assert _behind_the_edge(town, path, "203.0.113.1", key, "a" * 22).refusal == NOT_FOUND
    again = _behind_the_edge(town, path, "203.0.113.1", key, filed.secret)
    assert again.refusal == (429, "throttled")
    assert _behind_the_edge(town, path, "203.0.113.2", key, filed.secret).status == 200
    assert not any("203.0.113" in partition for partition, _ in stored())


@pytest.mark.parametrize("key", ["", "x" * 22, "đ" * 22, "\ud800"])
def test_an_address_that_nobody_vouches_for_counts_for_nothing(town: Town, key: str) -> None:
    """Else a stranger past the edge would have as many tries as there are addresses."""
    filed = town.at(Town.at_unit)
    path = f"/dossiers/{filed.code}"
    for number in range(10):
        viewer = f"203.0.113.{number}"
        assert _behind_the_edge(town, path, viewer, key, "a" * 22).refusal == NOT_FOUND
    last = _behind_the_edge(town, path, "203.0.113.99", key, filed.secret)
    assert last.refusal == (429, "throttled")


@pytest.mark.parametrize("account", [DESK, OFFICER, LEADER, AUDITOR])
def test_the_whole_dossier(town: Town, account: str) -> None:
    """The control slip travels with it (R22); officials see what was filed."""
    filed = town.at(Town.settled)
    body = town.get(f"/dossiers/{filed.code}/full", account).body
    assert body["owner"]["number"] == "066090000001"
    assert body["papers"][0]["paper_code"] == "birth_notification"
    assert "X-Amz-Signature" in body["papers"][0]["url"]
    assert [hop["receiver"] for hop in body["control_slip"]] == [WARD_DESK, WARD_OFFICE, WARD_DESK]
    assert [event["type"] for event in body["events"]] == ["submitted", "accepted", "completed"]
    chain = zip(body["events"], body["events"][1:], strict=False)
    assert all(later["prev"] == earlier["digest"] for earlier, later in chain)


def test_an_agency_sees_what_its_leg_shares(town: Town) -> None:
    """The tax office needs the parcel and the parties, not who asked for what (least privilege)."""
    body = town.submission(LAND)
    body["papers"].append({"paper_code": "mandate", "file_id": town.upload()})
    filed = town.submit(LAND, papers=body["papers"])
    town.decided(filed, DESK, "accept")
    town.decided(filed, LAND_OFFICER, "hand_over")
    body = town.get(f"/dossiers/{filed.code}/full", TAX_OFFICER).body
    assert set(body["answers"]) == {"transferor", "transferee", "parcel", "transfer"}
    assert (body["owner"], body["submitter"]) == ({}, {})
    assert {paper["paper_code"] for paper in body["papers"]} == {"transfer_contract", "certificate"}


def test_an_agency_reads_the_words_meant_for_it(town: Town) -> None:
    """What the units wrote to each other about other things is not its business."""
    filed = town.at_unit(LAND)
    town.decided(filed, LAND_OFFICER, "send_back", reason="Thiếu trang 2.")
    town.decided(filed, DESK, "hand_over", note="Đã đủ.")
    town.decided(filed, LAND_OFFICER, "hand_over", note="Đề nghị xác định thuế.")
    body = town.get(f"/dossiers/{filed.code}/full", TAX_OFFICER).body
    assert [each["note"] for each in body["events"]] == [
        None,
        None,
        None,
        None,
        "Đề nghị xác định thuế.",
    ]
    events = town.get(f"/dossiers/{filed.code}/full", DESK).body["events"]
    assert "Thiếu trang 2." in [each["note"] for each in events]


@pytest.mark.parametrize(
    ("account", "refusal"),
    [(CITIZEN, (403, "auth.role")), (OTHER_DESK, NOT_FOUND), (LAND_OFFICER, NOT_FOUND)],
)
def test_the_whole_is_not_for_everyone(
    town: Town, refused: Refused, account: str, refusal: tuple[int, str]
) -> None:
    """Officers' notes and other people's numbers stay with the officials concerned."""
    filed = town.at(Town.at_unit)
    reply = refused(lambda: town.get(f"/dossiers/{filed.code}/full", account))
    assert reply.refusal == refusal
