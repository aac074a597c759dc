"""Ending a stage: AWS keeps a state machine for as long as an execution of it runs."""

from typing import Any

import boto3
import pytest
from moto import mock_aws

from infra.deploy import executions, stacks
from infra.deploy.stacks import Stacks

REGION = "ap-southeast-1"
WAIT = '{"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 9999, "End": true}}}'
TEMPLATE = """
Parameters:
  Stage: {Type: String}
Resources:
  Queue: {Type: AWS::SQS::Queue}
"""


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch) -> Any:
    """An empty one."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mock_aws():
        yield


def test_what_runs_is_stopped() -> None:
    """Dossiers wait for weeks: so long the stage could neither be ended nor be made again."""
    client: Any = boto3.client("stepfunctions", region_name=REGION)
    role = "arn:aws:iam::123456789012:role/x"
    arn = client.create_state_machine(name="m", definition=WAIT, roleArn=role)["stateMachineArn"]
    for number in range(3):
        client.start_execution(stateMachineArn=arn, name=f"e{number}")
    assert executions.stop_all(REGION, arn) == 3
    running = client.list_executions(stateMachineArn=arn, statusFilter="RUNNING")["executions"]
    assert running == []
    assert executions.stop_all(REGION, arn) == 0


def test_a_state_machine_that_is_gone_has_none() -> None:
    """At the last look."""
    gone = f"arn:aws:states:{REGION}:123456789012:stateMachine:gone"
    assert executions.stop_all(REGION, gone) == 0


def test_it_is_done_while_the_stack_goes(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not before: until its schedules are gone the reconciler would start them again."""
    monkeypatch.setattr(stacks, "FOLDER", tmp_path)
    (tmp_path / "workflow.yaml").write_text(TEMPLATE)
    cloud = Stacks("motcua-test", REGION, {})
    cloud.deploy("workflow")
    seen: list[str] = []
    assert cloud.delete("workflow", meanwhile=lambda: seen.append("stopped"))
    assert seen
