"""The rehearsal's front leads where CloudFront would, or it proves another deployment."""

from collections.abc import Iterator
from typing import Any, Final

import boto3
import pytest
from moto import mock_aws

from infra.local.settings import Ports
from infra.rehearsal.front import EDGE, Front
from tests.infra.asked import REGION

TEMPLATE: Final = """
Parameters:
  RestApiId: {Type: String}
Resources:
  Queue: {Type: AWS::SQS::Queue}
"""


@pytest.fixture
def front(monkeypatch: pytest.MonkeyPatch) -> Iterator[Front]:
    """In an empty account."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mock_aws(), Front(Ports(0, 0, 0)) as made:
        yield made


def test_the_api_is_that_of_the_edge(front: Front) -> None:
    """Chalice may leave an API behind, and none of a list is known to be the newest."""
    client: Any = boto3.client("apigateway")
    ids = [client.create_rest_api(name="motcua")["id"] for _ in range(3)]
    assert front.api() == ""
    boto3.client("cloudformation").create_stack(
        StackName=EDGE,
        TemplateBody=TEMPLATE,
        Parameters=[{"ParameterKey": "RestApiId", "ParameterValue": ids[1]}],
    )
    assert front.api() == ids[1]
