"""Stages: what is written wrongly is said before anything is deployed."""

from pathlib import Path

import pytest

from infra.deploy.stages import FILE, Shift, StageError, load


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
        ("dev: {}", "which region"),
        ("dev: {region: r, domain: a.vn}", "domain means nothing"),
        ("dev: {region: r, shift: {percent: 100}}", "0 to 99 percent"),
        ("dev: {region: r, shift: {percent: 10, minutes: -1}}", "0 to 99 percent"),
    ],
)
def test_what_makes_no_sense_is_refused(tmp_path: Path, text: str, told: str) -> None:
    """In a sentence that says what to change."""
    with pytest.raises(StageError, match=told):
        load("dev", written(tmp_path, text))


def test_the_file_lies_beside_the_tool() -> None:
    """One file for all stages: what differs between them is seen side by side."""
    assert FILE.name == "stages.yaml"
