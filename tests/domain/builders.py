"""A small province, its people and its procedures; `story` tells what they do."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from chalicelib.domain.actor import Actor, ActorKind
from chalicelib.domain.calendar import LimitUnit, TimeLimit, WorkCalendar
from chalicelib.domain.desk import Check
from chalicelib.domain.directory import Agency, Directory, Medium, Post
from chalicelib.domain.ids import AgencyCode, OfficerId, PersonRef, ProcedureCode
from chalicelib.domain.pricing import Exemption
from chalicelib.domain.procedure import (
    ByChannel,
    Condition,
    ExtensionRule,
    Fee,
    FeeKind,
    LimitCase,
    Paper,
    ProcedureVersion,
    RouteLeg,
    Step,
    Text,
    UnitRule,
)
from chalicelib.domain.terms import LegKind, Role, Rung

HOUR: Final = 3600
WORKING_DAY: Final = 8 * HOUR
DAY: Final = 24 * HOUR
SECOND: Final = timedelta(seconds=1)
NAME: Final = Text("mẫu", "sample")
SUBJECTS: Final = ("paper:id", "paper:proof", "section:matter", "section:person")

PROVINCE = AgencyCode("H15")
COMMUNE = AgencyCode("H15.50")
DESK = AgencyCode("H15.50.1")
OFFICE = AgencyCode("H15.50.2")
LAND = AgencyCode("H15.7")
TAX = AgencyCode("G12.3")
POLICE = AgencyCode("G01.9")
INSURANCE = AgencyCode("G24.1")
ALL_AGENCIES: Final = (PROVINCE, COMMUNE, DESK, OFFICE, LAND, TAX, POLICE, INSURANCE)

OWNER = PersonRef("owner-hash")
SUBMITTER = PersonRef("submitter-hash")


def at(text: str) -> datetime:
    """Read `2026-10-05 08:00` as local time."""
    return datetime.fromisoformat(f"{text}+07:00")


MONDAY = at("2026-10-05 08:00")


def calendars() -> dict[str, WorkCalendar]:
    """Two of them, so that taking the wrong agency's calendar shows."""

    def calendar(code: str, days: str, hours: list[list[str]], off: str) -> WorkCalendar:
        week = dict.fromkeys(days.split(), hours)
        data = {"code": code, "tz": "Asia/Ho_Chi_Minh", "week": week, "days_off": [off]}
        return WorkCalendar.from_data(data)

    plain = [["07:00", "11:30"], ["13:30", "17:00"]]
    early = [["06:30", "11:00"], ["13:00", "16:30"]]
    return {
        "ordinary": calendar("ordinary", "mon tue wed thu fri", plain, "2026-10-14"),
        "early": calendar("early", "mon tue wed thu fri sat", early, "2026-10-20"),
    }


CALENDARS: Final = calendars()


def post(name: str = "", stand_in: str = "") -> Post:
    """A post held by `name`; without one it is vacant."""
    return Post(OfficerId(name) if name else None, OfficerId(stand_in) if stand_in else None)


def _posts(unit: str) -> dict[Rung, Post]:
    return {rung: post(f"{unit}-{rung.value}") for rung in Rung if rung is not Rung.FOCAL_POINT}


def directory(posts: Mapping[AgencyCode, Mapping[Rung, Post]] | None = None) -> Directory:
    """Units in the workspace, tax, police and insurance behind webhooks; `posts` replaces posts."""
    changed = posts or {}

    def agency(code: AgencyCode, kind: str, area: str, **more: Any) -> Agency:
        given = {"calendar": "ordinary", "posts": changed.get(code, _posts(kind)), **more}
        return Agency(code, NAME, kind, area, **given)

    top = {Rung.FOCAL_POINT: post("focal"), Rung.LEADER: post("chairman")}
    webhook = {"medium": Medium.WEBHOOK, "calendar": "early"}
    return Directory(
        [
            agency(PROVINCE, "province", "province", posts=changed.get(PROVINCE, top)),
            agency(COMMUNE, "committee", "commune", parent=PROVINCE),
            agency(DESK, "commune", "commune", parent=COMMUNE, desk=True),
            agency(OFFICE, "office", "commune", parent=COMMUNE),
            agency(LAND, "land", "province", parent=PROVINCE, calendar="early"),
            agency(TAX, "tax", "province", **webhook),
            agency(POLICE, "police", "commune", **webhook),
            agency(INSURANCE, "insurance", "province", **webhook),
        ],
        CALENDARS,
        {"commune": "province"},
    )


def days(amount: int) -> TimeLimit:
    """A limit in working days."""
    return TimeLimit(amount, LimitUnit.WORKING_DAYS)


def both(limit: TimeLimit) -> ByChannel:
    """The same limit at the counter and online."""
    return ByChannel(limit, limit)


def unit_leg(code: str, kind: str = "office", amount: int = 3, **more: Any) -> RouteLeg:
    """A leg of a unit in the workspace, `amount` working days."""
    return RouteLeg(code, NAME, LegKind.UNIT, UnitRule(kind), both(days(amount)), **more)


def agency_leg(code: str, amount: int = 2, **more: Any) -> RouteLeg:
    """A leg of the agency of kind `code` in its own software."""
    return RouteLeg(code, NAME, LegKind.AGENCY, UnitRule(code), both(days(amount)), **more)


PAY: Final = RouteLeg("pay", NAME, LegKind.PAYMENT)
FEE: Final = Fee("fee", NAME, FeeKind.FEE, counter=20_000, online=10_000)


def step(*legs: RouteLeg) -> Step:
    """Legs side by side."""
    return Step(legs[0].code, legs)


def procedure(*route: Step, **more: Any) -> ProcedureVersion:
    """Eight working days, two papers, two sections; extension by at most two working days."""
    base: dict[str, Any] = {
        "receiving": ("commune",),
        "limit": both(days(8)),
        "answer_limit": both(TimeLimit(8, LimitUnit.WORKING_HOURS)),
        "form": {"properties": {"person": {}, "matter": {}}},
        "papers": (Paper("id", NAME), Paper("proof", NAME)),
        "extension": ExtensionRule(NAME, days(2)),
    }
    return ProcedureVersion(ProcedureCode("X-1"), 1, NAME, NAME, route=route, **{**base, **more})


ONE_UNIT: Final = procedure(step(unit_leg("do")))
TWO_UNITS: Final = procedure(
    step(unit_leg("commune")), step(unit_leg("province", "land")), fees=(FEE,)
)
LAND_TRANSFER: Final = procedure(
    step(unit_leg("appraise", "land")),
    step(agency_leg("tax")),
    step(PAY),
    step(unit_leg("register", "land")),
)
BIRTH: Final = procedure(
    step(unit_leg("birth", amount=1)),
    step(agency_leg("police"), agency_leg("insurance", required=False, depends_on=("police",))),
)
# Everything that may hang on the answers: a step, a leg beside another, a limit, a fee.
CONDITIONAL: Final = procedure(
    step(unit_leg("first", amount=1)),
    step(agency_leg("police", when=("checked",))),
    step(
        unit_leg("a"), agency_leg("tax", when=("checked",)), unit_leg("b", "land", unless=("old",))
    ),
    step(unit_leg("last", when=("old",))),
    conditions={
        "checked": Condition(NAME, "/matter/check", one_of=(True,)),
        "old": Condition(NAME, "/person/age", at_least=60),
    },
    limit=ByChannel(days(8), days(8), (LimitCase(days(12), days(12), when=("checked",)),)),
    fees=(replace(FEE, exemptions=(Exemption(50, when=("old",)),)),),
)
# Two units side by side that need each other's dossier in no way.
SIDE_BY_SIDE: Final = procedure(step(unit_leg("a"), unit_leg("b", "land")))


def official(agency: AgencyCode, *roles: Role) -> Actor:
    """An official of `agency` with these roles and no others."""
    return Actor(ActorKind.OFFICIAL, f"OF-{agency}", agency, frozenset(roles))


def machine(agency: AgencyCode) -> Actor:
    """An agency's own software, as its signed callback names it."""
    return Actor(ActorKind.AGENCY, str(agency), agency)


def person(ref: PersonRef) -> Actor:
    """A signed-in citizen."""
    return Actor(ActorKind.CITIZEN, ref, None, frozenset({Role.CITIZEN}))


CITIZEN_OWNER: Final = person(OWNER)
STRANGER: Final = person(PersonRef("stranger-hash"))
CLERK: Final = official(DESK, Role.DESK)
WORKER: Final = official(OFFICE, Role.OFFICER)
SURVEYOR: Final = official(LAND, Role.OFFICER)
CHAIR: Final = official(COMMUNE, Role.LEADER)  # leads the desk and the office


def marks(*faulty: str) -> dict[str, Check]:
    """Every subject marked: these faulty, the others good."""
    bad = Check(good=False, reason_code="unreadable", todo="scan it again")
    return {each: bad if each in faulty else Check(good=True) for each in SUBJECTS}
