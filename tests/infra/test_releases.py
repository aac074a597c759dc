"""Releases: new code takes over by a few calls, goes back when it does harm, and can be left."""

import io
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from infra.deploy import releases
from infra.deploy.releases import ALIAS, Release, ReleaseError, Releases
from infra.deploy.stages import Shift

REGION = "ap-southeast-1"
BUCKET = "motcua-test-artefacts"
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
def shipped(monkeypatch: pytest.MonkeyPatch) -> Iterator[Releases]:
    """An account with one function and a bucket."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mock_aws():
        client("s3").create_bucket(
            Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION}
        )
        role = client("iam").create_role(RoleName="r", AssumeRolePolicyDocument=TRUST)["Role"]
        client("lambda").create_function(
            FunctionName=WORKER,
            Runtime="python3.11",
            Role=role["Arn"],
            Handler="app.wake",
            Code={"ZipFile": code("1")},
        )
        yield Releases(REGION, BUCKET, "motcua-test")


def ship(shipped: Releases, text: str, shift: Shift = AT_ONCE) -> str:
    """Deploy this code; its version."""
    client("lambda").update_function_code(FunctionName=WORKER, ZipFile=code(text))
    versions = shipped.publish([WORKER])
    shipped.shift(versions, shift, lambda _line: None)
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
    monkeypatch.setattr(releases.time, "sleep", lambda _seconds: act())


def routed() -> dict[str, float]:
    """What other versions get of the calls, by the alias."""
    found = client("lambda").get_alias(FunctionName=WORKER, Name=ALIAS)
    return dict(found.get("RoutingConfig", {}).get("AdditionalVersionWeights", {}))


def test_the_first_release_is_live_at_once(shipped: Releases) -> None:
    """There is nothing to shift from."""
    first = ship(shipped, "1", SOON)
    assert (shipped.live(WORKER), routed()) == (first, {})


def test_a_release_takes_over(shipped: Releases, monkeypatch: pytest.MonkeyPatch) -> None:
    """A few calls first, then all; then nothing is left of the shift."""
    first, seen = ship(shipped, "1"), []
    while_waiting(monkeypatch, lambda: seen.append((shipped.live(WORKER), routed())))
    second = ship(shipped, "2", Shift(percent=10, minutes=0.0005))
    assert seen[0] == (first, {second: 0.1})
    assert (shipped.live(WORKER), routed()) == (second, {})


def test_an_alarm_takes_it_back(shipped: Releases, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next citizens meet the code that worked."""
    first = ship(shipped, "1")
    while_waiting(monkeypatch, lambda: ring("motcua-test-wake-errors"))
    with pytest.raises(ReleaseError, match="motcua-test-wake-errors"):
        ship(shipped, "2", Shift(percent=10, minutes=1))
    assert (shipped.live(WORKER), routed()) == (first, {})


@pytest.mark.parametrize("name", ["motcua-test-overdue", "motcua-other-wake-errors"])
def test_other_alarms_stop_no_release(shipped: Releases, name: str) -> None:
    """One that rang before, maybe the reason for the release; one of another stage."""
    ship(shipped, "1")
    ring(name)
    second = ship(shipped, "2", SOON)
    assert shipped.live(WORKER) == second


def test_one_goes_back_to_the_release_before(shipped: Releases) -> None:
    """Code and alias, whatever the stage was deployed from."""
    for number in ("1", "2"):
        version = ship(shipped, number)
        key = shipped.keep("packages", number, code(number))
        shipped.write(Release(number, key, "definitions/x", {WORKER: version}))
    before = shipped.before()
    assert (before.name, shipped.latest()) == ("1", shipped.read("2"))
    new = client("lambda").get_function_configuration(FunctionName=WORKER)["CodeSha256"]
    shipped.restore(before)
    old = client("lambda").get_function_configuration(FunctionName=WORKER)["CodeSha256"]
    assert (shipped.live(WORKER), old != new) == (before.versions[WORKER], True)


def test_there_may_be_nothing_to_go_back_to(shipped: Releases) -> None:
    """That is said, with what there is."""
    assert shipped.latest() is None
    with pytest.raises(ReleaseError, match="none"):
        shipped.before()
    shipped.write(Release("only", "p", "d", {}))
    with pytest.raises(ReleaseError, match="only"):
        shipped.before("another")
