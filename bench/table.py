"""The figures of a benchmark: what a row holds, how rows are printed and compared.

`bench/baseline.json` is {row name: {column: number}}; its columns are the numbers of a `Row`
and calls by name, as "dynamodb.PutItem". More is worse in each.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_HEADER = ["operation", "calls", "write_units", "read_units", "bytes_out", "by_call"]
_RULE_ENDS = "-::::-"  # a colon aligns the column of numbers to the right
BASELINE = Path(__file__).with_name("baseline.json")

Figures = Mapping[str, Mapping[str, float]]  # row name -> column -> number


@dataclass(slots=True)
class Row:
    """What one operation cost: AWS calls, DynamoDB units, bytes of request bodies."""

    operation: str
    calls: int = 0
    write_units: float = 0
    read_units: float = 0
    bytes_out: int = 0
    by_call: dict[str, int] = field(default_factory=dict)  # "dynamodb.PutItem" -> calls


@dataclass(frozen=True, slots=True)
class WorkflowCost:
    """State entries (the transitions), history events, bytes of the largest input or output."""

    state_entries: int
    events: int
    bytes_max: int


def workflow_cost(sfn_client: Any, execution_arn: str) -> WorkflowCost:
    """Cost of one execution so far, from all pages of its history."""
    pages = sfn_client.get_paginator("get_execution_history").paginate(executionArn=execution_arn)
    events = [event for page in pages for event in page["events"]]
    return WorkflowCost(
        sum(event["type"].endswith("StateEntered") for event in events),
        len(events),
        max((len(text.encode()) for event in events for text in _payloads(event)), default=0),
    )


def _payloads(event: Mapping[str, Any]) -> Iterator[str]:
    for details in event.values():
        if isinstance(details, Mapping):
            yield from (details[kind] for kind in ("input", "output") if kind in details)


def figures(rows: Iterable[Row]) -> Figures:
    """Give the numbers of `rows` in the form of the baseline."""
    return {row.operation: _numbers(row) | row.by_call for row in rows}


def _numbers(row: Row) -> dict[str, float]:
    return {
        "calls": row.calls,
        "write_units": row.write_units,
        "read_units": row.read_units,
        "bytes_out": row.bytes_out,
    }


def load(path: Path = BASELINE) -> Figures:
    """Read the baseline."""
    baseline: Figures = json.loads(path.read_text(encoding="utf-8"))
    return baseline


def save(rows: Iterable[Row], path: Path = BASELINE) -> None:
    """Make `rows` the baseline."""
    text = json.dumps(figures(rows), indent=2, ensure_ascii=False)
    path.write_text(f"{text}\n", encoding="utf-8")


def compare(rows: Iterable[Row], baseline: Figures) -> list[str]:
    """Name every figure above its baseline, and every one that is no longer measured.

    A row or column without a baseline is not compared; a named call that is no longer made is 0.
    """
    measured = figures(rows)
    verdicts = (
        _verdict(name, column, measured.get(name, {}), limit)
        for name, columns in baseline.items()
        for column, limit in columns.items()
    )
    return [verdict for verdict in verdicts if verdict]


def _verdict(name: str, column: str, found: Mapping[str, float], limit: float) -> str:
    if not found or (column not in found and "." not in column):
        return f"{name}: {column} is no longer measured (baseline {limit:g})"
    value = found.get(column, 0)
    return f"{name}: {column} {value:,g}, baseline {limit:,g}" if value > limit else ""


def render(rows: Iterable[Row]) -> str:
    """Lay `rows` out as a Markdown table that is aligned as plain text too."""
    lines = [_HEADER, *map(_cells, rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    header, *body = [_line(cells, widths) for cells in lines]
    rule = [f"{'':->{width - 1}}{end}" for width, end in zip(widths, _RULE_ENDS, strict=True)]
    return "\n".join([header, _line(rule, widths), *body])


def _cells(row: Row) -> list[str]:
    calls = ", ".join(f"{name} {count}" for name, count in sorted(row.by_call.items()))
    return [row.operation, *(f"{number:,g}" for number in _numbers(row).values()), calls]


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (
        cell.ljust(width) if end == "-" else cell.rjust(width)
        for cell, width, end in zip(cells, widths, _RULE_ENDS, strict=True)
    )
    return f"| {' | '.join(padded)} |"
