"""What a citizen does with a dossier: submit, track, supplement, withdraw; officials read it."""

from typing import Annotated, Any

from pydantic import Field

from chalicelib.bootstrap import deps
from chalicelib.domain.actor import Actor
from chalicelib.domain.dossier import Dossier
from chalicelib.domain.event import digest_of
from chalicelib.domain.ids import AgencyCode, DossierCode, FileId, ProcedureCode
from chalicelib.domain.terms import Channel, Role, Status
from chalicelib.entrypoints.api import dossier_answers as answers
from chalicelib.entrypoints.api.full_answers import FullAnswer, full
from chalicelib.entrypoints.api.persons import Person, as_stored
from chalicelib.entrypoints.api.wire import (
    AgencyCodeText,
    Answers,
    Code,
    Moment,
    Note,
    PaperIn,
    Papers,
    ProcedureCodeText,
    Rev,
    Version,
)
from chalicelib.entrypoints.http.auth import secret_or_signed_in, signed_in
from chalicelib.entrypoints.http.edge import address_of
from chalicelib.entrypoints.http.route import IDEMPOTENCY_KEY, Request, Wire
from chalicelib.entrypoints.http.router import Routes
from chalicelib.ports import PaperHandedIn
from chalicelib.use_cases.changing import Idempotency
from chalicelib.use_cases.read_dossier import read_dossier
from chalicelib.use_cases.submit_dossier import Submit, submit_dossier
from chalicelib.use_cases.supplement_dossier import Supplement, supplement_dossier
from chalicelib.use_cases.track_dossier import Track, track_dossier
from chalicelib.use_cases.withdraw_dossier import Withdraw, withdraw_dossier

dossiers = Routes("dossiers")

OFFICIALS = (Role.DESK, Role.OFFICER, Role.HEAD, Role.LEADER, Role.AUDITOR)
CODE = {"code": Code}


class SubmitBody(Wire):
    """A dossier: filed once, for the desk that receives it."""

    procedure_code: ProcedureCodeText
    procedure_version: Annotated[
        Version | None, Field(description="The version the form was filled in for.")
    ] = None
    desk: Annotated[AgencyCodeText, Field(description="The one-stop desk it is filed at.")]
    channel: Channel = Channel.ONLINE
    submitter: Person
    owner: Person
    answers: Answers
    papers: Papers = []


class SubmittedAnswer(Wire):
    """What to keep: the code, and the secret that reads its status."""

    code: str
    secret: str
    status: Status
    rev: int
    answer_due_at: Moment
    tracking_url: str
    replayed: bool


class SupplementBody(Wire):
    """Exactly the sections and papers that the slip asks for."""

    rev: Rev
    answers: Answers = {}
    papers: Papers = []


class WithdrawBody(Wire):
    """The reason is the citizen's own and may be left out."""

    rev: Rev
    reason: Note = ""


@dossiers.post(
    "/dossiers",
    auth=signed_in(Role.CITIZEN, Role.DESK),
    body=SubmitBody,
    answer=SubmittedAnswer,
    status=201,
    headers=(IDEMPOTENCY_KEY,),
    errors=(404, 409),
)
def submit(request: Request[SubmitBody]) -> SubmittedAnswer:
    """File a dossier: checked at once, stored once, however often it is sent."""
    return submitted(request.body, request.person, request.idempotency_key)


def submitted(body: SubmitBody, actor: Actor, key: str) -> SubmittedAnswer:
    """File one. Raise the errors of `submit_dossier`."""
    done = submit_dossier(
        Submit(
            procedure=ProcedureCode(body.procedure_code),
            version=body.procedure_version,
            desk=AgencyCode(body.desk),
            channel=body.channel,
            submitter=as_stored(body.submitter),
            owner=as_stored(body.owner),
            answers=body.answers,
            papers=_papers(body.papers),
            key=key,
        ),
        actor,
        deps(),
    )
    return SubmittedAnswer(
        code=done.code,
        secret=done.secret,
        status=done.status,
        rev=done.rev,
        answer_due_at=done.answer_due_at,
        tracking_url=f"{deps().public_url}/#code={done.code}&secret={done.secret}",
        replayed=done.replayed,
    )


@dossiers.get(
    "/dossiers/{code}",
    auth=secret_or_signed_in(Role.CITIZEN, *OFFICIALS),
    types=CODE,
    answer=answers.TrackedAnswer,
    errors=(429,),
)
def track(request: Request) -> answers.TrackedAnswer:
    """Where a dossier is, who holds it and until when."""
    ports = deps()
    caller = ports.keys.opaque("caller", address_of(request, ports.keys))
    command = Track(DossierCode(request.path["code"]), request.secret, caller)
    found = track_dossier(command, request.actor, ports)
    return answers.tracked(
        found,
        roles=request.actor.roles if request.actor else frozenset(),
        links=_links(found.dossier) if request.actor else {},
    )


@dossiers.get(
    "/dossiers/{code}/full",
    auth=signed_in(*OFFICIALS),
    types=CODE,
    answer=FullAnswer,
)
def read_full(request: Request) -> FullAnswer:
    """The whole dossier with its control slip, for officials concerned."""
    return full(read_dossier(DossierCode(request.path["code"]), request.person, deps()))


@dossiers.post(
    "/dossiers/{code}/supplement",
    auth=signed_in(Role.CITIZEN, Role.DESK),
    types=CODE,
    body=SupplementBody,
    answer=answers.StateAnswer,
    headers=(IDEMPOTENCY_KEY,),
    errors=(403, 409),
)
def supplement(request: Request[SupplementBody]) -> answers.StateAnswer:
    """Answer the supplement slip."""
    command = Supplement(
        DossierCode(request.path["code"]),
        request.body.rev,
        request.body.answers,
        _papers(request.body.papers),
        idempotency(request, "supplement"),
    )
    done = supplement_dossier(command, request.person, deps())
    return answers.state(done.dossier, replayed=done.replayed)


@dossiers.post(
    "/dossiers/{code}/withdraw",
    auth=signed_in(Role.CITIZEN, Role.DESK),
    types=CODE,
    body=WithdrawBody,
    answer=answers.StateAnswer,
    headers=(IDEMPOTENCY_KEY,),
    errors=(403, 409),
)
def withdraw(request: Request[WithdrawBody]) -> answers.StateAnswer:
    """Withdraw the dossier, as long as its result does not exist."""
    command = Withdraw(
        DossierCode(request.path["code"]),
        request.body.rev,
        request.body.reason,
        idempotency(request, "withdraw"),
    )
    done = withdraw_dossier(command, request.person, deps())
    return answers.state(done.dossier, replayed=done.replayed)


def idempotency(request: Request[Any], action: str) -> Idempotency:
    """The client's key, of this person only, and what came with it."""
    body = digest_of({"action": action, "body": request.body.sent()})
    key = deps().keys.opaque("request", request.person.id, request.idempotency_key)
    return Idempotency(key, body)


def _papers(papers: list[PaperIn]) -> tuple[PaperHandedIn, ...]:
    return tuple(PaperHandedIn(paper.paper_code, FileId(paper.file_id)) for paper in papers)


def _links(dossier: Dossier) -> dict[str, str]:
    """To the results, once what is due is paid."""
    if dossier.paid < dossier.dues:
        return {}
    return {leg.result: deps().files.link(FileId(leg.result)) for leg in dossier.results}
