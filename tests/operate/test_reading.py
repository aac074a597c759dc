"""Commands that only look: find, show, verify, log."""

import json
from typing import Any

import boto3
import pytest

from chalicelib import bootstrap
from chalicelib.adapters import clients
from tests import aws
from tests.entrypoints import town as t
from tests.entrypoints.town import Filed, Town
from tests.infra.ward import long_dossier
from tests.operate.conftest import (
    ANYBODY,
    Operator,
    play,
)
from tests.upgrades import scenes
from tests.upgrades.province import Province

pytestmark = pytest.mark.slow

PERSONAL = (
    "Y Mẫu Niê",
    "066090000001",
    "Buôn Mẫu",
    "0000000001",
    "Linh",
    "Êban",
    "Thiếu hai trang",
)


def _change(code: str, sort: str, **attributes: Any) -> None:
    """Somebody with rights on the table changes an item by hand."""
    client, key = clients.dynamodb(), {"PK": {"S": f"D#{code}"}, "SK": {"S": sort}}
    item = client.get_item(TableName=aws.RECORD, Key=key)["Item"]
    client.put_item(TableName=aws.RECORD, Item={**item, **attributes})


def _reference() -> str:
    return bootstrap.keys().person_ref("066090000001")


# -- find


@pytest.mark.parametrize("spelt", ["{}", " {} ", "lower"])
def test_by_its_code(spelt: str, made: Province, operator: Operator) -> None:
    """As people copy it from a receipt."""
    code = made.town.submit().code
    typed = code.lower() if spelt == "lower" else spelt.format(code)
    (found,) = operator.asks("find", typed)["dossiers"]
    assert (found["code"], found["status"], found["stage"]) == (code, "submitted", "Intake")


def test_by_its_tracking_link(made: Province, operator: Operator) -> None:
    """What a citizen sends to the help desk; its secret is not needed and not shown."""
    filed = made.town.submit()
    link = f"https://motcua.example/#code={filed.code}&secret={filed.secret}"
    (found,) = operator.asks("find", "--link", link)["dossiers"]
    assert found["code"] == filed.code
    assert filed.secret not in operator.out + operator.err


def test_by_the_number_of_its_owner(made: Province, operator: Operator) -> None:
    """The number goes in, and nothing of it comes out again: not even its hash."""
    operator.role = ANYBODY
    mine = {made.town.submit().code, scenes.filed_at_the_counter(made).code}
    other = {**t.PERSON, "number": "066195000002", "full_name": "H' Mẫu Êban"}
    body = made.town.submission(owner=other, submitter=other)
    theirs = made.town.post("/dossiers", body, t.OTHER_CITIZEN).body["code"]
    found = operator.asks("find", "--owner", "--yes", said="066090000001\n")["dossiers"]
    assert {each["code"] for each in found} == mine
    for secret in ("066090000001", _reference()):
        assert secret not in operator.out + operator.err
    found = operator.asks("find", "--owner", "--yes", said="066195000002\n")["dossiers"]
    assert [each["code"] for each in found] == [theirs]
    assert "is on the log" in operator.err
    assert operator.logged() == [("find --owner", {"dossiers": "all of one person"}, "done")] * 2
    assert "0661950" not in operator.out


@pytest.mark.parametrize(
    ("words", "said", "code", "why"),
    [
        (["find", "H15.50.05.13-261006-9999"], "", 1, "There is no dossier"),
        (["find"], "", 2, "Say what is known"),
        (["find", "--link", "https://motcua.example/"], "", 2, "no tracking link"),
        (["find", "--owner", "--yes"], "12\n", 2, "12 digits"),
        (["find", "--owner"], "066090000001\n", 2, "add --yes"),
        (["find", "--owner", "--yes"], "066090000009\n", 1, ""),
    ],
)
def test_nothing_is_found(
    words: list[str], said: str, code: int, why: str, operator: Operator
) -> None:
    """Whoever mistypes is told what to do."""
    operator.role = ANYBODY
    assert operator.types(*words, said=said) == code
    assert why in operator.err
    assert "06609000000" not in operator.out + operator.err


# -- show


def test_a_dossier_with_all_that_belongs_to_it(made: Province, operator: Operator) -> None:
    """Why it stands where it stands, on one page."""
    code = play(made, scenes.agency_warned)
    found = operator.asks("show", code)
    assert found["wrong"] == []
    assert [each["type"] for each in found["events"]][:3] == [
        "submitted",
        "accepted",
        "handed_over",
    ]
    assert [each["holder"] for each in found["legs"]][-1] == t.TAX
    assert {each["message"] for each in found["messages"]} == {
        "leg.opened",
        "leg.reminder",
        "leg.overdue",
    }
    assert found["execution"]["status"] == "RUNNING"
    assert found["token"] == {"seq": 3, "generation": 1, "behind": 0}
    assert operator.types("show", code) == 0
    assert "InterAgency" in operator.out


def test_nothing_personal_is_shown(made: Province, operator: Operator) -> None:
    """An operator's screen is looked at by many, and copied into tickets."""
    for scene in (scenes.declined, scenes.returned, scenes.asked_after_acceptance):
        code = play(made, scene)
        for words in (["show", code], ["show", code, "--json"], ["find", code], ["status"]):
            operator.types(*words)
            for secret in (*PERSONAL, _reference(), f"{code}.g1/"):
                assert secret not in operator.out + operator.err, (words, secret)


def test_personal_data_is_said_and_logged(made: Province, operator: Operator) -> None:
    """Sometimes it is needed; then it must be known who saw it."""
    code = play(made, scenes.declined)
    found = operator.asks("show", code, "--personal")
    assert found["personal"]["owner"]["full_name"] == "Y Mẫu Niê"
    assert found["personal"]["notes"] == {"3": "Thiếu hai trang."}
    assert "PERSONAL DATA" in operator.err
    assert operator.logged() == [("show --personal", {"dossier": code}, "done")]


def test_what_no_role_may_see(made: Province, operator: Operator) -> None:
    """Who looks leaves no line, so they see no words; long forms are files, and those are nobody's.

    A number finds its dossiers by the key that receipts derive from.
    """
    code = play(made, scenes.declined)
    operator.role = "observer"
    assert "PutItem" in operator.asks("show", code, "--personal", code=3)["error"]
    long = made.town.post("/dossiers", long_dossier(made.town), t.CITIZEN).body["code"]
    operator.role = "operator"
    assert operator.asks("show", code, "--personal")["personal"]
    assert "GetObject" in operator.asks("show", long, "--personal", code=3)["error"]
    assert operator.logged()[-1] == ("show --personal", {"dossier": long}, "ClientError")
    found = operator.asks("find", "--owner", "--yes", said="066090000001\n", code=3)
    assert "Scan" in found["error"]
    assert "06609000000" not in operator.out + operator.err


def test_an_execution_that_is_gone_is_said(made: Province, operator: Operator) -> None:
    """The dossier is safe and stands still: the line says which command helps."""
    code = made.town.submit().code
    made.machine.executions.clear()
    found = operator.asks("show", code, code=1)
    assert found["execution"]["status"] == "GONE"
    assert found["wrong"] == [f"its execution is GONE: `redrive {code}`"]


def test_an_execution_that_has_not_followed_is_said(made: Province, operator: Operator) -> None:
    """Its token waits for a stage that is over."""
    code = scenes.decided_a_moment_ago(made).code
    found = operator.asks("show", code, code=1)
    assert found["token"]["behind"] == 1
    assert "has not followed" in found["wrong"][0]


def test_messages_that_were_given_up_are_said(made: Province, operator: Operator) -> None:
    """An agency does not know that it is its turn."""
    code = play(made, scenes.agency_given_up_on)
    found = operator.asks("show", code, code=1)
    assert f"`replay messages {code}`" in found["wrong"][0]


def test_an_unknown_dossier(operator: Operator) -> None:
    """Not a trace of the program, but a sentence; also for programs."""
    answer = operator.asks("show", "H15.50.05.13-261006-9999", code=1)
    assert "no such dossier" in answer["error"]


# -- verify


def test_records_that_hold(made: Province, operator: Operator) -> None:
    """All of them, whichever way they are named."""
    codes = [play(made, scenes.overdue), scenes.supplemented(made).code]
    closed = scenes.refused_at_the_desk(made).code
    assert operator.asks("verify", *codes, closed)["checked"] == 3
    assert operator.asks("verify", "--open")["checked"] == 2
    found = operator.asks("verify", "--all", "--yes", "--strict")
    assert (found["checked"], found["faults"], found["notes"]) == (3, {}, {})


def _event_changed(code: str) -> None:
    _change(code, "EV#00002", actor={"S": "official:OF-0001@H15"})


def _event_removed(code: str) -> None:
    key = {"PK": {"S": f"D#{code}"}, "SK": {"S": "EV#00002"}}
    clients.dynamodb().delete_item(TableName=aws.RECORD, Key=key)


def _last_removed(code: str) -> None:
    key = {"PK": {"S": f"D#{code}"}, "SK": {"S": "EV#00003"}}
    clients.dynamodb().delete_item(TableName=aws.RECORD, Key=key)


def _case_changed(code: str) -> None:
    _change(code, "CASE", status={"S": "settled"})


def _earlier(code: str) -> None:
    """Whoever backdates an event has to hash the chain anew; then its times tell."""
    _change(code, "EV#00003", at={"S": "2026-10-01T00:00:00Z"})


def _newer(code: str) -> None:
    _change(code, "CASE", v={"N": "99"})


def _unreadable(code: str) -> None:
    _change(code, "EV#00003", type={"S": "bribed"})


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (_event_changed, "one of them was changed"),
        (_event_removed, "is missing"),
        (_last_removed, "the case counts 3"),
        (_case_changed, "the case says settled"),
        (_earlier, "earlier than the one before"),
        (_newer, "schema 99"),
        (_unreadable, "cannot be read"),
    ],
)
def test_records_that_were_changed_by_hand(
    spoil: Any, why: str, made: Province, operator: Operator
) -> None:
    """This is what the chain is for: nobody changes the past unseen, an administrator included."""
    bad, good = play(made, scenes.declined), made.town.submit().code
    spoil(bad)
    found = operator.asks("verify", "--all", "--yes", code=1)
    assert found["checked"] == 2
    assert list(found["faults"]) == [bad]
    assert why in " ".join(found["faults"][bad])
    assert good not in found["faults"]


def test_a_clock_that_was_changed_is_worth_a_look(made: Province, operator: Operator) -> None:
    """A calendar that was amended does the same, so it is no proof by itself."""
    code = play(made, scenes.sent_back)
    _change(code, "CASE#LEG#001", spent={"N": "60"})
    found = operator.asks("verify", code)
    assert "60 working seconds" in found["notes"][code][0]
    assert operator.asks("verify", code, "--strict", code=1)["faults"][code] == found["notes"][code]


def test_verify_needs_to_know_which(operator: Operator) -> None:
    """And never reads a whole table unasked."""
    assert operator.types("verify") == 2
    assert operator.types("verify", "--all") == 2
    assert "add --yes" in operator.err
    assert operator.asks("verify", "H15.50.05.13-261006-9999", code=1)["faults"]


def test_what_is_printed_for_people(made: Province, operator: Operator) -> None:
    """The tables name the dossier and what is wrong."""
    filed: Filed = Town.submit(made.town)
    _change(filed.code, "EV#00001", actor={"S": "x:y"})
    assert operator.types("verify", filed.code) == 1
    assert filed.code in operator.out
    assert "1 do not hold together" in operator.out
    assert json.dumps(filed.code) not in operator.out


@pytest.mark.parametrize("month", ["garbage", "2026-13", "2026", "", "2026-10-01"])
def test_no_month(month: str, operator: Operator) -> None:
    """That nothing was done would be the wrong answer to a typing error."""
    with pytest.raises(SystemExit) as ended:
        operator.types("log", "--month", month)
    assert ended.value.code == 2
    assert operator.asks("log", "--month", "2026-1")["lines"] == []


def test_the_log_is_empty_at_first(operator: Operator) -> None:
    """Looking leaves no line."""
    assert operator.logged() == []
    assert boto3.client("sts").get_caller_identity()["Arn"] not in operator.out
