"""Deploying: what is wrong here is said before anything there is changed."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from infra.deploy.deployment import CatalogueError, Deployment
from infra.deploy.functions import FunctionsError
from infra.deploy.package import ROOT
from infra.deploy.stages import Stage

REGION = "ap-southeast-1"


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty one."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mock_aws():
        yield


def nothing_was_made() -> bool:
    """No stack at all."""
    stacks = boto3.client("cloudformation", region_name=REGION).describe_stacks()["Stacks"]
    return stacks == []


def test_a_broken_catalogue_is_refused_first(tmp_path: Path) -> None:
    """It is loaded last: the new code would be live by then, and noted as a release."""
    for name in ("catalogue", "chalicelib", "state_machines", ".chalice"):
        shutil.copytree(ROOT / name, tmp_path / name)
    (tmp_path / "catalogue" / "calendar.yaml").write_text("holidays: [soon]\n")
    with pytest.raises(CatalogueError, match=r"calendar\.yaml"):
        Deployment(Stage("dev", REGION, "dev"), lambda _line: None, tmp_path).deploy()
    assert nothing_was_made()


def test_a_stage_is_like_one_that_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """A new name needs sizes and limits of its own, or another's."""
    monkeypatch.setattr("infra.deploy.package.lay_out", lambda *_: None)
    with pytest.raises(FunctionsError, match="`like` of hanoi must be one of dev, staging, prod"):
        Deployment(Stage("hanoi", REGION, "hanoi"), lambda _line: None).deploy()
    assert nothing_was_made()
