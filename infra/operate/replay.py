"""`replay`: what was given up is tried anew: messages to agencies, and dead letters.

Both go the way they came: a message by the outbox and the reconciler, a dead letter by the function
that could not take it. Everything that functions are sent may be sent twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chalicelib import bootstrap
from chalicelib.domain.delivery import DeliveryState
from chalicelib.domain.ids import DeliveryId, DossierCode
from infra.operate import letters, reading, redrive
from infra.operate.audit import audited
from infra.operate.screen import OK, WRONG, Screen, UsageError, table
from infra.operate.target import UnreachableError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator, Sequence

    from chalicelib.domain.delivery import Delivery
    from infra.operate.target import Target

Json = dict[str, Any]

AT_ONCE: Final = 50  # messages that one call makes due


def messages(given: argparse.Namespace, target: Target, screen: Screen) -> int:
    """0 sent for, 1 there was nothing to send."""
    found = list(_chosen(given, screen))
    rows = [[each.id, each.agency, each.message, each.state, each.last_error] for each in found]
    shown = table("Thông báo · Messages", ["id", "agency", "message", "state", "error"], rows)
    if not found:
        screen.result({"messages": [], "sent_for": 0}, "No message was given up there.")
        return WRONG
    screen.confirm(f"Send {len(found)} messages anew, under their old ids?")
    with (
        audited(target, "replay messages", which=_which(given), count=str(len(found))),
        screen.progress("Thông báo · Messages", len(found)) as step,
    ):
        make_due(found, target, step)
        answer = target.call("reconcile", {})
    after = [bootstrap.deliveries().get(each.id) for each in found]
    states = {each.id: each.state.value for each in after if each}
    screen.result(
        {"messages": states, "sent_for": len(found), "delivered": answer["delivered"]},
        shown,
        f"{sum(state == 'delivered' for state in states.values())} of {len(found)} were taken; "
        "what failed again is retried for three days.",
    )
    return OK


def make_due(found: Sequence[Delivery], target: Target, step: Callable[[], None]) -> None:
    """A few at a time, by the function that sends them."""
    for some in (found[n : n + AT_ONCE] for n in range(0, len(found), AT_ONCE)):
        answer = target.call("reconcile", {"messages": [each.id for each in some]})
        if "due" not in answer:
            raise UnreachableError("The stage runs an older version, which cannot do this: deploy.")
        for _ in some:
            step()


def _which(given: argparse.Namespace) -> str:
    return " ".join(given.codes) or given.agency or "all"


def _chosen(given: argparse.Namespace, screen: Screen) -> Iterator[Delivery]:
    wanted = {DeliveryState.DEAD} | ({DeliveryState.DELIVERED} if given.delivered else set())
    if given.codes:
        for code in given.codes:
            dossier = reading.dossier(code.strip().upper())
            events = bootstrap.records().events(DossierCode(dossier.code))
            found = reading.messages(dossier, events)
            yield from (each for each in found if each.state in wanted)
        return
    if not (given.all or given.agency):
        raise UsageError("Say which: codes, --agency CODE or --all.")
    if given.delivered:
        raise UsageError("--delivered is for single dossiers: say their codes.")
    yield from _all_dead(given.agency, screen)


def _all_dead(agency: str | None, screen: Screen) -> Iterator[Delivery]:
    """There is no index of what nobody waits for, so the whole table is read."""
    screen.confirm(f"This reads the whole table, about ${reading.size().dollars:.2f}. Go on?")
    where, values = "SK = :delivery AND #state = :dead", {":delivery": "DELIVERY", ":dead": "dead"}
    with screen.progress("Trang · Pages", None) as step:
        for page in reading.scan(where, values, {"#state": "state"}):
            step()
            for data in page:
                found = bootstrap.deliveries().get(DeliveryId(data["PK"].removeprefix("DEL#")))
                if found and agency in (None, found.agency):
                    yield found


def dead_letters(given: argparse.Namespace, target: Target, screen: Screen) -> int:
    """0 all were taken, 1 some were not and stay where they are."""
    box = letters.box(target)
    if given.list:
        found = [letters.described(letter) for letter in box.peek(given.limit)]
        rows = [[*each.values()] for each in found]
        shown = table("Thư chết · Dead letters", list(found[0]) if found else [], rows)
        screen.result({"letters": found}, shown if found else "There are none.")
        return WRONG if found else OK
    screen.confirm("Send dead letters to their functions again?")
    with audited(target, "replay dead-letters", limit=str(given.limit)):
        taken, left, gone = box.replay(given.limit, screen)
        if gone:
            screen.aside(f"{gone} records have left their stream: every open dossier is looked at.")
            redrive.everything(target, screen)
    screen.result(
        {"taken": taken, "left": left, "no_longer_in_stream": gone},
        f"{taken} taken, {gone} looked for in the record instead, {len(left)} left",
        *(f"  ✗ {line}" for line in left),
    )
    return WRONG if left else OK
