"""A procedure version (phiên bản thủ tục): everything about a service that officials may change.

Plain data: a dossier pins one version when it is submitted and keeps it to its end, so a
change of the catalogue never touches a running dossier (R2, R3).
"""

import dataclasses
from collections.abc import Collection, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from chalicelib.domain.calendar import TimeLimit
from chalicelib.domain.conditions import Answers, answer_at, applies
from chalicelib.domain.ids import AgencyCode, ProcedureCode
from chalicelib.domain.pricing import Exemption, PerPage
from chalicelib.domain.terms import Channel, LegKind, Level, Rung
from chalicelib.domain.value import value


@value(frozen=True, slots=True)
class Text:
    """A text in both languages; Vietnamese decides."""

    vi: str
    en: str


@value(frozen=True, slots=True)
class Condition:
    """Holds where an answer is given `at` a JSON Pointer, and is one of these and within these."""

    name: Text  # as the end of "in case …"
    at: str
    one_of: tuple[bool | int | str, ...] = ()
    at_least: int | None = None
    at_most: int | None = None

    def holds(self, answers: Answers) -> bool:
        return self.fits(answer_at(answers, self.at))

    def fits(self, answer: Any) -> bool:
        """Whether this answer makes it hold."""
        if answer is None or (self.one_of and answer not in self.one_of):
            return False
        if self.at_least is not None and answer < self.at_least:
            return False
        return self.at_most is None or answer <= self.at_most


@value(frozen=True, slots=True)
class LimitCase:
    """Another limit in these cases."""

    counter: TimeLimit
    online: TimeLimit
    when: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()


@value(frozen=True, slots=True)
class ByChannel:
    """Counter and online limits are separate columns (R16); post follows the counter's.

    The first of `cases` that applies replaces both.
    """

    counter: TimeLimit
    online: TimeLimit
    cases: tuple[LimitCase, ...] = ()

    def of(self, channel: Channel, holding: Collection[str]) -> TimeLimit:
        """The limit of a dossier of which these conditions hold."""
        chosen = next((case for case in self.cases if applies(case, holding)), self)
        return chosen.online if channel is Channel.ONLINE else chosen.counter


class PaperKind(StrEnum):
    """In what form a paper must be handed in."""

    ORIGINAL = "original"
    CERTIFIED_COPY = "certified_copy"
    COPY = "copy"


@value(frozen=True, slots=True)
class Paper:
    """One paper (giấy tờ) of the dossier; `required` holds in the cases of `when` and `unless`.

    Without any number of copies it is one, of its `kind`.
    """

    code: str
    name: Text
    kind: PaperKind = PaperKind.COPY
    required: bool = True
    originals: int = 0
    certified_copies: int = 0
    copies: int = 0
    reusable: bool = False  # need not be handed in again where the vault has it
    template: str = ""  # path of a form to download
    when: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()


class FeeKind(StrEnum):
    """Phí and lệ phí are booked apart."""

    CHARGE = "charge"
    FEE = "fee"


@value(frozen=True, slots=True)
class Fee:
    """Taken when the result is collected: so much by channel, and by the page where it says so."""

    code: str
    name: Text
    kind: FeeKind
    counter: int = 0
    online: int = 0
    per_page: PerPage | None = None
    exemptions: tuple[Exemption, ...] = ()

    def amount(self, channel: Channel, holding: Collection[str], answers: Answers) -> int:
        """Đồng; of several exemptions the largest counts, rounded in the citizen's favour."""
        due = self.online if channel is Channel.ONLINE else self.counter
        if self.per_page:
            due += self.per_page.amount(answers)
        exempt = [each.percent for each in self.exemptions if applies(each, holding)]
        return due * (100 - max(exempt, default=0)) // 100


class Effect(StrEnum):
    """What passing a milestone does."""

    ESCALATE = "escalate"  # tells `rung` of the holder's hierarchy
    REMIND = "remind"  # reminds the citizen
    EXPIRE = "expire"  # ends the dossier: the citizen never answered
    TELL_CITIZEN = "tell_citizen"  # says who holds the overdue dossier; opens the desk's task
    CALL = "call"  # a leader must call the citizen: the promised date lapsed, too


@value(frozen=True, slots=True)
class Milestone:
    """A point on a leg's clock: `percent` of its budget plus `hours` working hours."""

    code: str
    effect: Effect
    percent: int = 100
    hours: int = 0
    rung: Rung | None = None

    def threshold(self, budget: int) -> int:
        """Working seconds consumed at which it passes."""
        return max(0, budget * self.percent // 100 + self.hours * 3600)

    def is_late(self, budget: int) -> bool:
        """Whether it passes at the due time or after it; before, it is a warning."""
        return self.threshold(budget) >= budget


OFFICIAL_LADDER = (
    Milestone("due_soon", Effect.ESCALATE, percent=75, rung=Rung.OFFICER),
    Milestone("due", Effect.ESCALATE, rung=Rung.HEAD),
    Milestone("overdue_8h", Effect.ESCALATE, hours=8, rung=Rung.LEADER),
    Milestone("overdue_24h", Effect.ESCALATE, hours=24, rung=Rung.FOCAL_POINT),
)
CITIZEN_LADDER = (
    Milestone("remind_1", Effect.REMIND, 50),
    Milestone("remind_2", Effect.REMIND, 90),
    Milestone("expired", Effect.EXPIRE),
)
SETTLEMENT_LADDER = (
    Milestone("due_soon", Effect.ESCALATE, percent=80, rung=Rung.OFFICER),
    Milestone("due", Effect.TELL_CITIZEN),
)
RETURN_LADDER = (
    Milestone("uncollected_1", Effect.REMIND, 50),
    Milestone("uncollected_2", Effect.REMIND),
)
PROMISE_LAPSED = Milestone("promise_lapsed", Effect.CALL, rung=Rung.LEADER)

DEFAULT_LADDERS: dict[LegKind, tuple[Milestone, ...]] = {
    LegKind.SUPPLEMENT: CITIZEN_LADDER,
    LegKind.PAYMENT: CITIZEN_LADDER,
    LegKind.SETTLEMENT: SETTLEMENT_LADDER,
    LegKind.RETURN: RETURN_LADDER,
}


@value(frozen=True, slots=True)
class UnitRule:
    """Which agency holds a leg: `agency`, or the one of `kind` competent for the desk's area."""

    kind: str = ""
    agency: AgencyCode | None = None


@value(frozen=True, slots=True)
class RouteLeg:
    """One leg (chặng) of the route; `unit` and `limit` are empty for a payment.

    It is left out except in the cases of `when` and `unless`.
    """

    code: str
    name: Text
    kind: LegKind
    unit: UnitRule | None = None
    limit: ByChannel | None = None
    required: bool = True
    depends_on: tuple[str, ...] = ()
    shares: tuple[str, ...] = ()  # subjects the agency needs; it gets no others
    ladder: tuple[Milestone, ...] = OFFICIAL_LADDER
    when: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()


@value(frozen=True, slots=True)
class Step:
    """Legs that run side by side; the last required one that closes ends the step."""

    code: str
    legs: tuple[RouteLeg, ...]


@value(frozen=True, slots=True)
class ExtensionRule:
    """The legal ground and the most that may be added, once."""

    ground: Text
    maximum: TimeLimit


@value(frozen=True, slots=True)
class SuspensionGround:
    """A legal ground on which a leader may suspend a leg, and for how long at most."""

    code: str
    ground: Text
    maximum: TimeLimit


@value(frozen=True, slots=True)
class ProcedureVersion:
    """See the module; `form` is the JSON Schema of the answers, its properties are the sections."""

    code: ProcedureCode
    version: int
    name: Text
    field: Text
    receiving: tuple[str, ...]  # kinds of agency whose desk takes it in
    limit: ByChannel
    answer_limit: ByChannel
    route: tuple[Step, ...]
    form: Mapping[str, Any]
    papers: tuple[Paper, ...] = ()
    fees: tuple[Fee, ...] = ()
    legal_basis: tuple[Text, ...] = ()
    review_hours: int = 4  # working hours of the desk for a dossier sent back to it
    supplement_days: int = 30
    payment_days: int = 30
    collect_days: int = 30
    extension: ExtensionRule | None = None
    suspensions: tuple[SuspensionGround, ...] = ()
    reappointments: int = 1
    conditions: Mapping[str, Condition] = dataclasses.field(default_factory=dict)  # by name
    result: Text | None = None  # what the citizen gets
    level: Level = Level.PARTIAL_ONLINE

    @property
    def subjects(self) -> frozenset[str]:
        """All that a desk must mark good or faulty: `section:…` and `paper:…`."""
        sections = {f"section:{name}" for name in self.form.get("properties", {})}
        return frozenset(sections | {f"paper:{paper.code}" for paper in self.papers})

    def called(self, subject: str) -> Text:
        """A subject's name for people; its code where the procedure has no such subject."""
        kind, _, name = subject.partition(":")
        section = self.form.get("properties", {}).get(name, {}) if kind == "section" else {}
        named = {f"paper:{paper.code}": paper.name for paper in self.papers}
        vi = section.get("title", subject)
        return named.get(subject, Text(vi, section.get("x-en", vi)))

    @property
    def takes_payment(self) -> bool:
        """Whether the route has a step at which the citizen pays what an agency assessed."""
        return any(leg.kind is LegKind.PAYMENT for step in self.route for leg in step.legs)

    def holding(self, answers: Answers) -> tuple[str, ...]:
        """Names of the conditions that these answers make hold."""
        return tuple(name for name, each in self.conditions.items() if each.holds(answers))

    def required_papers(self, holding: Collection[str]) -> set[str]:
        """Codes of the papers without which a dossier of such conditions is not complete."""
        return {each.code for each in self.papers if each.required and applies(each, holding)}

    def fee(
        self,
        channel: Channel,
        holding: Collection[str] = (),
        answers: Answers = MappingProxyType({}),
    ) -> int:
        """Đồng due when the result is collected."""
        return sum(fee.amount(channel, holding, answers) for fee in self.fees)

    def route_leg(self, step: int, code: str) -> RouteLeg | None:
        """The route's own description of a leg; None for a leg that is not of the route."""
        if not 0 <= step < len(self.route):
            return None
        return next((leg for leg in self.route[step].legs if leg.code == code), None)

    def ladder(self, kind: LegKind, step: int, code: str) -> tuple[Milestone, ...]:
        """The milestones of a leg: the route's where it names it, else those of its kind."""
        if kind in (LegKind.UNIT, LegKind.AGENCY) and (leg := self.route_leg(step, code)):
            return leg.ladder
        return DEFAULT_LADDERS.get(kind, OFFICIAL_LADDER)

    def depends_on(self, step: int, code: str) -> tuple[str, ...]:
        """Codes of the parallel legs that this one waits for when they pause."""
        leg = self.route_leg(step, code)
        return leg.depends_on if leg else ()
