"""Brings any dossier to its end: whoever holds it does what is expected of them."""

from itertools import count
from typing import Any, Final

from chalicelib import bootstrap
from chalicelib.domain.actor import Actor, ActorKind
from chalicelib.domain.dossier import Dossier
from chalicelib.domain.ids import DossierCode, FileId
from chalicelib.domain.interagency import Answer, Outcome
from chalicelib.domain.leg import Leg
from chalicelib.domain.route import is_last
from chalicelib.domain.terms import LegKind, Role
from chalicelib.ports import CallbackTarget, Deps, PaperHandedIn
from chalicelib.use_cases.answer_callback import Callback, answer_callback
from chalicelib.use_cases.changing import Idempotency, context
from chalicelib.use_cases.decide import Decision, decide
from chalicelib.use_cases.supplement_dossier import Supplement, supplement_dossier
from tests.entrypoints import town as t
from tests.upgrades.province import Province

MOST: Final = 40  # decisions: more means that it goes round in circles
WORKING: Final = frozenset({Role.DESK, Role.OFFICER, Role.HEAD})


class Finisher:
    """Acts through the use cases of today, for one dossier."""

    def __init__(self, province: Province, code: DossierCode) -> None:
        self.province = province
        self.code = code
        self._keys = count(1)

    @property
    def deps(self) -> Deps:
        return bootstrap.deps()

    @property
    def dossier(self) -> Dossier:
        """As it is on record."""
        return self.deps.records.load(self.code, context(self.deps))

    def finish(self) -> Dossier:
        """To its end, with executions and agencies; the dossier as it is then."""
        for _ in range(MOST):
            dossier = self.dossier
            if dossier.is_closed:
                self.province.later(days=40)
                return self.dossier
            self._act(dossier)
            self.province.later(minutes=20)
        raise RuntimeError(f"{self.code} does not end")

    def _act(self, dossier: Dossier) -> None:
        """The desk hands out only when nobody else is at work."""
        leg = min(dossier.running(), key=lambda leg: (leg.kind is LegKind.RETURN, leg.n))
        match leg.kind:
            case LegKind.INTAKE:
                self._decide(dossier, leg, "accept")
            case LegKind.REVIEW:
                self._decide(dossier, leg, "hand_over")
            case LegKind.UNIT:
                self._work(dossier, leg)
            case LegKind.AGENCY:
                self._answer(dossier, leg)
            case LegKind.SUPPLEMENT:
                self._supplement(dossier, leg)
            case LegKind.PAYMENT:
                self._pay(dossier)
            case LegKind.RETURN if dossier.dues > dossier.paid:
                self._pay(dossier)
            case _:
                self._decide(dossier, leg, "return")

    def _key(self) -> Idempotency:
        return Idempotency(f"finish-{next(self._keys)}", "body")

    def _decide(self, dossier: Dossier, leg: Leg, action: str, **given: Any) -> None:
        actor = Actor(ActorKind.OFFICIAL, "OF-9999", leg.holder, WORKING)
        given["leg"] = leg.n
        decide(Decision(self.code, action, dossier.rev, given, self._key()), actor, self.deps)

    def _work(self, dossier: Dossier, leg: Leg) -> None:
        if is_last(dossier, leg):
            self._decide(dossier, leg, "complete", result=self.province.town.upload(t.OFFICER))
        else:
            self._decide(dossier, leg, "hand_over")

    def _pay(self, dossier: Dossier) -> None:
        given = {"amount": dossier.dues - dossier.paid, "receipt": "BL-9"}
        actor = Actor(ActorKind.OFFICIAL, "OF-9999", dossier.desk, WORKING)
        command = Decision(self.code, "record_payment", dossier.rev, given, self._key())
        decide(command, actor, self.deps)

    def _answer(self, dossier: Dossier, leg: Leg) -> None:
        last = is_last(dossier, leg)
        result = self.province.town.upload(t.OFFICER) if last else ""
        target = CallbackTarget(self.code, leg.n, leg.holder)
        answer = Answer(Outcome.COMPLETED, result=result)
        answer_callback(Callback(target, f"msg-{self._key()}", "1", "body", answer), self.deps)

    def _supplement(self, dossier: Dossier, slip: Leg) -> None:
        asked = [each.partition(":")[::2] for each in slip.asked]
        form = self.deps.records.form(self.code)
        answers = {name: form.answers[name] for kind, name in asked if kind == "section"}
        papers = tuple(
            PaperHandedIn(name, FileId(self.province.town.upload()))
            for kind, name in asked
            if kind == "paper"
        )
        command = Supplement(self.code, dossier.rev, answers, papers, self._key())
        actor = Actor(ActorKind.CITIZEN, dossier.owner, None, frozenset({Role.CITIZEN}))
        supplement_dossier(command, actor, self.deps)
