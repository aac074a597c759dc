"""`--stage`: an operator names a stage in AWS, and its functions know the rest."""

import os
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from infra.backup import place
from infra.backup.__main__ import main

TOLD = {
    "STAGE": "prod",
    "RECORD_TABLE": "motcua-prod-record",
    "EXPORT_BUCKET": "theirs",
    "EXPORT_KEY": "alias/motcua-prod-export",
    "EXPORT_SECRET": "motcua-prod-export",
}


@pytest.fixture
def prod(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A stage that is deployed, and a shell that knows nothing of it."""
    with mock_aws():
        monkeypatch.setattr(os, "environ", os.environ.copy())
        for name in (*TOLD, "EXPORT_ENDPOINT", "EXPORT_SECRET_FILE", "EXPORT_KEY_FILE"):
            os.environ.pop(name, None)
        os.environ["AWS_DEFAULT_REGION"] = "ap-southeast-1"
        role: Any = boto3.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument="{}")
        boto3.client("lambda").create_function(
            FunctionName="motcua-prod",
            Runtime="python3.11",
            Role=role["Role"]["Arn"],
            Handler="app.app",
            Code={"ZipFile": b"code"},
            Environment={"Variables": TOLD},
        )
        yield


@pytest.mark.usefixtures("prod")
def test_a_stage_knows_its_settings() -> None:
    """Nobody copies nine names from a page at night."""
    place.ask("prod")
    assert TOLD.items() <= os.environ.items()


@pytest.mark.usefixtures("prod")
def test_what_the_shell_says_goes_before() -> None:
    """At the data centre the store has another name, and its credentials are in a file."""
    os.environ |= {"EXPORT_BUCKET": "ours", "EXPORT_SECRET_FILE": "store.json"}
    place.ask("prod")
    assert os.environ["EXPORT_BUCKET"] == "ours"
    assert "EXPORT_SECRET" not in os.environ
    assert os.environ["EXPORT_KEY"] == TOLD["EXPORT_KEY"]


@pytest.mark.usefixtures("prod")
def test_a_stage_without_a_store_says_what_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    """And so does one that does not exist."""
    assert main(["list", "--stage", "prod", "--public-key", __file__]) == 2
    assert "EXPORT_ENDPOINT" in capsys.readouterr().err
    assert main(["list", "--stage", "prdo"]) == 2
    assert "There is no function motcua-prdo" in capsys.readouterr().err
