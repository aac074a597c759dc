"""`status`: what is wrong with a stage is seen, and what is well is left in peace."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import boto3
import pytest

from chalicelib.adapters.export_store import ChangesLedger
from chalicelib.domain.backup import Head
from chalicelib.domain.event import stamp
from infra.operate import callers, status
from infra.operate.target import Target
from infra.templates import STACKS, load
from tests import aws
from tests.entrypoints import town as t
from tests.infra.guard import acting
from tests.operate.conftest import (
    ANYBODY,
    CHANGES_BUCKET,
    DEAD,
    MAPPINGS,
    Operator,
    exporting,
    recovery,
    schedule,
    send,
)
from tests.upgrades import scenes
from tests.upgrades.province import Province

pytestmark = pytest.mark.slow


def test_a_stage_that_is_well(made: Province, operator: Operator) -> None:
    """Zero means: nobody has to look any further."""
    scenes.agency_asked(made)
    found = operator.asks("status")
    assert found["wrong"] == []
    assert found["open"] == {"dossiers": 1, "messages": 0, "more": False}
    assert {each["name"] for each in found["tables"]} == {aws.RECORD, aws.TOKEN}
    assert [each["waiting"] for each in found["queues"]] == [0, 0]
    assert found["state_machine"]["status"] == "ACTIVE"
    assert {line["code"] for line in found["catalogue"]} >= {t.BIRTH, t.LAND, t.LINKED}
    assert found["oldest_wake_up"]["late_seconds"] == 0
    names = {each["name"] for each in found["functions"]}
    assert names >= {"motcua-test", "motcua-test-wake", "motcua-test-reconcile"}
    assert operator.types("status") == 0
    assert "nothing is wrong" in operator.out


def test_dead_letters_are_seen(operator: Operator) -> None:
    """Each may be a file that nobody marked as arrived."""
    send(DEAD, {"Records": []})
    found = operator.asks("status", code=1)
    assert found["wrong"] == ["1 dead letters: `replay dead-letters` sends them"]


def test_a_wake_up_that_is_past_is_seen(made: Province, operator: Operator) -> None:
    """Neither its execution nor the reconciler has come: a deadline passes unnoticed."""
    filed = made.town.submit()
    made.clock.advance(days=2)
    found = operator.asks("status", code=1)
    assert found["oldest_wake_up"]["key"] == f"D#{filed.code}"
    assert found["oldest_wake_up"]["late_seconds"] > 86_400
    assert "reconcile" in found["wrong"][0]


def test_a_function_that_is_gone_is_seen(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a deployment looks well from the pages for hours."""
    operator.role = ANYBODY  # no role names a function that there is not
    monkeypatch.setattr(Target, "functions", lambda _: ["motcua-test", "motcua-test-nothing"])
    found = operator.asks("status", code=1)
    assert "function motcua-test-nothing: ResourceNotFoundException" in found["wrong"]


def test_a_stream_that_was_switched_off_is_seen(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing fails, and no dossier moves on."""
    ours = MAPPINGS["on_change"]
    off = [{**ours[0], "State": "Disabled"}]
    monkeypatch.setitem(MAPPINGS, "on_change", off)
    assert operator.asks("status", code=1)["wrong"] == [
        f"{aws.RECORD} does not call motcua-test-on_change: Disabled",
        f"{aws.TOKEN} does not call motcua-test-on_change: missing",
    ]


@pytest.mark.parametrize("name", callers.SCHEDULED)
def test_a_schedule_that_was_switched_off_is_seen(name: str, operator: Operator) -> None:
    """Of the export nobody would hear before the next day, and of the reconciler never by name."""
    schedule(name, "DISABLED")
    found = operator.asks("status", code=1)
    schedule(name, "ENABLED")
    assert found["wrong"] == [f"schedule does not call motcua-test-{name}: DISABLED"]
    assert operator.asks("status")["wrong"] == []


@pytest.fixture
def ledger(made: Province, monkeypatch: pytest.MonkeyPatch) -> Iterator[ChangesLedger]:
    """Of a stage with a store, to which nothing was exported yet."""
    exporting(monkeypatch)
    yield ChangesLedger(boto3.client("s3"), CHANGES_BUCKET)
    boto3.client("s3").delete_object(Bucket=CHANGES_BUCKET, Key=ChangesLedger.KEY)
    boto3.client("s3").delete_bucket(Bucket=CHANGES_BUCKET)
    assert made


@pytest.mark.parametrize(("hours", "code"), [(1, 0), (35, 0), (37, 1)])
def test_a_copy_that_grows_old_is_seen(
    hours: int, code: int, ledger: ChangesLedger, operator: Operator
) -> None:
    """If the account were lost, so would be everything decided since."""
    until = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=hours)
    ledger.set(Head("chain", 41, "digest", until))
    found = operator.asks("status", code=code)
    assert found["export"] == {
        "configured": True,
        "run": 41,
        "until": stamp(until),
        "hours": pytest.approx(hours, abs=0.1),
    }
    said = f"the province's own copy goes until {stamp(until)} only"
    assert [each.startswith(said) for each in found["wrong"]] == [True] * code
    operator.types("status")
    assert "export: run 41 until" in operator.out


@pytest.mark.parametrize("begun", [0, 1])
def test_a_copy_that_never_was_is_seen(
    begun: int, ledger: ChangesLedger, operator: Operator
) -> None:
    """A store was named, and the first run was forgotten, or ended half-way."""
    for _ in range(begun):
        ledger.set(Head("chain", 0, "", datetime.now(UTC)))
    found = operator.asks("status", code=1)
    assert found["export"] == {"configured": True, "run": 0}
    (line,) = found["wrong"]
    assert line.startswith("no export to the province's store was ever completed")


def test_a_stage_without_a_store(operator: Operator) -> None:
    """Said, and no fault of the stage: the deployment and an alarm say so, too."""
    assert operator.asks("status")["export"] == {"configured": False}
    operator.types("status")
    assert "export: not configured" in operator.out


def test_everything_that_calls_is_looked_at() -> None:
    """What is added to the workflow stack is switched off one day, too."""
    resources = load(STACKS / "workflow.yaml")["Resources"].values()
    properties = [
        each["Properties"]
        for each in resources
        if each["Type"] in {"AWS::Lambda::EventSourceMapping", "AWS::Scheduler::Schedule"}
    ]
    sources = [each for group in callers.FOLLOWS.values() for each in group]
    assert len(properties) == len(sources) + len(callers.SCHEDULED)
    text = str(properties)
    assert all(f"-{name}:live" in text for name in (*callers.FOLLOWS, *callers.SCHEDULED))


def test_a_table_that_cannot_be_restored_is_seen(operator: Operator) -> None:
    """The day it is needed is too late to find out."""
    recovery(aws.TOKEN, enabled=False)
    found = operator.asks("status", code=1)
    recovery(aws.TOKEN, enabled=True)
    assert found["wrong"] == [f"table {aws.TOKEN}: stream and point-in-time recovery must be on"]


def test_dossiers_that_nothing_leads_are_seen(made: Province, operator: Operator) -> None:
    """After an accident with Step Functions nothing is late yet, and every dossier stands still."""
    codes = [made.town.submit().code for _ in range(3)]
    made.machine.vanish(f"{codes[0]}.g1")
    made.machine.vanish(f"{codes[1]}.g1")
    found = operator.asks("status", code=1)
    assert found["wrong"] == ["2 open dossiers have no execution: `reconcile --all`"]
    operator.asks("reconcile", "--all", "--yes")
    assert operator.asks("status")["wrong"] == []


def test_one_that_has_just_been_filed_is_led_in_a_moment(
    made: Province, operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its execution begins seconds after it; that is no accident."""
    scenes.filed_a_moment_ago(made)
    made.asleep = False

    def sleep(_: float) -> None:
        with acting(ANYBODY):
            made.settle()

    monkeypatch.setattr(status.time, "sleep", sleep)
    assert operator.asks("status")["wrong"] == []


@pytest.mark.parametrize("part", ["_running", "_open"])
def test_what_was_not_all_counted_is_not_compared(
    part: str, made: Province, operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A large stage has more of both than a few reads count."""
    made.machine.vanish(f"{made.town.submit().code}.g1")
    few = {"running": 0, "running_more": True, "dossiers": 1, "messages": 0, "more": True}
    monkeypatch.setattr(status, part, lambda: few)
    assert operator.asks("status")["wrong"] == []
