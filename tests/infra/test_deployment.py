"""Deploying: what is wrong here is said before anything there is changed."""

import shutil
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock

import boto3
import pytest
from moto import mock_aws

from infra.deploy import account
from infra.deploy.account import Account, QuotaError
from infra.deploy.deployment import NOBODY_TOLD, NOT_EXPORTED, CatalogueError, Deployment
from infra.deploy.functions import FunctionsError
from infra.deploy.lock import LockedError, alone
from infra.deploy.package import ROOT
from infra.deploy.stages import Stage

REGION = "ap-southeast-1"
ACCOUNT = "123456789012"


@pytest.fixture(autouse=True)
def empty(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
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
        Deployment(
            Stage("dev", REGION, "dev", account=ACCOUNT), lambda _line: None, tmp_path
        ).deploy()
    assert nothing_was_made()


def test_a_stage_is_like_one_that_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """A new name needs sizes and limits of its own, or another's."""
    monkeypatch.setattr("infra.deploy.package.lay_out", lambda *_: None)
    with pytest.raises(FunctionsError, match="`like` of hanoi must be one of dev, staging, prod"):
        Deployment(Stage("hanoi", REGION, "hanoi", account=ACCOUNT), lambda _line: None).deploy()
    assert nothing_was_made()


def test_an_account_too_small_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A new one runs ten functions at once: the deployment would end half way."""
    limits = {"AccountLimit": {"ConcurrentExecutions": 110}}
    answering = SimpleNamespace(get_account_settings=lambda: limits)
    monkeypatch.setattr(account.boto3, "client", lambda *_, **__: answering)
    here = Account(ACCOUNT, REGION)
    here.require(10)
    with pytest.raises(QuotaError, match="at most 110 functions at once, and this stage needs 111"):
        here.require(11)


def test_what_is_missing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stage may do without, and is told so each time."""
    monkeypatch.setattr("infra.deploy.deployment.workplace", lambda *_: nullcontext(Mock()))
    monkeypatch.setattr("infra.deploy.package.try_import", lambda _folder: None)
    monkeypatch.setattr(Account, "require", lambda *_: None)
    monkeypatch.setattr(Deployment, "_deploy", lambda *_: None)
    said: list[str] = []
    bare = Stage("dev", REGION, "dev", account=ACCOUNT)
    Deployment(bare, said.append).deploy()
    assert said[1:] == [NOT_EXPORTED, NOBODY_TOLD]
    said.clear()
    told = {"AlarmEmail": "truc@example.vn"}
    kept = {"EXPORT_ENDPOINT": "https://luutru.example.vn"}
    Deployment(replace(bare, parameters=told, environment=kept), said.append).deploy()
    assert said[1:] == []


def test_nobody_deploys_while_somebody_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither deploys nor goes back nor destroys."""
    monkeypatch.setattr("infra.deploy.deployment.workplace", lambda *_: nullcontext(Mock()))
    monkeypatch.setattr("infra.deploy.package.try_import", lambda _folder: None)
    monkeypatch.setattr(Account, "require", lambda *_: None)
    second = Deployment(Stage("dev", REGION, "dev", account=ACCOUNT), lambda _line: None)
    with alone(REGION, "motcua-dev", "deploy", "y.nie"):
        for act in (second.deploy, lambda: second.roll_back(None), second.destroy):
            with pytest.raises(LockedError, match=r"y\.nie"):
                act()
    assert nothing_was_made()
