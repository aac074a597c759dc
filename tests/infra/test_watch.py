"""Alarms: one for each failure that costs a citizen time, each on a figure that is really there."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

import pytest

from app import app
from chalicelib.watch import NAMESPACE, Metric, emit
from infra.lint.stack import Stack, read
from infra.local.settings import ROOT
from infra.templates import STACKS, fill, load
from tests.entrypoints.logs import written
from tests.infra.emulator import ACCOUNT, REGION, Emulator, running

if TYPE_CHECKING:
    from collections.abc import Iterator

RUNBOOKS: Final = ROOT / "docs" / "runbooks"
MOST_LINES: Final = 40
HEADINGS: Final = ["## Look", "## Do", "## Over"]
FILE: Final = STACKS / "watch.yaml"
NAMES: Final = {"Stage": "dev", "ApiName": "motcua", "ApiStage": "v1", "Runbooks": "docs/runbooks"}
KEY: Final = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/00000000-0000-4000-8000-000000000000"

# AWS's own figures, with the dimensions they come with (CloudWatch's pages of each service).
NATIVE: Final = {
    ("AWS/ApiGateway", "5XXError"): {"ApiName", "Stage"},
    ("AWS/ApiGateway", "Latency"): {"ApiName", "Stage"},
    ("AWS/DynamoDB", "ReadThrottleEvents"): {"TableName"},
    ("AWS/DynamoDB", "SystemErrors"): {"TableName", "Operation"},
    ("AWS/DynamoDB", "WriteThrottleEvents"): {"TableName"},
    ("AWS/Lambda", "ClaimedAccountConcurrency"): set(),
    ("AWS/Lambda", "Errors"): {"FunctionName"},
    ("AWS/Lambda", "Invocations"): {"FunctionName"},
    ("AWS/Lambda", "IteratorAge"): {"FunctionName"},
    ("AWS/Lambda", "Throttles"): set(),
    ("AWS/SQS", "ApproximateAgeOfOldestMessage"): {"QueueName"},
    ("AWS/SQS", "ApproximateNumberOfMessagesVisible"): {"QueueName"},
    ("AWS/States", "ExecutionThrottled"): {"StateMachineArn"},
    ("AWS/States", "ExecutionsFailed"): {"StateMachineArn"},
    ("AWS/States", "ExecutionsTimedOut"): {"StateMachineArn"},
}
# Functions without an alarm on their errors, and what rings instead.
INSTEAD: Final = {
    "motcua-dev": "api-faults",
    "motcua-dev-measure": "measure-silent",
    "motcua-dev-export": "export-silent",
}
SILENT: Final = {"reconcile-silent", "measure-silent", "export-silent"}

Json = dict[str, Any]


def alarms() -> dict[str, Json]:
    """Properties of all alarms, by the name of their runbook."""
    template = fill(load(FILE), {**NAMES, **_here()})
    found = [
        each["Properties"]
        for each in template["Resources"].values()
        if each["Type"] == "AWS::CloudWatch::Alarm"
    ]
    return {each["AlarmName"].removeprefix("motcua-dev-"): each for each in found}


def _here() -> dict[str, str]:
    return {"AWS::Partition": "aws", "AWS::Region": REGION, "AWS::AccountId": ACCOUNT}


ALARMS: Final = alarms()
OWN: Final = {name: alarm for name, alarm in ALARMS.items() if alarm["Namespace"] == NAMESPACE}


def dimensions(alarm: Json) -> dict[str, str]:
    return {each["Name"]: each["Value"] for each in alarm.get("Dimensions", ())}


# -- runbooks


def test_every_alarm_has_its_runbook_and_every_runbook_its_alarm() -> None:
    """Whoever is called at night must not be the first to think about it."""
    pages = {page.stem for page in RUNBOOKS.glob("*.md")} - {"README"}
    assert pages == set(ALARMS)


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_says_what_and_where(name: str) -> None:
    """In both languages, since its mail is all that is read at first."""
    said = ALARMS[name]["AlarmDescription"]
    vietnamese, _, rest = said.partition(" / ")
    assert re.search(r"[à-ỹđ]", vietnamese)
    assert rest.endswith(f". docs/runbooks/{name}.md")


@pytest.mark.parametrize("page", sorted(RUNBOOKS.glob("*.md")), ids=lambda page: page.stem)
def test_a_runbook_is_short_and_leads_somewhere(page: Any) -> None:
    """It is read on a telephone, in a hurry; a link to nowhere is worse than none."""
    text = page.read_text("utf-8")
    lines = text.splitlines()
    assert len(lines) <= MOST_LINES
    if page.stem != "README":
        assert lines[0] == f"# {page.stem}"
        assert [line for line in lines if line.startswith("## ")] == HEADINGS
        assert "**For a citizen:**" in text
        assert ALARMS[page.stem]["AlarmDescription"].startswith(lines[2].strip("*"))
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text):
        assert (RUNBOOKS / target).exists(), target


# -- thresholds and figures


def reasonless(text: str) -> list[str]:
    """Lines with a threshold that no comment explains."""
    lines = [line for line in text.splitlines() if re.match(r"\s+Threshold: ", line)]
    return [line for line in lines if not re.search(r"  # \S.{10,}", line)]


def test_every_threshold_says_why() -> None:
    """A number nobody can explain is raised each time it rings, until it never does."""
    text = FILE.read_text("utf-8")
    assert reasonless(text) == []
    assert text.count("      Threshold: ") == len(ALARMS)
    assert reasonless("      Threshold: 5\n") != []


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_is_on_a_figure_that_exists(name: str) -> None:
    """A misspelt metric is an alarm that never rings, and looks well on every picture."""
    alarm = ALARMS[name]
    if name in OWN:
        assert alarm["MetricName"] in set(Metric)
        assert dimensions(alarm) == {"service": "dev"}
    else:
        known = NATIVE[alarm["Namespace"], alarm["MetricName"]]
        assert set(dimensions(alarm)) == known


def test_every_dimension_names_something_deployed() -> None:
    """Queues, tables, functions and the state machine by the names that the other stacks give."""
    named = {value for alarm in ALARMS.values() for value in dimensions(alarm).values()}
    assert named - {"dev", "TransactWriteItems"} <= _deployed()


def _deployed() -> set[str]:
    config = json.loads((ROOT / ".chalice" / "config.json").read_text("utf-8"))
    names = {"QueueName", "TableName", "StateMachineName"}
    found = {
        str(value)
        for stack in ("data", "workflow")
        for each in fill(load(STACKS / f"{stack}.yaml"), {**NAMES, **_here()})["Resources"].values()
        for key, value in each.get("Properties", {}).items()
        if key in names
    }
    machines = {f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{name}" for name in found}
    stages = {config.get("api_gateway_stage"), *_of_stages(config)} - {None}
    return found | machines | functions() | {config["app_name"]} | {str(each) for each in stages}


def _of_stages(config: Json) -> Iterator[Any]:
    for stage in config["stages"].values():
        yield stage.get("api_gateway_stage")


def functions() -> set[str]:
    """Names in AWS of all that `chalice deploy` makes."""
    return {"motcua-dev", *(f"motcua-dev-{each.name}" for each in app.pure_lambda_functions)}


def test_every_function_is_watched() -> None:
    """A function that fails in silence is a failure that only citizens notice."""
    on_errors = {
        dimensions(alarm)["FunctionName"]
        for alarm in ALARMS.values()
        if alarm["MetricName"] == "Errors"
    }
    assert on_errors | set(INSTEAD) >= functions()
    assert on_errors.isdisjoint(INSTEAD)
    assert set(INSTEAD.values()) <= set(ALARMS)


def test_every_own_figure_is_watched_or_shown() -> None:
    """Measuring what nobody looks at costs money and says nothing."""
    assert {alarm["MetricName"] for alarm in OWN.values()} | {Metric.ESCALATIONS} == set(Metric)


def test_only_what_must_be_there_rings_when_it_is_missing() -> None:
    """Most figures are silent while all is well; three are heard all the time."""
    missing = {name for name, each in ALARMS.items() if each["TreatMissingData"] == "breaching"}
    assert missing == SILENT
    assert all(name.endswith("-silent") == (name in missing) for name in ALARMS)


def test_everything_is_on_the_picture() -> None:
    """Alarms first; and each of our own figures, for whoever asks since when."""
    template = fill(load(FILE), {**NAMES, **_here()})
    picture = json.loads(template["Resources"]["Dashboard"]["Properties"]["DashboardBody"])
    first, *others = picture["widgets"]
    shown = {name.rpartition(":motcua-dev-")[2] for name in first["properties"]["alarms"]}
    assert shown == set(ALARMS)
    metrics = [tuple(row[:2]) for each in others for row in each["properties"]["metrics"]]
    assert {name for space, name in metrics if space == NAMESPACE} == set(Metric)
    watched = {(each["Namespace"], each["MetricName"]) for each in ALARMS.values()}
    assert watched - {("AWS/Lambda", "Invocations")} <= set(metrics)


def test_the_topic_lets_in_nobody_else() -> None:
    """Whoever could publish to it could wake the operators until they stop reading."""
    (stack,) = [each for each in read() if each.name == "watch"]
    assert isinstance(stack, Stack)
    (policy,) = [each for _, each in stack.properties("AWS::SNS::TopicPolicy")]
    allowed = [each for each in policy["PolicyDocument"]["Statement"] if each["Effect"] == "Allow"]
    assert [each["Principal"] for each in allowed] == [{"Service": "cloudwatch.amazonaws.com"}]


# -- deployed


@pytest.fixture(scope="module")
def cloud() -> Iterator[Emulator]:
    with running() as emulator:
        yield emulator


@pytest.fixture(scope="module")
def topic(cloud: Emulator) -> str:
    """The stack, deployed; where operators are told."""
    return cloud.deploy("watch", KeyArn=KEY, AlarmEmail="truc@example.vn")["OperatorsTopicArn"]


def test_it_is_deployed_once(cloud: Emulator, topic: str) -> None:
    """Everything that the template names is there, and deploying it again changes nothing."""
    found = cloud.client("cloudwatch").describe_alarms()["MetricAlarms"]
    assert {each["AlarmName"] for each in found} == {f"motcua-dev-{name}" for name in ALARMS}
    assert all(each["AlarmActions"] == each["OKActions"] == [topic] for each in found)
    (subscribed,) = cloud.client("sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert (subscribed["Protocol"], subscribed["Endpoint"]) == ("email", "truc@example.vn")
    assert cloud.changes("watch") == []


@pytest.fixture
def heard(cloud: Emulator, topic: str) -> Iterator[Any]:
    """A subscriber of the topic; answers what it has been told since."""
    queues, arn = cloud.client("sqs"), f"arn:aws:sqs:{REGION}:{ACCOUNT}:heard"
    url = queues.create_queue(QueueName="heard")["QueueUrl"]
    cloud.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)

    def told() -> list[tuple[str, str]]:
        found = queues.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        for each in found:
            queues.delete_message(QueueUrl=url, ReceiptHandle=each["ReceiptHandle"])
        said = [json.loads(json.loads(each["Body"])["Message"]) for each in found]
        return [(each["AlarmName"], each["NewStateValue"]) for each in said]

    yield told
    queues.delete_queue(QueueUrl=url)


@pytest.mark.parametrize("name", [name for name in OWN if name not in SILENT])
def test_an_own_figure_rings(name: str, cloud: Emulator, heard: Any) -> None:
    """From the line that a function writes, by CloudWatch, to somebody's post-box."""
    alarm = cloud.client("cloudwatch").describe_alarms(AlarmNames=[f"motcua-dev-{name}"])
    (alarm,) = alarm["MetricAlarms"]
    measure(cloud, alarm, int(alarm["Threshold"]))
    heard()
    measure(cloud, alarm, int(alarm["Threshold"]) + 1)
    assert (alarm["AlarmName"], "ALARM") in heard()


def measure(cloud: Emulator, alarm: Json, value: int) -> None:
    """A function emits it; CloudWatch reads its line, and looks at the alarms."""
    with pytest.MonkeyPatch.context() as patch, written() as log:
        patch.setenv("STAGE", "dev")
        emit({Metric(alarm["MetricName"]): value})
    line = json.loads(log.text)
    (told,) = line["_aws"]["CloudWatchMetrics"]
    named = [{"Name": key, "Value": line[key]} for (key,) in told["Dimensions"]]
    assert (told["Namespace"], named) == (alarm["Namespace"], alarm["Dimensions"])
    cloud.client("cloudwatch").put_metric_data(
        Namespace=told["Namespace"],
        MetricData=[
            {"MetricName": each["Name"], "Dimensions": named, "Value": number, "Unit": each["Unit"]}
            for each in told["Metrics"]
            for number in line[each["Name"]]
        ],
    )
    cloud.client("cloudwatch").describe_alarms()


def test_it_goes_without_a_trace(cloud: Emulator, topic: str) -> None:
    """Nothing of it is worth keeping, so nothing of it is kept."""
    cloud.delete("watch")
    assert cloud.client("cloudwatch").describe_alarms()["MetricAlarms"] == []
    assert cloud.client("cloudwatch").list_dashboards()["DashboardEntries"] == []
    assert topic not in str(cloud.client("sns").list_topics()["Topics"])
