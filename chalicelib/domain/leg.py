"""A leg (chặng): the part of a dossier's way that one holder answers for, with its own clock."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from chalicelib.domain.clock import Clock
from chalicelib.domain.ids import AgencyCode, OfficerId
from chalicelib.domain.terms import CITIZEN_LEGS, OPEN_LEG, RESTING_LEGS, LegKind, LegState

CITIZEN: Final = AgencyCode("citizen")  # the holder of a supplement or a payment

REQUESTED: Final = "requested"  # code of a leg at an agency outside the route
EARLY: Final = 4 * 3600  # working seconds that must be left
SETTLEMENT_LEG: Final = 0  # number of the dossier's own clock, acceptance to result


@dataclass(slots=True)
class Leg:
    """`n` numbers the legs of a dossier; `code` and `step` say where in the route it stands."""

    n: int
    kind: LegKind
    code: str
    step: int
    holder: AgencyCode
    clock: Clock
    opened_at: datetime
    state: LegState = LegState.RUNNING
    required: bool = True
    giver: AgencyCode | None = None  # who handed over: the unit an unfit dossier goes back to
    waits: int | None = None  # the leg whose end lets this one run on
    assignee: OfficerId | None = None
    received_at: datetime | None = None
    received_by: str = ""
    closed_at: datetime | None = None
    outcome: str = ""
    result: str = ""  # file of the result, where the leg has one
    shares: tuple[str, ...] = ()  # subjects for an agency that was asked outside the route
    asked: tuple[str, ...] = ()  # subjects asked for; of a supplement, or an agency's one slip
    extended: bool = False
    claimed: tuple[str, ...] = ()  # milestones passed in this epoch
    told: tuple[OfficerId, ...] = ()  # who has already heard that it is late

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_LEG

    @property
    def is_running(self) -> bool:
        return self.state is LegState.RUNNING

    @property
    def is_early(self) -> bool:
        """It ended with at least half a working day to spare."""
        return self.closed_at is not None and self.clock.budget - self.clock.consumed >= EARLY

    @property
    def is_requested(self) -> bool:
        return self.code == REQUESTED

    @property
    def is_citizens(self) -> bool:
        return self.kind in CITIZEN_LEGS

    @property
    def is_resting(self) -> bool:
        return self.kind in RESTING_LEGS
