"""The catalogue, for anyone: what can be filed, with everything that is asked for (R10)."""

from typing import Annotated

from pydantic import Field, StringConstraints

from chalicelib.bootstrap import deps
from chalicelib.domain.directory import Agency
from chalicelib.domain.errors import NotFoundError
from chalicelib.domain.ids import AgencyCode, ProcedureCode
from chalicelib.domain.procedure import ProcedureVersion
from chalicelib.entrypoints.api.wire import (
    AgencyCodeText,
    ProcedureCodeText,
    TextAnswer,
    Version,
)
from chalicelib.entrypoints.http.answering import Answer
from chalicelib.entrypoints.http.auth import public
from chalicelib.entrypoints.http.route import Request, Wire
from chalicelib.entrypoints.http.router import Routes
from chalicelib.ports import Offered
from chalicelib.use_cases.list_procedures import Search, list_procedures

procedures = Routes("procedures")

CODE = {"code": ProcedureCodeText}
A_MINUTE = "public, max-age=60"
FOR_GOOD = "public, max-age=86400, immutable"


class ProcedureQuery(Wire):
    """All of it may be left out."""

    q: Annotated[str, StringConstraints(max_length=200)] = ""
    field: Annotated[str, StringConstraints(max_length=100)] = ""
    agency: AgencyCodeText | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 50
    cursor: ProcedureCodeText | None = None


class ProcedureLine(Wire):
    """One procedure in a list."""

    code: str
    version: int
    name: TextAnswer
    field: TextAnswer


class ProcedureList(Wire):
    """`next` is the cursor of the next page, null at the end."""

    items: list[ProcedureLine]
    next: str | None


class DeskAnswer(Wire):
    """A desk that takes dossiers in."""

    code: str
    name: TextAnswer
    kind: str
    address: str
    phone: str


class DeskList(Wire):
    """All of them."""

    items: list[DeskAnswer]


class VersionList(Wire):
    """Numbers, newest first."""

    items: list[int]


@procedures.get(
    "/procedures",
    auth=public(),
    query=ProcedureQuery,
    answer=ProcedureList,
    cache=A_MINUTE,
    errors=(404,),
)
def search_procedures(request: Request[None, ProcedureQuery]) -> ProcedureList:
    """Search by words, with or without diacritics."""
    query = request.query
    agency = AgencyCode(query.agency) if query.agency else None
    search = Search(query.q, query.field, agency, query.limit, query.cursor or "")
    page = list_procedures(search, deps())
    return ProcedureList(items=[_line(line) for line in page.items], next=page.next or None)


@procedures.get(
    "/procedures/{code}", auth=public(), types=CODE, answer=ProcedureVersion, cache=A_MINUTE
)
def read_procedure(request: Request) -> Answer:
    """The version in force: form, papers, route, time limits, fees, legal basis."""
    return Answer(deps().reference.procedure(ProcedureCode(request.path["code"])))


@procedures.get("/procedures/{code}/versions", auth=public(), types=CODE, answer=VersionList)
def list_versions(request: Request) -> VersionList:
    """All versions that were ever published."""
    found = deps().reference.versions(ProcedureCode(request.path["code"]))
    if not found:
        raise NotFoundError("procedure.not_found")
    return VersionList(items=list(found))


@procedures.get(
    "/procedures/{code}/versions/{number}",
    auth=public(),
    types={**CODE, "number": Version},
    answer=ProcedureVersion,
    cache=FOR_GOOD,
)
def read_version(request: Request) -> Answer:
    """One version; it never changes."""
    code, number = ProcedureCode(request.path["code"]), request.path["number"]
    return Answer(deps().reference.procedure(code, number))


@procedures.get("/desks", auth=public(), answer=DeskList, cache=A_MINUTE)
def list_desks(request: Request) -> DeskList:  # noqa: ARG001 - takes nothing
    """Where dossiers can be filed."""
    found = (agency for agency in deps().reference.directory() if agency.desk)
    return DeskList(items=[_desk(agency) for agency in found])


def _line(line: Offered) -> ProcedureLine:
    return ProcedureLine(
        code=line.code,
        version=line.version,
        name=TextAnswer(vi=line.name.vi, en=line.name.en),
        field=TextAnswer(vi=line.field.vi, en=line.field.en),
    )


def _desk(agency: Agency) -> DeskAnswer:
    return DeskAnswer(
        code=agency.code,
        name=TextAnswer(vi=agency.name.vi, en=agency.name.en),
        kind=agency.kind,
        address=agency.address,
        phone=agency.phone,
    )
