"""The file that a slip is written from, and what all slips about a dossier have in common."""

from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Any

from chalicelib.domain.calendar import LimitUnit
from chalicelib.domain.directory import Agency
from chalicelib.domain.dossier import Dossier
from chalicelib.domain.event import Event
from chalicelib.domain.ids import AgencyCode
from chalicelib.domain.leg import CITIZEN, Leg
from chalicelib.domain.slips import written
from chalicelib.domain.slips.forms import FormSet
from chalicelib.domain.slips.slip import Block, Heading, Rows, Slip, SlipKind
from chalicelib.domain.terms import LegKind
from chalicelib.domain.value import value

Person = Mapping[str, Any]


@value(frozen=True, slots=True)
class Case:
    """A dossier, who filed what (personal data), and how many of each paper, by its code.

    `notes` are free texts by event number; `site` is the portal's address, and `secret` lets
    whoever holds the slip follow the dossier there.
    """

    dossier: Dossier
    submitter: Person
    owner: Person
    answers: Mapping[str, Any]
    papers: Mapping[str, int]
    notes: Mapping[int, str]
    site: str
    secret: str

    @property
    def zone(self) -> tzinfo:
        return self.dossier.ctx.directory.calendar(self.dossier.desk).tz

    @property
    def desk(self) -> Agency:
        return self.dossier.ctx.directory.agency(self.dossier.desk)

    def called(self, agency: AgencyCode | None, forms: FormSet) -> str:
        """An agency's name; the citizen's legs are the citizen's."""
        if agency is None:
            return ""
        if agency == CITIZEN:
            return forms.say("citizen")
        return self.dossier.ctx.directory.agency(agency).name.vi

    def moment(self, at: datetime) -> str:
        return written.moment(at, self.zone)

    def link(self) -> str:
        """To the tracking page: behind `#`, so that no server on the way reads it."""
        return f"{self.site}/#code={self.dossier.code}&secret={self.secret}"


def heading(
    kind: SlipKind, case: Case, unit: Agency, at: datetime, number: str, forms: FormSet
) -> Heading:
    """Of a slip that `unit` gives out at `at`."""
    directory = case.dossier.ctx.directory
    superior = directory.agency(unit.parent).name.vi if unit.parent else ""
    place = ", ".join(filter(None, [forms.place(unit.area), written.day(at, case.zone)]))
    return Heading(
        superior.upper(),
        unit.name.vi.upper(),
        forms.form_code(kind),
        place,
        forms.say("number", number=number),
    )


def about(
    kind: SlipKind, case: Case, event: Event, blocks: tuple[Block, ...], forms: FormSet
) -> Slip:
    """A slip of the desk for the citizen, about what happened in `event`."""
    form, dossier = forms.forms[kind], case.dossier
    return Slip(
        kind=kind,
        heading=heading(kind, case, case.desk, event.at, _number(event, form.sign), forms),
        title=form.title,
        code_line=forms.say("dossier_code", code=dossier.code),
        blocks=blocks,
        signatures=form.signatures,
        about=dossier.code,
        made_at=event.at,
        qr=case.link(),
        qr_caption=forms.say("follow"),
    )


def _number(event: Event, sign: str) -> str:
    """The number on a receipt is the register's, on a fee receipt the cashier's.

    Any other slip has the number of its event, which no other slip of the dossier has.
    """
    own = event.data.get("number") or event.ev
    return str(event.data.get("receipt") or f"{own:02d}/{sign}")


def person_rows(person: Person, who: str, forms: FormSet) -> list[tuple[str, str]]:
    """The person block; `who` is the label of the name. What is not known has no row."""
    kind, given = person["kind"], person.get("representative")
    representative = given if isinstance(given, str) or given is None else given["full_name"]
    rows = [
        (who, person["full_name"]),
        (forms.words.get(f"number.{kind}", ""), person.get("number")),
        (forms.say("representative"), representative),
        (forms.say("address"), person.get("address")),
        (forms.say("phone"), person.get("phone")),
        (forms.say("email"), person.get("email")),
    ]
    return [(label, text) for label, text in rows if text]


def submitter_rows(case: Case, forms: FormSet) -> list[tuple[str, str]]:
    """The submitter, and the procedure asked for."""
    version = case.dossier.ctx.procedure
    return [
        *person_rows(case.submitter, forms.say("submitter"), forms),
        (forms.say("request"), version.name.vi),
    ]


def contact_rows(case: Case, forms: FormSet) -> Rows:
    """Whom to ask: the desk, where it is and its phone."""
    desk = case.desk
    rows = [
        (forms.say("contact"), desk.name.vi),
        (forms.say("address"), desk.address),
        (forms.say("phone"), desk.phone),
        (forms.say("lookup"), case.site),
    ]
    return Rows(tuple((label, text) for label, text in rows if text))


def limit_text(case: Case, forms: FormSet) -> str:
    """The legal time limit of the channel it was filed by."""
    dossier = case.dossier
    limit = dossier.ctx.procedure.limit.of(dossier.channel, dossier.conditions)
    if limit.unit is LimitUnit.SAME_DAY:
        return forms.say("limit.same_day")
    return forms.say(f"limit.{limit.unit}", amount=f"{limit.amount:02d}")


def appointed_at(dossier: Dossier) -> datetime:
    """The return date as it was given on acceptance, also after a pause has moved it since.

    Of the time that was fixed then: answers of a supplement change no date. Accepted late, the
    clock had run from the moment the answer was due.
    """
    calendar = dossier.ctx.directory.calendar(dossier.desk)
    since = accepted_at(dossier)
    intake = next(leg for leg in dossier.legs if leg.kind is LegKind.INTAKE)
    if late := max(0, intake.clock.consumed - intake.clock.budget):
        since = calendar.subtract(since, late)
    return calendar.add(since, _settlement(dossier).clock.budget)


def _settlement(dossier: Dossier) -> Leg:
    if dossier.settlement is None:
        raise ValueError(f"{dossier.code} was not accepted")
    return dossier.settlement


def accepted_at(dossier: Dossier) -> datetime:
    """Raise ValueError for one that was not accepted: nothing was appointed then."""
    if dossier.accepted_at is None:
        raise ValueError(f"{dossier.code} was not accepted")
    return dossier.accepted_at
