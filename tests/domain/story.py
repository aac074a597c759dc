"""The story of one dossier, told decision by decision."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib.domain import desk
from chalicelib.domain.actor import Actor
from chalicelib.domain.citizen import Filing, submit
from chalicelib.domain.conditions import Answers
from chalicelib.domain.directory import Directory
from chalicelib.domain.dossier import Context, Dossier
from chalicelib.domain.errors import Error
from chalicelib.domain.event import GENESIS, Event
from chalicelib.domain.ids import DossierCode
from chalicelib.domain.interagency import Answer, Outcome, answer
from chalicelib.domain.leg import Leg
from chalicelib.domain.milestones import claim_passed, next_wake
from chalicelib.domain.procedure import ProcedureVersion
from chalicelib.domain.terms import Channel
from tests.domain.builders import (
    CITIZEN_OWNER,
    CLERK,
    DESK,
    MONDAY,
    ONE_UNIT,
    OWNER,
    SUBMITTER,
    at,
    directory,
    machine,
)

NUMBER = 7  # in the register


def accept(dossier: Dossier, actor: Actor, leg: int | None = None) -> None:
    """Enter it under a number of the register, as the use case does."""
    desk.accept(dossier, actor, number=NUMBER, leg=leg)


class Story:
    """One dossier, loaded before each decision and stored after it, as the adapters do."""

    def __init__(
        self,
        version: ProcedureVersion = ONE_UNIT,
        *,
        channel: Channel = Channel.ONLINE,
        who: Directory | None = None,
        now: datetime = MONDAY,
        answers: Answers | None = None,
    ) -> None:
        """Submitted at `now`."""
        self.procedure, self.now = version, now
        self.directory = who or directory()
        self.events: list[Event] = []
        self.notes: list[str] = []
        filing = Filing(DESK, channel, OWNER, SUBMITTER, answers or {})
        code = DossierCode("H15.50.1-261005-0001")
        self._store(submit(self.context(), CITIZEN_OWNER, code, filing))

    def context(self) -> Context:
        return Context(self.now, self.procedure, self.directory)

    def loaded(self) -> Dossier:
        """A copy as the record holds it, judged now."""
        kept = self.dossier
        return replace(
            kept,
            ctx=self.context(),
            legs=[replace(leg) for leg in kept.legs],
            settlement=replace(kept.settlement) if kept.settlement else None,
            happenings=[],
            touched=set(),
            idempotency="",
        )

    def do(self, decision: Callable[..., object], *given: Any, **more: Any) -> list[Event]:
        """Decide and store; returns the events."""
        dossier = self.loaded()
        decision(dossier, *given, **more)
        require_touched(self.dossier, dossier)
        return self._store(dossier)

    def refuses(
        self, expected: Error, decision: Callable[..., object], *given: Any, **more: Any
    ) -> None:
        """It raises exactly `expected`, before it changed anything."""
        dossier = self.loaded()
        with pytest.raises(Error) as caught:
            decision(dossier, *given, **more)
        said = caught.value
        assert type(said) is type(expected)
        assert (said.code, said.pointer) == (expected.code, expected.pointer)
        assert said.params == expected.params
        assert dossier == self.loaded()

    def wait(self, **time: float) -> "Story":
        self.now += timedelta(**time)
        return self

    def until(self, moment: str | datetime) -> "Story":
        self.now = at(moment) if isinstance(moment, str) else moment
        return self

    def wake(self) -> list[Event]:
        """The timer fires now."""
        return self.do(claim_passed)

    def answers(self, leg: int, outcome: Outcome, **more: Any) -> list[Event]:
        """The agency that holds `leg` calls back."""

        def call_back(dossier: Dossier) -> None:
            held = dossier.leg(leg)
            answer(dossier, machine(held.holder), held, Answer(outcome, **more))

        return self.do(call_back)

    def leg(self, n: int) -> Leg:
        """Leg `n`, 0 for the settlement."""
        if n:
            return self.dossier.leg(n)
        assert self.dossier.settlement
        return self.dossier.settlement

    def due(self, n: int) -> datetime | None:
        return self.dossier.due(self.leg(n))

    def consumed(self, n: int) -> int:
        """Working seconds used by now."""
        leg = self.leg(n)
        return leg.clock.consumed_at(self.dossier.calendar(leg), self.now)

    def running(self) -> list[int]:
        return [leg.n for leg in self.dossier.running()]

    def _store(self, dossier: Dossier) -> list[Event]:
        self.notes += [each.note for each in dossier.happenings]
        events = dossier.finish(next_wake)
        self.events += events
        self.dossier = dossier
        return events


def require_touched(before: Dossier, after: Dossier) -> None:
    """Only touched legs are stored, so what changed must be touched."""
    kept = dict(enumerate(before.legs, 1))
    changed = {leg.n for leg in after.legs if leg != kept.get(leg.n)}
    assert changed <= after.touched, f"changed but not stored: {changed - after.touched}"


def require_chain(events: list[Event]) -> None:
    """Numbered without gaps, each holding the digest of the one before it."""
    assert [event.ev for event in events] == list(range(1, len(events) + 1))
    heads = [GENESIS, *(event.digest() for event in events)]
    assert [event.prev for event in events] == heads[:-1]


def accepted(version: ProcedureVersion = ONE_UNIT, **more: Any) -> Story:
    """Submitted on Monday at 08:00 and accepted an hour later."""
    story = Story(version, **more).wait(hours=1)
    story.do(accept, CLERK)
    return story
