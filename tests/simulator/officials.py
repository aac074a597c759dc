"""What the officials and agencies of the simulated province do when it is their turn."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from chalicelib.domain.calendar import LimitUnit, TimeLimit
from chalicelib.domain.desk import Check
from chalicelib.domain.dossier import Dossier
from chalicelib.domain.event import Event
from chalicelib.domain.ids import AgencyCode, DossierCode
from chalicelib.domain.interagency import Answer, Outcome
from chalicelib.domain.leg import Leg
from chalicelib.domain.route import is_last
from chalicelib.domain.terms import LegKind
from chalicelib.ports import CallbackTarget
from chalicelib.use_cases.answer_callback import Callback, Receipt, answer_callback
from chalicelib.use_cases.decide import Decision, decide
from tests.simulator import sample
from tests.simulator.people import HOUR, SUBJECTS, WEBHOOK_AGENCIES, People, official
from tests.simulator.world import Violation

if TYPE_CHECKING:
    from collections.abc import Callable

ONE_DAY: Final = TimeLimit(1, LimitUnit.WORKING_DAYS)
TWO_DAYS: Final = TimeLimit(2, LimitUnit.WORKING_DAYS)


class Officials:
    """The desk, the departments and the citizen at the desk."""

    def __init__(self, people: People) -> None:
        self.people = people
        self.world = people.world
        self.agencies = Agencies(people)
        people.turn = self.act
        people.heard = self._heard
        self._turns: dict[LegKind, Callable[[Dossier, Leg], None]] = {
            LegKind.INTAKE: self._intake,
            LegKind.REVIEW: self._review,
            LegKind.UNIT: self._unit,
            LegKind.SUPPLEMENT: self._supplement,
            LegKind.PAYMENT: self._pay,
            LegKind.RETURN: self._return,
            LegKind.AGENCY: self._unit,
        }

    def act(self, code: DossierCode, n: int) -> None:
        """Whatever one does with a leg that one holds."""
        dossier = self.people.now(code)
        leg = dossier.leg(n)
        if leg.kind is LegKind.AGENCY and leg.holder in WEBHOOK_AGENCIES:
            self.agencies.act(dossier, leg)
        elif leg.is_running:
            self._turns[leg.kind](dossier, leg)

    def decide(self, dossier: Dossier, leg: Leg | None, action: str, **given: Any) -> None:
        """Decide on what one has seen; sometimes somebody else decides the same at once."""
        agency = leg.holder if leg and not leg.is_citizens else dossier.desk
        if leg is not None and action != "record_payment":
            given["leg"] = leg.n
        command = Decision(
            dossier.code, action, dossier.rev, given, self.people.idempotency(action)
        )
        answer = self._ask(command, agency)
        if answer and self.world.chance(0.05):
            again = replace(command, idempotency=self.people.idempotency(action))
            if self._ask(again, agency):
                raise Violation(f"one winner: {dossier.code} {action} twice on rev {dossier.rev}")
        if leg:
            self.people.come_back(dossier.code, leg)

    def _ask(self, command: Decision, agency: AgencyCode) -> Any:
        assert command.idempotency
        request = partial(decide, command, official(agency), self.world.deps)
        return self.people.ask(command.dossier, command.idempotency, request)

    # -- beside the legs

    def _heard(self, event: Event) -> None:
        """Warned, the leader may extend; when it is late, the desk apologises."""
        if event.type != "milestone_passed":
            return
        mark, soon = event.data["milestone"], self.world.random.uniform(60, 4 * HOUR)
        if mark == "due_soon" and event.leg and self.world.chance(0.3):
            self.world.after(soon, partial(self._extend, event.dossier, event.leg), event.dossier)
        elif event.leg == 0 and self.world.chance(0.6):
            self.world.after(soon, partial(self._apologise, event.dossier), event.dossier)

    def _extend(self, code: DossierCode, n: int) -> None:
        dossier = self.people.now(code)
        leg = dossier.leg(n)
        if leg.is_running and leg.kind is LegKind.UNIT:
            self.decide(dossier, leg, "extend", limit=ONE_DAY, reason="many applicants")

    def _apologise(self, code: DossierCode) -> None:
        dossier = self.people.now(code)
        hours = self.world.random.choice((1, 2, 5, 24, 48, 120))
        new = self.world.clock.now() + timedelta(hours=hours)
        units = [leg.holder for leg in dossier.legs if not leg.is_citizens]
        self.decide(dossier, None, "apologise", promised_at=new, unit=units[-1], reason="late")

    # -- decisions on a leg

    def _checks(self) -> dict[str, Check]:
        faulty = self.world.random.choice(SUBJECTS)
        return {
            subject: Check(subject != faulty, "unreadable", "scan it again") for subject in SUBJECTS
        }

    def _intake(self, dossier: Dossier, leg: Leg) -> None:
        roll = self.world.random.random()
        if roll < 0.04:
            self.decide(dossier, leg, "refuse", reason="not ours")
        elif roll < 0.18:
            self.decide(dossier, leg, "request_supplement", checks=self._checks(), reason="ok")
        else:
            self.decide(dossier, leg, "accept")

    def _review(self, dossier: Dossier, leg: Leg) -> None:
        if leg.holder == dossier.desk and self.world.chance(0.6):
            self.decide(dossier, leg, "request_supplement", checks=self._checks(), reason="ok")
        else:
            self.decide(dossier, leg, "hand_over")

    def _unit(self, dossier: Dossier, leg: Leg) -> None:
        roll = self.world.random.random()
        if roll < 0.05:
            self.decide(dossier, leg, "send_back", reason="a page is missing")
        elif roll < 0.07:
            self.decide(dossier, leg, "refuse", reason="no ground")
        elif roll < 0.10 and not leg.received_at:
            self.decide(dossier, leg, "decline_receipt", reason="two pages missing")
        elif roll < 0.14 and not leg.received_at:
            self.decide(dossier, leg, "receive")
        elif roll < 0.17 and leg.kind is LegKind.UNIT:
            more = {"agency": sample.TAX, "limit": TWO_DAYS, "reason": "?"}
            self.decide(dossier, leg, "request_agency", **more)
        elif roll < 0.20:
            self.decide(dossier, leg, "extend", limit=ONE_DAY, reason="many applicants")
        elif is_last(dossier, leg):
            self.decide(dossier, leg, "complete", result=self.people.result())
        else:
            self.decide(dossier, leg, "hand_over")

    def _supplement(self, dossier: Dossier, leg: Leg) -> None:
        self.people.supplement(dossier.code)
        self.people.come_back(dossier.code, leg)

    def _pay(self, dossier: Dossier, leg: Leg) -> None:
        left = dossier.dues - dossier.paid
        part = left // 2 if self.world.chance(0.2) and left > 1 else left
        self.decide(dossier, leg, "record_payment", amount=part, receipt="B-1")

    def _return(self, dossier: Dossier, leg: Leg) -> None:
        if dossier.paid < dossier.dues:
            self._pay(dossier, leg)
        self.decide(self.people.now(dossier.code), leg, "return")


class Agencies:
    """Tax, police and insurance, in their own software."""

    def __init__(self, people: People) -> None:
        self.people = people
        self.world = people.world
        self.sent: Counter[tuple[DossierCode, int]] = Counter()  # messages, by leg
        self._told: set[tuple[str, str]] = set()
        self._read = 0

    def act(self, dossier: Dossier, leg: Leg) -> None:
        """Answer, once the agency has been told of its leg; also when that is over meanwhile."""
        if self._was_told(dossier, leg):
            self.send(dossier.code, leg.n, self._answer(leg))
            self.people.come_back(dossier.code, leg)
        elif leg.is_running:
            self.world.after(HOUR, partial(self.people.turn, dossier.code, leg.n), dossier.code)

    def _was_told(self, dossier: Dossier, leg: Leg) -> bool:
        arrived = self.world.webhooks.arrived
        for _, name, _ in arrived[self._read :]:
            code, _, n = name.rsplit(".", 2)
            self._told.add((code, n))
        self._read = len(arrived)
        return (dossier.code, str(leg.n)) in self._told

    def _answer(self, leg: Leg) -> Answer:
        roll = self.world.random.random()
        if roll < 0.08 and not leg.asked:
            return Answer(Outcome.INCOMPLETE, "one paper", items=("paper:id",))
        if roll < 0.13:
            return Answer(Outcome.REFUSED, "no ground")
        if roll < 0.2:
            return Answer(Outcome.PROGRESS, "half done")
        amount = 1_500_000 if leg.holder == sample.TAX and leg.code == "tax" else 0
        return Answer(Outcome.COMPLETED, amount=amount, result=self.people.result())

    def send(self, code: DossierCode, n: int, answer: Answer) -> None:
        """One message, signed anew at every try."""
        leg = self.people.now(code).leg(n)
        target = CallbackTarget(code, n, leg.holder)
        name, tries = self.people.key(), 0
        self.sent[code, n] += 1

        def send() -> Receipt:
            nonlocal tries
            tries += 1
            message = Callback(target, name, str(tries), answer.outcome, answer)
            return answer_callback(message, self.world.deps)

        receipt: Receipt | None = self.world.retrying(send)
        if not leg.is_open and receipt not in (Receipt.FILED, Receipt.ALREADY_RECEIVED):
            raise Violation(f"an answer that comes too late is filed: {code} {n} {receipt}")
        if receipt and self.world.chance(0.05):  # the agency missed our answer and sends again
            again = self.world.retrying(send)
            if again is not Receipt.ALREADY_RECEIVED:
                raise Violation(f"a message is taken once: {code} {n} {again}")
