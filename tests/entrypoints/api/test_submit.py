"""POST /dossiers: filed once, checked at once, stored once."""

from collections.abc import Callable
from typing import Any, NoReturn

import pytest

from chalicelib import bootstrap
from chalicelib.adapters import clients, records
from chalicelib.domain.errors import NotFoundError
from tests import aws
from tests.entrypoints.api.conftest import Refused
from tests.entrypoints.served import PUBLIC_URL, stored
from tests.entrypoints.town import (
    BIRTH,
    CITIZEN,
    DESK,
    LAND_OFFICER,
    LINKED,
    MARRIAGE,
    OTHER_CITIZEN,
    OTHER_DESK,
    PERSON,
    WARD_DESK,
    Town,
    answers,
)


def test_a_dossier_is_filed(town: Town) -> None:
    """Everything a citizen is promised: a code, a secret, when there will be an answer."""
    answer = town.post("/dossiers", town.submission(), CITIZEN)
    assert answer.status == 201
    body = answer.body
    assert body["code"] == f"{WARD_DESK}-261006-0001"
    assert (body["status"], body["rev"], body["replayed"]) == ("submitted", 1, False)
    assert body["answer_due_at"] == "2026-10-07T02:00:00Z"  # 8 working hours
    link = f"{PUBLIC_URL}/#code={body['code']}&secret={body['secret']}"
    assert body["tracking_url"] == link  # behind the #, so that no server logs the secret
    assert len(body["secret"]) == 22
    assert answer.headers["cache-control"] == "no-store"


def test_nothing_personal_stands_in_a_key(town: Town) -> None:
    """Keys go into logs and indexes: no number, no name, no phone (DOMAIN.md, "Identity")."""
    town.submit()
    for partition, sort in stored():
        assert PERSON["number"] not in partition + sort
        assert "Niê" not in partition + sort


def test_the_same_request_again_after_the_catalogue_changed(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was taken is taken: the late copy is not judged by what is offered now."""
    body, key = town.submission(), town.key()
    first = town.post("/dossiers", body, CITIZEN, key)

    def gone(*_: object) -> NoReturn:
        raise NotFoundError("procedure.not_found")

    monkeypatch.setattr(type(bootstrap.reference()), "procedure", gone)
    second = town.post("/dossiers", body, CITIZEN, key)
    assert second.body == first.body | {"replayed": True}
    assert town.post("/dossiers", body, CITIZEN, town.key()).status == 404


def test_the_same_request_again(town: Town) -> None:
    """A phone that lost the answer sends again, and must not file twice."""
    body, key = town.submission(), town.key()
    first = town.post("/dossiers", body, CITIZEN, key)
    before = stored()
    second = town.post("/dossiers", body, CITIZEN, key)
    assert second.status == 201
    assert second.body == first.body | {"replayed": True}
    after = {name: item for name, item in stored().items() if not name[0].startswith("SEQ#")}
    assert after == {name: item for name, item in before.items() if not name[0].startswith("SEQ#")}


def test_another_body_under_the_same_key(town: Town, refused: Refused) -> None:
    """A key that means two things would lose one of them."""
    body, key = town.submission(), town.key()
    town.post("/dossiers", body, CITIZEN, key)
    other = body | {
        "answers": answers(BIRTH) | {"request": {"relationship": "mother", "copies": 1}}
    }
    reply = refused(lambda: town.post("/dossiers", other, CITIZEN, key))
    assert reply.refusal == (409, "idempotency.mismatch")


def test_a_key_belongs_to_one_person(town: Town) -> None:
    """Two people may choose the same key; neither gets the other's dossier."""
    key = town.key()
    mine = town.post("/dossiers", town.submission(), CITIZEN, key)
    papers = [{"paper_code": "birth_notification", "file_id": town.upload(OTHER_CITIZEN)}]
    other = PERSON | {"full_name": "H' Mẫu Êban", "number": "066195000002"}
    body = town.submission(papers=papers, submitter=other)
    theirs = town.post("/dossiers", body, OTHER_CITIZEN, key)
    assert (mine.status, theirs.status) == (201, 201)
    assert mine.body["code"] != theirs.body["code"]


def test_the_desk_files_for_somebody(town: Town) -> None:
    """The counter is a channel like any other (R11), with its own time limit (R16)."""
    body = town.submission(channel="counter")
    answer = town.post("/dossiers", body, DESK)
    assert answer.status == 201
    assert answer.body["answer_due_at"] == "2026-10-06T10:00:00Z"  # the same day, 17:00


def _without(name: str) -> Callable[[dict[str, Any]], None]:
    def change(form: dict[str, Any]) -> None:
        section, _, field = name.partition(".")
        if field:
            del form[section][field]
        else:
            del form[section]

    return change


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (_without("child"), ("/answers/child", "form.required")),
        (_without("child.full_name"), ("/answers/child/full_name", "form.required")),
        (lambda form: form.update(x=1), ("/answers/x", "form.additionalProperties")),
        (lambda form: form["child"].update(gender="x"), ("/answers/child/gender", "form.enum")),
        (
            lambda form: form["request"].update(copies=-1),
            ("/answers/request/copies", "form.minimum"),
        ),
        (lambda form: form["request"].update(copies="1"), ("/answers/request/copies", "form.type")),
        (
            lambda form: form["child"].update(date_of_birth="2026-02-30"),
            ("/answers/child/date_of_birth", "form.format"),
        ),
    ],
)
def test_a_form_that_is_not_right(
    town: Town, refused: Refused, change: Callable[[Any], None], fault: tuple[str, str]
) -> None:
    """The field at fault is named, so that it can be marked where the citizen sees it."""
    form = answers(BIRTH)
    change(form)
    body = town.submission(answers=form)
    reply = refused(lambda: town.post("/dossiers", body, CITIZEN))
    assert reply.refusal == (422, "form.invalid")
    assert fault in reply.faults
    assert all("{" not in each["detail"] for each in reply.body["errors"])


def test_all_faults_at_once(town: Town, refused: Refused) -> None:
    """One round, not one per mistake (R19 for machines)."""
    body = town.submission(answers={})
    reply = refused(lambda: town.post("/dossiers", body, CITIZEN))
    assert {pointer for pointer, _ in reply.faults} == {
        "/answers/child",
        "/answers/mother",
        "/answers/request",
    }


def papers(*given: tuple[str, str]) -> list[dict[str, str]]:
    return [{"paper_code": paper, "file_id": file} for paper, file in given]


def test_a_paper_that_only_some_need(town: Town, refused: Refused) -> None:
    """Whoever lives elsewhere brings the confirmation; nobody else is asked for it."""
    assert town.dossier(town.submit(MARRIAGE).code).conditions == ()
    there = answers(MARRIAGE)
    there["request"]["elsewhere"] = True
    body = town.submission(MARRIAGE, answers=there)
    assert refused(lambda: town.post("/dossiers", body, CITIZEN)).refusal == (422, "paper.missing")
    body["papers"] += papers(("marital_status", town.upload()))
    code = town.post("/dossiers", body, CITIZEN).body["code"]
    assert town.dossier(code).conditions == ("elsewhere",)


def test_papers_that_are_not_right(town: Town, refused: Refused) -> None:
    """Missing, unknown, or one file for two papers: each says which."""
    file = town.upload()
    needed = "birth_notification"
    for given, code in [
        ([], "paper.missing"),
        (papers((needed, file), ("passport", town.upload())), "paper.unknown"),
        (papers((needed, file), ("mandate", file)), "paper.file_twice"),
    ]:
        body = town.submission(papers=given)
        reply = refused(lambda body=body: town.post("/dossiers", body, CITIZEN))  # type: ignore[misc]
        assert reply.refusal == (422, code)
        assert reply.faults == [("/papers", code)]


def test_files_that_are_not_there(town: Town, refused: Refused) -> None:
    """Promised and never sent, never promised, sent with other bytes, used by another dossier."""
    taken = town.submission()
    assert town.post("/dossiers", taken, CITIZEN).status == 201
    promised = town.promise().body["file_id"]
    other = town.arrive(town.promise().body["file_id"], b"%PDF-1.7 other bytes")
    used = taken["papers"][0]["file_id"]
    for file in (promised, other, used, "00000000-0000-4000-8000-000000000000"):
        body = town.submission(papers=papers(("birth_notification", file)))
        reply = refused(lambda body=body: town.post("/dossiers", body, CITIZEN))  # type: ignore[misc]
        assert reply.refusal == (422, "upload.not_ready")
        assert reply.faults == [("/papers/0/file_id", "upload.not_ready")]


@pytest.mark.parametrize(
    ("changed", "account", "status", "code"),
    [
        ({"desk": "H15.50.05.02"}, CITIZEN, 422, "desk.does_not_receive"),  # no desk at all
        ({"desk": "H15.01"}, CITIZEN, 422, "desk.does_not_receive"),  # one that takes no births
        ({"desk": "H15.99"}, CITIZEN, 404, "agency.not_found"),
        ({"procedure_code": "1.999999"}, CITIZEN, 404, "procedure.not_found"),
        ({"procedure_version": 99}, CITIZEN, 404, "procedure.not_found"),
        ({"channel": "counter"}, CITIZEN, 403, "submit.counter_is_the_desks"),
        ({"channel": "counter"}, OTHER_DESK, 403, "decision.not_yours"),
        ({}, LAND_OFFICER, 403, "auth.role"),
    ],
)
def test_not_here_and_not_you(
    town: Town, refused: Refused, changed: dict[str, Any], account: str, status: int, code: str
) -> None:
    """A dossier lands where it can be dealt with, sent by whoever may send it."""
    body = town.submission(**changed)
    assert refused(lambda: town.post("/dossiers", body, account)).refusal == (status, code)


@pytest.mark.parametrize(
    ("owner", "fault"),
    [
        ({"kind": "alien"}, ("/owner/kind", "field.not_one_of")),
        ({"full_name": "Y Mẫu"}, ("/owner/kind", "field.missing")),
        ({"kind": "citizen", "full_name": "Y Mẫu"}, ("/owner/number", "field.missing")),
        (PERSON | {"number": "06609000001"}, ("/owner/number", "field.format")),
        (PERSON | {"number": "٠٦٦٠٩٠٠٠٠٠٠١"}, ("/owner/number", "field.format")),
        (PERSON | {"birth_date": "1990-02-30"}, ("/owner/birth_date", "field.format")),
        (PERSON | {"full_name": "<b>Y</b>"}, ("/owner/full_name", "field.format")),
        (PERSON | {"nick": "Y"}, ("/owner/nick", "field.unknown")),
        (
            {"kind": "child", "full_name": "Y Mẫu", "representative": {"full_name": "Y Mẫu"}},
            ("/owner/representative/number", "field.missing"),
        ),
    ],
)
def test_persons_that_are_not_right(
    town: Town, refused: Refused, owner: dict[str, Any], fault: tuple[str, str]
) -> None:
    """Five kinds of applicant, told apart by `kind`; the pointer leads through the union."""
    body = town.submission(owner=owner)
    reply = refused(lambda: town.post("/dossiers", body, CITIZEN))
    assert reply.refusal == (422, "request.invalid")
    assert fault in reply.faults


@pytest.mark.parametrize(
    "owner",
    [
        {
            "kind": "child",
            "full_name": "H' Mẫu Linh Niê",
            "representative": {
                "full_name": "Y Mẫu Niê",
                "number": "066090000001",
                "relation": "cha",
            },
        },
        {"kind": "foreigner", "full_name": "Ana Sample", "number": "X1234567", "nationality": "LA"},
        {
            "kind": "organisation",
            "full_name": "Hợp tác xã Mẫu",
            "number": "6000000001",
            "representative": "Y Mẫu Niê",
        },
        {"kind": "without_papers", "full_name": "Y Mẫu"},
    ],
    ids=lambda owner: owner["kind"],
)
def test_every_kind_of_applicant(town: Town, owner: dict[str, Any]) -> None:
    """A child, a foreigner, an organisation, a person without papers (DOMAIN.md)."""
    filed = town.submit(owner=owner)
    full = town.get(f"/dossiers/{filed.code}/full", DESK)
    assert full.status == 200
    assert full.body["owner"] == owner


def test_a_key_is_needed(town: Town, refused: Refused) -> None:
    """Without one, nobody could tell a repetition from a second dossier."""
    body = town.submission()
    reply = refused(lambda: town.post("/dossiers", body, CITIZEN, {}))
    assert reply.faults == [("/headers/Idempotency-Key", "field.missing")]


def test_a_large_form_comes_back_whole(town: Town) -> None:
    """Above 4 kB it lies in the store, not in the table; a reader does not notice."""
    owner = PERSON | {"address": "Buôn Mẫu " + "đ" * 190}
    filed = town.submit(LINKED, owner=owner, submitter=owner)
    full = town.get(f"/dossiers/{filed.code}/full", DESK).body
    assert (full["owner"], full["answers"]) == (owner, answers(LINKED))


def test_what_was_refused_leaves_nothing_of_the_person(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A form too large for the table lies in the store: also that one goes."""
    monkeypatch.setattr(records, "MOST_INLINE", 100)
    never = "00000000-0000-4000-8000-000000000000"
    body = town.submission(papers=papers(("birth_notification", never)))
    assert town.post("/dossiers", body, CITIZEN).refusal == (422, "upload.not_ready")
    filed = town.submit()
    left = clients.s3().list_objects_v2(Bucket=aws.FILES, Prefix="forms/")
    assert [filed.code in each["Key"] for each in left["Contents"]] == [True]


def test_nobody_files_in_anothers_name(town: Town, refused: Refused) -> None:
    """What a person gave once is legal evidence from then on (R17)."""
    body = town.submission()
    reply = refused(lambda: town.post("/dossiers", body, OTHER_CITIZEN))
    assert reply.faults == [("/submitter/number", "submit.not_you")]


@pytest.mark.parametrize("name", ["\u200b\u200b\u200b", "\u00a0 \u00a0", "a\u202eb", "a\u0085b"])
def test_a_name_can_be_read(town: Town, refused: Refused, name: str) -> None:
    """Nothing, or a mark that turns the text around, is nobody's name."""
    body = town.submission(owner=PERSON | {"full_name": name})
    reply = refused(lambda: town.post("/dossiers", body, CITIZEN))
    assert reply.faults == [("/owner/full_name", "field.format")]
