"""POST /dossiers/{code}/decisions: each action, by whom, on what, and who may not."""

from typing import Any, get_args

import pytest

from chalicelib.entrypoints.api.decisions import DecisionBody
from tests.entrypoints.api.conftest import Refused
from tests.entrypoints.scenes import (
    LIMIT,
    ONE_OF_EACH,
    SCENES,
    SOON,
    Scene,
    at_land_office,
    land_settled,
)
from tests.entrypoints.town import (
    AUDITOR,
    CITIZEN,
    DESK,
    LAND_LEADER,
    LAND_OFFICE,
    LAND_OFFICER,
    LEADER,
    OFFICER,
    OTHER_DESK,
    OTHER_OFFICER,
    WARD_OFFICE,
    Town,
)


def test_every_action_is_tried() -> None:
    """An action that is added later comes with a scene, or this fails."""
    union, _ = get_args(DecisionBody)
    declared = {get_args(each.model_fields["action"].annotation)[0] for each in get_args(union)}
    assert set(ONE_OF_EACH) == declared


@pytest.mark.parametrize("scene", SCENES, ids=str)
def test_a_decision_is_carried_out(town: Town, scene: Scene) -> None:
    """By whoever's turn it is; the answer is where the dossier stands now."""
    filed = town.at(scene.story)
    before = town.rev(filed.code)
    body = town.decided(filed, scene.account, scene.action, **scene.given(town))
    assert (body["status"], body["stage"]) == scene.leads_to
    assert (body["rev"], body["replayed"]) == (before + scene.rises, False)
    after = town.get(f"/dossiers/{filed.code}", AUDITOR).body
    assert all(after[name] == body[name] for name in body if name != "replayed")


@pytest.mark.parametrize("action", ONE_OF_EACH)
def test_a_stranger_does_not_decide(town: Town, refused: Refused, action: str) -> None:
    """An official of another commune does not learn that the dossier exists."""
    scene = ONE_OF_EACH[action]
    filed, arguments = town.at(scene.story), scene.given(town)
    for account in (OTHER_DESK, OTHER_OFFICER):
        reply = refused(lambda account=account: town.decide(filed, account, action, **arguments))  # type: ignore[misc]
        assert reply.refusal == (404, "dossier.not_found")


@pytest.mark.parametrize("action", ONE_OF_EACH)
def test_a_citizen_or_an_auditor_does_not_decide(town: Town, refused: Refused, action: str) -> None:
    """Seeing it, even owning it, is not deciding."""
    scene = ONE_OF_EACH[action]
    filed, arguments = town.at(scene.story), scene.given(town)
    for account in (CITIZEN, AUDITOR):
        reply = refused(lambda account=account: town.decide(filed, account, action, **arguments))  # type: ignore[misc]
        assert reply.refusal == (403, "auth.role")


@pytest.mark.parametrize(
    ("action", "account"),
    [
        ("accept", OFFICER),
        ("accept", LEADER),
        ("receive", DESK),
        ("receive", LEADER),
        ("assign", OFFICER),
        ("send_back", DESK),
        ("complete", DESK),
        ("hand_over", DESK),
        ("record_payment", LAND_OFFICER),
        ("extend", LAND_OFFICER),
        ("extend", LEADER),  # of the ward, not of the land office
        ("apologise", OFFICER),
        ("return", OFFICER),
    ],
)
def test_not_their_turn(town: Town, refused: Refused, action: str, account: str) -> None:
    """Concerned, but of another unit or with another role: 403 where they may know of it."""
    scene = ONE_OF_EACH[action]
    filed, arguments = town.at(scene.story), scene.given(town)
    reply = refused(lambda: town.decide(filed, account, action, **arguments))
    assert reply.refusal in {(403, "decision.not_yours"), (404, "dossier.not_found")}


@pytest.mark.parametrize("action", ONE_OF_EACH)
def test_decided_on_an_older_state(town: Town, refused: Refused, action: str) -> None:
    """Two officials with the same page open: the second one looks again."""
    scene = ONE_OF_EACH[action]
    filed, arguments = town.at(scene.story), scene.given(town)
    old = town.rev(filed.code) - 1
    reply = refused(lambda: town.decide(filed, scene.account, action, **arguments | {"rev": old}))
    assert reply.refusal == (409, "dossier.stale")
    assert reply.faults == [("/rev", "dossier.stale")]


@pytest.mark.parametrize("action", ONE_OF_EACH)
def test_a_decision_sent_twice(town: Town, refused: Refused, action: str) -> None:
    """The second answer is the first; the same key for another body is refused."""
    scene = ONE_OF_EACH[action]
    filed, key = town.at(scene.story), town.key()
    account = scene.account
    arguments = scene.given(town) | {"rev": town.rev(filed.code)}
    first = town.decide(filed, account, action, key, **arguments)
    again = town.decide(filed, account, action, key, **arguments)
    assert again.body == first.body | {"replayed": True}
    other = arguments | {"rev": arguments["rev"] + 1}
    reply = refused(lambda: town.decide(filed, account, action, key, **other))
    assert reply.refusal == (409, "idempotency.mismatch")


@pytest.mark.parametrize(
    ("story", "account", "action", "given", "fault"),
    [
        (
            Town.submit,
            DESK,
            "request_supplement",
            {"checks": {}},
            ("/checks", "supplement.unmarked"),
        ),
        (Town.at_unit, OFFICER, "hand_over", {}, ("/action", "leg.result_needed")),
        (
            Town.at_payment,
            DESK,
            "record_payment",
            {"amount": 1_000_001, "receipt": "BL-1"},
            ("/amount", "payment.amount"),
        ),
        (
            at_land_office,
            LAND_LEADER,
            "extend",
            {"limit": {"amount": 11, "unit": "working_days"}, "reason": "Lâu."},
            ("/limit", "extension.too_long"),
        ),
        (
            Town.at_unit,
            DESK,
            "apologise",
            {"reason": "Xin lỗi.", "promised_at": "2026-10-05T17:00:00Z", "unit": WARD_OFFICE},
            ("/promised_at", "apology.promised_at"),
        ),
        (
            Town.at_unit,
            DESK,
            "apologise",
            {"reason": "Xin lỗi.", "promised_at": SOON, "unit": LAND_OFFICE},
            ("/unit", "apology.unit"),
        ),
        (
            Town.at_unit,
            OFFICER,
            "request_agency",
            {"agency": WARD_OFFICE, "limit": LIMIT, "reason": "Hỏi."},
            ("/agency", "leg.same_agency"),
        ),
    ],
)
def test_against_a_rule(
    town: Town,
    refused: Refused,
    story: Any,
    account: str,
    action: str,
    given: dict[str, Any],
    fault: tuple[str, str],
) -> None:
    """Well-formed and their turn, but not as the law has it; the field is named."""
    filed = town.at(story)
    reply = refused(lambda: town.decide(filed, account, action, **given))
    assert reply.refusal == (422, fault[1])
    assert reply.faults == [fault]


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"action": "dance"}, ("/action", "field.not_one_of")),
        ({}, ("/action", "field.missing")),
        ({"action": "complete"}, ("/result", "field.missing")),
        ({"action": "complete", "result": ""}, ("/result", "field.format")),
        ({"action": "refuse", "reason": "  "}, ("/reason", "field.format")),
        ({"action": "accept", "result": "x"}, ("/result", "field.unknown")),
        ({"action": "accept", "leg": 0}, ("/leg", "field.too_small")),
        ({"action": "extend", "reason": "x", "limit": {}}, ("/limit/amount", "field.missing")),
        (
            {"action": "request_supplement", "checks": {"child": {"good": True}}},
            ("/checks/child", "field.format"),
        ),
        (
            {"action": "request_supplement", "checks": {"section:child": {"good": "yes"}}},
            ("/checks/section:child/good", "field.not_true_or_false"),
        ),
        (
            {"action": "apologise", "reason": "x", "promised_at": 1, "unit": "H15"},
            ("/promised_at", "field.format"),
        ),
        (
            {"action": "apologise", "reason": "x", "promised_at": "2026-10-09", "unit": "H15"},
            ("/promised_at", "field.format"),
        ),
    ],
)
def test_a_body_that_is_not_right(
    town: Town, refused: Refused, given: dict[str, Any], fault: tuple[str, str]
) -> None:
    """The pointer is into what was sent, whichever action it was."""
    filed = town.at(Town.submit)
    body = {"rev": 1, **given}
    reply = refused(lambda: town.post(f"/dossiers/{filed.code}/decisions", body, DESK))
    assert reply.refusal == (422, "request.invalid")
    assert fault in reply.faults


def test_a_promised_file_that_never_came(town: Town, refused: Refused) -> None:
    """Nothing rests on a result that is not there (R27)."""
    filed = town.at(Town.at_unit)
    never = "00000000-0000-4000-8000-000000000000"
    for file in (never, town.promise(OFFICER).body["file_id"]):
        reply = refused(lambda file=file: town.decide(filed, OFFICER, "complete", result=file))  # type: ignore[misc]
        assert reply.refusal == (422, "upload.not_ready")
        assert reply.faults == [("/result", "upload.not_ready")]


def test_another_dossiers_file_is_no_result(town: Town, refused: Refused) -> None:
    """A file belongs to one dossier; else a certificate could be handed to a stranger."""
    filed = town.at(Town.settled)
    (used,) = town.get(f"/dossiers/{filed.code}/full", OFFICER).body["papers"]
    other = town.at_unit()
    reply = refused(lambda: town.decide(other, OFFICER, "complete", result=used["file_id"]))
    assert reply.refusal == (422, "upload.not_ready")


def test_nothing_is_returned_unpaid(town: Town, refused: Refused) -> None:
    """A fee due at collection is taken before the certificate is handed over (R27)."""
    filed = town.at(land_settled)
    due = town.get(f"/dossiers/{filed.code}", AUDITOR).body["outstanding"]
    if due:
        reply = refused(lambda: town.decide(filed, DESK, "return"))
        assert reply.refusal == (422, "payment.outstanding")
        town.decided(filed, DESK, "record_payment", amount=due, receipt="BL-2")
    assert town.decided(filed, DESK, "return")["status"] == "returned"


def test_a_closed_dossier_is_closed(town: Town, refused: Refused) -> None:
    """No decision is taken on what has ended."""
    filed = town.at(Town.settled)
    town.decided(filed, DESK, "return")
    for action in ("accept", "return", "receive"):
        reply = refused(lambda action=action: town.decide(filed, DESK, action))  # type: ignore[misc]
        assert reply.refusal == (409, "leg.not_running")


def test_an_unknown_dossier(town: Town, refused: Refused) -> None:
    """Never a bug, whatever the code looks like."""
    for code in ("H15.50.05.13-261006-9999", "x", "H15%2F..", "A" * 65):
        path = f"/dossiers/{code}/decisions"
        reply = refused(lambda path=path: town.post(path, {"action": "accept", "rev": 1}, DESK))  # type: ignore[misc]
        assert reply.status == 404


def test_an_applicants_paper_is_no_result(town: Town, refused: Refused) -> None:
    """It was filed, not made by the unit; the certificate would be the application."""
    filed = town.at_unit()
    (paper,) = town.get(f"/dossiers/{filed.code}/full", OFFICER).body["papers"]
    reply = refused(lambda: town.decide(filed, OFFICER, "complete", result=paper["file_id"]))
    assert reply.refusal == (422, "upload.not_ready")


def test_what_was_missed_before_a_decision_is_on_record(town: Town) -> None:
    """The timer may come minutes late: the unit is late all the same (R28)."""
    filed = town.at_unit()
    town.clock("2026-10-07T09:00:00+07:00")
    town.decided(filed, OFFICER, "complete", result=town.upload(OFFICER))
    events = town.get(f"/dossiers/{filed.code}/full", OFFICER).body["events"]
    kinds = [each["type"] for each in events]
    assert kinds[-1] == "completed"
    assert "milestone_passed" in kinds


WHY = "Cán bộ một cửa ốm, không có người thay."


def test_a_leader_decides_in_the_holders_place(town: Town) -> None:
    """Under their own name and with the reason; the citizen sees the decision, not whose place."""
    filed = town.submit()
    done = town.decided(filed, LEADER, "accept", override=WHY)
    assert done["status"] == "accepted"
    seen = [each["type"] for each in town.get(f"/dossiers/{filed.code}", AUDITOR).body["timeline"]]
    assert seen[-2:] == ["accepted", "overridden"]
    own = town.get(f"/dossiers/{filed.code}", CITIZEN)
    assert [each["type"] for each in own.body["timeline"]] == ["submitted", "accepted"]
    assert WHY not in own.content.decode()


def test_nobody_else_overrides(town: Town, refused: Refused) -> None:
    """The holder needs none, and who does not lead it may not."""
    filed = town.submit()
    for account in (DESK, OFFICER):
        reply = refused(lambda a=account: town.decide(filed, a, "accept", override=WHY))  # type: ignore[misc]
        assert reply.status in {403, 404}
