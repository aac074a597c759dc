"""The roles of people: with the permissions that are tested, for those who are named, or none."""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

import pytest
from ministack.core.iam_evaluator import EvalContext, evaluate_trust_policy

from infra import policies
from infra.deploy.stages import FILE
from infra.templates import STACKS, fill, load
from tests.infra import shift, steps
from tests.infra.asked import ACCOUNT, REGION
from tests.infra.emulator import Emulator, running
from tests.infra.guard import policy_of

USER: Final = f"arn:aws:iam::{ACCOUNT}:user/y.nie"
ROLE: Final = (
    f"arn:aws:iam::{ACCOUNT}:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Helpdesk_01ab"
)
WHERE: Final = {"partition": "aws", "region": REGION, "account": ACCOUNT, "stage": "test"}
NAMED: Final = {"observer": "ObserverArns", "operator": "OperatorArns"}
MANAGED: Final = 6_144  # characters of a policy that is not inline, as AWS counts: no blanks


def template() -> Any:
    return load(STACKS / "identity.yaml")


def filled() -> Any:
    """Of one deployment, in which a user and a role are named."""
    names = {
        "Stage": "test",
        "AWS::Partition": "aws",
        "AWS::Region": REGION,
        "AWS::AccountId": ACCOUNT,
        **dict.fromkeys(NAMED.values(), f"{USER},{ROLE}"),
    }
    return _split(fill(template(), names)["Resources"])


def _split(value: Any) -> Any:
    """With each `Split` done."""
    if isinstance(value, list):
        return [_split(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    if list(value) == ["Fn::Split"]:
        mark, text = value["Fn::Split"]
        return text.split(mark)
    return {key: _split(inner) for key, inner in value.items()}


@pytest.mark.parametrize("role", policies.PEOPLE)
def test_a_role_has_the_tested_permissions(role: str) -> None:
    """Written down twice, they must not drift apart."""
    made, looking = filled()[role.title()]["Properties"], filled()["Looking"]["Properties"]
    assert made["ManagedPolicyArns"] == [{"Ref": "Looking"}]
    statements = [
        statement
        for document in [looking, *made.get("Policies", ())]
        for statement in document["PolicyDocument"]["Statement"]
    ]
    assert statements == policy_of(role)["Statement"]
    trust = policies.render_trust(role, [USER, ROLE], **WHERE)
    assert made["AssumeRolePolicyDocument"] == trust
    assert made["MaxSessionDuration"] == 3600
    assert filled()[role.title()]["Condition"] == f"Has{role.title()}s"


def test_what_both_have_fits_into_a_managed_policy() -> None:
    """AWS takes less of one than of an inline policy."""
    assert len(re.sub(r"\s", "", str(policy_of("observer")))) <= MANAGED


# -- what they are to do


@pytest.mark.parametrize("command", sorted({*steps.commands()}))
def test_somebody_may_do_what_a_runbook_says(command: str) -> None:
    """Whoever is called at night must not be the first to try whether they may."""
    if command.startswith(steps.OPERATE):
        words = command.removeprefix(steps.OPERATE).split()
        typed = {words[0] for words in (*shift.LOOKS, *shift.CHANGES)}
        assert words[0] in typed | {"--help"}
    else:
        known = (*steps.LOOKS, *steps.ADMINISTRATORS)
        assert any(command.startswith(each) for each in known), "whose is it? See steps.py"


@pytest.mark.parametrize("step", [*steps.LOOKS, *steps.ADMINISTRATORS])
def test_every_right_is_that_of_a_step(step: str) -> None:
    """What no runbook sends anybody to is not theirs to see."""
    assert step in steps.text()


# -- who they are


def _may_take_on(who: str, **context: str) -> bool:
    """Whether the operator's role trusts them, however they signed in."""
    user = who.rpartition("/")[2] if ":user/" in who else ""
    asked = EvalContext(
        principal_arn=who,
        principal_type="User" if user else "AssumedRole",
        principal_account=ACCOUNT,
        action="sts:AssumeRole",
        resource_arn="*",
        region=REGION,
        service_context={name.replace("_", ":", 1).lower(): each for name, each in context.items()},
    )
    trust = json.dumps(policies.render_trust("operator", [USER, ROLE], **WHERE))
    # As IAM does before it compares; of who has no name the variable equals nothing.
    named = trust.replace("${aws:username}", user or "?")
    return bool(evaluate_trust_policy(named, who, asked))


MFA: Final = {"aws_MultiFactorAuthPresent": "true"}


def test_a_user_needs_a_second_factor_and_their_own_name() -> None:
    """An access key alone lies in a file; a session under another's name lies in the log."""
    named = {"sts_RoleSessionName": "y.nie"}
    assert _may_take_on(USER, **MFA, **named)
    assert not _may_take_on(USER, **named)
    assert not _may_take_on(USER, aws_MultiFactorAuthPresent="false", **named)
    assert not _may_take_on(USER, **MFA, sts_RoleSessionName="h.eban")


def test_a_role_signs_in_elsewhere() -> None:
    """Single sign-on asks for the second factor, and AWS is not told of it."""
    assert _may_take_on(ROLE, sts_RoleSessionName="y.nie@example.gov.vn")


@pytest.mark.parametrize("who", [USER[:-1], f"{ROLE}2", f"arn:aws:iam::{ACCOUNT}:root"])
def test_nobody_else_takes_it_on(who: str) -> None:
    """Whatever they may do otherwise."""
    assert not _may_take_on(who, **MFA, sts_RoleSessionName=who.rpartition("/")[2])


@pytest.mark.parametrize(
    "who",
    [
        "*",
        ACCOUNT,
        f"arn:aws:iam::{ACCOUNT}:root",
        f"arn:aws:iam::{ACCOUNT}:user/*",
        f"arn:aws:iam::{ACCOUNT}:role/a?",
        f'{USER}", "*',
        f"arn:aws:sts::{ACCOUNT}:assumed-role/a/b",
    ],
)
def test_only_users_and_roles_are_named(who: str) -> None:
    """A whole account, or anything with a wildcard, is nobody in particular."""
    for parameter in NAMED.values():
        declared = template()["Parameters"][parameter]
        pattern = declared["AllowedPattern"]
        assert not re.fullmatch(pattern, who)
        assert declared["Default"] == ""
        assert not re.fullmatch(pattern, f"{USER},{who}")
        assert not re.fullmatch(pattern, f"{USER},")
        assert not re.fullmatch(pattern, f"{USER}, {ROLE}")
        assert all(re.fullmatch(pattern, each) for each in ("", USER, ROLE, f"{USER},{ROLE}"))
    with pytest.raises(ValueError, match="neither a user nor a role"):
        policies.render_trust("operator", [who], **WHERE)


def test_the_file_of_stages_names_the_parameters() -> None:
    """Who deploys finds there what to fill in."""
    text = FILE.read_text("utf-8")
    for parameter in NAMED.values():
        (line,) = re.findall(rf"{parameter}: (\S+)", text)
        assert re.fullmatch(template()["Parameters"][parameter]["AllowedPattern"], line)


# -- deployed


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with running() as emulator:
        yield emulator


def _roles(emulator: Emulator) -> set[str]:
    found = emulator.client("iam").list_roles()["Roles"]
    return {each["RoleName"] for each in found if each["RoleName"].startswith("motcua-")}


def test_a_role_is_made_for_those_who_are_named(emulator: Emulator) -> None:
    """Operators are named, observers are not: there is one role, and it has both policies."""
    emulator.deploy("identity", OperatorArns=f"{USER},{ROLE}")
    assert _roles(emulator) == {"motcua-dev-operator"}
    client, named = emulator.client("iam"), {"RoleName": "motcua-dev-operator"}
    made = client.get_role(**named)["Role"]
    assert made["MaxSessionDuration"] == 3600
    who = [each["Principal"]["AWS"] for each in made["AssumeRolePolicyDocument"]["Statement"]]
    assert who == [[USER, ROLE], [USER, ROLE]]
    attached = client.list_attached_role_policies(**named)["AttachedPolicies"]
    assert [each["PolicyName"] for each in attached] == ["motcua-dev-looking"]
    assert client.list_role_policies(**named)["PolicyNames"] == ["operate"]


def test_without_anybody_there_is_no_role() -> None:
    """As a stage is, until somebody is named."""
    with running() as emulator:
        emulator.deploy("identity")
        assert _roles(emulator) == set()
