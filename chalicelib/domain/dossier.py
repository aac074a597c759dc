"""The dossier (hồ sơ) and the moves that every decision is made of.

The record decides: a decision loads the dossier, one function of `desk`, `unit`, `interagency`,
`citizen` or `milestones` changes it through the moves below, and `finish` turns what happened
into numbered events. Nothing here reads a clock or stores anything.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from chalicelib.domain.actor import Actor
from chalicelib.domain.calendar import WorkCalendar
from chalicelib.domain.clock import Clock
from chalicelib.domain.directory import Directory
from chalicelib.domain.errors import ConflictError, NotFoundError, StaleError, TransitionError
from chalicelib.domain.event import GENESIS, Event, Happening, Holders
from chalicelib.domain.ids import AgencyCode, DossierCode, PersonRef, ProcedureCode
from chalicelib.domain.leg import CITIZEN, Leg
from chalicelib.domain.procedure import Milestone, ProcedureVersion
from chalicelib.domain.terms import (
    FINAL,
    OPEN_LEG,
    STAGE_OF,
    TRANSITIONS_AFTER_ACCEPTANCE,
    TRANSITIONS_BEFORE_ACCEPTANCE,
    Channel,
    EventType,
    LegKind,
    LegState,
    ResultKind,
    Stage,
    Status,
)
from chalicelib.domain.value import value

IDLE: Final = timedelta(days=30)  # how long a stage sleeps when no milestone is ahead
SILENT: Final = frozenset(  # change neither stage nor leg nor papers: no `rev`
    {
        EventType.MILESTONE_PASSED,
        EventType.GENERATION_STARTED,
        EventType.CALLBACK_FILED,
        EventType.AGENCY_PROGRESSED,
        EventType.CONTACTED,
    }
)
ALWAYS: Final = WorkCalendar.always()


@value(frozen=True, slots=True)
class Context:
    """What a decision is judged against: the moment, the pinned version, who is who."""

    now: datetime
    procedure: ProcedureVersion
    directory: Directory


@dataclass(slots=True)
class Dossier:
    """Loaded, changed by one decision, stored in one conditional transaction.

    `ev` numbers events and guards every write; `rev` is what people decide on and rises only
    with stage, leg or papers, so that a reminder never gives an official a conflict; `seq`
    numbers the waits of the execution: it rises when the execution must look again.
    """

    ctx: Context
    code: DossierCode
    procedure: ProcedureCode
    version: int
    desk: AgencyCode
    channel: Channel
    owner: PersonRef
    submitter: PersonRef
    submitted_at: datetime
    status: Status = Status.SUBMITTED
    stage: Stage = Stage.INTAKE
    step: int = -1
    seq: int = 0
    rev: int = 0
    ev: int = 0
    head: str = GENESIS
    generation: int = 1
    generation_seq: int = 1
    generation_at: datetime | None = None
    wake_at: datetime | None = None
    accepted_at: datetime | None = None
    number: int = 0  # in the register of the desk and the year of acceptance; 0 before it
    promise: int | None = None  # of the apology: working seconds on the settlement's clock
    appointments: int = 0
    task: str = ""  # what the desk or a leader must do beside the legs: apologise, call
    result_kind: ResultKind | None = None
    conditions: tuple[str, ...] = ()  # of the version, that the answers make hold
    fee: int | None = None  # đồng at the collection; None before fees followed the answers
    dues: int = 0  # đồng
    paid: int = 0
    keys: tuple[str, ...] = ()  # the latest idempotency keys, hashed
    legs: list[Leg] = field(default_factory=list)
    settlement: Leg | None = None
    happenings: list[Happening] = field(default_factory=list)
    touched: set[int] = field(default_factory=set)
    idempotency: str = ""  # hash of the request, kept in the decision's first event
    _place: tuple[Stage, int] | None = None

    def __post_init__(self) -> None:
        self._place = (self.stage, self.step) if self.ev else None

    # -- reading

    @property
    def is_closed(self) -> bool:
        return self.status in FINAL

    def open_legs(self) -> list[Leg]:
        return [leg for leg in self.legs if leg.state in OPEN_LEG]

    def running(self) -> list[Leg]:
        return [leg for leg in self.legs if leg.state is LegState.RUNNING]

    @property
    def has_overslept(self) -> bool:
        """Its wake-up is past: a milestone, an idle month, or a deadline that moved later since."""
        return self.wake_at is not None and self.wake_at <= self.ctx.now

    def leg(self, n: int) -> Leg:
        """Raise NotFoundError for a number that no leg has."""
        if 1 <= n <= len(self.legs):
            return self.legs[n - 1]
        raise NotFoundError("leg.not_found", pointer="/leg", leg=n)

    def turn(self, n: int | None, *kinds: LegKind, of: AgencyCode | None = None) -> Leg:
        """The running leg a decision is about; without a number, the only one of these kinds.

        Of several agencies' legs the one held by `of` is meant, where it is given.
        Raise ConflictError when it is nobody's turn for that (any more).
        """
        legs = [leg for leg in self.running() if leg.kind in kinds and n in (None, leg.n)]
        if n is None and of:
            legs = [leg for leg in legs if leg.holder == of]
        if len(legs) != 1:
            raise ConflictError("leg.choose_one" if legs else "leg.not_running", pointer="/leg")
        return legs[0]

    def calendar(self, leg: Leg) -> WorkCalendar:
        return ALWAYS if leg.holder == CITIZEN else self.ctx.directory.calendar(leg.holder)

    def due(self, leg: Leg) -> datetime | None:
        """When the leg is due; None while it is paused or over."""
        return leg.clock.due(self.calendar(leg)) if leg.is_running else None

    @property
    def results(self) -> list[Leg]:
        """Legs whose results may be handed out: all once settled, an independent one at once.

        What an agency outside the route answered is for the unit that asked it.
        """
        settled = self.status in (Status.SETTLED, Status.RETURNED)
        ready = (leg for leg in self.legs if leg.result and not leg.is_requested)
        return [leg for leg in ready if settled or not leg.required]

    @property
    def due_at(self) -> datetime | None:
        """The appointed return date (ngày hẹn trả); None before acceptance and while paused."""
        return self.due(self.settlement) if self.settlement else None

    @property
    def promised_at(self) -> datetime | None:
        """The apology's new date (R28); like the due time it moves with a pause."""
        if self.settlement is None or self.promise is None:
            return None
        return self.settlement.clock.reached(self.calendar(self.settlement), self.promise)

    def expect(self, rev: int) -> None:
        """Raise StaleError unless the caller has seen the dossier as it is."""
        if rev != self.rev:
            raise StaleError("dossier.stale", pointer="/rev", rev=self.rev)

    # -- moves

    def move(self, status: Status) -> None:
        """Go to `status`; raise TransitionError when it is not allowed from here."""
        if status is self.status and not self.is_closed:
            return
        table = TRANSITIONS_AFTER_ACCEPTANCE if self.accepted_at else TRANSITIONS_BEFORE_ACCEPTANCE
        if status not in table.get(self.status, ()):
            raise TransitionError("dossier.transition_not_allowed", status=self.status, to=status)
        self.status = status

    def record(
        self,
        type: EventType,  # noqa: A002 - the field's own name
        actor: Actor,
        leg: Leg | None = None,
        note: str = "",
        **data: Any,
    ) -> None:
        """Note that something happened; `data` is references, `note` a person's own words."""
        number, holders = leg.n if leg else None, _held(self.running())
        self.happenings.append(
            Happening(type, actor, number, data, note, self.status, self.stage, holders)
        )
        if leg:
            self.touched.add(leg.n)

    def open_leg(self, kind: LegKind, holder: AgencyCode, budget: int, **more: Any) -> Leg:
        """Start a leg whose clock runs from now."""
        now = self.ctx.now
        leg = Leg(
            n=len(self.legs) + 1,
            kind=kind,
            holder=holder,
            clock=Clock(budget, since=now),
            opened_at=now,
            code=more.pop("code", kind.value),
            step=more.pop("step", self.step),
            **more,
        )
        self.legs.append(leg)
        self.touched.add(leg.n)
        return leg

    def pause(self, leg: Leg, waits: Leg) -> None:
        """Stop a leg's clock, and those of the legs that depend on it, until `waits` ends."""
        for each in [leg, *self._dependents(leg)]:
            if each.is_running:
                each.clock = each.clock.pause(self.calendar(each), self.ctx.now)
                each.state = LegState.PAUSED
                each.waits = waits.n
                self.touched.add(each.n)

    def resume_waiting(self, ended: Leg) -> None:
        """Let the legs that waited for `ended` run on from where they stood.

        One that depends on a leg which waits for something else waits for that, too.
        """
        for leg in [each for each in self.legs if each.waits == ended.n]:
            if needed := self._paused_before(leg, ended):
                leg.waits = needed.waits
                self.touched.add(leg.n)
                continue
            leg.clock = leg.clock.resume(self.ctx.now)
            leg.state, leg.waits = LegState.RUNNING, None
            self.forget_ahead(leg)

    def depends_on_any(self, leg: Leg, others: list[Leg]) -> bool:
        """Whether the route lets this leg wait for one of `others`."""
        codes = self.ctx.procedure.depends_on(leg.step, leg.code)
        return any(each.step == leg.step and each.code in codes for each in others)

    def _paused_before(self, leg: Leg, ended: Leg) -> Leg | None:
        """A leg that this one depends on and that goes on waiting after `ended`."""
        paused = (each for each in self.legs if each.waits not in (None, ended.n))
        return next((each for each in paused if self.depends_on_any(leg, [each])), None)

    def forget_ahead(self, leg: Leg, spent: int | None = None) -> None:
        """In a new epoch keep only the milestones that are behind the clock: those never return."""
        spent = leg.clock.consumed if spent is None else spent
        ladder = {mark.code: mark.threshold(leg.clock.budget) for mark in self.ladder(leg)}
        leg.claimed = tuple(code for code in leg.claimed if ladder.get(code, spent) <= spent)
        self.touched.add(leg.n)

    def close(self, leg: Leg, outcome: str, state: LegState = LegState.DONE) -> None:
        """End a leg."""
        leg.clock = leg.clock.pause(self.calendar(leg), self.ctx.now)
        leg.state, leg.outcome, leg.closed_at, leg.waits = state, outcome, self.ctx.now, None
        self.touched.add(leg.n)
        for each in self._asked_by(leg):
            self.close(each, "no_longer_asked", LegState.CANCELLED)

    def cancel_open(self, outcome: str) -> list[Leg]:
        """End every open leg; returns them."""
        legs = self.open_legs()
        for leg in legs:
            self.close(leg, outcome, LegState.CANCELLED)
        return legs

    def end(self, status: Status, outcome: str) -> list[Leg]:
        """End the dossier for good; returns the legs that were cut short."""
        self.move(status)
        self.task = ""
        if self.settlement and self.settlement.is_open:
            self.close(self.settlement, outcome)
        return self.cancel_open(outcome)

    def ladder(self, leg: Leg) -> tuple[Milestone, ...]:
        """The milestones of a leg: the version's own, else its kind's."""
        return self.ctx.procedure.ladder(leg.kind, leg.step, leg.code)

    def _asked_by(self, leg: Leg) -> list[Leg]:
        """Consultations that nobody waits for once the leg is over."""
        asked = (each for each in self.open_legs() if each.kind is LegKind.CONSULTATION)
        return [each for each in asked if (each.giver, each.step) == (leg.holder, leg.step)]

    def _dependents(self, leg: Leg) -> list[Leg]:
        return [other for other in self.running() if self.depends_on_any(other, [leg])]

    # -- finishing a decision

    def finish(self, next_wake: Callable[["Dossier"], datetime | None]) -> list[Event]:
        """Derive status, stage and next wake-up; returns the events of this decision, in order."""
        running = self.running()
        leading = [leg for leg in running if leg.kind is not LegKind.CONSULTATION]
        self._follow_legs(leading)
        self.stage = self._stage(leading)
        place = (self.stage, self.step)
        before = self.wake_at
        self.wake_at = None if self.is_closed else next_wake(self) or self.ctx.now + IDLE
        earlier = bool(before and self.wake_at and self.wake_at < before)
        if place != self._place or (earlier and not self.is_closed):
            self.seq += 1
        self._place = place
        if any(each.type not in SILENT for each in self.happenings):
            self.rev += 1
        if self.happenings:
            last = self.happenings[-1]
            last.status, last.stage, last.holders = self.status, self.stage, _held(running)
        return [self._number(each) for each in self.happenings]

    def _follow_legs(self, running: list[Leg]) -> None:
        """Status 5 or 6 only while no other leg runs."""
        if self.is_closed or self.status is Status.SETTLED:
            return
        if running and all(leg.is_citizens for leg in running):
            asked = any(leg.kind is LegKind.SUPPLEMENT for leg in running)
            self.move(Status.SUPPLEMENT_REQUESTED if asked else Status.PAYMENT_REQUESTED)
        elif self.status in (Status.SUPPLEMENT_REQUESTED, Status.PAYMENT_REQUESTED):
            self.move(Status.PROCESSING if self.accepted_at else Status.SUBMITTED)
        if self.settlement:
            self._rest(self.settlement, [leg for leg in running if leg.required] or running)

    def _rest(self, settlement: Leg, running: list[Leg]) -> None:
        """It rests while nothing that the result waits for can go on: by the citizen or the law."""
        resting = bool(running) and all(leg.is_resting for leg in running)
        if resting and settlement.is_running:
            settlement.clock = settlement.clock.pause(self.calendar(settlement), self.ctx.now)
            settlement.state = LegState.PAUSED
        elif not resting and settlement.state is LegState.PAUSED:
            settlement.clock = settlement.clock.resume(self.ctx.now)
            settlement.state = LegState.RUNNING
            self.forget_ahead(settlement)

    def _stage(self, running: list[Leg]) -> Stage:
        """The stage that shows: the route's own legs first, those of the citizen last."""
        if self.is_closed:
            return Stage.CLOSED
        shows = min(running, key=lambda leg: (leg.is_citizens, leg.step != self.step), default=None)
        return self._stage_of(shows) if shows else self.stage

    def _stage_of(self, leg: Leg) -> Stage:
        if leg.kind is LegKind.REVIEW and leg.holder != self.desk:
            return Stage.DEPARTMENT
        return STAGE_OF[leg.kind]

    def _number(self, each: Happening) -> Event:
        self.ev += 1
        event = Event(
            dossier=self.code,
            ev=self.ev,
            type=each.type,
            at=self.ctx.now,
            actor=str(each.actor),
            leg=each.leg,
            status=each.status,
            stage=each.stage,
            holders=each.holders,
            data=each.data,
            prev=self.head,
            idempotency=self.idempotency,
        )
        self.idempotency = ""
        self.head = event.digest()
        return event


def _held(running: list[Leg]) -> Holders:
    return tuple([(leg.n, leg.holder) for leg in running])
