"""The people and agencies of the simulated province, each acting some time after their turn came."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from chalicelib.domain.actor import Actor, ActorKind
from chalicelib.domain.calendar import LimitUnit, TimeLimit
from chalicelib.domain.desk import Check
from chalicelib.domain.dossier import Dossier
from chalicelib.domain.ids import AgencyCode, DossierCode, FileId
from chalicelib.domain.interagency import Answer, Outcome
from chalicelib.domain.leg import Leg
from chalicelib.domain.route import is_last
from chalicelib.domain.terms import Channel, LegKind, Role
from chalicelib.ports import CallbackTarget, Change, PaperHandedIn, Upload
from chalicelib.use_cases.answer_callback import Callback, answer_callback
from chalicelib.use_cases.changing import Idempotency, context
from chalicelib.use_cases.decide import Decision, decide
from chalicelib.use_cases.submit_dossier import Submit, Submitted, submit_dossier
from chalicelib.use_cases.supplement_dossier import Supplement, supplement_dossier
from chalicelib.use_cases.withdraw_dossier import Withdraw, withdraw_dossier
from tests.simulator import sample
from tests.simulator.world import Violation, World

HOUR: Final = 3600
DAY: Final = 24 * HOUR
WORK_ROLES = frozenset({Role.DESK, Role.OFFICER, Role.HEAD, Role.LEADER})
SUBJECTS = ("section:person", "section:matter", "paper:id", "paper:proof")
WEBHOOK_AGENCIES = {sample.TAX, sample.POLICE, sample.INSURANCE}


def official(agency: AgencyCode, *roles: Role) -> Actor:
    """Anybody of that agency."""
    return Actor(ActorKind.OFFICIAL, f"OF-{agency}", agency, frozenset(roles) or WORK_ROLES)


def citizen(ref: str) -> Actor:
    return Actor(ActorKind.CITIZEN, ref, None, frozenset({Role.CITIZEN}))


class People:
    """Acts through the use cases only, as a client of the API would."""

    def __init__(self, world: World, *, idle: bool = False) -> None:
        """Idle people do nothing of their own accord."""
        self.world = world
        self.accepted: dict[DossierCode, Submitted] = {}
        self.filed = 0
        self._keys = 0
        self._planned: set[tuple[str, int, int]] = set()
        if not idle:
            world.records.on_commit.append(self._notice)

    def key(self) -> str:
        self._keys += 1
        return f"key-{self._keys}"

    def idempotency(self, body: str) -> Idempotency:
        return Idempotency(self.key(), body)

    # -- filing

    def file(self, procedure: str, owner: str) -> DossierCode | None:
        """One dossier, with its request repeated until it is answered."""
        command = Submit(
            procedure=sample.ProcedureCode(procedure),
            version=1,
            desk=sample.DESK,
            channel=Channel.ONLINE,
            submitter={"number": owner},
            owner={"number": owner},
            answers={"person": {}, "matter": {}},
            papers=tuple(self._upload(paper) for paper in ("id", "proof")),
            key=self.key(),
        )
        actor = citizen(self.world.plain.keys.person_ref(owner))
        self.filed += 1
        answer = self.world.retrying(lambda: submit_dossier(command, actor, self.world.deps))
        if answer is None:
            return None
        self.accepted[answer.code] = answer
        if self.world.chance(0.03):
            self.world.after(self._delay(5 * DAY), lambda: self.withdraw(answer.code, actor))
        code: DossierCode = answer.code
        return code

    def _upload(self, paper: str) -> PaperHandedIn:
        file = PaperHandedIn(paper, FileId(f"F{self.key()}"))
        self.world.files.promise(Upload(file.file, paper, "application/pdf", 1, "", "someone"))
        self.world.files.arrive(file.file)
        return file

    def withdraw(self, code: DossierCode, actor: Actor) -> None:
        dossier = self.now(code)
        command = Withdraw(code, dossier.rev, "", self.idempotency("withdraw"))
        self.world.retrying(lambda: withdraw_dossier(command, actor, self.world.deps))

    # -- whose turn it is

    def _notice(self, change: Change) -> None:
        for leg in change.dossier.running():
            mark = (change.dossier.code, leg.n, leg.clock.epoch)
            if mark not in self._planned:
                self._planned.add(mark)
                self._plan(change.dossier, leg)

    def _plan(self, dossier: Dossier, leg: Leg) -> None:
        code, n = dossier.code, leg.n
        if leg.kind in (LegKind.SUPPLEMENT, LegKind.PAYMENT) and self.world.chance(0.15):
            return  # never answers: it expires
        twice = 2 if self.world.chance(0.05) else 1
        delay = self._delay(max(leg.clock.budget, HOUR))
        for _ in range(twice):  # a double click, or two officials at once
            self.world.after(delay, lambda: self._act(code, n))

    def _delay(self, budget: float) -> float:
        """Mostly well in time, sometimes days late."""
        chance = self.world.random
        if chance.random() < 0.12:
            return chance.uniform(budget, budget * 6)
        return chance.uniform(60, budget)

    def now(self, code: DossierCode) -> Dossier:
        return self.world.records.load(code, context(self.world.plain))

    def _act(self, code: DossierCode, n: int) -> None:
        dossier = self.now(code)
        leg = dossier.leg(n)
        if leg.kind is LegKind.AGENCY and leg.holder in WEBHOOK_AGENCIES:
            return self._call_back(dossier, leg)
        if not leg.is_running:
            return None
        turns: dict[LegKind, Callable[[Dossier, Leg], None]] = {
            LegKind.INTAKE: self._intake,
            LegKind.REVIEW: self._review,
            LegKind.UNIT: self._unit,
            LegKind.SUPPLEMENT: self._supplement,
            LegKind.PAYMENT: self._pay,
            LegKind.RETURN: self._return,
            LegKind.AGENCY: self._unit,
        }
        return turns[leg.kind](dossier, leg)

    def _decide(self, dossier: Dossier, leg: Leg | None, action: str, **given: Any) -> None:
        agency = leg.holder if leg and not leg.is_citizens else dossier.desk
        if leg is not None and action not in ("record_payment", "apologise"):
            given["leg"] = leg.n
        command = Decision(dossier.code, action, dossier.rev, given, self.idempotency(action))
        actor = official(agency)
        answer = self.world.retrying(lambda: decide(command, actor, self.world.deps))
        self._not_refused_though_done(command, answer)
        if answer and self.world.chance(0.05):
            again = replace(command, idempotency=self.idempotency(action))
            second = self.world.retrying(lambda: decide(again, actor, self.world.deps))
            if second:
                raise Violation(f"one winner: {dossier.code} {action} twice on rev {dossier.rev}")
        self._again_later(dossier.code, leg)

    def _not_refused_though_done(self, command: Decision, answer: object) -> None:
        if answer is None and any(
            event.idempotency == str(command.idempotency)
            for event in self.world.records.events(command.dossier)
        ):
            raise Violation(f"refused though carried out: {command}")

    def _again_later(self, code: DossierCode, leg: Leg | None) -> None:
        """Lost a race, or only half done: it is still my turn, so I come back to it."""
        if leg is None:
            return
        now = self.now(code).leg(leg.n)
        if now.is_running and now.clock.epoch == leg.clock.epoch:
            self.world.after(self._delay(8 * HOUR), lambda: self._act(code, leg.n))

    # -- decisions

    def _checks(self) -> dict[str, Check]:
        faulty = self.world.random.choice(SUBJECTS)
        return {
            subject: Check(subject != faulty, "unreadable", "scan it again") for subject in SUBJECTS
        }

    def _intake(self, dossier: Dossier, leg: Leg) -> None:
        roll = self.world.random.random()
        if roll < 0.04:
            self._decide(dossier, leg, "refuse", reason="not ours")
        elif roll < 0.18:
            self._decide(dossier, leg, "request_supplement", checks=self._checks(), reason="ok")
        else:
            self._decide(dossier, leg, "accept")

    def _review(self, dossier: Dossier, leg: Leg) -> None:
        if leg.holder == dossier.desk and self.world.chance(0.6):
            self._decide(dossier, leg, "request_supplement", checks=self._checks(), reason="ok")
        else:
            self._decide(dossier, leg, "hand_over")

    def _unit(self, dossier: Dossier, leg: Leg) -> None:
        roll = self.world.random.random()
        if roll < 0.05:
            self._decide(dossier, leg, "send_back", reason="a page is missing")
        elif roll < 0.07:
            self._decide(dossier, leg, "refuse", reason="no ground")
        elif roll < 0.10 and not leg.received_at:
            self._decide(dossier, leg, "decline_receipt", reason="two pages missing")
        elif roll < 0.14 and not leg.received_at:
            self._decide(dossier, leg, "receive")
        elif roll < 0.17 and leg.kind is LegKind.UNIT:
            days = TimeLimit(2, LimitUnit.WORKING_DAYS)
            self._decide(dossier, leg, "request_agency", agency=sample.TAX, limit=days, reason="?")
        elif roll < 0.20:
            day = TimeLimit(1, LimitUnit.WORKING_DAYS)
            self._decide(dossier, leg, "extend", limit=day, reason="many applicants")
        elif is_last(dossier, leg):
            self._decide(dossier, leg, "complete", result="R-1")
        else:
            self._decide(dossier, leg, "hand_over")

    def _supplement(self, dossier: Dossier, leg: Leg) -> None:
        self.supplement(dossier.code)
        self._again_later(dossier.code, leg)

    def supplement(self, code: DossierCode) -> None:
        """Answer the open slip, wholly."""
        dossier = self.now(code)
        slip = next(leg for leg in dossier.running() if leg.kind is LegKind.SUPPLEMENT)
        answers = {each[8:]: {} for each in slip.asked if each.startswith("section:")}
        papers = tuple(self._upload(each[6:]) for each in slip.asked if each.startswith("paper:"))
        command = Supplement(code, dossier.rev, answers, papers, self.idempotency("supplement"))
        actor = citizen(dossier.owner)
        self.world.retrying(lambda: supplement_dossier(command, actor, self.world.deps))

    def _pay(self, dossier: Dossier, leg: Leg) -> None:
        left = dossier.dues - dossier.paid
        part = left // 2 if self.world.chance(0.2) and left > 1 else left
        self._decide(dossier, leg, "record_payment", amount=part, receipt="B-1")

    def _return(self, dossier: Dossier, leg: Leg) -> None:
        if dossier.paid < dossier.dues:
            self._pay(dossier, leg)
        self._decide(self.now(dossier.code), leg, "return")

    # -- agencies

    def _call_back(self, dossier: Dossier, leg: Leg) -> None:
        heard = any(f".{leg.n}" in id and id.startswith(dossier.code) for _, id, _ in self.world.webhooks.arrived)
        if not heard:
            if leg.is_running:
                self.world.after(HOUR, lambda: self._act(dossier.code, leg.n))
            return
        self.send(dossier, leg, self._answer(leg))

    def _answer(self, leg: Leg) -> Answer:
        roll = self.world.random.random()
        if roll < 0.08 and not leg.asked:
            return Answer(Outcome.INCOMPLETE, "one paper", items=("paper:id",))
        if roll < 0.13:
            return Answer(Outcome.REFUSED, "no ground")
        if roll < 0.2:
            return Answer(Outcome.PROGRESS, "half done")
        amount = 1_500_000 if leg.holder == sample.TAX and leg.code == "tax" else 0
        return Answer(Outcome.COMPLETED, amount=amount, result="R-2")

    def send(self, dossier: Dossier, leg: Leg, answer: Answer) -> None:
        target = CallbackTarget(dossier.code, leg.n, leg.holder)
        name = self.key()
        tries = 0

        def send() -> Any:
            nonlocal tries
            tries += 1
            return answer_callback(
                Callback(target, name, str(tries), answer.outcome, answer), self.world.deps
            )

        self.world.retrying(send)
        if self.world.chance(0.05):
            self.world.retrying(send)  # the agency missed our answer and sends again
        self._again_later(dossier.code, leg)
