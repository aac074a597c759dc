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


def noted(shipped: Releases, name: str, of: str = "") -> Release:
    """What runs now, as a release."""
    key = shipped.keep("packages", name, code(name))
    release = Release(name, key, "definitions/x", {WORKER: str(shipped.live(WORKER))}, of)
    shipped.write(release)
    return release


def test_after_a_deployment_that_failed_one_goes_back_to_the_last_that_did_not(
    shipped: Releases, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Going further back would take away a release that worked."""
    for name in ("1", "2"):
        ship(shipped, name)
        noted(shipped, name)
    ship(shipped, "3")  # and what came after it failed
    assert shipped.before().name == "2"
    shipped.restore(shipped.before())
    while_waiting(monkeypatch, lambda: 1 / 0)  # killed in the middle of the shift
    with pytest.raises(ZeroDivisionError):
        ship(shipped, "4", Shift(percent=10, minutes=1))
    assert shipped.before().name == "2"


def test_the_apis_code_counts(shipped: Releases) -> None:
    """An alarm takes back the others only."""
    version = ship(shipped, "1")
    api = Releases(REGION, BUCKET, WORKER)
    release = Release("1", shipped.keep("packages", "1", code("1")), "d", {WORKER: version})
    shipped.write(release)
    assert api.is_live(release)
    client("lambda").update_function_code(FunctionName=WORKER, ZipFile=code("2"))
    assert not api.is_live(release)
    assert api.before() == release


def test_going_back_twice_goes_further_back(shipped: Releases) -> None:
    """Whoever tries again at night must not meet what they fled from."""
    for name in ("1", "2", "3"):
        ship(shipped, name)
        noted(shipped, name)
    for step, (origin, wanted) in enumerate((("3", "2"), ("2", "1"))):
        before = shipped.before()
        assert before.name == wanted, origin
        shipped.restore(before)
        noted(shipped, f"4.{step}", of=before.origin)
    with pytest.raises(ReleaseError, match="no such release"):
        shipped.before()


def test_a_release_whose_functions_are_gone_is_not_gone_back_to(shipped: Releases) -> None:
    """After a destruction numbers begin anew: half of it would be old, half new."""
    ship(shipped, "1")
    release = noted(shipped, "1")
    gone = Release("0", release.package, "d", {WORKER: "77"})
    before = client("lambda").get_function_configuration(FunctionName=WORKER)["CodeSha256"]
    with pytest.raises(ReleaseError, match="made anew since"):
        shipped.restore(gone)
    after = client("lambda").get_function_configuration(FunctionName=WORKER)["CodeSha256"]
    assert before == after


def test_there_may_be_nothing_to_go_back_to(shipped: Releases) -> None:
    """That is said, with what there is."""
    assert shipped.latest() is None
    with pytest.raises(ReleaseError, match="none"):
        shipped.before()
    shipped.write(Release("only", "p", "d", {}))
    with pytest.raises(ReleaseError, match="only"):
        shipped.before("another")
