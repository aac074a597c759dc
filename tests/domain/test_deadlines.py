"""Dossiers on the province's calendar, held to deadlines.yaml: what a clerk finds by hand."""

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

import pytest
import yaml  # type: ignore[import-untyped,unused-ignore]  # stubs are optional

from chalicelib.domain.calendar import LimitUnit, TimeLimit
from chalicelib.domain.citizen import supplement
from chalicelib.domain.desk import record_payment, request_supplement
from chalicelib.domain.directory import Directory
from chalicelib.domain.interagency import Outcome
from chalicelib.domain.procedure import ExtensionRule, ProcedureVersion
from chalicelib.domain.unit import extend, hand_over, send_back
from tests.domain.builders import (
    CALENDARS,
    CHAIR,
    CITIZEN_OWNER,
    CLERK,
    NAME,
    PAY,
    WORKER,
    agency_leg,
    at,
    both,
    directory,
    marks,
    procedure,
    step,
    unit_leg,
)
from tests.domain.calendars import PROVINCE
from tests.domain.story import Story, accept

TABLE: Final = Path(__file__).with_name("deadlines.yaml")
OFFICES: Final = Directory(directory(), dict.fromkeys(CALENDARS, PROVINCE), {"commune": "province"})


@dataclass(frozen=True)
class Case:
    """One entry of the table, as its head explains; a key it does not know is refused."""

    filed: str
    limit: str
    due: str
    why: str
    accepted: str = ""
    pauses: tuple[tuple[str, str], ...] = ()
    pays: tuple[str, str] | None = None
    extended: str = ""


def cases() -> list[object]:
    """Each named by its rule, so that a failure says which one is broken."""
    table = yaml.safe_load(TABLE.read_text(encoding="utf-8"))
    return [
        pytest.param(Case(**entry), id=f"{rule}: {entry['filed']}")
        for rule, entries in table.items()
        for entry in entries
    ]


@pytest.mark.parametrize("case", cases())
def test_due_time_by_hand(case: Case) -> None:
    """The receipt's promise must be the one that a clerk with a wall calendar works out."""
    assert told(case).dossier.due_at == moment(case.due), case.why


def told(case: Case) -> Story:
    """The dossier's story up to where its due time is asked for."""
    story = Story(version(case), who=OFFICES, now=moment(case.filed))
    story.until(moment(case.accepted or case.filed)).do(accept, CLERK)
    for asked, answered in case.pauses:
        story.until(moment(asked)).do(send_back, WORKER, reason="a page is missing")
        # A leader may ask again.
        story.do(request_supplement, CHAIR, checks=marks("paper:id"), reason="a page is missing")
        story.until(moment(answered)).do(supplement, CITIZEN_OWNER, subjects=["paper:id"])
    if case.pays:
        asked, paid = case.pays
        story.until(moment(asked)).do(hand_over, WORKER)
        story.answers(story.running()[0], Outcome.COMPLETED, amount=1)
        story.until(moment(paid)).do(record_payment, CLERK, amount=1, receipt="B-1")
    if case.extended:
        story.do(extend, CHAIR, limit=limit(case.extended), reason="an inspection on site")
    return story


def version(case: Case) -> ProcedureVersion:
    """A unit examines it, the tax office assesses, the citizen pays, the unit ends it."""
    whole = both(limit(case.limit))
    most = limit(case.extended or case.limit)
    return procedure(
        step(replace(unit_leg("examine"), limit=whole)),
        step(agency_leg("tax")),
        step(PAY),
        step(unit_leg("sign")),
        limit=whole,
        extension=ExtensionRule(NAME, most),
    )


def limit(text: str) -> TimeLimit:
    """Read `2 working days`, `1 month`, `same day`."""
    if text == "same day":
        return TimeLimit(1, LimitUnit.SAME_DAY)
    amount, unit = text.split(" ", 1)
    return TimeLimit(int(amount), LimitUnit(unit.removesuffix("s").replace(" ", "_") + "s"))


def moment(text: str) -> datetime:
    """Read `Thu 2026-10-08 11:29`; a wrong day of the week is a slip of the hand."""
    found = at(text[4:])
    assert text[:3] == f"{found:%a}", text
    return found
