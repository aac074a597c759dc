"""A unit's own work by due time."""

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from chalicelib.bootstrap import deps
from chalicelib.domain.event import stamp
from chalicelib.domain.terms import Role
from chalicelib.entrypoints.api.wire import GivenMoment, Moment, ProcedureCodeText
from chalicelib.entrypoints.http.auth import signed_in
from chalicelib.entrypoints.http.route import Request, Wire
from chalicelib.entrypoints.http.router import Routes
from chalicelib.use_cases.list_worklist import Filter, Rag, Work, list_worklist

worklist = Routes("worklist")


class WorklistQuery(Wire):
    """`work` are the unit's legs, `task` what a desk must do beside them."""

    queue: Literal["work", "task"] = "work"
    due: Annotated[GivenMoment | None, Field(description="Only what is due before.")] = None
    procedure: ProcedureCodeText | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 50
    cursor: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,200}$")] | None = None


class WorkAnswer(Wire):
    """One row; minutes are working minutes on the unit's calendar, negative when overdue."""

    code: str
    leg: int
    due_at: Moment | None
    rag: Rag
    remaining_working_minutes: int | None
    procedure: str
    status: str
    kind: str
    row: dict[str, Any]


class WorkAnswers(Wire):
    """`next` is the cursor of the next page, null at the end."""

    items: list[WorkAnswer]
    next: str | None


@worklist.get(
    "/worklist",
    auth=signed_in(Role.DESK, Role.OFFICER, Role.HEAD, Role.LEADER),
    query=WorklistQuery,
    answer=WorkAnswers,
    errors=(404, 422),
)
def read_worklist(request: Request[None, WorklistQuery]) -> WorkAnswers:
    """The most urgent first."""
    query = request.query
    wanted = Filter(
        queue=query.queue,
        due_before=stamp(query.due) if query.due else "",
        procedure=query.procedure or "",
        limit=query.limit,
        cursor=query.cursor or "",
    )
    page = list_worklist(request.person, wanted, deps())
    return WorkAnswers(items=[_row(work) for work in page.items], next=page.next or None)


def _row(work: Work) -> WorkAnswer:
    minutes = None if work.remaining is None else work.remaining // 60
    return WorkAnswer(
        code=work.dossier,
        leg=work.leg,
        due_at=work.due,
        rag=work.rag,
        remaining_working_minutes=minutes,
        procedure=str(work.row.get("procedure", "")),
        status=str(work.row.get("status", "")),
        kind=str(work.row.get("kind", "")),
        row=dict(work.row),
    )
