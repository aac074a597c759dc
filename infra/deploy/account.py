"""The account a stage is in: who is signed in there, what everything is called, what fits in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

import boto3

UNRESERVED: Final = 100  # calls at once that AWS keeps for functions that reserve none


class QuotaError(Exception):
    """The account cannot hold the stage; the message says what to ask AWS for."""


@dataclass(frozen=True)
class Account:
    """Where a stage is: what ARNs are made of. `who` is whoever is signed in."""

    id: str
    region: str
    partition: str = "aws"
    who: str = ""

    @classmethod
    def here(cls, region: str) -> Account:
        """Of whoever calls."""
        caller = boto3.client("sts", region_name=region).get_caller_identity()
        who = re.split("[:/]", caller["Arn"])[-1]
        return cls(caller["Account"], region, caller["Arn"].split(":")[1], who)

    def arn(self, service: str, name: str) -> str:
        """Of something of a service in this region."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.id}:{name}"

    def require(self, reserved: int) -> None:
        """Raise QuotaError where functions that reserve so many calls at once do not fit in."""
        client: Any = boto3.client("lambda", region_name=self.region)
        most = client.get_account_settings()["AccountLimit"]["ConcurrentExecutions"]
        if most < (needed := reserved + UNRESERVED):
            raise QuotaError(
                f"Account {self.id} runs at most {most} functions at once, and this stage needs "
                f"{needed}. Ask AWS for more first (docs/operate.md, Quotas)."
            )


def names_in(account: Account, stem: str) -> dict[str, str]:
    """What a stage's data and workflow are called, by the names of the functions' settings."""
    return {
        "RECORD_TABLE": f"{stem}-record",
        "TOKEN_TABLE": f"{stem}-token",
        "FILE_BUCKET": f"{stem}-files-{account.id}",
        "CHANGES_BUCKET": f"{stem}-changes-{account.id}",
        "EXPORT_KEY": f"alias/{stem}-export",
        "EXPORT_SECRET": f"{stem}-export",
        "STATE_MACHINE_ARN": account.arn("states", f"stateMachine:{stem}-dossier"),
    }
