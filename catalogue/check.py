"""What the shape of the data cannot say: whether the tables fit together.

Each function yields sentences for the official who edits the tables; nothing means all is well.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Final

from catalogue.check_cases import case_problems, legs
from catalogue.check_content import content_problems
from catalogue.check_form import form_problems
from catalogue.read import Catalogue
from chalicelib.domain.directory import Agency, Directory
from chalicelib.domain.errors import Error
from chalicelib.domain.ids import AgencyCode, OfficerId
from chalicelib.domain.procedure import Effect, Milestone, ProcedureVersion, RouteLeg
from chalicelib.domain.terms import LegKind, Role

AGENCY_CODE: Final = re.compile(r"[A-Z0-9]+(\.[A-Z0-9]+)*")  # DOMAIN.md, "Codes"
MOST_CODE: Final = 35  # characters
VERSIONS: Final = range(1, 10_000)  # four digits in the key, so that they sort


def problems(catalogue: Catalogue) -> list[str]:
    """All that is wrong; procedures are judged only once the directory is sound."""
    if wrong := [*_of_agencies(catalogue), *_of_accounts(catalogue)]:
        return wrong
    directory = catalogue.directory()
    found = (procedure_problems(version, directory) for version in catalogue.procedures)
    return list(chain.from_iterable(found))


# -- the directory


def _of_agencies(catalogue: Catalogue) -> Iterator[str]:
    agencies = {agency.code: agency for agency in catalogue.agencies}
    parents: dict[str, str] = {a.code: a.parent for a in catalogue.agencies if a.parent}
    known = set(catalogue.areas) | set(catalogue.areas.values())
    yield from _twice("agency", (agency.code for agency in catalogue.agencies))
    yield from _twice("kind in an area", (f"{a.kind} in {a.area}" for a in catalogue.agencies))
    yield from _loops("areas", catalogue.areas)
    yield from _loops("parent", parents)
    for agency in catalogue.agencies:
        if len(agency.code) > MOST_CODE or not AGENCY_CODE.fullmatch(agency.code):
            yield f"{agency.code}: a code is groups of A-Z 0-9 split by dots, {MOST_CODE} at most"
        if agency.parent and agency.parent not in agencies:
            yield f"{agency.code}: there is no parent {agency.parent}"
        if agency.area not in known:
            yield f"{agency.code}: there is no area {agency.area}"
        if agency.calendar != catalogue.calendar["code"]:
            yield f"{agency.code}: there is no calendar {agency.calendar}"
        if agency.webhook_url:
            yield f"{agency.code}: a webhook is set by an operator, not in this file"


def _of_accounts(catalogue: Catalogue) -> Iterator[str]:
    yield from _twice("account", (account.account for account in catalogue.accounts))
    homes = {OfficerId(each.account): each.agency_code for each in catalogue.accounts}
    codes = {agency.code for agency in catalogue.agencies}
    for account in catalogue.accounts:
        if bool(account.id) != (Role.CITIZEN in account.roles):
            yield f"{account.account}: citizens have an id, officials have none"
        if bool(account.agency_code) == (Role.CITIZEN in account.roles):
            yield f"{account.account}: officials have an agency_code, citizens have none"
        if account.agency_code and account.agency_code not in codes:
            yield f"{account.account}: there is no agency {account.agency_code}"
    for agency in catalogue.agencies:
        yield from _of_posts(agency, homes)


def _of_posts(agency: Agency, homes: dict[OfficerId, AgencyCode | None]) -> Iterator[str]:
    for rung, post in agency.posts.items():
        for officer in filter(None, (post.officer, post.stand_in)):
            if homes.get(officer) != agency.code:
                yield f"{agency.code}: {officer} ({rung}) is no account of this agency"


def _loops(what: str, upwards: Mapping[str, str]) -> Iterator[str]:
    for start, above in upwards.items():
        seen, at = {start}, above
        while at in upwards and at not in seen:
            seen.add(at)
            at = upwards[at]
        if at in seen:
            yield f"{what}: {start} lies within itself"


def _twice(what: str, names: Iterable[str]) -> Iterator[str]:
    for name, count in Counter(names).items():
        if count > 1:
            yield f"{what} {name}: {count} times"


# -- procedures


def procedure_problems(version: ProcedureVersion, directory: Directory) -> Iterator[str]:
    """All that is wrong with one version, in a sound directory."""
    found = chain(
        form_problems(version.form),
        _of_names(version),
        _of_numbers(version),
        *(_of_leg(leg, version) for leg in legs(version)),
        _of_competence(version, directory),
        content_problems(version),
        case_problems(version),
    )
    return (f"{version.code}: {problem}" for problem in found)


def _of_names(version: ProcedureVersion) -> Iterator[str]:
    yield from _twice("step", (step.code for step in version.route))
    yield from _twice("leg", (leg.code for leg in legs(version)))
    yield from _twice("paper", (paper.code for paper in version.papers))
    yield from _twice("fee", (fee.code for fee in version.fees))
    yield from _twice("suspension", (each.code for each in version.suspensions))
    for step in version.route:
        codes = {leg.code for leg in step.legs}
        for leg in step.legs:
            if strangers := set(leg.depends_on) - (codes - {leg.code}):
                yield f"leg {leg.code}: depends on {sorted(strangers)}, not of its step"


def _of_numbers(version: ProcedureVersion) -> Iterator[str]:
    if version.version not in VERSIONS:
        yield f"version {version.version}: they count from {VERSIONS.start} to {VERSIONS.stop - 1}"
    for name in ("review_hours", "supplement_days", "payment_days", "collect_days"):
        if getattr(version, name) < 1:
            yield f"{name}: must be 1 or more"


def _of_leg(leg: RouteLeg, version: ProcedureVersion) -> Iterator[str]:
    if strangers := set(leg.shares) - version.subjects:
        yield f"leg {leg.code}: shares {sorted(strangers)}, neither a section nor a paper"
    yield from (f"leg {leg.code}: {problem}" for problem in _of_ladder(leg.ladder))
    if leg.kind is LegKind.PAYMENT:
        if leg.unit or leg.limit or not leg.required:
            yield f"leg {leg.code}: a payment has neither unit nor limit, and is required"
        if leg.when or leg.unless:
            yield f"leg {leg.code}: a payment waits for what is due, not for a condition"
    elif leg.kind not in (LegKind.UNIT, LegKind.AGENCY):
        yield f"leg {leg.code}: a route has units, agencies and payments, not {leg.kind}"
    elif leg.limit is None or leg.unit is None or bool(leg.unit.kind) == bool(leg.unit.agency):
        yield f"leg {leg.code}: needs a limit, and a unit by either kind or agency"


def _of_ladder(ladder: Sequence[Milestone]) -> Iterator[str]:
    """A milestone is claimed by its code, so that a second one of that code would never pass."""
    yield from _twice("milestone", (milestone.code for milestone in ladder))
    for milestone in ladder:
        if milestone.effect is Effect.ESCALATE and milestone.rung is None:
            yield f"milestone {milestone.code}: escalates to no rung"


def _of_competence(version: ProcedureVersion, directory: Directory) -> Iterator[str]:
    """Every leg finds its unit, whichever desk takes the dossier in."""
    desks = [agency for agency in directory if agency.desk and agency.kind in version.receiving]
    if strangers := set(version.receiving) - {desk.kind for desk in desks}:
        yield f"receiving: no desk is a {sorted(strangers)}"
    units = [leg.unit for leg in legs(version) if leg.unit]
    for desk in desks:
        for unit in units:
            try:
                directory.competent(unit, desk.code)
            except Error:
                yield f"no {unit.kind or unit.agency} is competent for {desk.code}"
