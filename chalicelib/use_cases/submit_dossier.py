"""A citizen (or the desk for one) files a dossier once (R1)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from chalicelib.domain import citizen
from chalicelib.domain.actor import Actor
from chalicelib.domain.dossier import Context, Dossier
from chalicelib.domain.errors import ConflictError, Error, FaultsError, ForbiddenError, RuleError
from chalicelib.domain.event import digest_of, moment, stamp
from chalicelib.domain.ids import AgencyCode, DossierCode, FileId, PersonRef, ProcedureCode
from chalicelib.domain.procedure import ProcedureVersion
from chalicelib.domain.terms import Channel, Role, Status
from chalicelib.domain.value import value
from chalicelib.ports import Deps, Form, Mark, PaperHandedIn, SeenError
from chalicelib.use_cases.changing import Extras, commit, confirm_files

KEEP_KEYS_DAYS = 7


@value(frozen=True, slots=True)
class Submit:
    """`submitter` and `owner` are person blocks; `number` in them is the citizen or tax number."""

    procedure: ProcedureCode
    version: int | None
    desk: AgencyCode
    channel: Channel
    submitter: Mapping[str, Any]
    owner: Mapping[str, Any]
    answers: Mapping[str, Any]
    papers: tuple[PaperHandedIn, ...]
    key: str


@value(frozen=True, slots=True)
class Submitted:
    """What the citizen gets; the same again when the request is repeated."""

    code: DossierCode
    secret: str
    status: Status
    rev: int
    answer_due_at: datetime
    replayed: bool = False


def submit_dossier(command: Submit, actor: Actor, deps: Deps) -> Submitted:
    """Raise FaultsError (form), RuleError (papers, desk), ConflictError (key used otherwise)."""
    try:
        return _submit(command, actor, deps)
    except SeenError as seen:
        return _again(command, seen.content, deps)
    except Error:  # the catalogue may have changed since the request was carried out
        if earlier := deps.records.mark(_mark_key(command, actor, deps)):
            return _again(command, earlier, deps)
        raise


def _submit(command: Submit, actor: Actor, deps: Deps) -> Submitted:
    version = deps.reference.procedure(command.procedure, command.version)
    _check(command, actor, version, deps)
    desk = deps.reference.directory().agency(command.desk, "/desk")
    ctx = Context(deps.clock.now(), version, deps.reference.directory())
    code = _code(ctx, desk.code, deps)

    def new() -> Dossier:
        filing = citizen.Filing(
            desk=desk.code,
            channel=command.channel,
            owner=_ref(command.owner, code, "owner", deps),
            submitter=_submitter(command, actor, code, deps),
            answers=command.answers,
        )
        return citizen.submit(ctx, actor, code, filing)

    places = places_of(command.papers)
    return confirm_files(lambda: _store(command, actor, new(), deps), places, deps)


def places_of(papers: Sequence[PaperHandedIn]) -> dict[FileId, str]:
    """Where in the request each file is named."""
    return {paper.file: f"/papers/{n}/file_id" for n, paper in enumerate(papers)}


def _mark_key(command: Submit, actor: Actor, deps: Deps) -> str:
    return deps.keys.opaque("submit", actor.id, command.key)


def _check(command: Submit, actor: Actor, version: ProcedureVersion, deps: Deps) -> None:
    if command.channel is not Channel.ONLINE and Role.DESK not in actor.roles:
        raise ForbiddenError("submit.counter_is_the_desks", pointer="/channel")
    if Role.CITIZEN in actor.roles and not _is_submitter(command, actor, deps):
        raise RuleError("submit.not_you", pointer="/submitter/number")
    if Role.DESK in actor.roles and actor.agency != command.desk:
        raise ForbiddenError("decision.not_yours", pointer="/desk")
    require_good(command.answers, version, deps)
    known = {paper.code for paper in version.papers}
    handed_in = [paper.paper for paper in command.papers]
    if unknown := set(handed_in) - known:
        raise RuleError("paper.unknown", pointer="/papers", paper=min(unknown))
    required = version.required_papers(version.holding(command.answers))
    if missing := required - set(handed_in):
        name = version.called(f"paper:{min(missing)}")
        raise RuleError("paper.missing", pointer="/papers", paper=name)
    require_distinct(command.papers)


def _is_submitter(command: Submit, actor: Actor, deps: Deps) -> bool:
    """Whoever signed in files in their own name, for themselves or for another owner."""
    return deps.keys.person_ref(command.submitter.get("number", "")) == actor.id


def require_distinct(papers: Sequence[PaperHandedIn]) -> None:
    """Raise RuleError where one file is handed in as two papers."""
    if len({paper.file for paper in papers}) < len(papers):
        raise RuleError("paper.file_twice", pointer="/papers")


def require_good(answers: Mapping[str, Any], version: ProcedureVersion, deps: Deps) -> None:
    """Raise FaultsError naming everything that the version's form finds wrong."""
    if faults := deps.forms.faults(version, answers):
        raise FaultsError(
            "form.invalid",
            [(f"/answers{fault.pointer}", fault.code, fault.params) for fault in faults],
        )


def _code(ctx: Context, desk: AgencyCode, deps: Deps) -> DossierCode:
    """Desk, local date, serial of desk and day: `H15.50.05.13-261008-0975`."""
    day = ctx.now.astimezone(ctx.directory.calendar(desk).tz).strftime("%y%m%d")
    serial = deps.records.next_serial(f"{desk}#{day}")
    return DossierCode(f"{desk}-{day}-{serial:04d}")


def _ref(person: Mapping[str, Any], code: DossierCode, block: str, deps: Deps) -> PersonRef:
    """A person without papers is known by this dossier alone."""
    number = person.get("number")
    return deps.keys.person_ref(number or f"{block}:{code}")


def _submitter(command: Submit, actor: Actor, code: DossierCode, deps: Deps) -> PersonRef:
    if Role.CITIZEN in actor.roles:
        return PersonRef(actor.id)
    return _ref(command.submitter, code, "submitter", deps)


def _body(command: Submit) -> str:
    return digest_of(
        {
            "procedure": command.procedure,
            "version": command.version,
            "desk": command.desk,
            "channel": command.channel.value,
            "submitter": command.submitter,
            "owner": command.owner,
            "answers": command.answers,
            "papers": [[paper.paper, paper.file] for paper in command.papers],
        }
    )


def _store(command: Submit, actor: Actor, dossier: Dossier, deps: Deps) -> Submitted:
    due = dossier.due(dossier.legs[0])
    if due is None:
        raise ValueError("a new dossier's intake is running")
    mark = Mark(
        key=_mark_key(command, actor, deps),
        content={"code": dossier.code, "body": _body(command), "due": stamp(due)},
        keep_days=KEEP_KEYS_DAYS,
    )
    form = Form(1, command.submitter, command.owner, command.answers, command.papers)
    files = tuple(paper.file for paper in command.papers)
    commit(deps, dossier, Extras(mark, form, files))
    return Submitted(
        dossier.code,
        deps.keys.tracking_secret(dossier.code),
        dossier.status,
        dossier.rev,
        due,
    )


def _again(command: Submit, content: Mapping[str, Any], deps: Deps) -> Submitted:
    if content["body"] != _body(command):
        raise ConflictError("idempotency.mismatch")
    code = DossierCode(content["code"])
    return Submitted(
        code,
        deps.keys.tracking_secret(code),
        Status.SUBMITTED,
        1,
        moment(content["due"]),
        replayed=True,
    )
