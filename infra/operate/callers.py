"""What calls functions without a request: the tables' streams, the queue of uploads, schedules.

One that was switched off is nobody's error: nothing fails, and nothing is done.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from infra.deploy.versions import ALIAS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.operate.target import Target

Json = dict[str, Any]

# As the workflow stack has them; a test compares.
FOLLOWS: Final = {"on_change": ("record", "token"), "on_upload": ("uploads",)}
SCHEDULED: Final = ("export", "measure", "reconcile")
MISSING: Final = "missing"
_ON: Final = frozenset({"Enabled", "ENABLED", "Creating", "Enabling", "Updating"})


def callers(target: Target) -> Iterator[Json]:
    """Of each function that is called so: by what, and in which state that is."""
    for function, sources in FOLLOWS.items():
        states = _mappings(target, target.name(function))
        for source in map(target.name, sources):
            found = states.get(source, states.get("", MISSING))
            yield {"function": target.name(function), "called_by": source, "state": found}
    for name in map(target.name, SCHEDULED):
        yield {"function": name, "called_by": "schedule", "state": _schedule(target, name)}


def is_off(caller: Json) -> bool:
    """Whether nothing comes from there."""
    return caller["state"] not in _ON


def _mappings(target: Target, function: str) -> dict[str, str]:
    """States by the name of the table or queue; of all (`""`) what AWS says instead of them."""
    client = target.client("lambda")
    try:
        found = client.list_event_source_mappings(FunctionName=f"{function}:{ALIAS}")
    except ClientError as error:
        return {"": _why(error)}
    return {
        re.split("[:/]", each["EventSourceArn"].partition("/stream/")[0])[-1]: each["State"]
        for each in found["EventSourceMappings"]
    }


def _schedule(target: Target, name: str) -> str:
    try:
        return str(target.client("scheduler").get_schedule(Name=name)["State"])
    except ClientError as error:
        return _why(error)


def _why(error: ClientError) -> str:
    code = str(error.response["Error"]["Code"])
    return MISSING if code == "ResourceNotFoundException" else code
