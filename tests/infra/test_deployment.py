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
from infra.deploy.lock import LockedError, alone
from infra.deploy.package import ROOT
from infra.deploy.pages import PublishError
from infra.deploy.releases import Release, ReleaseError
from infra.deploy.stages import Stage, StageError

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
    with pytest.raises(StageError, match="`like` of hanoi must be one of dev, staging, prod"):
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
    monkeypatch.setattr(
        "infra.deploy.deployment.workplace", lambda *_: nullcontext(Mock(folder=ROOT))
    )
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
    monkeypatch.setattr(
        "infra.deploy.deployment.workplace", lambda *_: nullcontext(Mock(folder=ROOT))
    )
    monkeypatch.setattr("infra.deploy.package.try_import", lambda _folder: None)
    monkeypatch.setattr(Account, "require", lambda *_: None)
    second = Deployment(Stage("dev", REGION, "dev", account=ACCOUNT), lambda _line: None)
    with alone(REGION, "motcua-dev", "deploy", "y.nie"):
        for act in (second.deploy, lambda: second.roll_back(None), second.destroy):
            with pytest.raises(LockedError, match=r"y\.nie"):
                act()
    assert nothing_was_made()


@pytest.mark.parametrize(
    ("file", "text", "told"),
    [
        ("web/index.html", None, "web has no index.html"),
        (".chalice/config.json", "{", "Expecting"),
    ],
)
def test_what_is_wrong_here_is_told_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, text: str | None, told: str
) -> None:
    """Else functions would be live before it is found."""
    monkeypatch.setattr("infra.deploy.package.lay_out", lambda *_: None)
    monkeypatch.setattr("infra.deploy.package.code_version", lambda _folder: "x")
    monkeypatch.setattr("infra.deploy.package.try_import", lambda _folder: None)
    for name in ("catalogue", "chalicelib", "state_machines", ".chalice", "web", "infra/stacks"):
        shutil.copytree(ROOT / name, tmp_path / name)
    (tmp_path / file).unlink() if text is None else (tmp_path / file).write_text(text)
    stage = Stage("dev", REGION, "dev", account=ACCOUNT)
    with pytest.raises((PublishError, ValueError), match=told):
        Deployment(stage, lambda _line: None, tmp_path).deploy()
    assert nothing_was_made()


def test_after_a_destruction_nothing_is_live(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor can anything be gone back to: neither pages nor alarms stand."""
    bucket = f"motcua-dev-artefacts-{ACCOUNT}"
    boto3.client("s3", region_name=REGION).create_bucket(
        Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    ended = Deployment(Stage("dev", REGION, "dev", account=ACCOUNT), lambda _line: None)
    ended.releases.finish(Release("20260101T000000Z", {"code": "a"}), b"zip")
    monkeypatch.setattr(Deployment, "_stop_executions", lambda _self: None)
    ended.destroy()
    newest = ended.releases.newest()
    assert newest
    assert (newest.parts, newest.whole) == ({}, False)
    with pytest.raises(ReleaseError, match="Nothing stands"):
        ended.roll_back(None)
