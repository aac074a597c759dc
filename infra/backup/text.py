"""A report as people read it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from infra.local.clock import VIETNAM

if TYPE_CHECKING:
    from collections.abc import Iterator

Report = dict[str, Any]


def told(command: str, report: Report) -> Iterator[str]:
    """Its lines."""
    if "public_key" in report:
        yield report["public_key"].rstrip()
    if command in {"export", "list"}:
        yield from _runs(command, report)
    if "counts" in report:
        counts = report["counts"]
        yield ", ".join(f"{number:,} {name}" for name, number in counts.items())
    yield from _checked(command, report)
    for fault in report.get("faults", ()):
        yield f"WRONG {fault}"


def _runs(command: str, report: Report) -> Iterator[str]:
    if command == "export" and not report["runs"]:
        yield f"Nothing to export: run {report['newest']} is recent enough."
        return
    yield "  run  kind     until (UTC+7)        items   gone  files  missing"
    for run in report["runs"]:
        yield (
            f"{run['run']:5}  {run['kind']:7}  {_local(run['until'])}  {run['items']:7,}"
            f"{run['deleted']:7,}{run['files']:7,}{run['missing']:9,}"
        )
    for run in report.get("begun", ()):
        yield f"{run:5}  begun, never complete"


def _checked(command: str, report: Report) -> Iterator[str]:
    if command in {"export", "list", "key"}:
        return
    wrong = bool(report.get("faults"))
    if command == "verify":
        last = _local(report["last_until"])
        yield f"{report['runs']} runs, one chain, all signed; the last until {last}"
        yield "The store is NOT whole:" if wrong else f"Run {report['run']} can be restored."
        return
    for each in report["without_file"]:
        yield f"! {each} (missing when the run was made)"
    if went_on := report["written"]["went_on"]:
        yield f"! {went_on:,} dossiers have gone on here since that run: they stay as they are"
    yield f"Run {report['run']}, as of {_local(report['until'])}:"
    if wrong:
        yield "what was read back is NOT all as it was exported:"
    elif command == "drill":
        yield f"restored, read back and thrown away in {report['seconds']} s."
    else:
        yield (
            f"restored and read back; {report['written']['counters']:,} counters moved on. "
            "Now `python -m infra.operate reconcile --all`: every open dossier goes on."
        )


def _local(stamp: str) -> str:
    return f"{datetime.fromisoformat(stamp).astimezone(VIETNAM):%Y-%m-%d %H:%M:%S}"
