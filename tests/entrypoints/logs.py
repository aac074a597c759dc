"""Everything that a process writes where Lambda takes it from: lines, metrics, warnings."""

import io
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from typing import Any, Final

from chalicelib.watch import NAMESPACE, logger

ROOT_LEVEL: Final = logging.WARNING  # as in Lambda's runtime


@dataclass
class Written:
    """What was written since `written()` began."""

    stream: io.StringIO = field(default_factory=io.StringIO)

    @property
    def text(self) -> str:
        """All of it."""
        return self.stream.getvalue()

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Log lines, without metrics."""
        return [line for line in self._all() if "_aws" not in line]

    @property
    def metrics(self) -> dict[str, float]:
        """Sums by name; each line is held to CloudWatch's embedded metric format."""
        sums: dict[str, float] = {}
        for line in self._all():
            for each in line.get("_aws", {}).get("CloudWatchMetrics", ()):
                assert (each["Namespace"], each["Dimensions"]) == (NAMESPACE, [["service"]])
                assert line["service"]
                for metric in each["Metrics"]:
                    assert metric["Unit"] == "Count"
                    name = metric["Name"]
                    sums[name] = sums.get(name, 0) + sum(line[name])
        return sums

    def _all(self) -> list[dict[str, Any]]:
        found = [json.loads(line) for line in self.text.splitlines() if line.startswith("{")]
        return [line for line in found if isinstance(line, dict)]


@contextmanager
def written() -> Iterator[Written]:
    """Standard output and error, our logger, and the warnings of libraries."""
    into = Written()
    ours, root = logger.handlers[0], logging.getLogger()
    assert isinstance(ours, logging.StreamHandler)
    theirs = logging.StreamHandler(into.stream)
    theirs.setLevel(ROOT_LEVEL)
    root.addHandler(theirs)
    before = ours.setStream(into.stream)
    try:
        with redirect_stdout(into.stream), redirect_stderr(into.stream):
            yield into
    finally:
        ours.setStream(before)
        root.removeHandler(theirs)
