"""Odd procedures go their whole way as data alone, through the shipped state machine.

Nothing of the program knows them: who can write their file can run them (R2).
"""

from collections.abc import Mapping
from typing import Any

import pytest

from catalogue.check import procedure_problems
from chalicelib.domain.interagency import Answer, Outcome
from chalicelib.domain.leg import Leg
from chalicelib.domain.procedure import ProcedureVersion
from chalicelib.domain.route import is_last
from chalicelib.domain.terms import LegKind, Status
from tests.simulator import odd, sample
from tests.simulator.people import WEBHOOK_AGENCIES
from tests.simulator.script import Story
from tests.simulator.world import NO_FAULTS, World

OWED = 1_500_000


@pytest.mark.parametrize("version", odd.procedures(), ids=lambda version: version.code)
def test_they_pass_the_check(version: ProcedureVersion) -> None:
    """An official could load them."""
    assert list(procedure_problems(version, sample.directory())) == []


def _walk(procedure: str, matter: Mapping[str, Any] | None = None) -> Story:
    """Everybody does at once what they have to do, until the dossier is over."""
    story = Story(World(1, NO_FAULTS))
    story.submits(procedure, matter)
    story.later(minutes=1)
    for _ in range(40):
        dossier = story.people.now(story.code)
        if dossier.is_closed:
            return story
        _act(story, min(dossier.running(), key=lambda leg: leg.kind is LegKind.RETURN))
        story.later(minutes=1)
    raise AssertionError(f"still {dossier.status} with {dossier.running()}")


def _act(story: Story, leg: Leg) -> None:
    dossier = story.people.now(story.code)
    if leg.holder in WEBHOOK_AGENCIES:
        owed = OWED if dossier.ctx.procedure.takes_payment and leg.code == "tax" else 0
        answer = Answer(Outcome.COMPLETED, amount=owed, result=story.people.result())
        story.agency_answers(answer, leg)
    elif leg.kind is LegKind.INTAKE:
        story.decides("accept", leg.kind)
    elif leg.kind is LegKind.PAYMENT:
        story.decides("record_payment", leg.kind, amount=OWED, receipt="B-1")
    elif leg.kind is LegKind.RETURN:
        if due := dossier.dues - dossier.paid:
            story.decides("record_payment", leg.kind, amount=due, receipt="B-2")
        story.decides("return", leg.kind)
    elif is_last(dossier, leg):
        story.decides("complete", leg.kind, result=story.people.result())
    else:
        story.decides("hand_over", leg.kind)


def _way(story: Story) -> list[tuple[int, str]]:
    """Step and code of every leg of the route, in the order they were opened."""
    legs = story.people.now(story.code).legs
    kinds = (LegKind.UNIT, LegKind.AGENCY, LegKind.PAYMENT)
    return [(leg.step, leg.code) for leg in legs if leg.kind in kinds]


def _ended_well(story: Story) -> int:
    """Handed out, paid, its execution over, no rule broken; returns what it cost."""
    ended = story.ends()
    dossier = story.people.now(story.code)
    assert dossier.status is Status.RETURNED
    assert ended["running"] == []
    return dossier.paid


def test_six_stages_with_two_joins() -> None:
    """A step begins when the last required leg of the one before has ended, and not earlier."""
    story = _walk("six-stages")
    assert _way(story) == [
        (0, "check"),
        *((1, code) for code in ("survey", "security", "welfare")),
        (2, "tax"),
        (3, "pay"),
        *((4, code) for code in ("map", "file", "insurance")),
        (5, "sign"),
    ]
    legs = {leg.code: leg for leg in story.people.now(story.code).legs}
    for before, after in (
        (("survey", "security", "welfare"), "tax"),
        (("map", "file"), "sign"),
    ):
        ends = [legs[code].closed_at for code in before]
        assert legs[after].opened_at == max(end for end in ends if end)
    assert _ended_well(story) == OWED


def test_limits_in_hours() -> None:
    """Online 1, 2, 2 and 1 working hours; the desk itself seals what it received."""
    story = _walk("by-the-hour", {"documents": [{"pages": 12, "copies": 2}]})
    legs = story.people.now(story.code).legs
    budgets = {leg.code: leg.clock.budget for leg in legs if leg.kind is LegKind.UNIT}
    assert budgets == {"search": 3600, "draft": 7200, "sign": 7200, "seal": 3600}
    assert legs[4].holder == sample.DESK
    assert _ended_well(story) == 28_000


@pytest.mark.parametrize(
    ("matter", "way", "days", "paid"),
    [
        ({}, ["check", "desk_study"], 4, 20_000),
        ({"area": 300}, ["check", "desk_study"], 4, 40_000),
        ({"visit": True, "area": 80}, ["check", "survey"], 8, 20_000),
        ({"visit": True, "area": 300}, ["check", "survey", "council"], 8, 40_000),
    ],
)
def test_a_branch_that_the_answers_choose(
    matter: dict[str, Any], way: list[str], days: int, paid: int
) -> None:
    """One side or the other, its own time limit and fee; the last step for some only."""
    story = _walk("branching", matter)
    assert [code for _, code in _way(story)] == way
    settlement = story.people.now(story.code).settlement
    assert settlement
    assert settlement.clock.budget == days * 8 * 3600
    assert _ended_well(story) == paid
