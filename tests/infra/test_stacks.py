"""Stacks: what would lose data is refused, and what is there already is left alone."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.paginate import PageIterator
from moto import mock_aws

from infra.deploy import stacks
from infra.deploy.stacks import StackError, Stacks

TABLE = """
  {name}:
    Type: AWS::DynamoDB::Table
    DeletionPolicy: Retain
    Properties:
      TableName: !Sub motcua-${{Stage}}-{key}
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{{AttributeName: PK, AttributeType: S}}]
      KeySchema: [{{AttributeName: PK, KeyType: HASH}}]
"""
HEAD = """
Parameters:
  Stage: {Type: String}
Resources:
"""
QUEUE = """
  Queue: {Type: AWS::SQS::Queue}
"""
REGION = "ap-southeast-1"


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stacks]:
    """An empty account; templates are files of the test."""
    monkeypatch.setattr(stacks, "FOLDER", tmp_path)
    monkeypatch.setattr(stacks, "_LOOK_EVERY", 0)
    # The emulator of this test lacks that one action; the rehearsal's has it.
    monkeypatch.setattr(Stacks, "_protect", lambda _stacks, _name: None)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mock_aws():
        yield Stacks("motcua-test", REGION, {})


def write(folder: Path, name: str, *named: str) -> None:
    """A template with these tables."""
    body = "".join(TABLE.format(name=table, key=table.lower()) for table in named)
    (folder / f"{name}.yaml").write_text(HEAD + body)


def tables() -> list[str]:
    """Of the account."""
    return boto3.client("dynamodb", region_name=REGION).list_tables()["TableNames"]


def test_a_stack_is_made(cloud: Stacks, tmp_path: Path) -> None:
    """And says what was changed; the stage is in every name."""
    write(tmp_path, "data", "Record")
    assert [change.name for change in cloud.deploy("data")] == ["Record"]
    assert tables() == ["motcua-test-record"]


def test_a_plan_changes_nothing(cloud: Stacks, tmp_path: Path) -> None:
    """Not even a stack that only ever had a plan stays behind."""
    write(tmp_path, "data", "Record")
    assert [str(change) for change in cloud.plan("data")] == [
        "Add    Record (AWS::DynamoDB::Table)"
    ]
    assert tables() == []
    assert len(cloud.deploy("data")) == 1


def test_taking_a_table_out_of_the_data_is_refused(cloud: Stacks, tmp_path: Path) -> None:
    """It would be retained, and the service would go on without it."""
    write(tmp_path, "data", "Record", "Token")
    cloud.deploy("data")
    write(tmp_path, "data", "Record")
    with pytest.raises(StackError, match="Token"):
        cloud.deploy("data")
    assert [change.action for change in cloud.plan("data")] == ["Remove"]


def test_other_stacks_may_lose_what_they_have(cloud: Stacks, tmp_path: Path) -> None:
    """An alarm that is no longer wanted goes; what holds data does not, wherever it is."""
    write(tmp_path, "watch", "Record", "Token")
    (tmp_path / "watch.yaml").write_text((tmp_path / "watch.yaml").read_text() + QUEUE)
    cloud.deploy("watch")
    write(tmp_path, "watch", "Record", "Token")
    assert [change.name for change in cloud.deploy("watch")] == ["Queue"]
    write(tmp_path, "watch", "Record")
    with pytest.raises(StackError, match="Token"):
        cloud.deploy("watch")


def test_the_data_is_never_deleted(cloud: Stacks, tmp_path: Path) -> None:
    """Whatever else is destroyed."""
    write(tmp_path, "data", "Record")
    cloud.deploy("data")
    with pytest.raises(StackError, match="never deleted"):
        cloud.delete("data")
    assert tables() == ["motcua-test-record"]


def test_deleting_what_is_not_there_is_no_fault(cloud: Stacks) -> None:
    """Destroying twice is safe."""
    assert not cloud.delete("watch")


def never_made(monkeypatch: pytest.MonkeyPatch, *left: str) -> None:
    """The creation of the stack failed, and these resources of it still stand."""
    described = Stacks._described

    def failed(stacks: Stacks, name: str) -> dict[str, Any] | None:
        found = described(stacks, name)
        return found and {**found, "StackStatus": "ROLLBACK_COMPLETE"}

    monkeypatch.setattr(Stacks, "_described", failed)
    rows = [{"LogicalResourceId": each, "ResourceStatus": "CREATE_COMPLETE"} for each in left]
    gone = {"LogicalResourceId": "Old", "ResourceStatus": "DELETE_COMPLETE"}
    page = {"StackResourceSummaries": [*rows, gone]}
    monkeypatch.setattr(PageIterator, "__iter__", lambda _pages: iter([page]))


def test_a_stack_that_was_never_whole_is_made_anew(
    cloud: Stacks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """AWS takes no update for it: one missing permission would end every try after the first."""
    write(tmp_path, "watch", "Record")
    cloud.deploy("watch")
    said: list[str] = []
    with monkeypatch.context() as patch:
        never_made(patch)
        with pytest.raises(StackError, match="`deploy` makes it anew"):
            cloud.plan("watch")
        patch.setattr(cloud, "_propose", lambda *_, **__: 1 / 0)  # by then it is gone
        with pytest.raises(ZeroDivisionError):
            cloud.deploy("watch", said.append)
    assert ["never whole" in line for line in said] == [True]
    assert not cloud.delete("watch")


def test_what_is_left_of_it_is_named(
    cloud: Stacks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may hold something: nothing is deleted unseen."""
    write(tmp_path, "data", "Record")
    cloud.deploy("data")
    never_made(monkeypatch, "Record")
    with pytest.raises(StackError, match="Record of it still stand"):
        cloud.deploy("data")
    assert tables() == ["motcua-test-record"]


class Events:
    """CloudFormation that tells of one deployment: statuses and events, look by look."""

    def __init__(self, *looks: tuple[str, list[tuple[str, str]]]) -> None:
        self._looks = list(looks)

    def describe_stacks(self, **_: object) -> object:
        return {"Stacks": [{"StackStatus": self._looks[0][0]}]}

    def describe_stack_events(self, **_: object) -> object:
        events = (self._looks.pop(0) if len(self._looks) > 1 else self._looks[0])[1]
        found = [
            {"EventId": key, "LogicalResourceId": key, "ResourceStatus": status}
            for key, status in reversed(events)
        ]
        return {"StackEvents": found}


def test_what_failed_first_is_told(cloud: Stacks, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not what failed last year, and not what was only taken back because of it."""
    past = ("old", "CREATE_FAILED")
    cause, after = ("Bucket", "CREATE_FAILED"), ("Queue", "CREATE_FAILED")
    looks = [
        ("CREATE_IN_PROGRESS", [past, cause]),
        ("ROLLBACK_IN_PROGRESS", [past, cause, after]),
        ("ROLLBACK_COMPLETE", [past, cause, after]),
    ]
    monkeypatch.setattr(cloud, "_cloud", Events(*looks))
    said: list[str] = []
    with pytest.raises(StackError, match=r"ROLLBACK_COMPLETE\. Bucket: failed"):
        cloud._await("motcua-test-data", {"old": "old: failed"}, said.append)
    assert said == ["    Bucket: failed", "    Queue: failed"]


def test_what_a_killed_deployment_began_is_waited_for(
    cloud: Stacks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CloudFormation goes on with it for minutes, and takes no other change meanwhile."""
    write(tmp_path, "watch", "Record")
    cloud.deploy("watch")
    seen = iter(["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"])
    status = Stacks._status
    monkeypatch.setattr(Stacks, "_status", lambda each, name: next(seen, status(each, name)))
    (tmp_path / "watch.yaml").write_text((tmp_path / "watch.yaml").read_text() + QUEUE)
    said: list[str] = []
    assert [change.name for change in cloud.deploy("watch", said.append)] == ["Queue"]
    assert ["waiting for that" in line for line in said] == [True, True]


@pytest.mark.parametrize("stuck", ["UPDATE_ROLLBACK_FAILED", "DELETE_FAILED"])
def test_a_stack_that_needs_a_hand_says_so(
    cloud: Stacks, monkeypatch: pytest.MonkeyPatch, stuck: str
) -> None:
    """No change would be taken, whatever is tried."""
    monkeypatch.setattr(Stacks, "_status", lambda *_: stuck)
    for act in (cloud.deploy, cloud.delete):
        with pytest.raises(StackError, match=f"{stuck}.*continue"):
            act("watch")


class ChangeSets:
    """CloudFormation that tells of one change set, page by page."""

    def __init__(self, *pages: list[str]) -> None:
        self._pages = list(pages)

    def describe_change_set(self, NextToken: str = "0", **_: str) -> object:  # noqa: N803 - as boto3
        here = int(NextToken)
        changes = [
            {
                "ResourceChange": {
                    "Action": "Remove",
                    "LogicalResourceId": name,
                    "ResourceType": "AWS::S3::Bucket",
                }
            }
            for name in self._pages[here]
        ]
        more = {"NextToken": str(here + 1)} if here + 1 < len(self._pages) else {}
        return {"Status": "CREATE_COMPLETE", "Changes": changes, **more}


def test_every_page_of_a_change_is_read(cloud: Stacks, monkeypatch: pytest.MonkeyPatch) -> None:
    """What would lose data may stand on the second."""
    monkeypatch.setattr(cloud, "_cloud", ChangeSets(["A", "B"], ["C"]))
    found = cloud._ready("id", "data", is_new=False)
    assert [change.name for change in found.changes] == ["A", "B", "C"]


def test_new_outputs_are_a_change(cloud: Stacks, monkeypatch: pytest.MonkeyPatch) -> None:
    """No resource changes, and yet the next stack may need them."""
    monkeypatch.setattr(cloud, "_cloud", ChangeSets([]))
    assert not cloud._ready("id", "data", is_new=False).is_empty
