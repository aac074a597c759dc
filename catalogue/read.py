"""Read the catalogue's tables: YAML that officials edit, into the domain's own types."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml  # type: ignore[import-untyped,unused-ignore]  # stubs are optional
from pydantic import ConfigDict, TypeAdapter, ValidationError

from catalogue.calendar_build import build
from chalicelib.adapters.reference_codec import (
    ReferenceDataError,
    agency_from_data,
    procedure_from_data,
)
from chalicelib.domain.calendar import WorkCalendar
from chalicelib.domain.directory import Agency, Directory
from chalicelib.domain.ids import AgencyCode
from chalicelib.domain.procedure import ProcedureVersion
from chalicelib.domain.terms import Role

HERE: Final = Path(__file__).parent


class CatalogueError(ValueError):
    """A table cannot be used; the message names the file and, line by line, what is wrong."""


@dataclass(frozen=True, slots=True)
class Account:
    """A demo account; `id` is a citizen's personal number (a sample), empty for officials."""

    account: str
    name: str
    roles: tuple[Role, ...]
    agency_code: AgencyCode | None = None
    id: str = ""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All tables; `areas` maps an area to the one around it, `calendar` is stored data."""

    procedures: Sequence[ProcedureVersion]
    agencies: Sequence[Agency]
    areas: Mapping[str, str]
    calendar: Mapping[str, Any]
    accounts: Sequence[Account]

    def directory(self) -> Directory:
        """Give the agencies as the domain asks for them."""
        calendar = WorkCalendar.from_data(self.calendar)
        return Directory(self.agencies, {calendar.code: calendar}, self.areas)


def read(folder: Path = HERE) -> Catalogue:
    """Read every table of `folder`. Raise CatalogueError, CalendarDataError or OSError."""
    agencies, accounts = folder / "agencies.yaml", folder / "officers.yaml"
    directory = _table(agencies, {"agencies", "areas"})
    return Catalogue(
        procedures=[_procedure(path) for path in sorted((folder / "procedures").glob("*.yaml"))],
        agencies=[_agency(agencies, data) for data in directory["agencies"]],
        areas=directory["areas"],
        calendar=build(folder / "calendar.yaml"),
        accounts=_accounts(accounts, _table(accounts, {"accounts"})["accounts"]),
    )


def _procedure(path: Path) -> ProcedureVersion:
    try:
        version = procedure_from_data(parse(path))
    except ReferenceDataError as error:
        raise CatalogueError(f"{path.name}:\n{error}") from error
    if version.code != path.stem:
        raise CatalogueError(f"{path.name}: the file of {version.code} is {version.code}.yaml")
    return version


def _agency(path: Path, data: Mapping[str, Any]) -> Agency:
    try:
        return agency_from_data(data)
    except ReferenceDataError as error:
        raise CatalogueError(f"{path.name}, {data.get('code')}:\n{error}") from error


def _accounts(path: Path, data: Sequence[Mapping[str, Any]]) -> Sequence[Account]:
    adapter = TypeAdapter(list[Account], config=ConfigDict(extra="forbid"))
    try:
        return adapter.validate_python(data)
    except ValidationError as error:
        raise CatalogueError(f"{path.name}: {error}") from error


def _table(path: Path, keys: set[str]) -> Mapping[str, Any]:
    table = parse(path)
    if table.keys() != keys:
        raise CatalogueError(f"{path.name}: keys missing or unknown {table.keys() ^ keys}")
    return table


def parse(path: Path) -> Mapping[str, Any]:
    """One YAML mapping. Raise CatalogueError for bad YAML or a key written twice."""
    try:
        data = yaml.load(path.read_text(encoding="utf-8"), _Loader)  # noqa: S506 - a CSafeLoader
    except yaml.YAMLError as error:
        raise CatalogueError(f"{path.name}: {error}") from error
    if not isinstance(data, dict):
        raise CatalogueError(f"{path.name}: expected keys and values")
    return data


class _Loader(yaml.CSafeLoader):  # type: ignore[misc,unused-ignore]  # stubs are optional
    """Refuses a key written twice, of which YAML would silently keep the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002
        keys = [key.value for key, _ in node.value if key.tag != "tag:yaml.org,2002:merge"]
        if twice := {key for key in keys if keys.count(key) > 1}:
            raise yaml.constructor.ConstructorError(
                None, None, f"written twice: {', '.join(twice)}", node.start_mark
            )
        mapping: dict[Any, Any] = super().construct_mapping(node, deep)
        return mapping
