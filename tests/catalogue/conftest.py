"""The shipped catalogue, and a record table made from the template that production is made from."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from catalogue.read import Catalogue, read

TABLE = "record"
TEMPLATE = Path(__file__).parents[2] / "infra" / "data.json"
_ASKED_FOR = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")


@pytest.fixture(scope="session")
def shipped() -> Catalogue:
    """Read once: nothing in it can be changed."""
    return read()


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """An empty record table."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-southeast-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    properties = json.loads(TEMPLATE.read_text("utf-8"))["Resources"]["RecordTable"]["Properties"]
    with mock_aws():
        yield boto3.resource("dynamodb").create_table(
            TableName=TABLE, **{name: properties[name] for name in _ASKED_FOR}
        )
