"""Procedures that officials might think of: data alone, as the catalogue's files are."""

from pathlib import Path

import yaml  # type: ignore[import-untyped,unused-ignore]  # stubs are optional

from chalicelib.adapters.reference_codec import procedure_from_data
from chalicelib.domain.procedure import ProcedureVersion


def procedures() -> list[ProcedureVersion]:
    """Six stages with two joins; limits in hours; a branch that the answers choose."""
    files = sorted(Path(__file__).parent.glob("*.yaml"))
    return [procedure_from_data(yaml.safe_load(path.read_text("utf-8"))) for path in files]
