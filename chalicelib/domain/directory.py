"""Who is who: agencies, their posts, and whom a milestone tells.

The directory is reference data (cached, changed by officials); this module only reads it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from enum import StrEnum

from chalicelib.domain.calendar import WorkCalendar
from chalicelib.domain.errors import NotFoundError, RuleError
from chalicelib.domain.ids import AgencyCode, OfficerId
from chalicelib.domain.procedure import Text, UnitRule
from chalicelib.domain.terms import RUNGS, Rung
from chalicelib.domain.value import value


class Medium(StrEnum):
    """Where an agency works: in our workspace, or in its own software behind signed messages."""

    WORKSPACE = "workspace"
    WEBHOOK = "webhook"


@value(frozen=True, slots=True)
class Post:
    """A post is vacant without `officer`; then its stand-in answers."""

    officer: OfficerId | None = None
    stand_in: OfficerId | None = None


@value(frozen=True, slots=True)
class Agency:
    """An agency (cơ quan) or unit. `parent` is its own hierarchy: tax answers to tax.

    `area` is the territory it serves (a commune's or the province's code): that is how the
    competent unit for a desk is found.
    """

    code: AgencyCode
    name: Text
    kind: str
    area: str
    calendar: str
    parent: AgencyCode | None = None
    desk: bool = False
    medium: Medium = Medium.WORKSPACE
    posts: Mapping[Rung, Post] = field(default_factory=dict)
    webhook_url: str = ""
    address: str = ""
    phone: str = ""


@value(frozen=True, slots=True)
class Told:
    """One person told: for which rung, and whether in somebody's place."""

    officer: OfficerId
    rung: Rung
    agency: AgencyCode
    stand_in: bool = False


@value(frozen=True, slots=True)
class Escalation:
    """The outcome of one milestone's rung: who is told, which posts were found vacant."""

    told: tuple[Told, ...] = ()
    vacant: tuple[Rung, ...] = ()


class Directory:
    """Agencies and calendars by code; `areas` maps an area to the one around it."""

    def __init__(
        self,
        agencies: Iterable[Agency],
        calendars: Mapping[str, WorkCalendar],
        areas: Mapping[str, str],
    ) -> None:
        self._agencies = {agency.code: agency for agency in agencies}
        self._calendars = calendars
        self._areas = areas
        self._serving = {(agency.kind, agency.area): agency for agency in self._agencies.values()}

    def __iter__(self) -> Iterator[Agency]:
        return iter(self._agencies.values())

    def agency(self, code: AgencyCode, pointer: str = "") -> Agency:
        """Raise NotFoundError for a code that no agency has; `pointer` is where it was given."""
        try:
            return self._agencies[code]
        except KeyError:
            raise NotFoundError("agency.not_found", pointer=pointer, agency=code) from None

    def calendar(self, code: AgencyCode) -> WorkCalendar:
        """The working calendar the province set for this agency."""
        return self._calendars[self.agency(code).calendar]

    def competent(self, rule: UnitRule, desk: AgencyCode) -> Agency:
        """The agency that holds a leg of a dossier received at `desk`.

        Competence decides, not the place of filing: the nearest unit of that kind, from the
        desk's own area outwards. Raise RuleError where there is none.
        """
        if rule.agency:
            return self.agency(rule.agency)
        area: str | None = self.agency(desk).area
        while area is not None:
            if found := self._serving.get((rule.kind, area)):
                return found
            area = self._areas.get(area)
        raise RuleError("route.no_competent_agency", kind=rule.kind, desk=desk)

    def superiors(self, code: AgencyCode) -> Iterator[Agency]:
        """The agency and those above it in its own hierarchy."""
        current: AgencyCode | None = code
        while current is not None:
            agency = self.agency(current)
            yield agency
            current = agency.parent

    def hierarchy(self, code: AgencyCode) -> list[AgencyCode]:
        """Codes of the agency and those above it."""
        return [agency.code for agency in self.superiors(code)]

    def escalate(
        self,
        holder: AgencyCode,
        rung: Rung,
        *,
        assignee: OfficerId | None = None,
        already: Iterable[OfficerId] = (),
    ) -> Escalation:
        """Whom to tell at `rung`: the post, else its stand-in, else the next rung at once.

        One person on two rungs hears once (`already`); the vacancy is reported, so that it
        goes on the record.
        """
        vacant: list[Rung] = []
        for step in RUNGS[RUNGS.index(rung) :]:
            told = self._at_rung(holder, step, assignee)
            if told is None:
                vacant.append(step)
                continue
            heard = () if told.officer in set(already) else (told,)
            return Escalation(heard, tuple(vacant))
        return Escalation((), tuple(vacant))

    def _at_rung(self, holder: AgencyCode, rung: Rung, assignee: OfficerId | None) -> Told | None:
        if rung is Rung.OFFICER and assignee is not None:
            return Told(assignee, rung, holder)
        for agency in self.superiors(holder):
            if (post := agency.posts.get(rung)) is None:
                continue
            officer = post.officer or post.stand_in
            if officer is None:
                return None
            return Told(officer, rung, agency.code, stand_in=post.officer is None)
        return None
