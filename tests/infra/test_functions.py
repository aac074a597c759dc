"""What `chalice deploy` is told, and what it leaves to the stacks."""

import json
from pathlib import Path

import pytest

from infra.deploy import functions
from infra.deploy.functions import Account, Functions
from infra.deploy.package import ROOT
from infra.deploy.stages import Stage
from infra.templates import STACKS, fill, load, resources

AWS = {"AWS::AccountId": "123456789012", "AWS::Region": "r", "AWS::Partition": "aws"}


def test_the_api_has_a_log_group() -> None:
    """Chalice names the API's after its handler: the function would log nowhere."""
    template = fill(load(STACKS / "data.yaml"), {"Stage": "dev", **AWS})
    kept = {
        group["Properties"]["LogGroupName"]: group["Properties"]["RetentionInDays"]
        for _, group in resources(template, "AWS::Logs::LogGroup")
    }
    others = json.loads((ROOT / ".chalice" / "config.json").read_text())["log_retention_in_days"]
    assert kept["/aws/lambda/motcua-dev"] == others


def test_chalice_works_in_the_region_of_the_stage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A profile may be of another: there a second stage would be made, or none ended."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setattr(functions, "_CHALICE", "import os; print(os.environ['AWS_DEFAULT_REGION'])")
    made = Functions(Stage("dev", "ap-southeast-1", "dev"), Account("1", "r"), "bucket")
    made.folder = tmp_path
    assert list(made._chalice("deploy")) == ["ap-southeast-1"]
