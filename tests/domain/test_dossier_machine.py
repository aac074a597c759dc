"""Random people decide at random times: whatever they do, the rules of `invariants` hold."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from chalicelib.domain import citizen, desk, unit
from chalicelib.domain.actor import Actor
from chalicelib.domain.conditions import Answers
from chalicelib.domain.dossier import Dossier
from chalicelib.domain.errors import Error
from chalicelib.domain.ids import OfficerId
from chalicelib.domain.interagency import Answer, Outcome, answer
from chalicelib.domain.leg import Leg
from chalicelib.domain.terms import Channel, LegKind, Role
from tests.domain.builders import (
    BIRTH,
    CITIZEN_OWNER,
    COMMUNE,
    CONDITIONAL,
    DESK,
    LAND_TRANSFER,
    ONE_UNIT,
    SIDE_BY_SIDE,
    STRANGER,
    SUBJECTS,
    TAX,
    TWO_UNITS,
    days,
    machine,
    marks,
    official,
)
from tests.domain.invariants import require_all, require_rev, require_wake
from tests.domain.story import Story, accept

WORK: Final = (Role.DESK, Role.OFFICER, Role.HEAD, Role.LEADER)
VERSIONS: Final = {  # by name, which reads better in a failing run
    "one unit": ONE_UNIT,
    "two units": TWO_UNITS,
    "land transfer": LAND_TRANSFER,
    "birth": BIRTH,
    "side by side": SIDE_BY_SIDE,
    "conditional": CONDITIONAL,
}
ANSWERS: Final = st.fixed_dictionaries(
    {
        "matter": st.fixed_dictionaries({"check": st.booleans()}),
        "person": st.fixed_dictionaries({"age": st.sampled_from([59, 60])}),
    }
)
FAULTY: Final = st.lists(st.sampled_from(SUBJECTS), min_size=1, max_size=2, unique=True)
MINUTES: Final = st.one_of(st.integers(0, 600), st.integers(0, 20_000))
NUMBERS: Final = st.integers(0, 11)

# Decisions that need no more than a person and, mostly, a leg.
SIMPLE: Final[dict[str, tuple[Callable[..., None], dict[str, Any]]]] = {
    "accept": (accept, {}),
    "refuse at intake": (desk.refuse, {"reason": "x"}),
    "receive": (unit.receive, {}),
    "decline": (unit.decline_receipt, {"reason": "x"}),
    "assign": (unit.assign, {"officer": OfficerId("an")}),
    "hand over": (unit.hand_over, {}),
    "complete": (unit.complete, {"result": "R-1"}),
    "refuse": (unit.refuse, {"reason": "x"}),
    "send back": (unit.send_back, {"reason": "x"}),
    "extend": (unit.extend, {"limit": days(1), "reason": "x"}),
    "ask tax": (unit.request_agency, {"agency": TAX, "limit": days(2), "reason": "?"}),
    "return": (desk.return_result, {}),
}
# Mostly what fits the leg, and more often what leads on, so that dossiers get far.
FITTING: Final[dict[LegKind, tuple[str, ...]]] = {
    LegKind.INTAKE: ("accept", "accept", "assign", "refuse at intake"),
    LegKind.REVIEW: ("hand over", "receive", "send back"),
    LegKind.UNIT: (
        *("hand over", "complete", "hand over", "complete", "receive", "send back"),
        *("decline", "ask tax", "extend", "assign", "refuse"),
    ),
    LegKind.AGENCY: ("complete", "hand over", "send back", "decline", "extend"),
    LegKind.RETURN: ("return", "assign"),
}


class DossierMachine(RuleBasedStateMachine):
    """One dossier; every rule is one decision, made or refused."""

    story: Story

    @initialize(
        version=st.sampled_from(list(VERSIONS)),
        channel=st.sampled_from(Channel),
        minutes=st.integers(0, 2_000),
        taken_in=st.sampled_from([True, True, False]),
        answers=ANSWERS,
    )
    def submit(
        self, version: str, channel: Channel, minutes: int, *, taken_in: bool, answers: Answers
    ) -> None:
        self.story = Story(VERSIONS[version], channel=channel, answers=answers)
        self.decided_at = self.story.now
        if taken_in:
            with self._decision(minutes):
                self.story.do(accept, official(DESK, Role.DESK))

    @contextmanager
    def _decision(self, minutes: int) -> Iterator[None]:
        """After some time; if it is refused, nothing has changed."""
        story = self.story
        story.wait(minutes=minutes)
        rev, count, kept = story.dossier.rev, len(story.events), story.loaded()
        try:
            yield
        except Error:
            assert story.loaded() == kept
            assert len(story.events) == count
            return
        self.decided_at = story.now
        events = story.events[count:]
        require_rev(rev, story.dossier.rev, events)
        assert all(event.at == story.now for event in events)

    def _leg(self, number: int) -> int | None:
        """A leg's number, a running one's mostly; sometimes none is named."""
        running, count = self.story.running(), len(self.story.dossier.legs)
        if number < 8 and running:
            return running[number % len(running)]
        return None if number == 8 else number % count + 1

    def _holder(self, leg: int | None, number: int) -> Actor:
        """Somebody of the leg's holder; sometimes a stranger to it."""
        if number == 7:
            return official(TAX, *WORK)
        if number == 8:
            return official(COMMUNE, Role.LEADER)
        return official(self.story.leg(leg).holder if leg else DESK, *WORK)

    def _name(self, leg: int | None, choice: int) -> str:
        """A decision that fits the leg, mostly."""
        fitting = FITTING.get(self.story.leg(leg).kind, ()) if leg else ()
        names = fitting if choice % 5 and fitting else tuple(SIMPLE)
        return names[choice % len(names)]

    @rule(choice=st.integers(0, 999), number=NUMBERS, who=NUMBERS, minutes=MINUTES)
    def decide(self, choice: int, number: int, who: int, minutes: int) -> None:
        leg = self._leg(number)
        decision, given = SIMPLE[self._name(leg, choice)]
        with self._decision(minutes):
            self.story.do(decision, self._holder(leg, who), leg=leg, **given)

    def _running(self, *kinds: LegKind) -> list[Leg]:
        return [leg for leg in self.story.dossier.running() if leg.kind in kinds]

    @precondition(lambda self: self._running(LegKind.INTAKE, LegKind.REVIEW))
    @rule(faulty=FAULTY, minutes=MINUTES, chair=st.booleans())
    def ask_for_a_supplement(self, faulty: list[str], minutes: int, *, chair: bool) -> None:
        actor = official(COMMUNE if chair else DESK, *WORK)
        leg = self._running(LegKind.INTAKE, LegKind.REVIEW)[-1].n
        more = {"checks": marks(*faulty), "reason": "x" if chair else "", "leg": leg}
        with self._decision(minutes):
            self.story.do(desk.request_supplement, actor, **more)

    @precondition(lambda self: self._running(LegKind.SUPPLEMENT))
    @rule(
        minutes=MINUTES,
        who=st.sampled_from([CITIZEN_OWNER, CITIZEN_OWNER, STRANGER]),
        answers=ANSWERS,
    )
    def supplement(self, minutes: int, who: Actor, answers: Answers) -> None:
        asked = self._running(LegKind.SUPPLEMENT)[0].asked
        with self._decision(minutes):
            self.story.do(citizen.supplement, who, subjects=asked, answers=answers)

    @rule(number=NUMBERS, given=st.sampled_from(Outcome), minutes=MINUTES, amount=st.integers(0, 9))
    def call_back(self, number: int, given: Outcome, minutes: int, amount: int) -> None:
        legs = [leg.n for leg in self.story.dossier.legs if leg.kind is LegKind.AGENCY]
        if not legs:
            return
        n = legs[number % len(legs)]
        said = Answer(given, "x", ("paper:id",), amount if given is Outcome.COMPLETED else 0, "R-2")

        def call_back(dossier: Dossier) -> None:
            answer(dossier, machine(dossier.leg(n).holder), dossier.leg(n), said)

        with self._decision(minutes):
            self.story.do(call_back)

    @precondition(lambda self: self.story.dossier.dues > self.story.dossier.paid)
    @rule(amount=st.integers(0, 20_000), whole=st.booleans(), minutes=MINUTES)
    def pay(self, amount: int, minutes: int, *, whole: bool) -> None:
        left = self.story.dossier.dues - self.story.dossier.paid
        with self._decision(minutes):
            self.story.do(
                desk.record_payment,
                official(DESK, Role.DESK),
                amount=left if whole else amount,
                receipt="B-1",
            )

    @rule(ahead=st.integers(-1, 10_000), minutes=MINUTES)
    def apologise(self, ahead: int, minutes: int) -> None:
        with self._decision(minutes):
            now = self.story.now
            promised = self.story.wait(minutes=ahead).now
            self.story.until(now).do(
                desk.apologise,
                official(DESK, Role.DESK),
                reason="x",
                promised_at=promised,
                unit=DESK,
            )

    @rule(number=NUMBERS, minutes=MINUTES)
    def withdraw(self, number: int, minutes: int) -> None:
        if number not in (6, 7):  # rarely, or no dossier would get far
            return
        with self._decision(minutes):
            self.story.do(citizen.withdraw, CITIZEN_OWNER if number == 6 else STRANGER)

    @precondition(lambda self: self.story.dossier.wake_at is not None)
    @rule()
    def the_timer_fires(self) -> None:
        wake = self.story.dossier.wake_at
        assert wake
        self.story.until(max(wake, self.story.now))
        with self._decision(0):
            self.story.wake()

    @rule(minutes=MINUTES)
    def a_timer_fires_at_any_time(self, minutes: int) -> None:
        with self._decision(minutes):
            self.story.wake()

    @invariant()
    def the_rules_hold(self) -> None:
        require_all(self.story)
        require_wake(self.story, self.decided_at)


TestDossier = DossierMachine.TestCase
TestDossier.settings = settings(
    max_examples=150,
    stateful_step_count=35,
    derandomize=True,  # the same runs each time: a red build is red for everybody
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
