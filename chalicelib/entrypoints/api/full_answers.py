"""What officials concerned are answered: the whole dossier with its control slip."""

from typing import Any

from chalicelib.domain.control_slip import Hop, Period, Punctuality
from chalicelib.domain.event import Event
from chalicelib.domain.terms import Channel, EventType, LegKind, LegState, ResultKind, Stage, Status
from chalicelib.entrypoints.api.dossier_answers import (
    ResultAnswer,
    StateAnswer,
    results,
    state_fields,
)
from chalicelib.entrypoints.api.wire import Moment
from chalicelib.entrypoints.http.route import Wire
from chalicelib.use_cases.read_dossier import FullDossier


class HopAnswer(Wire):
    """One line of the control slip; `budget` and `consumed` in working seconds."""

    leg: int
    kind: LegKind
    code: str
    giver: str | None
    receiver: str
    state: LegState
    handed_over_at: Moment
    received_at: Moment | None
    closed_at: Moment | None
    due_at: Moment | None
    budget: int
    consumed: int
    punctuality: Punctuality | None
    outcome: str


class PeriodAnswer(Wire):
    """Who held it from `since` to before `until`; together they are the dossier's life."""

    since: Moment
    until: Moment
    seconds: int
    holders: list[str]


class EventAnswer(Wire):
    """An event as it is on record; `digest` chains it to the next one's `prev`."""

    ev: int
    type: EventType
    at: Moment
    actor: str
    leg: int | None
    status: Status
    stage: Stage
    holders: list[tuple[int, str]]
    data: dict[str, Any]
    note: str | None
    prev: str
    idempotency: str
    digest: str


class PaperAnswer(Wire):
    """A paper that was handed in, with a link for some minutes."""

    paper_code: str
    file_id: str
    url: str


class FullAnswer(StateAnswer):
    """Everything an official concerned may see."""

    procedure_code: str
    procedure_version: int
    channel: Channel
    desk: str
    submitted_at: Moment
    accepted_at: Moment | None
    task: str
    dues: int
    paid: int
    result_kind: ResultKind | None
    results: list[ResultAnswer]
    submitter: dict[str, Any]
    owner: dict[str, Any]
    answers: dict[str, Any]
    papers: list[PaperAnswer]
    control_slip: list[HopAnswer]
    periods: list[PeriodAnswer]
    events: list[EventAnswer]


def full(found: FullDossier) -> FullAnswer:
    """For officials concerned."""
    dossier, form = found.dossier, found.form
    return FullAnswer(
        **state_fields(dossier),
        procedure_code=dossier.procedure,
        procedure_version=dossier.version,
        channel=dossier.channel,
        desk=dossier.desk,
        submitted_at=dossier.submitted_at,
        accepted_at=dossier.accepted_at,
        task=dossier.task,
        dues=dossier.dues,
        paid=dossier.paid,
        result_kind=dossier.result_kind,
        results=results(dossier.legs, found.links),
        submitter=dict(form.submitter),
        owner=dict(form.owner),
        answers=dict(form.answers),
        papers=[
            PaperAnswer(paper_code=paper.paper, file_id=paper.file, url=found.links[paper.file])
            for paper in form.papers
        ],
        control_slip=[_hop(hop) for hop in found.slip],
        periods=[_period(period) for period in found.periods],
        events=[_event(event, found.notes.get(event.ev)) for event in found.events],
    )


def _hop(hop: Hop) -> HopAnswer:
    return HopAnswer(
        leg=hop.leg,
        kind=hop.kind,
        code=hop.code,
        giver=hop.giver,
        receiver=hop.receiver,
        state=hop.state,
        handed_over_at=hop.handed_over_at,
        received_at=hop.received_at,
        closed_at=hop.closed_at,
        due_at=hop.due_at,
        budget=hop.budget,
        consumed=hop.consumed,
        punctuality=hop.punctuality,
        outcome=hop.outcome,
    )


def _period(period: Period) -> PeriodAnswer:
    return PeriodAnswer(
        since=period.since,
        until=period.until,
        seconds=period.seconds,
        holders=list(period.holders),
    )


def _event(event: Event, note: str | None) -> EventAnswer:
    return EventAnswer(
        ev=event.ev,
        type=event.type,
        at=event.at,
        actor=event.actor,
        leg=event.leg,
        status=event.status,
        stage=event.stage,
        holders=list(event.holders),
        data=dict(event.data),
        note=note,
        prev=event.prev,
        idempotency=event.idempotency,
        digest=event.digest(),
    )
