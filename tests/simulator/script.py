"""Stories with fixed lines: what the random runs cannot compare, two tellings of one story."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

from chalicelib.domain.desk import Check
from chalicelib.domain.ids import DossierCode
from chalicelib.domain.interagency import Answer, Outcome
from chalicelib.domain.leg import Leg
from chalicelib.domain.terms import LegKind
from chalicelib.use_cases.decide import Decision, decide
from tests.simulator.check import Checker
from tests.simulator.faults import NO_FAULTS
from tests.simulator.officials import ONE_DAY, Agencies
from tests.simulator.people import SUBJECTS, People, citizen, official
from tests.simulator.world import World, horizon

FAULTY = "paper:proof"


@dataclass
class Story:
    """One dossier, told step by step; every step is repeated until it is answered."""

    world: World
    people: People = field(init=False)
    code: DossierCode = field(init=False)

    def __post_init__(self) -> None:
        self.people = People(self.world, idle=True)
        self.agencies = Agencies(self.people)
        self.checker = Checker(self.world, self.people, self.agencies)

    def standstill(self, **by: float) -> None:
        """From now on the workers stand still for so long; time does not pass by this."""
        now = self.world.clock.now()
        self.world.outage = (now.timestamp(), (now + timedelta(**by)).timestamp())

    def later(self, **by: float) -> None:
        """Time passes."""
        self.world.run(self.world.clock.now() + timedelta(**by))

    def submits(self, procedure: str, matter: Mapping[str, Any] | None = None) -> None:
        code = self.people.file(procedure, "066090000001", matter)
        assert code is not None
        self.code = code

    def decides(self, action: str, kind: LegKind | None = None, **given: Any) -> None:
        dossier = self.people.now(self.code)
        leg = next((leg for leg in dossier.running() if leg.kind is kind), None)
        holder = leg.holder if leg and not leg.is_citizens else dossier.desk
        if leg and action != "record_payment":
            given["leg"] = leg.n
        key = self.people.idempotency(action)
        command = Decision(self.code, action, dossier.rev, given, key)
        request = partial(decide, command, official(holder), self.world.deps)
        assert self.people.ask(self.code, key, request), f"{action} was refused"

    def supplements(self) -> None:
        self.people.supplement(self.code)

    def withdraws(self) -> None:
        owner = self.people.now(self.code).owner
        self.people.withdraw(self.code, citizen(owner))

    def agencys_leg(self) -> Leg:
        """The first that runs."""
        legs = self.people.now(self.code).running()
        return next(leg for leg in legs if leg.kind is LegKind.AGENCY)

    def agency_answers(self, answer: Answer, leg: Leg | None = None) -> None:
        """For the first leg that runs, or for this one."""
        self.agencies.send(self.code, (leg or self.agencys_leg()).n, answer)

    def ends(self) -> Mapping[str, Any]:
        """Let it come to rest; what is on record, without times, hashes and the serial.

        A serial taken by a process that died is a gap, and gaps are allowed.
        """
        self.world.run(horizon(400))
        self.checker.at_the_end()
        stored = self.world.records.stored[self.code]
        return {
            "events": [
                (e.type, e.actor, e.leg, e.status, e.stage, e.holders, _timeless(e.data))
                for e in stored.events
                if e.type != "generation_started"  # whenever the reconciler came by
            ],
            "generation": stored.dossier.generation,
            "deliveries": sorted(self._nameless(name) for name in self.world.outbox.all),
            "heard": sorted({self._nameless(name) for _, name, _ in self.world.webhooks.arrived}),
            "paid": stored.dossier.paid,
            "forms": len(stored.forms),
            "running": [run.name for run in self.world.machine.executions.values() if run.running],
        }

    def _nameless(self, delivery: str) -> str:
        return delivery.replace(self.code, "D")


def _timeless(data: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in data.items() if not key.endswith("_at")}


def land(story: Story) -> None:
    """Two departments' legs, the tax office, a payment, a late appraisal."""
    story.submits("land")
    story.later(hours=2)
    story.decides("accept", LegKind.INTAKE)
    story.later(days=6)  # three working days are allowed: warned, escalated
    story.decides("hand_over", LegKind.UNIT)
    story.later(hours=3)
    story.agency_answers(Answer(Outcome.COMPLETED, amount=1_500_000))
    story.later(days=2)
    story.decides("record_payment", LegKind.PAYMENT, amount=1_500_000, receipt="B-1")
    story.later(hours=5)
    story.decides("complete", LegKind.UNIT, result=story.people.result())
    story.later(hours=1)
    story.decides("return", LegKind.RETURN)


def supplemented(story: Story) -> None:
    """One slip at the desk, answered after a reminder; sent back later, over to a listed item."""
    story.submits("two-units")
    story.later(hours=1)
    checks = people_checks()
    story.decides("request_supplement", LegKind.INTAKE, checks=checks)
    story.later(days=16)
    story.supplements()
    story.later(hours=2)
    story.decides("accept", LegKind.INTAKE)
    story.later(hours=2)
    story.decides("send_back", LegKind.UNIT, reason="still unreadable")
    story.later(hours=1)
    story.decides("request_supplement", LegKind.REVIEW, checks=checks)
    story.later(days=1)
    story.supplements()
    story.later(hours=1)
    story.decides("hand_over", LegKind.UNIT)
    story.later(hours=1)
    story.decides("complete", LegKind.UNIT, result=story.people.result())
    story.later(hours=1)
    story.decides("record_payment", LegKind.RETURN, amount=10_000, receipt="B-2")
    story.decides("return", LegKind.RETURN)


def withdrawn(story: Story) -> None:
    """Withdrawn while two agencies have it; one answers too late."""
    story.submits("birth")
    story.later(hours=1)
    story.decides("accept", LegKind.INTAKE)
    story.later(hours=1)
    story.decides("hand_over", LegKind.UNIT)
    story.later(hours=1)
    leg = story.agencys_leg()
    story.withdraws()
    story.later(hours=1)
    story.agency_answers(Answer(Outcome.COMPLETED, result="R-9"), leg)


def late(story: Story) -> None:
    """Warned, extended, warned again; an apology whose new date comes before anything else."""
    story.submits("same-day")
    story.later(hours=1)
    story.decides("accept", LegKind.INTAKE)
    story.later(hours=8)  # 75 % of the day are over
    story.decides("extend", LegKind.UNIT, limit=ONE_DAY, reason="many applicants")
    story.later(days=3)
    new = story.world.clock.now() + timedelta(hours=20)
    unit = story.people.now(story.code).legs[-1].holder
    story.decides("apologise", promised_at=new, unit=unit, reason="late")
    story.later(days=1)
    story.decides("complete", LegKind.UNIT, result=story.people.result())
    story.later(hours=1)
    story.decides("return", LegKind.RETURN)


def standstill(story: Story) -> None:
    """Everything stands still for days: then the milestones of two clocks pass in one go."""
    story.submits("two-units")
    story.later(hours=1)
    story.decides("accept", LegKind.INTAKE)
    story.later(hours=1)
    story.standstill(days=11)
    story.later(days=12)
    story.decides("hand_over", LegKind.UNIT)
    story.later(hours=1)
    story.decides("complete", LegKind.UNIT, result=story.people.result())
    story.later(hours=1)
    story.decides("record_payment", LegKind.RETURN, amount=10_000, receipt="B-3")
    story.decides("return", LegKind.RETURN)


def branching(story: Story) -> None:
    """What the answers chose, kept through every load: a branch, a limit, half of a fee."""
    story.submits("branching", {"visit": True, "area": 80})
    story.later(hours=1)
    story.decides("request_supplement", LegKind.INTAKE, checks=people_checks())
    story.later(days=1)
    story.supplements()
    story.later(hours=1)
    story.decides("accept", LegKind.INTAKE)
    story.later(hours=1)
    story.decides("hand_over", LegKind.UNIT)
    story.later(hours=1)
    story.decides("complete", LegKind.UNIT, result=story.people.result())
    story.later(hours=1)
    story.decides("record_payment", LegKind.RETURN, amount=20_000, receipt="B-4")
    story.decides("return", LegKind.RETURN)


def people_checks() -> dict[str, Any]:
    """Everything marked, one paper faulty."""
    return {each: Check(each != FAULTY, "unreadable", "scan it again") for each in SUBJECTS}


STORIES: dict[str, Callable[[Story], None]] = {
    "land": land,
    "supplemented": supplemented,
    "withdrawn": withdrawn,
    "late": late,
    "standstill": standstill,
    "branching": branching,
}


def tell(name: str, die_at: int = 0) -> tuple[Mapping[str, Any], int]:
    """Tell a story, dying once at a point if told so; how it ended, and how many points it has."""
    world = World(1, NO_FAULTS)
    world.deaths = {die_at}
    story = Story(world)
    STORIES[name](story)
    return story.ends(), world.calls
