"""`verify`: do records hold together, one or all: hash chain, and time without gaps."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chalicelib import bootstrap
from chalicelib.adapters.schema import NewerSchemaError
from chalicelib.domain.errors import NotFoundError
from chalicelib.domain.ids import DossierCode
from infra.operate import reading
from infra.operate.proof import chain_faults, ledger_notes, time_faults
from infra.operate.screen import OK, WRONG, Screen, UsageError, table

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator

    from rich.table import Table

    from infra.operate.target import Target


@dataclass(frozen=True)
class Judged:
    """One dossier; `notes` are worth a look and no proof of a fault."""

    code: str
    events: int = 0
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def judge(code: str) -> Judged:
    """Read it and check it; what cannot be read is a fault of its record."""
    try:
        dossier = reading.dossier(code)
        events = bootstrap.records().events(DossierCode(code))
        faults = chain_faults(dossier, events) + time_faults(dossier, events)
        return Judged(code, len(events), faults, ledger_notes(dossier, events))
    except NotFoundError:
        return Judged(code, faults=["there is no such dossier"])
    except (KeyError, ValueError, TypeError, NewerSchemaError) as unreadable:
        return Judged(code, faults=[f"cannot be read: {unreadable!r}"])


def run(given: argparse.Namespace, _target: Target, screen: Screen) -> int:
    """0 all hold, 1 one does not."""
    codes, total = _codes(given, screen)
    checked = events = 0
    wrong: list[Judged] = []
    with screen.progress("Hồ sơ · Dossiers", total) as step:
        for judged in _all(codes):
            step()
            checked, events = checked + 1, events + judged.events
            faults = judged.faults + (judged.notes if given.strict else [])
            if faults or judged.notes:
                wrong.append(Judged(judged.code, judged.events, faults, judged.notes))
    bad = [each for each in wrong if each.faults]
    screen.result(
        {
            "checked": checked,
            "events": events,
            "faults": {each.code: each.faults for each in bad},
            "notes": {each.code: each.notes for each in wrong if each.notes},
        },
        *_shown(wrong, given),
        f"{checked} dossiers with {events} events: {len(bad)} do not hold together",
    )
    return WRONG if bad else OK


def _codes(given: argparse.Namespace, screen: Screen) -> tuple[Iterable[str], int | None]:
    if given.codes:
        codes = [code.strip().upper() for code in given.codes]
        return codes, len(codes)
    if given.all:
        size = reading.size()
        screen.confirm(f"This reads the whole table twice, about ${2 * size.dollars:.2f}. Go on?")
        return reading.all_dossiers(), None
    if given.open:
        return reading.open_dossiers(), None
    raise UsageError("Say which: codes, --open or --all.")


def _all(codes: Iterable[str]) -> Iterator[Judged]:
    """Several at once, without reading all codes first."""
    with ThreadPoolExecutor(reading.workers()) as pool:
        for batch in _batches(codes):
            yield from pool.map(judge, batch)


def _batches(codes: Iterable[str], size: int = 64) -> Iterator[list[str]]:
    batch: list[str] = []
    for code in codes:
        batch.append(code)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def _shown(wrong: list[Judged], given: argparse.Namespace) -> Iterator[Table]:
    rows = [[each.code, line, "✗"] for each in wrong for line in each.faults]
    if not given.strict:
        rows += [[each.code, line, "?"] for each in wrong for line in each.notes]
    if rows:
        yield table("Không khớp · What does not fit", ["code", "what", ""], rows)
