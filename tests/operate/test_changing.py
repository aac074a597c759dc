"""Nothing is set going unasked, and what is, goes the way it always goes: executions."""

from typing import Any

import boto3

from tests import aws
from tests.entrypoints import town as t
from tests.operate.conftest import Operator, events_of, messages_of, play
from tests.upgrades import scenes
from tests.upgrades.finish import Finisher
from tests.upgrades.province import Province


def test_nothing_is_changed_unasked(made: Province, operator: Operator) -> None:
    """A command in a script, or in the wrong window, must not surprise anybody."""
    code = play(made, scenes.agency_given_up_on)
    before = events_of(code), messages_of(code), list(made.machine.executions)
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
    assert (events_of(code), messages_of(code), list(made.machine.executions)) == before
    assert operator.logged() == []


def test_a_successor_for_an_execution_that_is_gone(made: Province, operator: Operator) -> None:
    """As the reconciler would: generation 2, an event of its own, and the dossier goes on."""
    code = made.town.submit().code
    made.machine.vanish(f"{code}.g1")
    found = operator.asks("redrive", code, "--yes")["dossiers"]
    assert found == [{"code": code, "did": "started a successor", "generation": 2, "running": True}]
    assert events_of(code) == ["submitted", "generation_started"]
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
    before = events_of(code)
    found = operator.asks("redrive", code, "H15.50.05.13-261006-9999", "--yes", code=1)["dossiers"]
    assert [each["did"] for each in found] == ["has ended: nothing to do", "not found"]
    assert events_of(code) == before


def test_what_is_due_is_done_now(made: Province, operator: Operator) -> None:
    """The schedule's own function, five minutes early."""
    code = made.town.submit().code
    made.clock.advance(days=1)
    found = operator.asks("reconcile", "--yes")
    assert found["due"]["seen"] == 1
    assert "milestone_passed" in events_of(code)
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
    assert "generation_started" not in events_of(closed)


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
