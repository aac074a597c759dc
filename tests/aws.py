"""AWS in this process: tables and bucket as `infra/stacks/data.yaml` has them, on moto."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import pytest
from moto import mock_aws

from chalicelib.adapters import clients
from infra.templates import STACKS, load
from tests import quicker

RECORD, TOKEN, FILES = "motcua-test-record", "motcua-test-token", "motcua-test-files"
SECRET = b"a secret of tests, 32 bytes or more long"

quicker.install()


@contextmanager
def aws() -> Iterator[None]:
    """Everything empty at the start and gone at the end."""
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        patch.setenv("AWS_DEFAULT_REGION", "ap-southeast-1")
        patch.setattr(clients, "_made", {})
        create()
        yield


def create() -> None:
    """The tables and the bucket."""
    resources = load(STACKS / "data.yaml")["Resources"]
    dynamodb = boto3.client("dynamodb", region_name="ap-southeast-1")
    for name, resource in {RECORD: "RecordTable", TOKEN: "TokenTable"}.items():
        dynamodb.create_table(**table_of(resources[resource]["Properties"], name))
    boto3.client("s3", region_name="ap-southeast-1").create_bucket(
        Bucket=FILES, CreateBucketConfiguration={"LocationConstraint": "ap-southeast-1"}
    )


def table_of(properties: dict[str, Any], name: str) -> dict[str, Any]:
    """What `create_table` is told, of a table as the template has it."""
    names = ("BillingMode", "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes")
    return {"TableName": name, **{key: properties[key] for key in names if key in properties}}
