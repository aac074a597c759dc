"""POST /dossiers/{code}/supplement and /withdraw: the citizen's own decisions."""

from typing import Any

import pytest

from tests.entrypoints.api.conftest import Refused
from tests.entrypoints.served import Reply
from tests.entrypoints.town import (
    BIRTH,
    CITIZEN,
    COPIES,
    DESK,
    OFFICER,
    OTHER_CITIZEN,
    OTHER_DESK,
    Filed,
    Town,
    answers,
    checks,
)

CHILD = {"child": answers(BIRTH)["child"]}
NOT_FOUND = (404, "dossier.not_found")


def supplement(town: Town, filed: Filed, account: str = CITIZEN, **given: object) -> Reply:
    body = {"rev": town.rev(filed.code), "answers": CHILD, **given}
    return town.post(f"/dossiers/{filed.code}/supplement", body, account)


def withdraw(town: Town, filed: Filed, account: str = CITIZEN, **given: object) -> Reply:
    body = {"rev": town.rev(filed.code), **given}
    return town.post(f"/dossiers/{filed.code}/withdraw", body, account)


@pytest.mark.parametrize("account", [CITIZEN, DESK])
def test_a_supplement_is_taken(town: Town, account: str) -> None:
    """From the citizen, or at the counter; the desk's time begins anew."""
    filed = town.at(Town.asked)
    answer = supplement(town, filed, account)
    assert answer.status == 200
    assert (answer.body["status"], answer.body["paused"]) == ("submitted", False)
    full = town.get(f"/dossiers/{filed.code}/full", DESK).body
    assert full["answers"] == answers(BIRTH)
    assert full["events"][-1]["data"]["items"] == ["section:child"]


def test_a_paper_is_replaced(town: Town) -> None:
    """The new file stands in the place of the one that was not good."""
    filed = town.submit()
    slip = checks("paper:birth_notification")
    town.decided(filed, DESK, "request_supplement", checks=slip)
    paper = {"paper_code": "birth_notification", "file_id": town.upload()}
    assert supplement(town, filed, answers={}, papers=[paper]).status == 200
    (kept,) = town.get(f"/dossiers/{filed.code}/full", DESK).body["papers"]
    assert kept["file_id"] == paper["file_id"]


def test_new_answers_decide_anew(town: Town) -> None:
    """Other pages cost another charge; which conditions hold is looked at again, too."""
    filed = town.submit(COPIES)
    assert town.dossier(filed.code).fee == 3 * 2_000 + 2 * 14_000
    slip = checks("section:copies", procedure=COPIES)
    town.decided(filed, DESK, "request_supplement", checks=slip)
    fewer = {"copies": {"documents": [{"name": "Bằng", "pages": 3, "copies": 1}]}}
    assert supplement(town, filed, answers=fewer).status == 200
    assert town.dossier(filed.code).fee == 5_000


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"answers": {}}, "supplement.missing"),
        ({"answers": CHILD | {"mother": answers(BIRTH)["mother"]}}, "supplement.not_asked"),
        ({"answers": {"child": {}}}, "form.invalid"),
        ({"answers": {"Child": {}}}, "request.invalid"),
        ({"rev": -1}, "request.invalid"),
    ],
)
def test_not_what_was_asked_for(
    town: Town, refused: Refused, given: dict[str, Any], code: str
) -> None:
    """Exactly the items of the slip, each of them good."""
    filed = town.at(Town.asked)
    assert refused(lambda: supplement(town, filed, **given)).refusal == (422, code)


def test_a_fault_inside_a_section_is_pointed_at(town: Town, refused: Refused) -> None:
    """The same pointers as when the dossier was filed."""
    filed = town.at(Town.asked)
    child = answers(BIRTH)["child"] | {"gender": "x"}
    reply = refused(lambda: supplement(town, filed, answers={"child": child}))
    assert reply.faults == [("/answers/child/gender", "form.enum")]


def test_a_supplement_nobody_asked_for(town: Town, refused: Refused) -> None:
    """Papers are not changed behind the back of the official who is reading them."""
    filed = town.at(Town.at_unit)
    assert refused(lambda: supplement(town, filed)).refusal == (409, "supplement.not_open")


@pytest.mark.parametrize("call", [supplement, withdraw])
@pytest.mark.parametrize(
    ("account", "refusal"),
    [(OTHER_CITIZEN, NOT_FOUND), (OTHER_DESK, NOT_FOUND), (OFFICER, (403, "auth.role"))],
)
def test_only_the_owner_or_the_desk(
    town: Town, refused: Refused, call: Any, account: str, refusal: tuple[int, str]
) -> None:
    """Nobody withdraws a neighbour's dossier, or learns that there is one."""
    filed = town.at(Town.asked)
    assert refused(lambda: call(town, filed, account)).refusal == refusal


@pytest.mark.parametrize("call", [supplement, withdraw])
def test_made_on_an_older_state(town: Town, refused: Refused, call: Any) -> None:
    """The page was open too long: look again before deciding."""
    filed = town.at(Town.asked)
    reply = refused(lambda: call(town, filed, rev=1))
    assert reply.refusal == (409, "dossier.stale")
    assert reply.faults == [("/rev", "dossier.stale")]


@pytest.mark.parametrize("story", [Town.submit, Town.asked, Town.at_unit, Town.at_tax])
def test_a_dossier_is_withdrawn(town: Town, story: Any) -> None:
    """At any time before the result is there; every open leg ends with it."""
    filed = town.at(story)
    answer = withdraw(town, filed, reason="Không cần nữa.")
    assert answer.status == 200
    assert (answer.body["status"], answer.body["stage"]) == ("withdrawn", "Closed")
    assert answer.body["holders"] == []


def test_too_late_to_withdraw(town: Town, refused: Refused) -> None:
    """The result exists: it can only be handed out."""
    filed = town.at(Town.settled)
    reply = refused(lambda: withdraw(town, filed))
    assert reply.refusal == (422, "dossier.transition_not_allowed")


@pytest.mark.parametrize(
    ("path", "body"),
    [("supplement", {"rev": 2, "answers": CHILD}), ("withdraw", {"rev": 2, "reason": "Thôi."})],
)
def test_sent_twice(town: Town, refused: Refused, path: str, body: dict[str, Any]) -> None:
    """The same request answers the same state; the same key for something else is refused."""
    filed = town.at(Town.asked)
    key, target = town.key(), f"/dossiers/{filed.code}/{path}"
    first = town.post(target, body, CITIZEN, key)
    second = town.post(target, body, CITIZEN, key)
    assert (first.status, second.status) == (200, 200)
    assert second.body == first.body | {"replayed": True}
    reply = refused(lambda: town.post(target, body | {"rev": 3}, CITIZEN, key))
    assert reply.refusal == (409, "idempotency.mismatch")


def test_one_file_is_one_paper_in_a_supplement_too(town: Town, refused: Refused) -> None:
    """Two names for one file are refused by name, not by the store."""
    filed = town.submit()
    town.decided(filed, DESK, "request_supplement", checks=checks("paper:birth_notification"))
    file = town.upload()
    twice = [{"paper_code": "birth_notification", "file_id": file}] * 2
    body = {"rev": town.rev(filed.code), "answers": {}, "papers": twice}
    reply = refused(lambda: town.post(f"/dossiers/{filed.code}/supplement", body, CITIZEN))
    assert reply.refusal == (422, "paper.file_twice")
