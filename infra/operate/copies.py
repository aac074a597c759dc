"""How old the province's own copy is: by the head of its chain, which each complete run writes."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from chalicelib.adapters import clients
from chalicelib.adapters.export_store import ChangesLedger
from chalicelib.backup_config import is_configured
from chalicelib.domain.event import stamp

# A night failed, and nobody made it up by day; the alarm rings at 26 hours already.
OLDEST: Final = timedelta(hours=36)
_SAYS_WHAT_TO_DO: Final = "see docs/runbooks/export-silent.md"

Json = dict[str, Any]


def copy() -> Json:
    """The last complete run: its number (0 where there is none), until when it goes, hours since.

    Real time, as the export's is. The head itself is all that is read.
    """
    if not is_configured(os.environ):
        return {"configured": False}
    head = ChangesLedger(clients.s3(), os.environ["CHANGES_BUCKET"]).get()
    if head is None or not head.run:
        return {"configured": True, "run": 0}
    hours = (datetime.now(UTC) - head.until) / timedelta(hours=1)
    return {
        "configured": True,
        "run": head.run,
        "until": stamp(head.until),
        "hours": round(hours, 1),
    }


def wrong(found: Json) -> list[str]:
    """What of it needs somebody."""
    if found.get("run") == 0:
        return [f"no export to the province's store was ever completed: {_SAYS_WHAT_TO_DO}"]
    if found.get("hours", 0) * timedelta(hours=1) > OLDEST:
        return [f"the province's own copy goes until {found['until']} only: {_SAYS_WHAT_TO_DO}"]
    return []


def shown(found: Json) -> str:
    """In one line."""
    if not found["configured"]:
        return "export: not configured"
    if not found["run"]:
        return "export: no run yet"
    return f"export: run {found['run']} until {found['until']}, {found['hours']} h ago"
