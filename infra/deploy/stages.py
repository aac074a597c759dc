"""What is deployed where: `stages.yaml`, read and checked."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Final

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from infra.templates import STACKS, Loader
from infra.templates import load as template

FILE: Final = Path(__file__).with_name("stages.yaml")


_NAME: Final = re.compile(r"[a-z][a-z0-9-]{1,15}")  # as the templates have it
FIXED: Final = {  # settings of the functions that are made of the stage's name
    "RECORD_TABLE",
    "TOKEN_TABLE",
    "FILE_BUCKET",
    "CHANGES_BUCKET",
    "EXPORT_KEY",
    "EXPORT_SECRET",
    "STATE_MACHINE_ARN",
    "STAGE",
    "SECRET_KEY_NAME",
    "CODE_VERSION",
}


class StageError(Exception):
    """No such stage, or its settings make no sense; the message says what to change."""


@dataclass(frozen=True)
class Shift:
    """New code gets `percent` of the calls for `minutes`, then all."""

    percent: int = 0
    minutes: float = 0


class _GivenShift(BaseModel):
    model_config = ConfigDict(extra="forbid")

    percent: Annotated[int, Field(ge=0, lt=100)]
    minutes: Annotated[float, Field(gt=0, le=720)]


class _Given(BaseModel):
    """One stage as written."""

    model_config = ConfigDict(extra="forbid")

    region: Annotated[str, Field(min_length=1)]
    like: str | None = None
    account: Annotated[str, Field(pattern=r"^\d{12}$")] = ""
    parameters: dict[str, str | int] = {}
    environment: dict[str, str | int] = {}
    shift: _GivenShift | None = None


@dataclass(frozen=True)
class Stage:
    """One deployment. `environment` has settings of the functions that names do not give."""

    name: str
    region: str
    like: str
    parameters: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    shift: Shift = Shift()
    account: str = ""  # where it is; nothing is done in another
    address: str = ""  # of the pages, where neither a domain nor CloudFront says it
    catalogue: tuple[str, ...] = ("--without-accounts",)  # words for its loader

    @property
    def stem(self) -> str:
        """What every name begins with."""
        return f"motcua-{self.name}"

    @property
    def is_exported(self) -> bool:
        """Whether the province's own store is named, to which the record goes every night."""
        return bool(self.environment.get("EXPORT_ENDPOINT"))


def load(name: str, file: Path = FILE) -> Stage:
    """Raise StageError."""
    stages = _stages(file)
    if name not in stages:
        raise StageError(
            f"No stage {name!r} in {file.name}; there are {', '.join(map(str, stages))}."
        )
    if not _NAME.fullmatch(name):
        raise StageError(f"{file.name}: {name!r} is not 2 to 16 of a-z, 0-9 and -, a letter first.")
    _require_apart(stages, file)
    try:
        given = _Given.model_validate(stages[name])
    except ValidationError as wrong:
        first = wrong.errors()[0]
        where = ".".join(map(str, first["loc"])) or "it"
        raise StageError(f"{file.name}, {name}: {where}: {first['msg']}.") from None
    if given.parameters and (unknown := given.parameters.keys() - _parameters()):
        raise StageError(f"{file.name}, {name}: no template has {', '.join(sorted(unknown))}.")
    if given.environment and (fixed := given.environment.keys() & FIXED):
        raise StageError(f"{file.name}, {name}: {', '.join(sorted(fixed))} follows from the name.")
    return Stage(
        name,
        given.region,
        given.like or name,
        parameters=_texts(given.parameters),
        environment=_texts(given.environment),
        shift=Shift(**given.shift.model_dump()) if given.shift else Shift(),
        account=given.account,
    )


def _stages(file: Path) -> dict[str, Any]:
    try:
        stages = yaml.load(file.read_text("utf-8"), Loader)  # noqa: S506 - a SafeLoader
    except yaml.YAMLError as wrong:
        raise StageError(f"{file.name} is not YAML: {wrong}") from None
    if not isinstance(stages, dict):
        raise StageError(f"{file.name} names no stage.")
    return stages


def _require_apart(stages: dict[str, Any], file: Path) -> None:
    """Two in one account would share the API's alarms and the quota of functions."""
    seen: dict[str, str] = {}
    for name, given in stages.items():
        account = str(given.get("account", "")) if isinstance(given, dict) else ""
        if account and seen.setdefault(account, name) != name:
            both = f"{seen[account]} and {name}"
            raise StageError(f"{file.name}: {both} are in one account; give each its own.")


def _parameters() -> set[str]:
    """Of all templates, but that which the name of the stage fills in."""
    found = (template(file).get("Parameters", {}) for file in sorted(STACKS.glob("*.yaml")))
    return {name for each in found for name in each} - {"Stage"}


def _texts(given: dict[str, str | int]) -> dict[str, str]:
    return {name: str(value) for name, value in given.items()}
