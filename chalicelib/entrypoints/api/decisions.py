"""What officials decide: one body per action, told apart by `action`."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, StringConstraints

from chalicelib.bootstrap import deps
from chalicelib.domain.calendar import LimitUnit, TimeLimit
from chalicelib.domain.desk import Check, Handing
from chalicelib.domain.ids import AgencyCode, DossierCode, FileId, OfficerId
from chalicelib.domain.terms import Role
from chalicelib.entrypoints.api import dossier_answers as answers
from chalicelib.entrypoints.api.dossiers import CODE, idempotency
from chalicelib.entrypoints.api.wire import (
    CLOSED,
    AgencyCodeText,
    Dong,
    FileIdText,
    GivenMoment,
    LegNumber,
    Note,
    Rev,
    Subject,
    Words,
)
from chalicelib.entrypoints.http.auth import signed_in
from chalicelib.entrypoints.http.route import IDEMPOTENCY_KEY, Request, Wire
from chalicelib.entrypoints.http.router import Routes
from chalicelib.use_cases.decide import Decision, decide

decisions = Routes("decisions")


class _Decision(Wire):
    added = frozenset({"override"})

    rev: Rev
    leg: LegNumber | None = None
    override: Annotated[
        Note, Field(description="A leader decides in the holder's place, for this reason.")
    ] = ""

    def given(self) -> Mapping[str, Any]:
        """The action's own arguments, named as in the domain."""
        return {"leg": self.leg}


class _OfTheWhole(Wire):
    """Of no leg, so that nobody's place is taken."""

    override: ClassVar[str] = ""

    rev: Rev


class _WithReason(_Decision):
    reason: Words

    def given(self) -> Mapping[str, Any]:
        """As above."""
        return {"leg": self.leg, "reason": self.reason}


class _WithNote(_Decision):
    note: Note = ""

    def given(self) -> Mapping[str, Any]:
        """As above."""
        return {"leg": self.leg, "note": self.note}


class Accept(_Decision):
    """Complete: enter it and hand it over to its route."""

    action: Literal["accept"]


class Refuse(_WithReason):
    """At intake: not taken in. Later, by a unit: refused on the merits."""

    action: Literal["refuse"]


class CheckIn(Wire):
    """The mark on one paper or section; a faulty one needs a reason and what to do."""

    good: bool
    reason_code: Annotated[str, StringConstraints(pattern=r"^([a-z][a-z0-9_]{0,63})?$")] = ""
    todo: Annotated[str, StringConstraints(max_length=500)] = ""


class RequestSupplement(_Decision):
    """The one complete slip: every paper and section is marked."""

    action: Literal["request_supplement"]
    checks: Annotated[dict[Subject, CheckIn], Field(max_length=100, json_schema_extra=CLOSED)]
    reason: Note = ""

    def given(self) -> Mapping[str, Any]:
        """As above."""
        checks = {
            subject: Check(check.good, check.reason_code, check.todo)
            for subject, check in self.checks.items()
        }
        return {"leg": self.leg, "reason": self.reason, "checks": checks}


class Receive(_Decision):
    """The second signature of a hand-over."""

    action: Literal["receive"]


class DeclineReceipt(_WithReason):
    """Not taken over: the giver looks again."""

    action: Literal["decline_receipt"]


class Assign(_Decision):
    """The head gives the work to an official."""

    action: Literal["assign"]
    officer: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{2,32}$")]

    def given(self) -> Mapping[str, Any]:
        """As above."""
        return {"leg": self.leg, "officer": OfficerId(self.officer)}


class HandOver(_WithNote):
    """This leg is done; the next ones begin."""

    action: Literal["hand_over"]


class SendBack(_WithReason):
    """A fault was found: back to the desk."""

    action: Literal["send_back"]


class Complete(_Decision):
    """The leg ends with its result."""

    action: Literal["complete"]
    result: Annotated[FileIdText, Field(description="The uploaded file of the result.")]
    note: Note = ""

    def given(self) -> Mapping[str, Any]:
        """As above."""
        return {"leg": self.leg, "note": self.note, "result": FileId(self.result)}


class LimitIn(Wire):
    """A time limit."""

    amount: Annotated[int, Field(ge=1, le=366)]
    unit: Literal["working_hours", "working_days", "calendar_days"]

    def limit(self) -> TimeLimit:
        """As the domain counts."""
        return TimeLimit(self.amount, LimitUnit(self.unit))


class RequestAgency(_WithReason):
    """Ask an agency outside the route; the asking leg waits."""

    action: Literal["request_agency"]
    agency: AgencyCodeText
    limit: LimitIn
    shares: Annotated[
        list[Subject], Field(max_length=100, description="What the agency gets to see.")
    ] = []

    def given(self) -> Mapping[str, Any]:
        """As above."""
        return {
            **super().given(),
            "shares": self.shares,
            "agency": AgencyCode(self.agency),
            "limit": self.limit.limit(),
        }


class RecordPayment(_Decision):
    """Money received at the counter."""

    action: Literal["record_payment"]
    amount: Dong
    receipt: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9/.-]{0,39}$")]

    def given(self) -> Mapping[str, Any]:
        """As above."""
        return {"leg": self.leg, "amount": self.amount, "receipt": self.receipt}


class Extend(_WithReason):
    """A leader extends, once, on the version's legal ground."""

    action: Literal["extend"]
    limit: LimitIn

    def given(self) -> Mapping[str, Any]:
        """As above."""
        return {**super().given(), "limit": self.limit.limit()}


class Apologise(_OfTheWhole):
    """The apology with a new date, from the unit at fault."""

    action: Literal["apologise"]
    reason: Words
    promised_at: GivenMoment
    unit: AgencyCodeText

    def given(self) -> Mapping[str, Any]:
        """As above."""
        return {
            "reason": self.reason,
            "promised_at": self.promised_at,
            "unit": AgencyCode(self.unit),
        }


class Consult(_WithReason):
    """Ask another unit before deciding; the reason is the question."""

    action: Literal["consult"]
    agency: AgencyCodeText
    limit: LimitIn

    def given(self) -> Mapping[str, Any]:
        """As above."""
        agency = AgencyCode(self.agency)
        return {**super().given(), "agency": agency, "limit": self.limit.limit()}


class AnswerConsultation(_WithNote):
    """What the unit that was asked thinks."""

    action: Literal["answer_consultation"]
    note: Words


class Suspend(_WithReason):
    """A leader suspends a leg, on a legal ground of the procedure."""

    action: Literal["suspend"]
    ground: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]

    def given(self) -> Mapping[str, Any]:
        """As above."""
        return {**super().given(), "ground": self.ground}


class Resume(_WithNote):
    """The ground is gone: go on."""

    action: Literal["resume"]


class Stop(_OfTheWhole):
    """A leader ends what cannot be gone on with."""

    action: Literal["stop"]
    reason: Words

    def given(self) -> Mapping[str, Any]:
        """As above."""
        return {"reason": self.reason}


class Contact(_OfTheWhole):
    """The citizen was called; the note says what was said."""

    action: Literal["contact"]
    note: Words

    def given(self) -> Mapping[str, Any]:
        """As above."""
        return {"note": self.note}


class Return(_Decision):
    """Hand the result out: at the counter, by download or by post."""

    added = frozenset({"override", "how", "note"})

    action: Literal["return"]
    how: Handing = Handing.COUNTER
    note: Annotated[Note, Field(description="To whom, or the number of the parcel.")] = ""

    def given(self) -> Mapping[str, Any]:
        """As above."""
        return {"leg": self.leg, "how": self.how, "note": self.note}


DecisionBody = Annotated[
    Accept
    | Refuse
    | RequestSupplement
    | Receive
    | DeclineReceipt
    | Assign
    | HandOver
    | SendBack
    | Complete
    | RequestAgency
    | RecordPayment
    | Extend
    | Apologise
    | Consult
    | AnswerConsultation
    | Suspend
    | Resume
    | Stop
    | Contact
    | Return,
    Field(discriminator="action"),
]


@decisions.post(
    "/dossiers/{code}/decisions",
    auth=signed_in(Role.DESK, Role.OFFICER, Role.HEAD, Role.LEADER),
    types=CODE,
    body=DecisionBody,
    answer=answers.StateAnswer,
    headers=(IDEMPOTENCY_KEY,),
    errors=(409,),
)
def decide_on(request: Request[Any]) -> answers.StateAnswer:
    """Decide, on the `rev` that was seen; whose turn it is, the record knows."""
    body = request.body
    command = Decision(
        DossierCode(request.path["code"]),
        body.action,
        body.rev,
        body.given(),
        idempotency(request, body.action),
        body.override,
    )
    done = decide(command, request.person, deps())
    return answers.state(done.dossier, replayed=done.replayed)
