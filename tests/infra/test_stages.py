"""Stages: what is written wrongly is said before anything is deployed."""

from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from infra.deploy.deployment import Deployment
from infra.deploy.stages import FILE, Shift, Stage, StageError, load

REGION = "ap-southeast-1"


def written(folder: Path, text: str) -> Path:
    """A file of stages."""
    file = folder / "stages.yaml"
    file.write_text(text)
    return file


def test_shipped_stages_are_whole() -> None:
    """An operator starts from these."""
    for name in ("dev", "staging", "prod"):
        stage = load(name)
        assert (stage.stem, stage.like) == (f"motcua-{name}", name)
    assert load("prod").shift == Shift(percent=10, minutes=10)


def test_parameters_are_text(tmp_path: Path) -> None:
    """CloudFormation takes nothing else."""
    file = written(tmp_path, "dev: {region: r, parameters: {SlipYears: 10, Domain: a.vn}}")
    assert load("dev", file).parameters == {"SlipYears": "10", "Domain": "a.vn"}


def test_a_stage_says_whether_it_is_exported(tmp_path: Path) -> None:
    """One without a copy may be deployed, and is told so each time."""
    named = "dev: {region: r, environment: {EXPORT_ENDPOINT: 'https://luutru.example.vn'}}"
    assert load("dev", written(tmp_path, named)).is_exported
    assert not load("dev", written(tmp_path, "dev: {region: r}")).is_exported


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("prod: {region: r}", "there are prod"),
        ("", "names no stage"),
        ("dev: [", "not YAML"),
        ("dev:", "should be a valid dictionary"),
        ("dev: {}", "region: Field required"),
        ("dev: {region: ''}", "region: String should have at least 1 character"),
        ("dev: {region: r, domain: a.vn}", "domain: Extra inputs are not permitted"),
        ("dev: {region: r, account: '12'}", "account: String should match"),
        ("dev: {region: r}\ndev: {region: s}", "'dev' stands here twice"),
        (
            "{dev: {region: r, account: '111122223333'}, b: {account: '111122223333'}}",
            "dev and b are in one account",
        ),
        ("dev: {region: r, environment: {RECORD_TABLE: x}}", "RECORD_TABLE follows from the name"),
        ("dev: {region: r, shift: {percent: 1, minutes: 1000}}", "less than or equal to 720"),
        ("dev: {region: r, shift: 20}", "shift"),
        ("dev: {region: r, shift: {percent: 100, minutes: 5}}", r"shift.percent: .* less than 100"),
        (
            "dev: {region: r, shift: {percent: 10, minutes: -1}}",
            r"shift.minutes: .* greater than 0",
        ),
        ("dev: {region: r, shift: {percent: 10, minute: 5}}", r"shift.minutes: Field required"),
        ("dev: {region: r, parameters: {AlarmMail: a@b.vn}}", "no template has AlarmMail"),
        ("dev: {region: r, parameters: {Stage: prod}}", "no template has Stage"),
        ("dev: {region: r, parameters: {OperatorArns: [a, b]}}", "parameters.OperatorArns"),
    ],
)
def test_what_makes_no_sense_is_refused(tmp_path: Path, text: str, told: str) -> None:
    """In a sentence that says what to change."""
    with pytest.raises(StageError, match=told):
        load("dev", written(tmp_path, text))


@pytest.mark.parametrize("name", ["Dev", "d", "dev_1", "a-name-that-is-too-long"])
def test_a_name_is_part_of_every_name(tmp_path: Path, name: str) -> None:
    """AWS would refuse it half way."""
    with pytest.raises(StageError, match="2 to 16 of a-z"):
        load(name, written(tmp_path, f"{name}: {{region: r}}"))


def test_nothing_is_done_in_another_account(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every province calls its stage `prod`: a wrong profile would end another's service."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mock_aws():
        here = boto3.client("sts", region_name=REGION).get_caller_identity()["Account"]
        Deployment(Stage("prod", REGION, "prod", account=here), print)
        with pytest.raises(StageError, match=f'write  account: "{here}"'):
            Deployment(Stage("prod", REGION, "prod"), print)
        with pytest.raises(StageError, match=f"999999999999, and you are signed in to {here}"):
            Deployment(Stage("prod", REGION, "prod", account="999999999999"), print)


def test_the_file_lies_beside_the_tool() -> None:
    """One file for all stages: what differs between them is seen side by side."""
    assert FILE.name == "stages.yaml"
