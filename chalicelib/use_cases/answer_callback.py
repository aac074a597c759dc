"""An agency answers for its leg through a signed callback (R5, R25, R26)."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from chalicelib.domain.actor import Actor, ActorKind
from chalicelib.domain.dossier import Dossier
from chalicelib.domain.errors import ConflictError, Error
from chalicelib.domain.ids import FileId
from chalicelib.domain.interagency import Answer, answer
from chalicelib.domain.terms import EventType
from chalicelib.domain.value import value
from chalicelib.ports import CallbackTarget, Deps, Mark, SeenError
from chalicelib.use_cases.changing import Extras, change, confirm_files

KEEP_IDS_DAYS = 8


@value(frozen=True, slots=True)
class Callback:
    """A verified message: `message_id` and `timestamp` are the webhook's, `body` its hash."""

    target: CallbackTarget
    message_id: str
    timestamp: str
    body: str
    answer: Answer


class Receipt(StrEnum):
    """What became of it."""

    APPLIED = "applied"
    FILED = "filed"  # the leg was over; kept, changed nothing
    ALREADY_RECEIVED = "already_received"  # a retry of one that had arrived


def answer_callback(command: Callback, deps: Deps) -> Receipt:
    """A retry (same id and body, signed anew) is answered as received; a replay is refused.

    Raise ConflictError for a replayed or altered message, NotFoundError, RuleError.
    """
    target = command.target
    actor = Actor(ActorKind.AGENCY, target.agency, target.agency)
    mark = _mark(command, deps)

    def apply(dossier: Dossier) -> Extras:
        answer(dossier, actor, dossier.leg(target.leg), command.answer)
        return Extras(mark=mark, files=_result(command, dossier))

    try:
        places = {FileId(command.answer.result): "/result"}
        changed = confirm_files(lambda: change(deps, target.dossier, apply), places, deps)
    except SeenError as seen:
        return _again(command, seen.content)
    except Error:
        if earlier := deps.records.mark(mark.key):
            return _again(command, earlier)
        raise
    filed = any(event.type is EventType.CALLBACK_FILED for event in changed.events)
    return Receipt.FILED if filed else Receipt.APPLIED


def _result(command: Callback, dossier: Dossier) -> tuple[FileId, ...]:
    """The file of a result that was taken; one that came too late is not the dossier's."""
    result = command.answer.result
    return (FileId(result),) if result and dossier.leg(command.target.leg).result == result else ()


def _mark(command: Callback, deps: Deps) -> Mark:
    return Mark(
        key=deps.keys.opaque("webhook", command.target.agency, command.message_id),
        content=_mark_content(command),
        keep_days=KEEP_IDS_DAYS,
    )


def _mark_content(command: Callback) -> Mapping[str, str]:
    """One id is one message, to one leg."""
    return {
        "timestamp": command.timestamp,
        "body": command.body,
        "leg": f"{command.target.dossier}#{command.target.leg}",
    }


def _again(command: Callback, seen: Mapping[str, Any]) -> Receipt:
    given = _mark_content(command)
    same = all(seen[name] == given[name] for name in ("body", "leg"))
    if not same or seen["timestamp"] == command.timestamp:
        raise ConflictError("callback.replayed")
    return Receipt.ALREADY_RECEIVED
