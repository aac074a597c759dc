"""`pause` and `resume`: an agency's messages wait while its software is being mended.

The pause lies in the row of its endpoint, which every sender reads at most a minute late. Deadlines
run on, and answers are taken; only what goes out waits.
"""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from chalicelib import bootstrap
from chalicelib.adapters import clients, reference, schema
from chalicelib.adapters import table_keys as keys
from chalicelib.adapters.item_codec import to_attributes
from chalicelib.adapters.table import Table
from chalicelib.domain.event import stamp
from chalicelib.domain.ids import AgencyCode
from chalicelib.use_cases.redeliver import redeliver
from infra.operate import reading
from infra.operate.audit import audited
from infra.operate.screen import OK, Screen, UsageError

if TYPE_CHECKING:
    import argparse

    from infra.operate.target import Target

Json = dict[str, Any]

TRIES: Final = 5


def pause_of(agency: str) -> Json | None:
    """Since when, by whom and why it is paused; None when it is not."""
    row = _row(agency)
    return json.loads(row["data"]).get("paused") if row else None


def _row(agency: str) -> Any:
    return _table().get(keys.webhook(AgencyCode(agency)))


def _table() -> Table:
    return Table(clients.dynamodb(), bootstrap.settings().record_table)


def _set(agency: str, pause: Json | None) -> None:
    """Beside whatever else the row says, a secret that is rotated just now included."""
    table, key = _table(), keys.webhook(AgencyCode(agency))
    for _ in range(TRIES):
        row = _registered(agency)
        data = {name: value for name, value in json.loads(row["data"]).items() if name != "paused"}
        text = json.dumps({**data, **({"paused": pause} if pause else {})}, ensure_ascii=False)
        try:
            table.client.put_item(
                TableName=table.name,
                Item=to_attributes({**key, "v": schema.WRITTEN, "data": text}),
                ConditionExpression="#data = :data",
                ExpressionAttributeNames={"#data": "data"},
                ExpressionAttributeValues=to_attributes({":data": row["data"]}),
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
        else:
            return
    raise UsageError(f"{agency}: its endpoint is being changed by somebody else; try again.")


def _registered(agency: str) -> Any:
    row = _row(agency)
    if row is None:
        raise UsageError(
            f"No endpoint is registered for {agency}. Is the code right? `catalogue.load webhook` "
            "registers one."
        )
    return row


# -- the commands


def pause(given: argparse.Namespace, target: Target, screen: Screen) -> int:
    """Hold its messages back."""
    _registered(given.agency)
    if already := pause_of(given.agency):
        screen.result(
            {"agency": given.agency, "paused": already, "changed": False},
            f"{given.agency} is paused since {already['since']}: {already['reason']}",
        )
        return OK
    screen.confirm(f"Hold back all messages to {given.agency}?")
    why = {
        "since": stamp(datetime.now(UTC)),
        "by": target.who(),
        "reason": given.reason,
    }
    with audited(target, "pause", agency=given.agency, reason=given.reason):
        _set(given.agency, why)
    screen.result(
        {"agency": given.agency, "paused": why, "changed": True},
        f"{given.agency} is paused; within a minute everything that goes out to it waits.",
        f"`resume {given.agency}` sends what has waited.",
    )
    return OK


def resume(given: argparse.Namespace, target: Target, screen: Screen) -> int:
    """Let them out again, and with them what has waited."""
    _registered(given.agency)
    if not pause_of(given.agency):
        screen.result(
            {"agency": given.agency, "changed": False, "sent_for": 0},
            f"{given.agency} is not paused.",
        )
        return OK
    screen.confirm(f"Send messages to {given.agency} again?")
    waited = 0
    with audited(target, "resume", agency=given.agency):
        _set(given.agency, None)
        if given.wait:
            waited = _bring_forward(given.agency, target, screen)
    rest = (
        f"{waited} messages that waited are sent now."
        if given.wait
        else "What has waited goes out within half an hour."
    )
    screen.result(
        {"agency": given.agency, "changed": True, "sent_for": waited},
        f"{given.agency} is not paused any more. {rest}",
    )
    return OK


def _bring_forward(agency: str, target: Target, screen: Screen) -> int:
    """After a minute nobody holds them back any more; then they are due at once."""
    screen.aside("Waiting until every sender has seen it (a minute; Ctrl-C leaves it at that)…")
    time.sleep(reference.KEPT_SECONDS)
    waiting = [each for each in reading.waiting_messages() if each.agency == agency]
    with screen.progress("Thông báo · Messages", len(waiting)) as step:
        for message in waiting:
            redeliver(message.id, bootstrap.deps())
            step()
    target.call("reconcile", {})
    return len(waiting)
