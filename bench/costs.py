"""What AWS asks for a dossier, and for a province's year: `python -m bench.costs`.

Counts of bench/baseline.json, and what bench/prices.yaml assumes where nothing is counted, times
the prices there. docs/operate.md has the table; a test holds it to this one.
"""

import argparse
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml

from bench import table
from chalicelib.watch import Metric
from infra.templates import STACKS, load

PRICES: Final = Path(__file__).with_name("prices.yaml")
YEAR: Final = 2_000_000  # dossiers of a province
MONTHS: Final = 12
GB: Final = 1_000_000_000
MINUTES: Final = 365 * 24 * 60
PASSES: Final = {  # what a schedule does each time: the row of the benchmark
    "Reconcile": "reconcile: nothing due",
    "Measure": "measure: all units",
}
WORDS: Final = {
    "write_units": "DynamoDB, write units",
    "read_units": "DynamoDB, read units",
    "record_storage": "DynamoDB, GB-months of its record in the first year",
    "transitions": "Step Functions, state transitions",
    "api_requests": "API Gateway, requests",
    "invocations": "Lambda, invocations",
    "gb_seconds": "Lambda, GB-seconds",
    "s3_writes": "S3, PUT and POST",
    "s3_reads": "S3, GET and HEAD",
    "file_storage": "S3, GB-months of its files in the first year",
    "log_bytes": "CloudWatch, bytes of log lines",
    "bytes_out": "bytes to the Internet",
    "alarms": "CloudWatch, alarms × months",
    "metrics": "CloudWatch, metrics × months",
    "dashboards": "CloudWatch, dashboards × months",
    "keys": "KMS, keys × months",
    "secrets": "Secrets Manager, secrets × months",
}

Amounts = Mapping[str, float]  # of what has a price, by its name in prices.yaml


class Sheet(NamedTuple):
    """Prices, and what is assumed."""

    collected: str
    prices: Mapping[str, Mapping[str, Any]]
    assumed: Mapping[str, Any]

    def price(self, name: str, amount: float) -> float:
        """US$ for so many."""
        return float(amount * self.prices[name]["price"] / self.prices[name]["per"])


def sheet() -> Sheet:
    """Of prices.yaml."""
    told = yaml.safe_load(PRICES.read_text("utf-8"))
    return Sheet(str(told["collected"]), told["prices"], told["assumed"])


def of_a_dossier(counted: table.Figures, assumed: Mapping[str, Any]) -> Amounts:
    """From the first upload to the result, and a year's half of keeping it."""
    life, look = counted[assumed["dossier"]], counted["track"]
    files, looks = life["s3.HeadObject"], assumed["looks"]
    requests = assumed["changes"] + assumed["reads"] + looks
    invocations = requests + assumed["worker_invocations"]
    views = files * assumed["file_views"]
    return {
        "write_units": life["write_units"],
        # Another question costs about what a look costs.
        "read_units": life["read_units"] + look["read_units"] * (looks + assumed["reads"]),
        "record_storage": life["bytes_out"] / GB * MONTHS / 2,  # all that was sent: at most that
        "transitions": life["workflow.StateEntries"],
        "api_requests": requests,
        "invocations": invocations,
        "gb_seconds": requests * assumed["api_seconds"]
        + assumed["worker_invocations"] * assumed["worker_seconds"] / 2,
        "s3_writes": files,
        "s3_reads": life["s3.HeadObject"] + views,
        "file_storage": assumed["files_bytes"] / GB * MONTHS / 2,
        "log_bytes": invocations * assumed["log_bytes"],
        "bytes_out": requests * assumed["answer_bytes"]
        + assumed["files_bytes"] * assumed["file_views"],
    }


def of_a_year(counted: table.Figures, assumed: Mapping[str, Any]) -> Amounts:
    """What a deployment costs that nobody uses."""
    amounts: Counter[str] = Counter()
    for name, row in PASSES.items():
        times = MINUTES / _minutes(name)
        amounts["read_units"] += counted[row]["read_units"] * times  # type: ignore[assignment]
        amounts["invocations"] += times  # type: ignore[assignment]
        amounts["gb_seconds"] += times * assumed["worker_seconds"] / 2
        amounts["log_bytes"] += times * assumed["log_bytes"]
    kinds = Counter(
        resource["Type"]
        for file in sorted(STACKS.glob("*.yaml"))
        for resource in load(file)["Resources"].values()
    )
    for name, kind in {
        "alarms": "CloudWatch::Alarm",
        "dashboards": "CloudWatch::Dashboard",
        "keys": "KMS::Key",
        "secrets": "SecretsManager::Secret",
    }.items():
        amounts[name] = kinds[f"AWS::{kind}"] * MONTHS
    amounts["metrics"] = len(Metric) * MONTHS
    return amounts


def _minutes(schedule: str) -> int:
    told = load(STACKS / "workflow.yaml")["Resources"][schedule]["Properties"]
    return int(told["ScheduleExpression"].removeprefix("rate(").removesuffix(" minutes)"))


def lines(dossiers: int = YEAR) -> Iterator[str]:
    """The table, and the sum below it."""
    told, counted = sheet(), table.load()
    each, idle = of_a_dossier(counted, told.assumed), of_a_year(counted, told.assumed)
    rows = [
        ["", "a dossier", "US$ for 1,000", "a year, nobody there", f"US$ for {dossiers:,} a year"]
    ]
    sums = [0.0, 0.0]
    for name, words in WORDS.items():
        one, still = each.get(name, 0), idle.get(name, 0)
        dear = told.price(name, one * 1000), told.price(name, one * dossiers + still)
        sums = [total + more for total, more in zip(sums, dear, strict=True)]
        rows.append([words, _number(one), f"{dear[0]:.2f}", _number(still), f"{dear[1]:,.0f}"])
    rows.append(["**together**", "", f"**{sums[0]:.2f}**", "", f"**{sums[1]:,.0f}**"])
    yield from _laid_out(rows)
    yield ""
    yield f"Prices as published by {told.collected}: check them before you budget."
    yield from _elsewhere(told)


def _elsewhere(told: Sheet) -> Iterator[str]:
    found: dict[str, list[str]] = {}
    for name, price in told.prices.items():
        if "region" in price:
            found.setdefault(price["region"], []).append(WORDS[name].partition(" of ")[0])
    for region, names in found.items():
        yield f"Of {region}, as none of Singapore was at hand: {'; '.join(names)}."


def _number(amount: float) -> str:
    if not amount:
        return "–"
    return f"{amount:,.0f}" if amount >= 10 else f"{amount:,.2g}"  # noqa: PLR2004 - digits that tell


def _laid_out(rows: list[list[str]]) -> Iterator[str]:
    header, *body = rows
    for cells in (header, ["---", *["--:"] * (len(header) - 1)], *body):
        yield f"| {' | '.join(cells)} |"


def main(arguments: Iterable[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.costs", description=__doc__)
    parser.add_argument("--dossiers", type=int, default=YEAR, metavar="N", help="of a year")
    given = parser.parse_args(None if arguments is None else list(arguments))
    print(*lines(given.dossiers), sep="\n")


if __name__ == "__main__":
    main()
