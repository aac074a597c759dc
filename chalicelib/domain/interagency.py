"""What another agency answers through its signed callback (R5, R24–R26)."""

from enum import StrEnum

from chalicelib.domain.actor import Actor
from chalicelib.domain.dossier import Dossier
from chalicelib.domain.errors import ConflictError, NotFoundError, RuleError
from chalicelib.domain.leg import Leg
from chalicelib.domain.route import is_last, passed, refuse_on_merits, review
from chalicelib.domain.terms import EventType
from chalicelib.domain.unit import SETTLING, take_over
from chalicelib.domain.value import value


class Outcome(StrEnum):
    """What an agency may answer."""

    COMPLETED = "completed"
    INCOMPLETE = "incomplete"
    REFUSED = "refused"
    PROGRESS = "progress"


@value(frozen=True, slots=True)
class Answer:
    """`items` are the subjects at fault; `amount` is what the citizen owes, in đồng."""

    outcome: Outcome
    note: str = ""
    items: tuple[str, ...] = ()
    amount: int = 0
    result: str = ""


def answer(dossier: Dossier, actor: Actor, leg: Leg, given: Answer) -> None:
    """Apply an agency's answer; one that comes too late is filed and changes nothing."""
    if actor.agency != leg.holder or leg.kind not in SETTLING:
        raise NotFoundError("callback.not_found")
    if not leg.is_open:
        dossier.record(
            EventType.CALLBACK_FILED, actor, note=given.note, of=leg.n, outcome=given.outcome
        )
        return
    if not leg.is_running:
        raise ConflictError("callback.leg_waits")
    _ANSWERS[given.outcome](dossier, actor, leg, given)


def _progress(dossier: Dossier, actor: Actor, leg: Leg, given: Answer) -> None:
    take_over(dossier, leg, actor)
    dossier.record(EventType.AGENCY_PROGRESSED, actor, leg, note=given.note)


def _complete(dossier: Dossier, actor: Actor, leg: Leg, given: Answer) -> None:
    """With its result, where that is what the citizen waits for (DOMAIN.md, "Hand-over")."""
    if is_last(dossier, leg) and not given.result:
        raise RuleError("callback.result_needed", pointer="/result")
    if given.amount and not dossier.ctx.procedure.takes_payment:
        raise RuleError("callback.nothing_to_pay", pointer="/amount")
    take_over(dossier, leg, actor)
    dossier.dues += given.amount
    leg.result = given.result
    dossier.close(leg, Outcome.COMPLETED)
    opened = passed(dossier, leg)
    dossier.record(
        EventType.AGENCY_COMPLETED,
        actor,
        leg,
        note=given.note,
        amount=given.amount,
        result=given.result,
        to=[each.n for each in opened],
    )


def _incomplete(dossier: Dossier, actor: Actor, leg: Leg, given: Answer) -> None:
    """Once per leg, itemised: it asks the unit that sent it (R26)."""
    if leg.asked:
        raise RuleError("callback.incomplete_once", pointer="/outcome")
    if not given.items:
        raise RuleError("callback.items_needed", pointer="/items")
    if unknown := set(given.items) - dossier.ctx.procedure.subjects:
        raise RuleError("supplement.unknown_subject", pointer="/items", subject=min(unknown))
    take_over(dossier, leg, actor)
    leg.asked = tuple(sorted(given.items))
    opened = review(dossier, leg, leg.giver or dossier.desk)
    dossier.record(
        EventType.AGENCY_INCOMPLETE,
        actor,
        leg,
        note=given.note,
        items=list(leg.asked),
        to=[opened.n],
    )


def _refuse(dossier: Dossier, actor: Actor, leg: Leg, given: Answer) -> None:
    if not given.note:
        raise RuleError("callback.reason_needed", pointer="/note")
    take_over(dossier, leg, actor)
    cut, opened = refuse_on_merits(dossier, leg)
    dossier.record(
        EventType.AGENCY_REFUSED,
        actor,
        leg,
        note=given.note,
        cancelled=[each.n for each in cut],
        to=[each.n for each in opened],
    )


_ANSWERS = {
    Outcome.PROGRESS: _progress,
    Outcome.COMPLETED: _complete,
    Outcome.INCOMPLETE: _incomplete,
    Outcome.REFUSED: _refuse,
}
