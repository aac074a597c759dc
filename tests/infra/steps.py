"""What the steps of the runbooks ask of AWS, beyond the commands of `infra.operate`, and of whom.

A step is known by what the runbooks call it: a place in AWS's console, or how a command begins.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from infra.policies import FUNCTIONS
from tests.architecture.code import ROOT
from tests.infra import grid
from tests.infra.asked import Asked

RUNBOOKS: Final = ROOT / "docs" / "runbooks"

# Who looks may do these; each is a line of docs/runbooks.
LOOKS: Final[Mapping[str, tuple[Asked, ...]]] = {
    "*Logs Insights*": (
        Asked("logs:DescribeLogGroups", "*"),
        *(
            Asked(f"logs:{action}", group)
            for action in ("StartQuery", "GetQueryResults")
            for group in (*map(grid.log_group, FUNCTIONS), grid.workflow_log())
        ),
    ),
    "*Alarms*": (
        Asked("cloudwatch:DescribeAlarms", grid.ALARMS),
        Asked("cloudwatch:DescribeAlarmHistory", grid.ALARMS),
    ),
    "Dashboard, *": (
        Asked("cloudwatch:ListDashboards", "*"),
        Asked("cloudwatch:GetDashboard", grid.dashboard()),
        Asked("cloudwatch:GetMetricData", "*"),
    ),
    "Contributor Insights": (
        Asked("dynamodb:DescribeContributorInsights", grid.table("record")),
        Asked("cloudwatch:GetInsightRuleReport", grid.insights()),
    ),
    "CloudTrail, ": (Asked("cloudtrail:LookupEvents", "*"),),
    "Service Quotas, ": (Asked("servicequotas:ListServiceQuotas", "*"),),
}

# These take whoever deploys, or holds the province's store: they change what a deployment is, or
# read what no role of ours may.
ADMINISTRATORS: Final = (
    "aws cloudwatch disable-alarm-actions",
    "aws dynamodb export-table-to-point-in-time",
    "aws kms cancel-key-deletion",
    "aws kms enable-key",
    "aws s3api list-object-versions",
    "make backup",
    "python -m catalogue.load",
    "python -m infra.backup",
    "python -m infra.deploy",
)
OPERATE: Final = "python -m infra.operate "  # tests/infra/shift.py types these


def text() -> str:
    """Of all runbooks, however their lines are broken."""
    pages = (page.read_text("utf-8") for page in sorted(RUNBOOKS.glob("*.md")))
    return " ".join(" ".join(pages).split())


def commands() -> Iterator[str]:
    """Everything that a runbook says may be typed."""
    yield from re.findall(r"`((?:aws|make|python -m) [^`]+)`", text())
