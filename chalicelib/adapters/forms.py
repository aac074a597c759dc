"""Answers judged by the JSON Schema of the procedure version (draft 2020-12)."""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

import jsonschema_rs

from chalicelib.domain.ids import ProcedureCode
from chalicelib.domain.procedure import ProcedureVersion
from chalicelib.ports import Fault

MOST_FAULTS: Final = 50


class JsonSchemaForms:
    """Versions never change, so their compiled schemas are kept."""

    def __init__(self) -> None:
        self._versions: dict[tuple[ProcedureCode, int], ProcedureVersion] = {}
        self._validator = lru_cache(maxsize=256)(self._compiled)

    def faults(self, version: ProcedureVersion, answers: Mapping[str, Any]) -> Sequence[Fault]:
        key = (version.code, version.version)
        self._versions[key] = version
        found = (
            fault
            for error in self._validator(key).iter_errors(dict(answers))
            for fault in _faults(error)
        )
        return [fault for fault, _ in zip(found, range(MOST_FAULTS), strict=False)]

    def _compiled(self, key: tuple[ProcedureCode, int]) -> jsonschema_rs.Draft202012Validator:
        return jsonschema_rs.Draft202012Validator(
            dict(self._versions[key].form), validate_formats=True
        )


def _faults(error: jsonschema_rs.ValidationError) -> Iterator[Fault]:
    """A missing or unknown property is named itself, not its parent."""
    pointer = "".join(f"/{_escaped(part)}" for part in error.instance_path)
    kind: Any = error.kind
    if kind.name == "required":
        yield Fault(f"{pointer}/{_escaped(kind.property)}", "form.required")
    elif kind.name == "additionalProperties":
        for name in kind.unexpected:
            yield Fault(f"{pointer}/{_escaped(name)}"[:200], "form.additionalProperties")
    else:
        limit = getattr(kind, "limit", None)
        yield Fault(pointer, f"form.{kind.name}", {"limit": limit} if limit is not None else {})


def _escaped(part: str | int) -> str:
    return str(part).replace("~", "~0").replace("/", "~1")
