"""Commands that set something going: each by the way it always goes, asked for, and on the log."""

import json
from typing import Any

import boto3
import pytest

from catalogue.load import set_webhook
from chalicelib import bootstrap
from chalicelib.domain.delivery import DeliveryState
from chalicelib.domain.ids import AgencyCode, DeliveryId
from chalicelib.entrypoints import stream
from infra.operate import agencies
from tests import aws
from tests.entrypoints import town as t
from tests.entrypoints.served import WEBHOOK_SECRET, WEBHOOKS, forget
from tests.operate.conftest import DEAD, Operator, play, send, waiting
from tests.upgrades import scenes
from tests.upgrades.finish import Finisher
from tests.upgrades.province import Province

ARN = "arn:aws:lambda:ap-southeast-1:123456789012:function:motcua-test-"


def _messages(code: str) -> dict[str, DeliveryState]:
    found = (bootstrap.deliveries().get(DeliveryId(f"{code}.{n}.3")) for n in range(1, 20))
    return {each.id: each.state for each in found if each}


def _events(code: str) -> list[str]:
    return [event.type.value for event in bootstrap.records().events(code)]  # type: ignore[arg-type]


# -- nothing without being asked


def test_nothing_is_changed_unasked(made: Province, operator: Operator) -> None:
    """A command in a script, or in the wrong window, must not surprise anybody."""
    code = play(made, scenes.agency_given_up_on)
    before = _events(code), _messages(code), list(made.machine.executions)
    for words in (
        ["redrive", code],
        ["redrive", code, "--new"],
        ["reconcile"],
        ["reconcile", "--all"],
        ["replay", "messages", code],
        ["replay", "messages", "--all"],
        ["replay", "dead-letters"],
        ["pause", t.TAX, "--reason", "x"],
    ):
        assert operator.types(*words) == 2, words
        assert "add --yes" in operator.err
    assert (_events(code), _messages(code), list(made.machine.executions)) == before
    assert operator.logged() == []


# -- redrive, reconcile


def test_a_successor_for_an_execution_that_is_gone(made: Province, operator: Operator) -> None:
    """As the reconciler would: generation 2, an event of its own, and the dossier goes on."""
    code = made.town.submit().code
    made.machine.vanish(f"{code}.g1")
    found = operator.asks("redrive", code, "--yes")["dossiers"]
    assert found == [{"code": code, "did": "started a successor", "generation": 2, "running": True}]
    assert _events(code) == ["submitted", "generation_started"]
    assert operator.logged() == [("redrive", {"dossier": code, "new": "False"}, "done")]
    made.settle()
    assert Finisher(made, code).finish().is_closed  # type: ignore[arg-type] # a code


def test_an_execution_that_sleeps_is_woken(made: Province, operator: Operator) -> None:
    """The message that should have told it was lost: it is told now, and no successor is needed."""
    code = scenes.decided_a_moment_ago(made).code
    made.news(aws.RECORD)  # lost
    made.asleep = False
    found = operator.asks("redrive", code, "--yes")["dossiers"]
    assert (found[0]["did"], found[0]["generation"]) == ("woke it", 1)
    made.settle()
    assert made.machine.executions[f"{code}.g1"].state == "Department"
    assert operator.asks("show", code)["wrong"] == []


def test_a_new_generation_though_one_runs(made: Province, operator: Operator) -> None:
    """For one that hangs and says that it runs: the old one ends when it looks next."""
    code = made.town.submit().code
    found = operator.asks("redrive", code, "--new", "--yes")["dossiers"]
    assert (found[0]["did"], found[0]["generation"]) == ("started a new generation", 2)
    made.later(days=1)
    assert not made.machine.executions[f"{code}.g1"].running
    assert made.machine.executions[f"{code}.g2"].running


def test_what_has_ended_is_left_alone(made: Province, operator: Operator) -> None:
    """Nothing leads it, and nothing should; an unknown one among them is said."""
    code = play(made, scenes.returned)
    before = _events(code)
    found = operator.asks("redrive", code, "H15.50.05.13-261006-9999", "--yes", code=1)["dossiers"]
    assert [each["did"] for each in found] == ["has ended: nothing to do", "not found"]
    assert _events(code) == before


def test_what_is_due_is_done_now(made: Province, operator: Operator) -> None:
    """The schedule's own function, five minutes early."""
    code = made.town.submit().code
    made.clock.advance(days=1)
    found = operator.asks("reconcile", "--yes")
    assert found["due"]["seen"] == 1
    assert "milestone_passed" in _events(code)
    assert made.calls["reconcile"] == []  # in AWS it is asked for, not run by the test's province
    assert operator.logged() == [("reconcile", {"all": "False"}, "done")]


def test_everything_that_is_open_is_looked_at(made: Province, operator: Operator) -> None:
    """After an accident with Step Functions nothing is due, and everything is to be led anew."""
    codes = [made.town.submit().code, made.town.at_unit().code]
    closed = scenes.withdrawn_at_once(made).code
    made.machine.executions.clear()
    found = operator.asks("reconcile", "--all", "--yes")
    assert (found["looked_at"], found["started"], found["could_not"]) == (2, 2, [])
    assert {f"{code}.g2" for code in codes} == set(made.machine.executions)
    assert "generation_started" not in _events(closed)


def test_one_that_cannot_be_repaired_is_named(made: Province, operator: Operator) -> None:
    """And does not keep the others waiting."""
    bad, good = made.town.submit().code, made.town.submit().code
    _by_hand(bad, v={"N": "9"})
    made.machine.executions.clear()
    found = operator.asks("reconcile", "--all", "--yes", code=1)
    assert [code for code, _ in found["could_not"]] == [bad]
    assert f"{good}.g2" in made.machine.executions


def _by_hand(code: str, **attributes: Any) -> None:
    """What is on record is what no version, or only a later one, can read."""
    client, key = boto3.client("dynamodb"), {"PK": {"S": f"D#{code}"}, "SK": {"S": "CASE"}}
    item = client.get_item(TableName=aws.RECORD, Key=key)["Item"]
    client.put_item(TableName=aws.RECORD, Item={**item, **attributes})


def test_one_that_cannot_be_redriven_is_named(made: Province, operator: Operator) -> None:
    """Of several codes on one line, those behind it are led again all the same."""
    bad, worse, good = (made.town.submit().code for _ in range(3))
    _by_hand(bad, v={"N": "9"})
    _by_hand(worse, status={"S": "bribed"})
    made.machine.executions.clear()
    found = operator.asks("redrive", bad, worse, good, "--yes", code=1)["dossiers"]
    assert [each["code"] for each in found] == [bad, worse, good]
    assert "NewerSchemaError" in found[0]["did"]
    assert "failed: ValueError" in found[1]["did"]
    assert (found[2]["did"], found[2]["running"]) == ("started a successor", True)
    assert [outcome for *_, outcome in operator.logged()] == [
        "NewerSchemaError",
        "ValueError",
        "done",
    ]


def test_the_same_code_many_times_is_one(made: Province, operator: Operator) -> None:
    """Pasted from two lists; with --new each would start a generation."""
    code = made.town.submit().code
    found = operator.asks("redrive", code, code.lower(), f" {code}", "--new", "--yes")["dossiers"]
    assert [(each["code"], each["generation"]) for each in found] == [(code, 2)]
    assert len(operator.logged()) == 1


# -- replay messages


def test_messages_that_were_given_up(made: Province, operator: Operator) -> None:
    """Under their old ids; those that were taken are not sent again."""
    code = play(made, scenes.agency_given_up_on)
    dead = [name for name, state in _messages(code).items() if state is DeliveryState.DEAD]
    assert dead
    found = operator.asks("replay", "messages", code, "--yes")
    assert found["sent_for"] == len(dead)
    assert {found["messages"][name] for name in dead} == {"delivered"}
    assert set(dead) <= set(made.agencies._inbox)
    assert operator.asks("replay", "messages", code, "--yes", code=1)["sent_for"] == 0
    assert operator.logged()[0][:2] == (
        "replay messages",
        {"which": code, "count": str(len(dead))},
    )


@pytest.mark.parametrize(
    "words", [["--all"], ["--agency", t.TAX], ["--agency", f" {t.TAX.lower()}"]], ids=" ".join
)
def test_all_messages_that_were_given_up(
    words: list[str], made: Province, operator: Operator
) -> None:
    """Of an agency that was down for a week, or of all."""
    code = play(made, scenes.agency_given_up_on)
    assert operator.asks("replay", "messages", *words, "--yes")["delivered"] >= 1
    assert DeliveryState.DEAD not in _messages(code).values()


def test_another_agencys_messages_stay(made: Province, operator: Operator) -> None:
    """Who is down and who is back are two agencies."""
    code = play(made, scenes.agency_given_up_on)
    assert operator.asks("replay", "messages", "--agency", t.POLICE, "--yes", code=1)
    assert DeliveryState.DEAD in _messages(code).values()


def test_messages_that_an_agency_lost(made: Province, operator: Operator) -> None:
    """It restored a backup: what was delivered since then is sent once more."""
    code = play(made, scenes.agency_asked)
    made.agencies._inbox.clear()
    found = operator.asks("replay", "messages", code, "--delivered", "--yes")
    assert found["messages"] == {f"{code}.3.3": "delivered"}
    assert set(made.agencies._inbox) == {f"{code}.3.3"}


def test_messages_that_fail_again_stay_in_work(made: Province, operator: Operator) -> None:
    """They are tried for three days more, as at first."""
    code = play(made, scenes.agency_given_up_on)
    made.agencies_are_at(scenes.SHUT)
    found = operator.asks("replay", "messages", code, "--yes")
    assert found["delivered"] == 0
    assert set(found["messages"].values()) == {"pending"}


@pytest.mark.parametrize("words", [[], ["--all", "--delivered"]], ids=str)
def test_replay_needs_to_know_which(words: list[str], operator: Operator) -> None:
    """All that were ever delivered would be a flood."""
    assert operator.types("replay", "messages", *words, "--yes") == 2


# -- replay dead letters


def _batch(made: Province, table: str) -> dict[str, Any]:
    """As the mapping's failure destination gets it: where the records lie."""
    client = boto3.client("dynamodbstreams")
    arn = client.list_streams(TableName=table)["Streams"][0]["StreamArn"]
    shard = client.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]
    records = made.news(table)
    numbers = [record["dynamodb"]["SequenceNumber"] for record in records]
    return {
        "requestContext": {
            "requestId": "r-1",
            "functionArn": ARN + "on_change:live",
            "condition": "RetryAttemptsExhausted",
            "approximateInvokeCount": 4,
        },
        "version": "1.0",
        "timestamp": "2026-10-06T02:00:00.000Z",
        "DDBStreamBatchInfo": {
            "shardId": shard["ShardId"],
            "startSequenceNumber": numbers[0],
            "endSequenceNumber": numbers[-1],
            "batchSize": len(numbers),
            "streamArn": arn,
        },
    }


def test_a_batch_of_the_stream(made: Province, operator: Operator) -> None:
    """Only where its records lie is in the letter; they are fetched, and the dossier goes on."""
    code = scenes.filed_a_moment_ago(made).code
    send(DEAD, _batch(made, aws.RECORD))
    listed = operator.asks("replay", "dead-letters", "--list", code=1)["letters"]
    assert [each["function"] for each in listed] == ["on_change"]
    found = operator.asks("replay", "dead-letters", "--yes")
    assert (found["taken"], found["left"], found["no_longer_in_stream"]) == (1, [], 0)
    assert f"{code}.g1" in made.machine.executions
    assert waiting(DEAD) == 0


def test_a_batch_that_has_left_the_stream(
    made: Province, operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a day every open dossier is looked at instead: a record only says "look"."""
    code = scenes.filed_a_moment_ago(made).code
    send(DEAD, _batch(made, aws.RECORD))
    monkeypatch.setattr(stream, "given_up", lambda _: [])  # what moto never answers
    found = operator.asks("replay", "dead-letters", "--yes")
    assert (found["taken"], found["no_longer_in_stream"]) == (0, 1)
    assert [run.name for run in made.machine.executions.values()] == [f"{code}.g2"]
    assert waiting(DEAD) == 0


@pytest.mark.parametrize("form", ["told by the bucket", "handed over", "invocation"])
def test_a_file_that_arrived_unnoticed(form: str, made: Province, operator: Operator) -> None:
    """In every form that such a letter comes in."""
    file = made.town.upload()
    told = {"Records": [_arrived(file)]}
    batch = {"Records": [{"messageId": "1", "body": json.dumps(told)}]}
    forms = {
        "told by the bucket": told,
        "handed over": {**batch, "Records": [{**batch["Records"][0], "eventSource": "aws:sqs"}]},
        "invocation": {
            "version": "1.0",
            "requestContext": {"functionArn": ARN + "on_upload:live", "condition": "x"},
            "requestPayload": batch,
            "responsePayload": {"errorMessage": "timed out"},
        },
    }
    send(DEAD, forms[form])
    assert operator.asks("replay", "dead-letters", "--yes")["taken"] == 1
    upload = bootstrap.deps().files.get(file)  # type: ignore[arg-type] # an id
    assert upload
    assert upload.present


@pytest.mark.parametrize("function", ["reconcile", "measure"])
def test_an_invocation_that_was_not_taken(function: str, operator: Operator) -> None:
    """Of a function that the clock calls: Lambda gave up on it, and says which it was."""
    asked = {"requestContext": {"functionArn": f"{ARN}{function}:live"}, "requestPayload": {}}
    send(DEAD, asked)
    assert operator.asks("replay", "dead-letters", "--yes")["taken"] == 1


def test_a_schedule_that_was_not_taken(made: Province, operator: Operator) -> None:
    """The reconciler was throttled: its event is an empty object."""
    made.town.submit()
    send(DEAD, {})
    assert operator.asks("replay", "dead-letters", "--yes")["taken"] == 1


@pytest.mark.parametrize("body", ['{"what": "is this"}', "no JSON", '{"Records": [{"s3": {}}]}'])
def test_what_cannot_be_taken_stays(body: str, operator: Operator) -> None:
    """Nothing is thrown away because nobody understands it; the next one is tried all the same."""
    send(DEAD, body)
    send(DEAD, {})
    found = operator.asks("replay", "dead-letters", "--yes", code=1)
    assert (found["taken"], len(found["left"])) == (1, 1)
    assert waiting(DEAD) == 1
    assert operator.logged() == [("replay dead-letters", {"limit": "1000"}, "done")]


def test_a_letter_that_is_taken_in_part_stays(made: Province, operator: Operator) -> None:
    """The function names what it could not take: then all of it is safe to send again."""
    file = made.town.upload()
    good = {"messageId": "1", "body": json.dumps({"Records": [_arrived(file)]})}
    send(
        DEAD,
        {
            "requestContext": {"functionArn": ARN + "on_upload"},
            "requestPayload": {"Records": [good, {"messageId": "2", "body": "{"}]},
        },
    )
    found = operator.asks("replay", "dead-letters", "--yes", code=1)
    assert "did not take 1 of it" in found["left"][0]
    assert waiting(DEAD) == 1


def _arrived(file: str) -> dict[str, Any]:
    return {"s3": {"object": {"key": f"uploads/{file}"}}}


def test_no_more_than_wanted(operator: Operator) -> None:
    """To see with one whether it works."""
    for _ in range(3):
        send(DEAD, {})
    assert operator.asks("replay", "dead-letters", "--limit", "1", "--yes")["taken"] == 1
    assert waiting(DEAD) == 2


# -- pause, resume


@pytest.mark.usefixtures("at_once")
def test_messages_wait_while_an_agency_is_paused(made: Province, operator: Operator) -> None:
    """Nothing is tried and nothing is lost; the dossier itself goes on, and so do its deadlines."""
    assert operator.asks("pause", t.TAX, "--reason", "bảo trì", "--yes")["changed"]
    code = made.town.at_tax().code
    made.later(days=9)
    for _ in range(12):
        made.later(hours=1)
        made.reconcile()
    kept = [bootstrap.deliveries().get(DeliveryId(name)) for name in _messages(code)]
    assert kept
    for each in kept:
        assert each
        assert (each.state, each.tries) == (DeliveryState.PENDING, 0)
    assert "milestone_passed" in _events(code)
    assert not made.agencies._inbox
    paused = operator.asks("status")["paused"]
    assert [(each["agency"], each["reason"]) for each in paused] == [(t.TAX, "bảo trì")]
    found = operator.asks("resume", t.TAX, "--yes")
    assert found["sent_for"] == len(kept)
    assert set(_messages(code).values()) == {DeliveryState.DELIVERED}
    assert {each.id for each in made.agencies._inbox.values()} == set(_messages(code))
    assert operator.asks("status")["paused"] == []
    assert [command for command, _, _ in operator.logged()] == ["pause", "resume"]


@pytest.mark.usefixtures("at_once")
def test_other_agencies_hear(made: Province, operator: Operator) -> None:
    """A pause is for one."""
    operator.asks("pause", t.POLICE, "--reason", "x", "--yes")
    code = scenes.side_by_side(made).code
    assert {each.agency for each in made.agencies._inbox.values()} == {t.INSURANCE}
    operator.asks("resume", t.POLICE, "--no-wait", "--yes")
    made.later(minutes=35)
    made.reconcile()
    assert {each.agency for each in made.agencies._inbox.values()} == {t.INSURANCE, t.POLICE}
    assert operator.asks("show", code)["wrong"] == []


@pytest.mark.usefixtures("at_once")
def test_a_new_secret_ends_no_pause(made: Province, operator: Operator) -> None:
    """Secrets rotate on their own days."""
    operator.asks("pause", t.TAX, "--reason", "x", "--yes")
    set_webhook(t.TAX, made.agencies.url(t.TAX), WEBHOOK_SECRET, aws.RECORD)
    assert operator.asks("status")["paused"]


@pytest.mark.usefixtures("at_once")
def test_a_pause_keeps_endpoint_and_secrets(made: Province, operator: Operator) -> None:
    """They are the agency's; whoever pauses it need not see them."""
    reference, agency = bootstrap.reference(), AgencyCode(t.TAX)
    before = reference.endpoint(agency)
    assert (before is None, reference.is_paused(agency)) == (False, False)
    operator.asks("pause", t.TAX, "--reason", "x", "--yes")
    assert (reference.endpoint(agency), reference.is_paused(agency)) == (before, True)
    operator.asks("resume", t.TAX, "--no-wait", "--yes")
    assert (reference.endpoint(agency), reference.is_paused(agency)) == (before, False)
    assert t.TAX in WEBHOOKS
    assert made.agencies.secrets[t.TAX] not in operator.out
    forget()


def test_twice_is_once(operator: Operator) -> None:
    """And the first reason stays: it is what everybody was told."""
    assert operator.asks("resume", t.TAX, "--yes")["changed"] is False
    operator.asks("pause", t.TAX, "--reason", "first", "--yes")
    again = operator.asks("pause", t.TAX, "--reason", "second", "--yes")
    assert (again["changed"], again["paused"]["reason"]) == (False, "first")


@pytest.mark.parametrize("reason", ["", " \t"])
def test_a_pause_has_a_reason(reason: str, operator: Operator) -> None:
    """Whoever finds messages held back must read why."""
    assert operator.types("pause", t.TAX, "--reason", reason, "--yes") == 2
    assert "--reason" in operator.err
    assert operator.asks("status")["paused"] == []


def test_a_pause_without_a_reason_can_be_ended(operator: Operator) -> None:
    """One may be on record from before that was asked for; it must be seen and resumed."""
    why = {"since": "2026-10-06T02:00:00Z", "by": "somebody"}
    agencies._set(AgencyCode(t.TAX), why)
    assert operator.asks("status")["paused"] == [{"agency": t.TAX, **why, "reason": ""}]
    assert operator.asks("pause", t.TAX, "--reason", "x", "--yes")["changed"] is False
    assert operator.asks("resume", t.TAX, "--no-wait", "--yes")["changed"]


def test_an_agency_as_people_type_it(operator: Operator) -> None:
    """As lenient as with codes of dossiers."""
    typed = f" {t.TAX.lower()} "
    assert operator.asks("pause", typed, "--reason", " x ", "--yes")["agency"] == t.TAX
    assert operator.asks("status")["paused"][0]["reason"] == "x"
    assert operator.asks("resume", typed, "--no-wait", "--yes")["changed"]


@pytest.mark.parametrize("words", [["pause", "X99", "--reason", "x"], ["resume", "X99"]], ids=str)
def test_an_agency_that_gets_no_messages(words: list[str], operator: Operator) -> None:
    """A typing error must not look like a pause."""
    assert operator.types(*words, "--yes") == 2
    assert "No messages go to X99" in operator.err
