"""The shipped catalogue, and a record table made from the template that production is made from."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from catalogue.read import Catalogue, read
from tests import aws

TABLE = aws.RECORD


@pytest.fixture(scope="session")
def shipped() -> Catalogue:
    """Read once: nothing in it can be changed."""
    return read()


@pytest.fixture
def table() -> Iterator[Any]:
    """An empty record table."""
    with aws.aws():
        yield boto3.resource("dynamodb").Table(TABLE)
