"""The functions of a stage: found by name, whatever Chalice noted, and removed as a whole."""

import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from infra.deploy.functions import API_NAME, Functions
from infra.deploy.package import ROOT
from infra.deploy.stages import Stage
from infra.templates import STACKS, fill, load, resources

REGION = "ap-southeast-1"
AWS = {"AWS::AccountId": "123456789012", "AWS::Region": "r", "AWS::Partition": "aws"}
BUCKET = "motcua-dev-artefacts-123456789012"
FUNCTIONS = ("motcua-dev", "motcua-dev-measure", "motcua-dev-of_an_earlier_release")


def client(service: Any) -> Any:
    """Of the account of the test."""
    return boto3.client(service, region_name=REGION)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Iterator[Functions]:
    """What `chalice deploy` made before it was killed, and what it has nothing to do with."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mock_aws():
        for name in FUNCTIONS:
            function(name, "dev")
        function("motcua-dev-two-measure", "dev-two")
        function("motcua-dev-helper", "")
        role("motcua-dev-schedule")
        role("motcua-dev-wake")  # its function is gone already
        client("s3").create_bucket(
            Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION}
        )
        yield Functions(Stage("dev", REGION, "dev"), BUCKET)


def role(name: str) -> str:
    """With a policy; its ARN."""
    iam = client("iam")
    iam.create_role(RoleName=name, AssumeRolePolicyDocument="{}")
    may = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/k"}
    allowed = {"Version": "2012-10-17", "Statement": [may]}
    iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=json.dumps(allowed))
    arn: str = iam.get_role(RoleName=name)["Role"]["Arn"]
    return arn


def function(name: str, stage: str) -> None:
    """As Chalice makes it, for a stage; as somebody else does, for none."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("app.py", "")
    client("lambda").create_function(
        FunctionName=name,
        Runtime="python3.11",
        Role=role(f"{name}-api_handler" if name == "motcua-dev" else name),
        Handler="app.app",
        Code={"ZipFile": content.getvalue()},
        Tags={"aws-chalice": f"version=1:stage={stage}:app=motcua"} if stage else {},
    )


def api(calls: str, name: str = API_NAME) -> str:
    """A REST API that calls this function; its id."""
    gateway = client("apigateway")
    made: str = gateway.create_rest_api(name=name)["id"]
    (root,) = gateway.get_resources(restApiId=made)["items"]
    where = {"restApiId": made, "resourceId": root["id"], "httpMethod": "GET"}
    gateway.put_method(**where, authorizationType="NONE")
    arn = f"arn:aws:lambda:{REGION}:123456789012:function:{calls}"
    uri = f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{arn}/invocations"
    gateway.put_integration(**where, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri)
    return made


def apis() -> set[str]:
    """All of the account."""
    return {each["id"] for each in client("apigateway").get_rest_apis()["items"]}


def note(made: Functions, known: str) -> None:
    """What Chalice wrote down of its last deployment."""
    state = {"resources": [{"resource_type": "rest_api", "rest_api_id": known}]}
    made.keep_state(json.dumps(state).encode())


def test_what_stands_is_found_by_name(made: Functions) -> None:
    """Of this stage only, and of Chalice's only."""
    assert set(made.standing()) == set(FUNCTIONS)
    assert Functions(Stage("dev-two", REGION, "dev"), BUCKET).standing().keys() == {
        "motcua-dev-two-measure"
    }


def test_an_api_that_was_forgotten_is_removed(made: Functions) -> None:
    """A deployment that is killed makes another the next time: both would answer the public."""
    forgotten, known = api("motcua-dev"), api("motcua-dev")
    others = {api("motcua-dev-two"), api("motcua-dev", "somebody's")}
    note(made, known)
    assert made.api_id() == known
    assert list(made.remove_other_apis()) == [forgotten]
    assert apis() == {known, *others}


def test_all_is_removed(made: Functions) -> None:
    """Functions, roles and APIs, noted or not; nothing that is not Chalice's."""
    api("motcua-dev")
    note(made, api("motcua-dev"))
    removed = list(made.remove())
    assert sum(each.startswith("API") for each in removed) == 2
    left = client("lambda").list_functions()["Functions"]
    others = {"motcua-dev-two-measure", "motcua-dev-helper"}
    assert {each["FunctionName"] for each in left} == others
    roles = {each["RoleName"] for each in client("iam").list_roles()["Roles"]}
    assert roles == {*others, "motcua-dev-schedule"}
    assert (apis(), made.state()) == (set(), None)
    assert list(made.remove()) == []


def test_a_removal_that_was_cut_short_is_finished(made: Functions) -> None:
    """What is gone is not missed, wherever it was."""
    api("motcua-dev")
    whole = made.remove()
    for _ in range(3):
        next(whole)
    whole.close()
    assert made.standing()
    list(made.remove())
    assert (apis(), made.standing()) == (set(), {})


@pytest.mark.usefixtures("made")
def test_before_a_first_deployment_there_is_nothing() -> None:
    """Not even the bucket."""
    new = Functions(Stage("new", REGION, "dev"), "nowhere")
    assert (new.state(), new.api_id(), new.apis(), new.standing()) == (None, None, [], {})
    assert list(new.remove()) == []


def test_the_api_has_a_log_group() -> None:
    """Chalice names the API's after its handler: the function would log nowhere."""
    template = fill(load(STACKS / "data.yaml"), {"Stage": "dev", **AWS})
    kept = {
        group["Properties"]["LogGroupName"]: group["Properties"]["RetentionInDays"]
        for _, group in resources(template, "AWS::Logs::LogGroup")
    }
    others = json.loads((ROOT / ".chalice" / "config.json").read_text())["log_retention_in_days"]
    assert kept["/aws/lambda/motcua-dev"] == others
