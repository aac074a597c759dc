"""`pause` and `resume`: an agency's messages wait while its software is being mended.

Every sender reads the pause at most a minute late. Deadlines run on, and answers are taken; only
what goes out waits.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from chalicelib import bootstrap
from chalicelib.adapters import reference
from chalicelib.adapters import table_keys as keys
from chalicelib.adapters.item_codec import to_item
from chalicelib.domain.directory import Medium
from chalicelib.domain.event import stamp
from infra.operate import reading
from infra.operate.audit import audited
from infra.operate.replay import make_due
from infra.operate.screen import OK, Screen, UsageError

if TYPE_CHECKING:
    import argparse

    from chalicelib.domain.ids import AgencyCode
    from infra.operate.target import Target

Json = dict[str, Any]

_WHY: Final = ("since", "by", "reason")


def pauses() -> dict[str, Json]:
    """Of each agency that is paused: since when, by whom and why."""
    found = bootstrap.record().partition(keys.PAUSED)
    return {
        each["SK"]: {name: each.get(name, "") for name in _WHY} for each in found if "since" in each
    }


def _set(agency: AgencyCode, why: Json) -> None:
    """Apart from the agency's endpoint: who may pause it need not see its secrets."""
    item = to_item(keys.paused(agency), why)
    bootstrap.record().client.put_item(TableName=bootstrap.record().name, Item=item)


def _known(given: argparse.Namespace) -> AgencyCode:
    """An agency that messages go to."""
    for agency in bootstrap.reference().directory():
        if agency.code == given.agency and agency.medium is Medium.WEBHOOK:
            return agency.code
    raise UsageError(
        f"No messages go to {given.agency}: no agency with software of its own has that code."
    )


# -- the commands


def pause(given: argparse.Namespace, target: Target, screen: Screen) -> int:
    """Hold its messages back."""
    agency, reason = _known(given), given.reason.strip()
    if not reason:
        raise UsageError("Say why, with --reason: everybody who looks at the stage reads it.")
    if already := pauses().get(agency):
        screen.result(
            {"agency": agency, "paused": already, "changed": False},
            f"{agency} is paused since {already['since']}: {already['reason']}",
        )
        return OK
    screen.confirm(f"Hold back all messages to {agency}?")
    why = {"since": stamp(datetime.now(UTC)), "by": target.who(), "reason": reason}
    with audited(target, "pause", agency=agency, reason=reason):
        _set(agency, why)
    screen.result(
        {"agency": agency, "paused": why, "changed": True},
        f"{agency} is paused; within a minute everything that goes out to it waits.",
        f"`resume {agency}` sends what has waited.",
    )
    return OK


def resume(given: argparse.Namespace, target: Target, screen: Screen) -> int:
    """Let them out again, and with them what has waited."""
    agency = _known(given)
    if agency not in pauses():
        screen.result(
            {"agency": agency, "changed": False, "sent_for": 0},
            f"{agency} is not paused.",
        )
        return OK
    screen.confirm(f"Send messages to {agency} again?")
    waited = 0
    with audited(target, "resume", agency=agency):
        _set(agency, {})
        if given.wait:
            waited = _bring_forward(agency, target, screen)
    rest = (
        f"{waited} messages that waited are sent now."
        if given.wait
        else "What has waited goes out within half an hour."
    )
    screen.result(
        {"agency": agency, "changed": True, "sent_for": waited},
        f"{agency} is not paused any more. {rest}",
    )
    return OK


def _bring_forward(agency: AgencyCode, target: Target, screen: Screen) -> int:
    """After a minute nobody holds them back any more; then they are due at once."""
    screen.aside("Waiting until every sender has seen it (a minute; Ctrl-C leaves it at that)…")
    time.sleep(reference.KEPT_SECONDS)
    waiting = [each for each in reading.waiting_messages() if each.agency == agency]
    with screen.progress("Thông báo · Messages", len(waiting)) as step:
        make_due(waiting, target, step)
    target.call("reconcile", {})
    return len(waiting)
