"""An official decides. Each action is one function of the domain; this is the list of them."""

from collections.abc import Callable, Mapping
from dataclasses import field
from functools import partial
from typing import Any, Final

from chalicelib.domain import consultation, desk, suspension, unit
from chalicelib.domain.actor import Actor
from chalicelib.domain.dossier import Dossier
from chalicelib.domain.errors import NotFoundError
from chalicelib.domain.ids import DossierCode, FileId
from chalicelib.domain.overriding import override
from chalicelib.domain.register import Line, book_of
from chalicelib.domain.terms import LegKind
from chalicelib.domain.value import value
from chalicelib.ports import Deps
from chalicelib.use_cases.changing import Changed, Extras, Idempotency, change, confirm_files


def _refuse(dossier: Dossier, actor: Actor, **given: Any) -> None:
    """Before acceptance the desk refuses to take it in; later a unit refuses on the merits."""
    at_intake = any(leg.kind is LegKind.INTAKE for leg in dossier.running())
    (desk.refuse if at_intake else unit.refuse)(dossier, actor, **given)


ACTIONS: Final[Mapping[str, Callable[..., None]]] = {
    "accept": desk.accept,
    "refuse": _refuse,
    "request_supplement": desk.request_supplement,
    "receive": unit.receive,
    "decline_receipt": unit.decline_receipt,
    "assign": unit.assign,
    "hand_over": unit.hand_over,
    "send_back": unit.send_back,
    "complete": unit.complete,
    "request_agency": unit.request_agency,
    "record_payment": desk.record_payment,
    "extend": unit.extend,
    "apologise": desk.apologise,
    "consult": consultation.consult,
    "answer_consultation": consultation.answer_consultation,
    "suspend": suspension.suspend,
    "resume": suspension.resume,
    "stop": suspension.stop,
    "contact": desk.contact,
    "return": desk.return_result,
}


@value(frozen=True, slots=True)
class Decision:
    """`given` are the action's own arguments, named as in the domain."""

    dossier: DossierCode
    action: str
    rev: int
    given: Mapping[str, Any] = field(default_factory=dict)
    idempotency: Idempotency | None = None
    override: str = ""  # why a leader decides this in the holder's place


def decide(command: Decision, actor: Actor, deps: Deps) -> Changed:
    """Raise NotFoundError, ForbiddenError, ConflictError, RuleError and what they are bases of."""

    def apply(dossier: Dossier) -> Extras:
        if not concerns(dossier, actor):
            raise NotFoundError("dossier.not_found")
        dossier.expect(command.rev)
        line = _next_line(dossier, deps) if command.action == "accept" else None
        numbered = {"number": line.number} if line else {}
        act = partial(ACTIONS[command.action], **command.given, **numbered)
        if command.override:
            override(dossier, actor, act, reason=command.override, leg=command.given.get("leg"))
        else:
            act(dossier, actor)
        return Extras(files=_result(command), line=line)

    def store() -> Changed:
        return change(deps, command.dossier, apply, command.idempotency)

    return confirm_files(store, dict.fromkeys(_result(command), "/result"), deps)


def _next_line(dossier: Dossier, deps: Deps) -> Line:
    """Of the register; another acceptance may take it first, then this is decided again."""
    book = book_of(dossier)
    return Line(book, deps.records.last_number(book) + 1, dossier.code)


def _result(command: Decision) -> tuple[FileId, ...]:
    """A result is a stored file; it must be there before anything rests on it (R27)."""
    result = command.given.get("result")
    return (FileId(result),) if result else ()


def concerns(dossier: Dossier, actor: Actor) -> bool:
    """Whether this official may know of it: the desk, the units and agencies, those above them."""
    if actor.agency is None:
        return False
    directory = dossier.ctx.directory
    agencies = {dossier.desk, *(leg.holder for leg in dossier.legs if not leg.is_citizens)}
    return any(actor.agency in directory.hierarchy(agency) for agency in agencies)
