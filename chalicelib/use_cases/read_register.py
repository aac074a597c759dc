"""The register of a desk and year, line by line, as its dossiers stand now (R20)."""

from chalicelib.domain.actor import Actor
from chalicelib.domain.dossier import Dossier
from chalicelib.domain.errors import ForbiddenError, RuleError
from chalicelib.domain.ids import AgencyCode
from chalicelib.domain.procedure import ProcedureVersion
from chalicelib.domain.register import Book, Line
from chalicelib.domain.terms import Role
from chalicelib.domain.value import value
from chalicelib.ports import Deps
from chalicelib.use_cases.changing import context


@value(frozen=True, slots=True)
class Entered:
    """A line with what it is about."""

    line: Line
    dossier: Dossier
    procedure: ProcedureVersion


@value(frozen=True, slots=True)
class Wanted:
    """Lines behind number `after`; without a desk and year the caller's own, this one."""

    desk: AgencyCode | None = None
    year: int | None = None
    after: int = 0
    limit: int = 25


def read_register(actor: Actor, wanted: Wanted, deps: Deps) -> list[Entered]:
    """Raise ForbiddenError for another unit's register, NotFoundError for a desk there is none."""
    book = _book(actor, wanted, deps)
    lines = deps.records.lines(book, wanted.after, wanted.limit)
    found = [(line, deps.records.load(line.dossier, context(deps))) for line in lines]
    return [Entered(line, dossier, dossier.ctx.procedure) for line, dossier in found]


def _book(actor: Actor, wanted: Wanted, deps: Deps) -> Book:
    """Its own officials read it, those who lead them, and auditors."""
    desk = wanted.desk or actor.agency
    if desk is None:
        raise RuleError("register.which_desk", pointer="/query/desk")
    directory = deps.reference.directory()
    above = directory.hierarchy(directory.agency(desk, "/query/desk").code)
    if Role.AUDITOR not in actor.roles and actor.agency not in above:
        raise ForbiddenError("decision.not_yours")
    now = deps.clock.now().astimezone(directory.calendar(desk).tz)
    return Book(desk, wanted.year or now.year)
