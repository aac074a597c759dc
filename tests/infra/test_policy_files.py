"""The policies as documents: words AWS knows, nothing open without a reason, nothing unnamed."""

import re
from collections.abc import Mapping
from copy import deepcopy
from typing import Any, Final

import pytest
from chalice.config import Config
from chalice.deploy.appgraph import ApplicationGraphBuilder
from ministack.core.iam_evaluator import EvalContext, evaluate_trust_policy

from app import app
from infra.policies import (
    API,
    FUNCTIONS,
    ROLE_NAMES,
    Deployment,
    chalice_name,
    render,
    render_role,
    render_trust,
)
from infra.policies.matrix import table
from tests.architecture.code import ROOT
from tests.infra.asked import ACCOUNT, REGION
from tests.infra.guard import Policy, policy_of
from tests.infra.lint import faults, grammar, has_resource_types, listed
from tests.infra.needs import PLANNED

EVERYBODY: Final = (*FUNCTIONS, *ROLE_NAMES)
WHERE: Final = {"partition": "aws", "region": REGION, "account": ACCOUNT, "stage": "test"}

# Everything that stands on `*`, and why AWS offers nothing narrower.
UNSCOPED: Final = {
    "dynamodb:ListStreams": "lists names only, and is not about a stream that one could name",
    "cloudtrail:LookupEvents": "looks into the account's history, which is one",
    "cloudwatch:GetMetricData": "figures are of the account, and have no ARN",
    "cloudwatch:ListDashboards": "lists names only",
    "lambda:ListEventSourceMappings": "asks by function, of which AWS makes no resource here",
    "servicequotas:ListServiceQuotas": "quotas are of the account; lists all of a service",
    "states:SendTaskSuccess": "names a wait by its token, of which AWS makes no resource",
    **dict.fromkeys(
        (
            "logs:CreateLogDelivery",
            "logs:DeleteLogDelivery",
            "logs:DescribeLogGroups",
            "logs:DescribeResourcePolicies",
            "logs:GetLogDelivery",
            "logs:ListLogDeliveries",
            "logs:PutResourcePolicy",
            "logs:UpdateLogDelivery",
        ),
        "Step Functions makes its delivery to the log group itself; deliveries have no ARN. Who "
        "looks for a log finds it by the list of groups",
    ),
}
INLINE: Final = 10_240  # characters of all inline policies of a role, as AWS counts: no blanks


def oddities(policy: Policy) -> list[str]:
    """What none of our statements may be."""
    found = []
    for statement in policy["Statement"]:
        name = statement.get("Sid", "a statement without Sid")
        if not re.fullmatch(r"[A-Z][a-zA-Z]{7,63}", name):
            found.append(f"{name}: its name says why it is there")
        if set(statement) - {"Condition"} != {"Sid", "Effect", "Action", "Resource"}:
            found.append(f"{name}: says what is allowed, not what is left out")
        if statement["Effect"] != "Allow":
            found.append(f"{name}: what is not allowed is denied already")
        found += [f"{name}: {each}" for each in _wide(statement)]
    names = [statement.get("Sid") for statement in policy["Statement"]]
    return found + [f"{name} twice" for name in {*names} if names.count(name) > 1]


def _wide(statement: Mapping[str, Any]) -> list[str]:
    actions = listed(statement["Action"])
    found = [f"{action} is not one action" for action in actions if re.search(r"[*?]", action)]
    if "*" in listed(statement["Resource"]):
        found += [f"{action} on *" for action in actions if action not in UNSCOPED]
    return found


@pytest.mark.parametrize("who", EVERYBODY)
def test_statements_are_narrow_and_named(who: str) -> None:
    """Whoever reviews a policy reads why each line is there."""
    assert oddities(policy_of(who)) == []


@pytest.mark.parametrize("action", UNSCOPED)
def test_aws_offers_nothing_narrower(action: str) -> None:
    """An exception ends the day AWS gives the action a resource."""
    assert not has_resource_types(action)
    assert action in {
        each
        for who in EVERYBODY
        for statement in policy_of(who)["Statement"]
        for each in listed(statement["Action"])
        if statement["Resource"] == "*"
    }


@pytest.mark.parametrize("who", EVERYBODY)
def test_aws_knows_every_word(who: str) -> None:
    """A permission on a resource that its action does not know never allows anything."""
    assert faults(policy_of(who)) == []


def test_iam_takes_them() -> None:
    """A role that cannot be made stops a deployment half-way."""
    assert grammar({who: policy_of(who) for who in EVERYBODY}) == []
    for who in EVERYBODY:
        assert len(re.sub(r"\s", "", str(policy_of(who)))) <= INLINE


def _spoiled(**changed: Any) -> Policy:
    policy = deepcopy(dict(policy_of("wake")))
    policy["Statement"][1] |= changed
    return policy


PREFIX: Final = {"StringLike": {"s3:prefix": "uploads/*"}}


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"Action": "dynamodb:Querry"}, "does not exist"),
        ({"Resource": "arn:aws:s3:::a"}, "does not work on arn:aws:s3:::a"),
        ({"Condition": PREFIX}, "knows no s3:prefix"),
        ({"Action": "states:SendTaskSuccess"}, "does not work on"),
    ],
    ids=str,
)
def test_the_reference_sees_a_wrong_word(changed: Mapping[str, Any], fault: str) -> None:
    """A lint that accepts everything would be worth nothing."""
    assert any(fault in each for each in faults(_spoiled(**changed)))


@pytest.mark.parametrize(
    "changed",
    [
        {"Action": "dynamodb:*"},
        {"Resource": "*"},
        {"Sid": "Reads"},
        {"Sid": "WritesItsOwnLog"},
        {"Effect": "Deny"},
        {"NotAction": "iam:*"},
    ],
    ids=str,
)
def test_an_odd_statement_is_seen(changed: Mapping[str, Any]) -> None:
    """Each rule finds what it is there for."""
    assert oddities(_spoiled(**changed)) != []


def test_the_grammar_sees_a_broken_policy() -> None:
    """IAM would refuse it, and so must we."""
    assert grammar({"wake": _spoiled(Effect="Allowed")}) != []


def test_every_function_has_a_policy() -> None:
    """One without would not start; one that is gone would leave its rights behind."""
    named = {handler.name for handler in app.pure_lambda_functions}
    assert named | {API, *PLANNED} == set(FUNCTIONS)
    assert named.isdisjoint(PLANNED)


def test_chalice_gives_each_function_its_own() -> None:
    """With one role for all, the widest policy would be everybody's."""
    files = {chalice_name(name): {"iam_policy_file": f"policy-{name}.json"} for name in FUNCTIONS}
    stage = {"autogen_policy": False, "api_gateway_stage": "api", "lambda_functions": files}
    config = Config(
        chalice_stage="test",
        user_provided_params={"chalice_app": app, "project_dir": "", "app_name": "motcua"},
        config_from_disk={"stages": {"test": stage}},
    )
    made: list[Any] = ApplicationGraphBuilder().build(config, "test").resources
    functions = [getattr(each, "lambda_function", each) for each in made]
    given = {each.role.role_name: each.role.policy.filename for each in functions}
    assert given == {
        f"motcua-test-{chalice_name(name)}": f".chalice/policy-{name}.json"
        for name in FUNCTIONS
        if name not in PLANNED
    }


@pytest.mark.parametrize(
    "wrong", [{"stage": "*"}, {"stage": ""}, {"account": "1?"}, {"region": 'a"'}], ids=str
)
def test_a_deployment_cannot_open_a_policy(wrong: dict[str, str]) -> None:
    """A stage named `*` would be every stage."""
    with pytest.raises(ValueError, match="is not made of"):
        Deployment(**(WHERE | wrong))


def test_a_policy_names_its_deployment() -> None:
    """No placeholder is left, and each part of the deployment stands in its place."""
    for who in FUNCTIONS:
        text = str(render(who, **WHERE))
        assert "$" not in text
        assert f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/lambda/motcua-test" in text
    assert "arn:aws-cn:" in str(render_role("workflow", **(WHERE | {"partition": "aws-cn"})))


@pytest.mark.parametrize(
    ("role", "service", "source"),
    [
        (
            "workflow",
            "states",
            f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:motcua-test-dossier",
        ),
        ("scheduler", "scheduler", f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/default/x"),
    ],
)
def test_a_role_is_for_its_service_and_account(role: str, service: str, source: str) -> None:
    """Another account's state machine must not borrow ours."""
    trust = render_trust(role, **WHERE)
    (statement,) = trust["Statement"]
    assert statement["Principal"] == {"Service": f"{service}.amazonaws.com"}
    assert _trusts(trust, ACCOUNT, source)
    assert not _trusts(trust, "210987654321", source.replace(ACCOUNT, "210987654321"))
    if role == "workflow":
        assert not _trusts(trust, ACCOUNT, source.replace("-test-", "-prod-"))


def _trusts(trust: Policy, account: str, source: str) -> bool:
    caller = f"arn:aws:iam::{ACCOUNT}:root"  # how the engine stands in for a service
    context = EvalContext(
        principal_arn=caller,
        principal_type="Service",
        principal_account=ACCOUNT,
        action="sts:AssumeRole",
        resource_arn="*",
        region=REGION,
        service_context={"aws:sourceaccount": account, "aws:sourcearn": source},
    )
    return bool(evaluate_trust_policy(dict(trust), caller, context))


def test_the_table_of_the_decision_is_that_of_the_policies() -> None:
    """A table that says less than the policies would be worse than none."""
    page = (ROOT / "docs/decisions/0018-least-privilege.md").read_text("utf-8")
    assert table() in page, "replace it by what `python -m infra.policies.matrix` prints"
