"""The functions and the API of a stage as they stand in AWS, found by name.

Chalice notes what it made only when it has made all of it. What it was killed over, and what
is left of a removal that was, is found here all the same.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from infra import policies

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.deploy.stages import Stage

API_NAME: Final = "motcua"  # Chalice's app_name
_STATE: Final = "chalice/deployed.json"  # in the bucket of artefacts
_NOTHING: Final = {"NoSuchKey", "NoSuchBucket"}
# API Gateway takes one deployment in five seconds and one removal in thirty.
PATIENT: Final = Config(retries={"mode": "standard", "total_max_attempts": 10})


class FunctionsError(Exception):
    """Functions did not come about or would not go; the message says why."""


class Functions:
    """Those of one stage; `bucket` is that of its artefacts."""

    def __init__(self, stage: Stage, bucket: str) -> None:
        self._stage = stage
        self._bucket = bucket
        self._lambda: Any = boto3.client("lambda", region_name=stage.region)
        self._gateway: Any = boto3.client("apigateway", region_name=stage.region, config=PATIENT)
        self._iam: Any = boto3.client("iam", region_name=stage.region)
        self._s3: Any = boto3.client("s3", region_name=stage.region)

    # -- what they are called

    @staticmethod
    def names() -> list[str]:
        """As their policies are named: the API and every `lambda_function`."""
        from app import app  # noqa: PLC0415 - imports the whole application

        return [policies.API, *sorted(each.name for each in app.pure_lambda_functions)]

    def full_names(self) -> list[str]:
        """As AWS knows them."""
        return [policies.lambda_name(name, self._stage.name) for name in self.names()]

    # -- what Chalice noted

    def state(self) -> bytes | None:
        """What Chalice made the last time, on whatever machine: else it would make a second API."""
        try:
            found = self._s3.get_object(Bucket=self._bucket, Key=_STATE)
        except ClientError as error:
            if error.response["Error"]["Code"] not in _NOTHING:
                raise
            return None
        return bytes(found["Body"].read())

    def keep_state(self, state: bytes) -> None:
        """For the next deployment."""
        self._s3.put_object(Bucket=self._bucket, Key=_STATE, Body=state)

    def api_id(self) -> str | None:
        """Of the REST API that Chalice made; None before the first deployment."""
        known = json.loads(self.state() or '{"resources": []}')["resources"]
        found = [each for each in known if each["resource_type"] == "rest_api"]
        return str(found[0]["rest_api_id"]) if found else None

    # -- what stands

    def standing(self) -> dict[str, str]:
        """Names of the functions that Chalice made for this stage, with their roles' names."""
        pages = self._lambda.get_paginator("list_functions").paginate()
        named = (each for page in pages for each in page["Functions"] if self._may_be(each))
        return {
            each["FunctionName"]: each["Role"].rpartition("/")[2]
            for each in named
            if self._is_chalices(each["FunctionArn"])
        }

    def _may_be(self, found: Any) -> bool:
        return f"{found['FunctionName']}-".startswith(f"{self._stage.stem}-")

    def _is_chalices(self, arn: str) -> bool:
        """A stage's name may begin another's."""
        tag = self._lambda.list_tags(Resource=arn)["Tags"].get("aws-chalice", "")
        return f":stage={self._stage.name}:" in tag

    def apis(self) -> list[str]:
        """Ids of the REST APIs that call the stage's API function."""
        pages = self._gateway.get_paginator("get_rest_apis").paginate()
        named = [each["id"] for page in pages for each in page["items"] if each["name"] == API_NAME]
        return [each for each in named if self._calls(each)]

    def _calls(self, api: str) -> bool:
        function = f":function:{policies.lambda_name(policies.API, self._stage.name)}/"
        pages = self._gateway.get_paginator("get_resources").paginate(
            restApiId=api, embed=["methods"]
        )
        return any(
            function in method.get("methodIntegration", {}).get("uri", "")
            for page in pages
            for resource in page["items"]
            for method in resource.get("resourceMethods", {}).values()
        )

    # -- removing

    def remove_other_apis(self) -> Iterator[str]:
        """APIs that Chalice forgot: they would answer the public for ever. Yields their ids."""
        known = self.api_id()
        for api in self.apis():
            if api != known:
                self._gateway.delete_rest_api(restApiId=api)
                yield api

    def remove(self) -> Iterator[str]:
        """All of them, with their roles; yields what is removed. Raise FunctionsError.

        Safe to repeat: whatever an earlier try left is found and removed.
        """
        for api in self.apis():
            yield f"API {api}"
            self._gateway.delete_rest_api(restApiId=api)
        found = self.standing()
        for name in found:
            yield f"function {name}"
            self._lambda.delete_function(FunctionName=name)
        own = {f"{self._stage.stem}-{policies.chalice_name(name)}" for name in self.names()}
        for role in sorted(own | set(found.values())):
            if self._remove_role(role):
                yield f"role {role}"
        if self.state():
            self._s3.delete_object(Bucket=self._bucket, Key=_STATE)
        if left := [*self.apis(), *self.standing()]:
            raise FunctionsError(f"Still there: {', '.join(left)}. Run it again.")

    def _remove_role(self, name: str) -> bool:
        try:
            held = self._iam.list_role_policies(RoleName=name)["PolicyNames"]
            attached = self._iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
        except self._iam.exceptions.NoSuchEntityException:
            return False
        for policy in held:
            self._iam.delete_role_policy(RoleName=name, PolicyName=policy)
        for policy in attached:
            self._iam.detach_role_policy(RoleName=name, PolicyArn=policy["PolicyArn"])
        self._iam.delete_role(RoleName=name)
        return True
