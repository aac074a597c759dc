"""The lives that the benchmark meters. Together they do everything that may be done."""

from collections.abc import Callable
from datetime import timedelta

from bench.life import TAX, TAX_DUE, Life
from bench.metered import MeteredCloud, MeteredWorld
from chalicelib.domain.calendar import LimitUnit, TimeLimit
from chalicelib.domain.interagency import Answer, Outcome
from chalicelib.domain.terms import LegKind


def on_time(life: Life) -> None:
    """From the desk to the desk, every step in time."""
    life.submits()
    life.decides("accept", LegKind.INTAKE)
    if life.stages > 3:  # noqa: PLR2004 - as STEPS has it
        life.decides("hand_over", LegKind.UNIT)
    if life.stages == 6:  # noqa: PLR2004 - as STEPS has it
        life.agency_answers(Answer(Outcome.COMPLETED, amount=TAX_DUE))
        life.decides("record_payment", LegKind.PAYMENT, amount=TAX_DUE, receipt="BL-2026-0001")
    _ends(life)


def _ends(life: Life) -> None:
    life.decides("complete", LegKind.UNIT, result=life.uploads("result"))
    fees = life.now.dues - life.now.paid
    life.decides("record_payment", LegKind.RETURN, amount=fees, receipt="BL-2026-0002")
    life.decides("return", LegKind.RETURN)


def crooked(life: Life) -> None:
    """Everything that may happen on the way beside the straight one."""
    life.submits()
    life.tracks()
    life.reconciled()
    life.measured()
    life.decides("request_supplement", LegKind.INTAKE, checks=life.slips("certificate"))
    life.supplements("certificate")
    life.decides("accept", LegKind.INTAKE)
    life.decides("receive", LegKind.UNIT)
    life.decides("assign", LegKind.UNIT, officer="OF-0011")
    limit = TimeLimit(1, LimitUnit.WORKING_DAYS)
    life.decides("extend", LegKind.UNIT, limit=limit, reason="many")
    life.decides("request_agency", LegKind.UNIT, agency=TAX, limit=limit, reason="?")
    life.agency_answers(Answer(Outcome.COMPLETED), again=True)
    life.decides("send_back", LegKind.UNIT, reason="a page is missing")
    life.decides("hand_over", LegKind.REVIEW)
    life.decides("refuse", LegKind.UNIT, reason="no ground")


def late(life: Life) -> None:
    """The department is late: each timer that fires claims one milestone; then an apology."""
    life.submits()
    life.decides("accept", LegKind.INTAKE)
    life.later(days=20)
    new = life.world.clock.now() + timedelta(days=2)
    unit = life.now.legs[-1].holder
    life.decides("apologise", reason="late", promised_at=new, unit=unit)
    _ends(life)


def stopped_midway(life: Life) -> None:
    """Open, with a department."""
    life.submits()
    life.decides("accept", LegKind.INTAKE)


def declined(life: Life) -> None:
    """The department does not take it over; then it is withdrawn."""
    life.submits("submit, form above 4 KB", padding=3000)
    life.decides("accept", LegKind.INTAKE)
    life.decides("decline_receipt", LegKind.UNIT, reason="two pages are missing")
    life.withdraws()


def refused(life: Life) -> None:
    """Not taken in."""
    life.submits()
    life.decides("refuse", LegKind.INTAKE, reason="not ours")


def lived(
    cloud: MeteredCloud, steps: Callable[[Life], None], stages: int = 6, *, cold: bool = False
) -> Life:
    """Live one life in a world of its own; warm, unless every piece of work begins cold."""
    life = Life(MeteredWorld(cloud, cold=cold), stages)
    steps(life)
    return life
