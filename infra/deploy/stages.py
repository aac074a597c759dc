"""What is deployed where: `stages.yaml`, read and checked."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

FILE: Final = Path(__file__).with_name("stages.yaml")
_KEYS: Final = {"region", "like", "parameters", "environment", "shift"}


class StageError(Exception):
    """No such stage, or its settings make no sense; the message says what to change."""


@dataclass(frozen=True)
class Shift:
    """New code gets `percent` of the calls for `minutes`, then all."""

    percent: int = 0
    minutes: float = 0


@dataclass(frozen=True)
class Stage:
    """One deployment. `environment` has settings of the functions that names do not give."""

    name: str
    region: str
    like: str
    parameters: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    shift: Shift = Shift()
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
    stages: dict[str, dict[str, Any]] = yaml.safe_load(file.read_text("utf-8"))
    if name not in stages:
        raise StageError(f"No stage {name!r} in {file.name}; there are {', '.join(stages)}.")
    given = stages[name]
    if unknown := given.keys() - _KEYS:
        raise StageError(f"{file.name}, {name}: {', '.join(sorted(unknown))} means nothing.")
    if "region" not in given:
        raise StageError(f"{file.name}, {name}: say in which region.")
    return Stage(
        name,
        given["region"],
        given.get("like", name),
        parameters=_texts(given, "parameters"),
        environment=_texts(given, "environment"),
        shift=_shift(given, name),
    )


def _texts(given: dict[str, Any], key: str) -> dict[str, str]:
    return {name: str(value) for name, value in given.get(key, {}).items()}


def _shift(given: dict[str, Any], name: str) -> Shift:
    shift = Shift(**given.get("shift", {}))
    if not 0 <= shift.percent < 100 or shift.minutes < 0:  # noqa: PLR2004 - per cent
        raise StageError(f"{FILE.name}, {name}: shift takes 0 to 99 percent and some minutes.")
    return shift
