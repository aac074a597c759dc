"""Hypothesis tells stories of its own: whoever's turn it is, agencies, time, deaths, messages.

The rules that must hold are the checker's, at every commit, every token and at the end. Where one
is broken, the shortest story that breaks it is printed.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import wraps
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from chalicelib.domain.dossier import Dossier
from chalicelib.domain.ids import DossierCode
from chalicelib.domain.interagency import Answer, Outcome
from chalicelib.domain.leg import Leg
from chalicelib.domain.route import is_last
from chalicelib.domain.terms import LegKind
from chalicelib.use_cases.reconcile import reconcile
from tests.simulator import sample
from tests.simulator.check import Checker
from tests.simulator.faults import Faults
from tests.simulator.officials import ONE_DAY, TWO_DAYS, Officials
from tests.simulator.people import People, citizen
from tests.simulator.script import people_checks
from tests.simulator.world import PROCEDURES, Violation, World, horizon

# Races, and nothing else of its own accord. Until the story loses something all must be prompt.
PROMPT = Faults(0, 0, 0, 0, 0, 0, 0, race=0.3, unnoticed=0.2, outage=0)
LOSING = replace(PROMPT, lose=1e-12)
MOST_DOSSIERS = 3
MOST_DAYS = 300  # until everything has come to rest
ANSWERS = st.sampled_from(
    [
        Answer(Outcome.COMPLETED, amount=0),
        Answer(Outcome.COMPLETED, amount=50_000),
        Answer(Outcome.INCOMPLETE, "one paper", items=("paper:id",)),
        Answer(Outcome.REFUSED, "no ground"),
        Answer(Outcome.PROGRESS, "half done"),
    ]
)
OF_UNITS = ("go on", "send_back", "refuse", "decline_receipt", "receive", "extend", "ask")


def judged(step: Callable[..., None]) -> Callable[..., None]:
    """A violation as an ordinary failure, so that Hypothesis looks for a shorter story."""

    @wraps(step)
    def told(*args: Any, **given: Any) -> None:
        try:
            step(*args, **given)
        except Violation as violation:
            raise AssertionError(str(violation)) from None

    return told


class Province(RuleBasedStateMachine):
    """A province of up to three dossiers."""

    @initialize(seed=st.integers(0, 9), steps=st.integers(0, 3))
    @judged
    def begins(self, seed: int, steps: int) -> None:
        """With one dossier, some steps along its way."""
        self.world = World(seed, PROMPT)
        self.people = People(self.world, idle=True)
        self.officials = Officials(self.people)
        self.checker = Checker(self.world, self.people, self.officials.agencies)
        self.seen: Dossier | None = None
        self._submit(seed % len(PROCEDURES))
        for _ in range(steps):
            self.world.run(self.world.clock.now() + timedelta(hours=1))
            for dossier in self._open():
                for leg in list(dossier.running())[:1]:
                    going = {LegKind.INTAKE: "accept", LegKind.UNIT: "go on"}
                    if leg.kind in going:
                        self._decide(dossier, leg, going[leg.kind])

    def _submit(self, which: int) -> None:
        self.people.file(PROCEDURES[which].code, f"06609000{len(self._all()):04d}")

    def _codes(self) -> list[DossierCode]:
        """Of those not ended, for a story that can be read."""
        return [dossier.code for dossier in self._open()]

    def _all(self) -> list[Dossier]:
        return [stored.dossier for stored in self.world.records.stored.values()]

    def _open(self) -> list[Dossier]:
        return [dossier for dossier in self._all() if not dossier.is_closed]

    @precondition(lambda self: len(self._all()) < MOST_DOSSIERS)
    @rule(which=st.integers(0, len(PROCEDURES) - 1))
    @judged
    def submit(self, which: int) -> None:
        self._submit(which)

    @precondition(lambda self: self._open())
    @rule(data=st.data())
    @judged
    def decide(self, data: st.DataObject) -> None:
        dossier = self.people.now(data.draw(st.sampled_from(self._codes()), "dossier"))
        numbers = [leg.n for leg in dossier.running()]
        leg = dossier.leg(data.draw(st.sampled_from(numbers), "leg"))
        turns: dict[LegKind, tuple[str, ...]] = {
            LegKind.INTAKE: ("accept", "accept", "refuse", "request_supplement"),
            LegKind.REVIEW: ("hand_over", "request_supplement"),
            LegKind.UNIT: OF_UNITS,
            LegKind.RETURN: ("return",),
        }
        if leg.kind is LegKind.SUPPLEMENT:
            self.people.supplement(dossier.code)
        elif leg.kind is LegKind.PAYMENT:
            self._pay(dossier, leg)
        elif leg.kind in turns:
            self._decide(dossier, leg, data.draw(st.sampled_from(turns[leg.kind]), "action"))

    def _pay(self, dossier: Dossier, leg: Leg) -> None:
        left = dossier.dues - dossier.paid
        self.officials.decide(dossier, leg, "record_payment", amount=left, receipt="B-1")

    def _decide(self, dossier: Dossier, leg: Leg, action: str) -> None:
        given: dict[str, dict[str, Any]] = {
            "request_supplement": {"checks": people_checks(), "reason": "ok"},
            "extend": {"limit": ONE_DAY, "reason": "many applicants"},
            "request_agency": {"agency": sample.TAX, "limit": TWO_DAYS, "reason": "?"},
            "complete": {"result": self.people.result()},
        }
        if action == "ask":
            action = "request_agency"
        elif action == "go on":
            action = "complete" if is_last(dossier, leg) else "hand_over"
        elif action == "return" and dossier.paid < dossier.dues:
            return self._pay(dossier, leg)
        reason = {"reason": "no"} if action in ("refuse", "send_back", "decline_receipt") else {}
        return self.officials.decide(dossier, leg, action, **given.get(action, reason))

    @precondition(lambda self: self._open())
    @rule(data=st.data())
    def look(self, data: st.DataObject) -> None:
        """Somebody opens a dossier and goes for lunch."""
        self.seen = self.people.now(data.draw(st.sampled_from(self._codes()), "dossier"))

    @precondition(lambda self: self.seen and self.people.now(self.seen.code).rev > self.seen.rev)
    @rule(action=st.sampled_from(["hand_over", "accept", "go on", "send_back"]))
    @judged
    def decide_on_what_was(self, action: str) -> None:
        """Nobody decides on a state that they have not seen."""
        assert self.seen
        rev = self.people.now(self.seen.code).rev
        self._decide(self.seen, next(iter(self.seen.running())), action)
        assert self.people.now(self.seen.code).rev == rev

    @precondition(lambda self: any(leg.kind == "agency" for d in self._all() for leg in d.legs))
    @rule(data=st.data(), answer=ANSWERS)
    @judged
    def callback(self, data: st.DataObject, answer: Answer) -> None:
        """In time or too late."""
        legs = [(d.code, leg.n) for d in self._all() for leg in d.legs if leg.kind == "agency"]
        self.officials.agencies.send(*data.draw(st.sampled_from(legs), "leg"), answer)

    @precondition(lambda self: self._open())
    @rule(data=st.data())
    @judged
    def withdraw(self, data: st.DataObject) -> None:
        dossier = self.people.now(data.draw(st.sampled_from(self._codes()), "dossier"))
        self.people.withdraw(dossier.code, citizen(dossier.owner))

    @precondition(lambda self: any(d.accepted_at for d in self._open()))
    @rule(hours=st.sampled_from([1, 24, 120]), data=st.data())
    @judged
    def apologise(self, hours: int, data: st.DataObject) -> None:
        accepted = [dossier.code for dossier in self._open() if dossier.accepted_at]
        dossier = self.people.now(data.draw(st.sampled_from(accepted), "dossier"))
        new = self.world.clock.now() + timedelta(hours=hours)
        given = {"promised_at": new, "unit": dossier.legs[1].holder, "reason": "late"}
        self.officials.decide(dossier, None, "apologise", **given)

    @rule(hours=st.sampled_from([0.001, 1, 6, 24, 24 * 8, 24 * 31]))
    @judged
    def time_passes(self, hours: float) -> None:
        self.world.run(self.world.clock.now() + timedelta(hours=hours))

    @rule(calls=st.integers(1, 12))
    def will_die(self, calls: int) -> None:
        """At one of the next calls."""
        self.world.faults = LOSING
        self.world.deaths = {self.world.calls + calls}

    @rule(copies=st.sampled_from([0, 0, 2, 3]))
    def next_message(self, copies: int) -> None:
        """Is lost or comes several times."""
        self.world.faults = self.world.faults if copies else LOSING
        self.world.fates.append(copies)

    @precondition(lambda self: self._open())
    @rule(data=st.data())
    def vanish(self, data: st.DataObject) -> None:
        """An execution is lost."""
        self.world.faults = LOSING
        dossier = self.people.now(data.draw(st.sampled_from(self._codes()), "dossier"))
        name = f"{dossier.code}.g{dossier.generation}"
        if name in self.world.machine.executions:
            self.world.machine.vanish(name)

    @rule(everything=st.booleans())
    @judged
    def reconciles(self, everything: bool) -> None:  # noqa: FBT001 - drawn by Hypothesis
        self.world.guard(lambda: reconcile(self.world.deps, everything=everything))

    @judged
    def teardown(self) -> None:
        """Everybody does the work that is left; then all must be accounted for."""
        if not hasattr(self, "checker"):
            return
        for _ in range(MOST_DAYS):
            waiting = [(d.code, leg.n) for d in self._open() for leg in d.running()]
            if not waiting:
                break
            for code, n in waiting:
                self.officials.act(code, n)
            self.world.run(self.world.clock.now() + timedelta(days=1))
        self.world.run(horizon(1200))
        self.checker.at_the_end()


TestProvince = Province.TestCase
TestProvince.__doc__ = "No order of decisions, deaths and messages breaks a rule."
TestProvince.settings = settings(
    max_examples=200,
    stateful_step_count=25,
    deadline=None,
    derandomize=True,
    report_multiple_bugs=False,
    database=None,
    suppress_health_check=list(HealthCheck),
)
