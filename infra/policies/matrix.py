"""`python -m infra.policies.matrix`: who may do what, as a table made from the policies.

Rows are those who act, columns the parts of a deployment; `LETTERS` says what stands in a cell.
"""

import argparse
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from infra.policies import API, FUNCTIONS, ROLE_NAMES, Deployment

ANY: Final = Deployment("aws", "region", "account", "stage")
WHO: Final = (API, *(name for name in FUNCTIONS if name != API), *ROLE_NAMES)

# A part of the deployment, by the partition key or else the ARN; the first that fits.
PARTS: Final[Mapping[str, str]] = {
    "dossiers": r"^D#",
    "messages": r"^DEL#",
    "promised files": r"^F#",
    "marks, counters": r"^(MARK|SEQ|THR)#",
    "registers": r"^REG#",
    "reference": r"^(PROC#|CATALOGUE$|DIRECTORY$)",
    "agencies' secrets": r"^AGENCY#",
    "open index": r"/index/open$",
    "work-list index": r"/index/worklist$",
    "pauses": r"^PAUSED$",
    "operators' log": r"^OPERATED#",
    "streams": r"^[^/]+/[^/]+/stream/|^dynamodb:\*$",
    "task tokens": r"-token$",
    "whole record": r":table/motcua-stage-record(/export/\*)?$",  # also: how it is, all its keys
    "its exports": r":s3:.*-changes-account",
    "executions": r":states:|^states:\*$",
    "uploads": r":s3:.*(/uploads/\*|-account)$",
    "long forms": r"/forms/\*$",
    "key": r":secret:motcua-stage-key-",
    "store's credentials": r":secret:motcua-stage-export-",
    "signing key": r":kms:",
    "queues": r":sqs:",
    "functions": r":lambda:|^lambda:\*$",
    "schedules": r":scheduler:",
    "logs": r":logs:|^logs:\*$",
    "figures, alarms": r":cloudwatch:|^cloudwatch:\*$",
    "account's trail, quotas": r"^(cloudtrail|servicequotas):\*$",
}
LETTERS: Final[Mapping[str, str]] = {  # by how an action begins; the first that fits
    "SendTask": "t",
    "StartQuery": "r",
    "Start": "s",
    "Invoke": "i",
    "Export": "e",
    "Sign": "g",
    "Get|Query|Describe|List|Lookup|Receive|Scan|Verify": "r",
    "Put|Send|Create|Abort": "w",
    "Update|Change": "u",
    "Delete": "d",
}
WITHIN: Final = "W"  # written within a transaction only


def table() -> str:
    """In Markdown."""
    rows = [["", *PARTS], ["---"] * (len(PARTS) + 1), *map(_row, WHO)]
    return "\n".join(
        "|" + "|".join(f" {cell} " if cell else " " for cell in row) + "|" for row in rows
    )


def _row(who: str) -> list[str]:
    found: dict[str, set[str]] = {}
    for statement in ANY.policy(who)["Statement"]:
        for part, letter in _permissions(statement):
            found.setdefault(part, set()).add(letter)
    return [f"`{who}`", *("".join(sorted(found.get(part, ()))) for part in PARTS)]


def _permissions(statement: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    condition = statement.get("Condition", {})
    within = "dynamodb:EnclosingOperation" in condition.get("ForAnyValue:StringEquals", {})
    leading = condition.get("ForAllValues:StringLike", {}).get("dynamodb:LeadingKeys")
    for action in _listed(statement["Action"]):
        service, _, name = action.partition(":")
        letter = WITHIN if within else _first(LETTERS, name)
        for place in leading or _listed(statement["Resource"]):
            yield _part(f"{service}:*" if place == "*" else place), letter


def _part(place: str) -> str:
    return next(part for part, pattern in PARTS.items() if re.search(pattern, place))


def _first(letters: Mapping[str, str], name: str) -> str:
    return next(letter for begins, letter in letters.items() if re.match(begins, name))


def _listed(value: str | Sequence[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


if __name__ == "__main__":
    argparse.ArgumentParser("infra.policies.matrix", description=__doc__).parse_args()
    sys.stdout.write(f"{table()}\n")
