"""Versions: new code takes over by a few calls, and goes back when it does harm."""

import io
import zipfile
from collections.abc import Callable, Collection, Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from infra.deploy import versions
from infra.deploy.stages import Shift
from infra.deploy.versions import ALIAS, ShiftError, Versions, scheduled
from infra.policies import FUNCTIONS, lambda_name
from infra.templates import STACKS

REGION = "ap-southeast-1"
WORKER = "motcua-test-wake"
TRUST = "{}"
AT_ONCE = Shift()
SOON = Shift(percent=10, minutes=0.0001)


def code(text: str) -> bytes:
    """A package of one file."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("app.py", text)
    return content.getvalue()


def client(service: Any) -> Any:
    """Of the account of the test."""
    return boto3.client(service, region_name=REGION)


@pytest.fixture
def shipped(monkeypatch: pytest.MonkeyPatch) -> Iterator[Versions]:
    """An account with one function."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mock_aws():
        role = client("iam").create_role(RoleName="r", AssumeRolePolicyDocument=TRUST)["Role"]
        client("lambda").create_function(
            FunctionName=WORKER,
            Runtime="python3.11",
            Role=role["Arn"],
            Handler="app.wake",
            Code={"ZipFile": code("1")},
        )
        yield Versions(REGION, "motcua-test")


def ship(
    shipped: Versions, text: str, shift: Shift = AT_ONCE, scheduled: Collection[str] = ()
) -> str:
    """Deploy this code; its version."""
    client("lambda").update_function_code(FunctionName=WORKER, ZipFile=code(text))
    versions = shipped.publish([WORKER])
    shipped.shift(versions, shift, lambda _line: None, scheduled)
    return versions[WORKER]


def ring(name: str) -> None:
    """An alarm of the stage rises."""
    watch = client("cloudwatch")
    watch.put_metric_alarm(
        AlarmName=name,
        MetricName="Errors",
        Namespace="AWS/Lambda",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
    )
    watch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="test")


def while_waiting(monkeypatch: pytest.MonkeyPatch, act: Callable[[], None]) -> None:
    """This happens while the new code gets a few calls."""
    monkeypatch.setattr(versions.time, "sleep", lambda _seconds: act())


def routed() -> dict[str, float]:
    """What other versions get of the calls, by the alias."""
    found = client("lambda").get_alias(FunctionName=WORKER, Name=ALIAS)
    return dict(found.get("RoutingConfig", {}).get("AdditionalVersionWeights", {}))


def test_the_first_release_is_live_at_once(shipped: Versions) -> None:
    """There is nothing to shift from."""
    first = ship(shipped, "1", SOON)
    assert (shipped.live(WORKER), routed()) == (first, {})


def test_a_release_takes_over(shipped: Versions, monkeypatch: pytest.MonkeyPatch) -> None:
    """A few calls first, then all; then nothing is left of the shift."""
    first, seen = ship(shipped, "1"), []
    while_waiting(monkeypatch, lambda: seen.append((shipped.live(WORKER), routed())))
    second = ship(shipped, "2", Shift(percent=10, minutes=0.0005))
    assert seen[0] == (first, {second: 0.1})
    assert (shipped.live(WORKER), routed()) == (second, {})


def test_an_alarm_takes_it_back(shipped: Versions, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next citizens meet the code that worked."""
    first = ship(shipped, "1")
    while_waiting(monkeypatch, lambda: ring("motcua-test-wake-errors"))
    with pytest.raises(ShiftError, match="motcua-test-wake-errors"):
        ship(shipped, "2", Shift(percent=10, minutes=1))
    assert (shipped.live(WORKER), routed()) == (first, {})


@pytest.mark.parametrize("name", ["motcua-test-overdue", "motcua-other-wake-errors"])
def test_other_alarms_stop_no_release(shipped: Versions, name: str) -> None:
    """One that rang before, maybe the reason for the release; one of another stage."""
    ship(shipped, "1")
    ring(name)
    second = ship(shipped, "2", SOON)
    assert shipped.live(WORKER) == second


def fail(version: str, times: int = 1) -> None:
    """The function does, when it is called by the alias and that version answers."""
    said = {"FunctionName": WORKER, "Resource": f"{WORKER}:{ALIAS}", "ExecutedVersion": version}
    client("cloudwatch").put_metric_data(
        Namespace="AWS/Lambda",
        MetricData=[
            {
                "MetricName": "Errors",
                "Dimensions": [{"Name": name, "Value": value} for name, value in said.items()],
                "Value": times,
            }
        ],
    )


def test_code_that_fails_is_taken_back(shipped: Versions, monkeypatch: pytest.MonkeyPatch) -> None:
    """Most alarms ring later than a shift lasts."""
    first = ship(shipped, "1")
    while_waiting(monkeypatch, lambda: fail("2", times=3))
    with pytest.raises(ShiftError, match=f"{WORKER} failed 3 times"):
        ship(shipped, "2", Shift(percent=10, minutes=1))
    assert (shipped.live(WORKER), routed()) == (first, {})


def test_what_the_old_code_does_is_not_held_against_the_new(
    shipped: Versions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be mended by it."""
    first = ship(shipped, "1")
    while_waiting(monkeypatch, lambda: fail(first))
    second = ship(shipped, "2", Shift(percent=10, minutes=0.0005))
    assert shipped.live(WORKER) == second


class Called:
    """Answers as a function does that is called once."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self.asked: list[tuple[str, str]] = []
        self._answer = answer
        self.exceptions = client("lambda").exceptions

    def invoke(self, **given: Any) -> dict[str, Any]:
        """As boto3's."""
        assert given["Payload"] == b"{}"
        self.asked.append((given["FunctionName"], given["Qualifier"]))
        return self._answer


def by_the_clock(
    shipped: Versions, monkeypatch: pytest.MonkeyPatch, answer: dict[str, Any]
) -> Called:
    """The function answers so when it is called once."""
    called = Called(answer)
    monkeypatch.setattr(shipped, "_caller", called)
    return called


def test_what_runs_by_the_clock_is_called_once(
    shipped: Versions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within a shift its time may not come."""
    called = by_the_clock(shipped, monkeypatch, {"Payload": io.BytesIO(b"{}")})
    ship(shipped, "1", SOON, [WORKER])
    assert called.asked == []  # there is nothing to come back to
    second = ship(shipped, "2", SOON, [WORKER])
    assert called.asked == [(WORKER, second)]


def test_it_is_not_shifted_where_that_fails(
    shipped: Versions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody has met it yet."""
    said = io.BytesIO(b'{"errorMessage": "no module named x"}')
    first = ship(shipped, "1")
    by_the_clock(shipped, monkeypatch, {"FunctionError": "Unhandled", "Payload": said})
    with pytest.raises(ShiftError, match=r"no module named x\. Nothing was shifted"):
        ship(shipped, "2", SOON, [WORKER])
    assert (shipped.live(WORKER), routed()) == (first, {})


def test_schedules_are_known() -> None:
    """By their stack; each is a function that there is."""
    found = scheduled(STACKS / "workflow.yaml", "motcua-test")
    assert len(found) >= 3
    assert set(found) < {lambda_name(each, "test") for each in FUNCTIONS}


def test_a_shift_that_is_cut_short_is_taken_back(
    shipped: Versions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By Ctrl-C, or by a session that has ended: nobody would watch the new code any more."""
    first = ship(shipped, "1")

    def cut() -> None:
        raise KeyboardInterrupt

    while_waiting(monkeypatch, cut)
    with pytest.raises(KeyboardInterrupt):
        ship(shipped, "2", Shift(percent=10, minutes=1))
    assert (shipped.live(WORKER), routed()) == (first, {})
