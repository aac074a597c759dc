"""Reference data to and from plain data: the stored JSON, the catalogue's YAML, the API's bodies.

What is read is checked against the domain's own dataclasses, so that their fields are written
down once. Schemas are built when first used: a function that reads none pays for none.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from chalicelib.domain.directory import Agency
from chalicelib.domain.procedure import ProcedureVersion

# Only a type around a stdlib dataclass can hand it a configuration; hence the tuples of one.
_CONFIG = ConfigDict(extra="forbid")
_T = TypeVar("_T")


class ReferenceDataError(ValueError):
    """The data does not have its shape; the message says where, in one line per fault."""


def procedure_from_data(data: Mapping[str, Any]) -> ProcedureVersion:
    """Raise ReferenceDataError for a key that is missing, unknown or of another type."""
    return _read(_procedures(), data)


def procedure_to_data(version: ProcedureVersion) -> dict[str, Any]:
    """JSON-able, defaults written out: a later default never changes a version in use."""
    return _write(_procedures(), version)


def agency_from_data(data: Mapping[str, Any]) -> Agency:
    """Raise ReferenceDataError for a key that is missing, unknown or of another type."""
    return _read(_agencies(), data)


def agency_to_data(agency: Agency) -> dict[str, Any]:
    """JSON-able, defaults written out."""
    return _write(_agencies(), agency)


@cache
def _procedures() -> TypeAdapter[tuple[ProcedureVersion]]:
    return TypeAdapter(tuple[ProcedureVersion], config=_CONFIG)


@cache
def _agencies() -> TypeAdapter[tuple[Agency]]:
    return TypeAdapter(tuple[Agency], config=_CONFIG)


def _read(adapter: TypeAdapter[tuple[_T]], data: Mapping[str, Any]) -> _T:
    try:
        return adapter.validate_python((data,))[0]
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        raise ReferenceDataError("\n".join(map(_sentence, faults))) from error


def _sentence(fault: Mapping[str, Any]) -> str:
    unknown = fault["type"] == "unexpected_keyword_argument"
    path = "".join(f"/{part}" for part in fault["loc"][1:])
    return f"{path or '/'}: {'unknown key' if unknown else fault['msg']}"


def _write(adapter: TypeAdapter[tuple[_T]], value: _T) -> dict[str, Any]:
    data: dict[str, Any] = adapter.dump_python((value,), mode="json")[0]
    return data
