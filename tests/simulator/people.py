"""The people of the simulated province, each acting some time after their turn came.

They act through the use cases only, as a client of the API would, and they complain: a request
refused though it was carried out, or carried out twice, is a violation.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

from chalicelib.domain.actor import Actor, ActorKind
from chalicelib.domain.dossier import Dossier
from chalicelib.domain.ids import AgencyCode, DossierCode, FileId, PersonRef, ProcedureCode
from chalicelib.domain.leg import Leg
from chalicelib.domain.terms import Channel, LegKind, Role
from chalicelib.ports import Change, PaperHandedIn, Upload
from chalicelib.use_cases.changing import Idempotency
from chalicelib.use_cases.submit_dossier import Submit, Submitted, submit_dossier
from chalicelib.use_cases.supplement_dossier import Supplement, supplement_dossier
from chalicelib.use_cases.withdraw_dossier import Withdraw, withdraw_dossier
from tests.simulator import sample
from tests.simulator.world import DAY, Violation, World

if TYPE_CHECKING:
    from chalicelib.domain.event import Event

HOUR: Final = 3600  # seconds
WORK_ROLES: Final = frozenset({Role.DESK, Role.OFFICER, Role.HEAD, Role.LEADER})
SUBJECTS: Final = ("section:person", "section:matter", "paper:id", "paper:proof")
WEBHOOK_AGENCIES: Final = frozenset({sample.TAX, sample.POLICE, sample.INSURANCE})
Answer = TypeVar("Answer")


def official(agency: AgencyCode, *roles: Role) -> Actor:
    """Anybody of that agency."""
    return Actor(ActorKind.OFFICIAL, f"OF-{agency}", agency, frozenset(roles) or WORK_ROLES)


def citizen(ref: str) -> Actor:
    return Actor(ActorKind.CITIZEN, ref, None, frozenset({Role.CITIZEN}))


class People:
    """Citizens, and whose turn it is. Idle people do nothing of their own accord."""

    def __init__(self, world: World, *, idle: bool = False) -> None:
        self.world = world
        self.idle = idle
        self.accepted: dict[DossierCode, Submitted] = {}
        self.filed: Counter[PersonRef] = Counter()  # requests to file, by owner
        self.stored: Counter[PersonRef] = Counter()  # dossiers on record, by owner
        self._keys = 0
        self._planned: set[tuple[str, int, int]] = set()
        self.turn: Callable[[DossierCode, int], None] = lambda _code, _n: None
        self.heard: Callable[[Event], None] = lambda _event: None
        world.records.on_commit.append(self._notice)

    def key(self) -> str:
        self._keys += 1
        return f"key-{self._keys}"

    def idempotency(self, body: str) -> Idempotency:
        return Idempotency(self.key(), body)

    def now(self, code: DossierCode) -> Dossier:
        """The dossier as it is stored; a snapshot, not to be changed."""
        return self.world.records.stored[code].dossier

    # -- filing

    def file(
        self, procedure: str, owner: str, matter: Mapping[str, Any] | None = None
    ) -> DossierCode | None:
        """One dossier, with its request repeated until it is answered."""
        person = self.world.plain.keys.person_ref(owner)
        command = self._filled_in(procedure, owner, matter or {})
        self.filed[person] += 1
        send = partial(submit_dossier, command, citizen(person), self.world.deps)
        answer: Submitted | None = self.world.retrying(send)
        if answer is None:
            if self.stored[person]:
                raise Violation(f"refused though stored: {owner}")
            return None
        self.accepted[answer.code] = answer
        if not self.idle:
            self._afterwards(answer.code, person, send)
        return answer.code

    def _filled_in(self, procedure: str, owner: str, matter: Mapping[str, Any]) -> Submit:
        return Submit(
            procedure=ProcedureCode(procedure),
            version=1,
            desk=sample.DESK,
            channel=Channel.ONLINE,
            submitter={"number": owner},
            owner={"number": owner},
            answers={"person": {}, "matter": matter},
            papers=tuple(self.upload(paper) for paper in ("id", "proof")),
            key=self.key(),
        )

    def _afterwards(self, code: DossierCode, person: str, send: Callable[[], Submitted]) -> None:
        """The answer may be missed and the request repeated; the dossier may be withdrawn."""
        if self.world.chance(0.05):
            again = self.world.retrying(send)
            if again is None or again.code != code:
                raise Violation(f"a repeated request is answered as the first: {code}, {again}")
        if self.world.chance(0.05):
            act = partial(self.withdraw, code, citizen(person))
            self.world.after(self.delay(5 * DAY), act, code)

    def upload(self, paper: str) -> PaperHandedIn:
        """A file in the store; mostly its arrival has been noticed."""
        file = FileId(f"F{self.key()}")
        self.world.files.promise(Upload(file, paper, "application/pdf", 1, "", "someone"))
        self.world.files.arrive(file)
        if not self.world.chance(self.world.faults.unnoticed):
            self.world.files.confirm(file)
        return PaperHandedIn(paper, file)

    def result(self) -> FileId:
        """The file of a result."""
        return self.upload("result").file

    # -- requests about a dossier

    def ask(
        self, code: DossierCode, idempotency: Idempotency, request: Callable[[], Answer]
    ) -> Answer | None:
        """Repeat a request until it is answered; None when it is refused, and then not done."""
        answer: Answer | None = self.world.retrying(request)
        if answer is None and any(
            event.idempotency == str(idempotency) for event in self.world.records.events(code)
        ):
            raise Violation(f"refused though carried out: {code} {idempotency}")
        missed = answer is not None and not self.idle and self.world.chance(0.03)
        if missed and self.world.retrying(request) is None:
            raise Violation(f"a repeated request is answered as the first: {code}")
        return answer

    def withdraw(self, code: DossierCode, actor: Actor) -> None:
        name = self.idempotency("withdraw")
        command = Withdraw(code, self.now(code).rev, "", name)
        self.ask(code, name, partial(withdraw_dossier, command, actor, self.world.deps))

    def supplement(self, code: DossierCode) -> None:
        """Answer the open slip, wholly."""
        dossier = self.now(code)
        slip = next(leg for leg in dossier.running() if leg.kind is LegKind.SUPPLEMENT)
        sections = [each[8:] for each in slip.asked if each.startswith("section:")]
        answers: dict[str, Any] = {section: {} for section in sections}
        papers = tuple(self.upload(each[6:]) for each in slip.asked if each.startswith("paper:"))
        name = self.idempotency("supplement")
        command = Supplement(code, dossier.rev, answers, papers, name)
        actor = citizen(dossier.owner)
        self.ask(code, name, partial(supplement_dossier, command, actor, self.world.deps))

    # -- whose turn it is

    def _notice(self, change: Change) -> None:
        dossier = change.dossier
        if dossier.ev == len(change.events):
            self.stored[dossier.owner] += 1
        if self.idle:
            return
        for leg in dossier.running():
            mark = (dossier.code, leg.n, leg.clock.epoch)
            if mark not in self._planned:
                self._planned.add(mark)
                self._plan(dossier, leg)
        for event in change.events:
            self.heard(event)

    def _plan(self, dossier: Dossier, leg: Leg) -> None:
        if leg.is_citizens and self.world.chance(0.15):
            return  # never answers: it expires
        act = partial(self.turn, dossier.code, leg.n)
        delay = self.delay(max(leg.clock.budget, HOUR))
        if self.world.chance(0.05) and dossier.wake_at:  # in the second the timer fires
            delay = max((dossier.wake_at - self.world.clock.now()).total_seconds(), 0)
        for _ in range(2 if self.world.chance(0.05) else 1):  # a double click, or two officials
            self.world.after(delay, act, dossier.code)

    def come_back(self, code: DossierCode, leg: Leg) -> None:
        """Lost a race, or only half done: it is still my turn, so I come back to it."""
        now = self.now(code).leg(leg.n)
        if now.is_running and now.clock.epoch == leg.clock.epoch and not self.idle:
            self.world.after(self.delay(8 * HOUR), partial(self.turn, code, leg.n), code)

    def delay(self, budget: float) -> float:
        """Mostly well in time, sometimes days late."""
        chance = self.world.random
        if chance.random() < 0.12:
            return chance.uniform(budget, budget * 6)
        return chance.uniform(60, budget)
