"""The roles in the workflow stack are those whose permissions are tested."""

from typing import Any

import pytest

from infra import policies
from infra.templates import STACKS, fill, load
from tests.infra import grid
from tests.infra.asked import Asked
from tests.infra.guard import allows, rules_of

NAMES = {
    "Stage": "test",
    "AWS::Partition": "aws",
    "AWS::Region": "ap-southeast-1",
    "AWS::AccountId": "123456789012",
}
WHERE = {
    "stage": "test",
    "partition": "aws",
    "region": "ap-southeast-1",
    "account": "123456789012",
}


def filled() -> Any:
    """The stack of one deployment."""
    return fill(load(STACKS / "workflow.yaml"), NAMES)["Resources"]


@pytest.mark.parametrize(
    ("resource", "role"), [("StateMachineRole", "workflow"), ("ScheduleRole", "scheduler")]
)
def test_a_role_has_the_tested_permissions(resource: str, role: str) -> None:
    """Written down twice, they must not drift apart."""
    (policy,) = filled()[resource]["Properties"]["Policies"]
    assert policy["PolicyDocument"] == policies.render_role(role, **WHERE)
    trust = filled()[resource]["Properties"]["AssumeRolePolicyDocument"]
    assert trust == policies.render_trust(role, **WHERE)


def test_who_may_leave_dead_letters_does() -> None:
    """A right without a failure destination promises letters that never come."""
    leave = {
        each["Properties"]["FunctionName"].partition("motcua-test-")[2]
        for each in filled().values()
        if "OnFailure" in each["Properties"].get("DestinationConfig", {})
    }
    letter = Asked("sqs:SendMessage", grid.queue("dead"))
    may = {f"{name}:live" for name in policies.FUNCTIONS if allows(rules_of(name), letter)}
    assert may == leave
