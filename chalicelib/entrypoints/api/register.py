"""The register (sổ theo dõi): every accepted dossier one line, no number missing."""

from typing import Annotated

from pydantic import Field

from chalicelib.bootstrap import deps
from chalicelib.domain.ids import AgencyCode
from chalicelib.domain.terms import ResultKind, Role, Status
from chalicelib.entrypoints.api.wire import AgencyCodeText, Moment, TextAnswer
from chalicelib.entrypoints.http.auth import signed_in
from chalicelib.entrypoints.http.route import Request, Wire
from chalicelib.entrypoints.http.router import Routes
from chalicelib.use_cases.read_register import Entered, Wanted, read_register

register = Routes("register")


class RegisterQuery(Wire):
    """Without a desk the caller's own; without a year this one."""

    desk: AgencyCodeText | None = None
    year: Annotated[int | None, Field(ge=2000, le=2099)] = None
    after: Annotated[int, Field(ge=0, le=9_999_999, description="Lines behind this number.")] = 0
    limit: Annotated[int, Field(ge=1, le=50)] = 25


class LineAnswer(Wire):
    """One line, as its dossier stands now; nothing personal."""

    number: int
    code: str
    procedure: str
    name: TextAnswer
    accepted_at: Moment | None
    due_at: Moment | None
    promised_at: Moment | None
    status: Status
    result: ResultKind | None
    settled_at: Moment | None


class RegisterAnswer(Wire):
    """`next` is the `after` of the next page, null at the end."""

    items: list[LineAnswer]
    next: int | None


@register.get(
    "/reports/register",
    auth=signed_in(Role.DESK, Role.HEAD, Role.LEADER, Role.AUDITOR),
    query=RegisterQuery,
    answer=RegisterAnswer,
    errors=(404, 422),
)
def read_the_register(request: Request[None, RegisterQuery]) -> RegisterAnswer:
    """In the order of acceptance."""
    query = request.query
    desk = AgencyCode(query.desk) if query.desk else None
    wanted = Wanted(desk, query.year, query.after, query.limit)
    found = read_register(request.person, wanted, deps())
    full = len(found) == query.limit
    return RegisterAnswer(
        items=[_line(each) for each in found],
        next=found[-1].line.number if full else None,
    )


def _line(entered: Entered) -> LineAnswer:
    dossier, name = entered.dossier, entered.procedure.name
    settlement = dossier.settlement
    return LineAnswer(
        number=entered.line.number,
        code=dossier.code,
        procedure=dossier.procedure,
        name=TextAnswer(vi=name.vi, en=name.en),
        accepted_at=dossier.accepted_at,
        due_at=dossier.due_at,
        promised_at=dossier.promised_at,
        status=dossier.status,
        result=dossier.result_kind,
        settled_at=settlement.closed_at if settlement else None,
    )
