"""What is answered about a dossier: to the public, to whoever decided, to officials."""

from collections.abc import Iterable, Mapping
from typing import Any

from chalicelib.domain.actor import ActorKind
from chalicelib.domain.control_slip import is_early
from chalicelib.domain.dossier import Dossier
from chalicelib.domain.event import Event
from chalicelib.domain.leg import CITIZEN, Leg
from chalicelib.domain.terms import (
    Channel,
    EventType,
    LegKind,
    LegState,
    ResultKind,
    Role,
    Stage,
    Status,
)
from chalicelib.entrypoints.api.wire import Moment, TextAnswer
from chalicelib.entrypoints.http.route import Wire
from chalicelib.use_cases.track_dossier import Tracked, asked_in, holders, open_slips

# What goes on inside a unit is not the citizen's: who works on it, warnings before the due time.
INTERNAL = frozenset(
    {
        EventType.ASSIGNED,
        EventType.CALLBACK_FILED,
        EventType.GENERATION_STARTED,
        EventType.OVERRIDDEN,
    }
)
WARNINGS = frozenset({"due_soon"})
ADDRESSED = frozenset(  # whose words are written to the citizen
    {
        EventType.SUPPLEMENT_REQUESTED,
        EventType.REFUSED,
        EventType.AGENCY_REFUSED,
        EventType.EXTENDED,
        EventType.APOLOGISED,
        EventType.STOPPED,
        EventType.SUSPENDED,
        EventType.WITHDRAWN,
    }
)


class HolderAnswer(Wire):
    """Who holds it now."""

    leg: int
    kind: LegKind
    unit: str
    unit_name: TextAnswer
    since: Moment
    due_at: Moment | None


class StateAnswer(Wire):
    """Where a dossier stands, after a decision too."""

    code: str
    status: Status
    stage: Stage
    rev: int
    due_at: Moment | None
    promised_at: Moment | None
    paused: bool
    early: bool
    holders: list[HolderAnswer]
    outstanding: int
    replayed: bool = False


class Happened(Wire):
    """One line of the timeline; `words` are those written to the citizen, for its owner only."""

    ev: int
    type: EventType
    at: Moment
    unit: str | None
    unit_name: TextAnswer | None
    status: Status
    milestone: str | None = None
    words: str | None = None


class Asked(Wire):
    """One item of the supplement slip: a paper or a section, and what is wrong with it."""

    subject: str
    reason_code: str


class OpenRequest(Wire):
    """What the citizen is asked for, all open slips together.

    `text` (what to do) is for its owner only.
    """

    since: Moment
    due_at: Moment | None
    items: list[Asked]
    text: str | None = None


class ResultAnswer(Wire):
    """A result to download, for some minutes; only where what is due is paid."""

    leg: int
    code: str
    url: str


class TrackedAnswer(StateAnswer):
    """A dossier as its citizen sees it."""

    procedure_code: str
    procedure_version: int
    channel: Channel
    submitted_at: Moment
    accepted_at: Moment | None
    result_kind: ResultKind | None
    results: list[ResultAnswer]
    open_request: OpenRequest | None
    timeline: list[Happened]


def state(dossier: Dossier, *, replayed: bool = False) -> StateAnswer:
    """The short answer."""
    return StateAnswer(**state_fields(dossier), replayed=replayed)


def state_fields(dossier: Dossier) -> dict[str, Any]:
    """What every answer about a dossier has."""
    return {
        "code": dossier.code,
        "status": dossier.status,
        "stage": dossier.stage,
        "rev": dossier.rev,
        "due_at": dossier.due_at,
        "promised_at": dossier.promised_at,
        "paused": _is_paused(dossier),
        "early": is_early(dossier),
        "outstanding": dossier.dues - dossier.paid,
        "holders": [
            HolderAnswer(
                leg=each.leg.n,
                kind=each.leg.kind,
                unit=each.holder,
                unit_name=unit_name(dossier, each.holder),
                since=each.since,
                due_at=each.due,
            )
            for each in holders(dossier)
        ],
    }


def _is_paused(dossier: Dossier) -> bool:
    """Nothing goes on but what the citizen does, or the law allows: no due date runs."""
    waits = dossier.status in (Status.SUPPLEMENT_REQUESTED, Status.PAYMENT_REQUESTED)
    return waits or bool(dossier.settlement and dossier.settlement.state is LegState.PAUSED)


def unit_name(dossier: Dossier, unit: str) -> TextAnswer:
    """Of an agency, or of the citizen."""
    if unit == CITIZEN:
        return TextAnswer(vi="Người nộp hồ sơ", en="The applicant")
    name = dossier.ctx.directory.agency(unit).name  # type: ignore[arg-type]
    return TextAnswer(vi=name.vi, en=name.en)


def tracked(found: Tracked, *, roles: frozenset[Role], links: Mapping[str, str]) -> TrackedAnswer:
    """`links` are the results' by file, for those who signed in."""
    dossier = found.dossier
    return TrackedAnswer(
        **state_fields(dossier),
        procedure_code=dossier.procedure,
        procedure_version=dossier.version,
        channel=dossier.channel,
        submitted_at=dossier.submitted_at,
        accepted_at=dossier.accepted_at,
        result_kind=dossier.result_kind,
        results=results(dossier.results, links),
        open_request=_request(found),
        timeline=[_happened(found, event) for event in found.events if _is_shown(event, roles)],
    )


def _is_shown(event: Event, roles: frozenset[Role]) -> bool:
    if roles - {Role.CITIZEN}:
        return True
    return event.type not in INTERNAL and event.data.get("milestone") not in WARNINGS


def _happened(found: Tracked, event: Event) -> Happened:
    dossier, unit = found.dossier, _unit(found.dossier, event)
    return Happened(
        ev=event.ev,
        type=event.type,
        at=event.at,
        unit=unit,
        unit_name=unit_name(dossier, unit) if unit else None,
        status=event.status,
        milestone=event.data.get("milestone"),
        words=found.notes.get(event.ev) if event.type in ADDRESSED else None,
    )


def _unit(dossier: Dossier, event: Event) -> str | None:
    """The unit that acted; of a milestone, the one whose time it was."""
    kind, _, who = event.actor.partition(":")
    if kind == ActorKind.CITIZEN:
        return CITIZEN
    if "@" in who:
        return who.rpartition("@")[2]
    return dossier.leg(event.leg).holder if event.leg else None


def _request(found: Tracked) -> OpenRequest | None:
    slips = open_slips(found.dossier)
    if not slips:
        return None
    asking = [asked_in(found, slip) for slip in slips]
    asked = {subject: why for event in asking for subject, why in event.data["faulty"].items()}
    words = [found.notes[event.ev] for event in asking if event.ev in found.notes]
    return OpenRequest(
        since=min(slip.opened_at for slip in slips),
        due_at=min((due for slip in slips if (due := found.dossier.due(slip))), default=None),
        items=[Asked(subject=subject, reason_code=reason) for subject, reason in asked.items()],
        text="\n\n".join(words) or None,
    )


def results(legs: Iterable[Leg], links: Mapping[str, str]) -> list[ResultAnswer]:
    """The results that there are links to."""
    return [
        ResultAnswer(leg=leg.n, code=leg.code, url=links[leg.result])
        for leg in legs
        if leg.result in links
    ]
