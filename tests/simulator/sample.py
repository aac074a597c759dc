"""A small province for the simulator: every kind of leg, two calendars, a vacant post."""

from datetime import datetime

from chalicelib.domain.calendar import LimitUnit, TimeLimit, WorkCalendar
from chalicelib.domain.directory import Agency, Directory, Medium, Post
from chalicelib.domain.ids import AgencyCode, OfficerId, ProcedureCode
from chalicelib.domain.procedure import (
    ByChannel,
    ExtensionRule,
    Fee,
    FeeKind,
    Paper,
    ProcedureVersion,
    RouteLeg,
    Step,
    Text,
    UnitRule,
)
from chalicelib.domain.terms import LegKind, Rung

DESK = AgencyCode("S1.1")
OFFICE = AgencyCode("S1.2")
SOCIAL = AgencyCode("S2.1")
LAND = AgencyCode("S2.2")
TAX = AgencyCode("S3.1")
POLICE = AgencyCode("S4.1")
INSURANCE = AgencyCode("S5.1")
NAME = Text("mẫu", "sample")

WEEK = {
    day: [["07:00", "11:30"], ["13:30", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")
}
EARLY = {
    day: [["06:30", "11:00"], ["13:00", "16:30"]]
    for day in ("mon", "tue", "wed", "thu", "fri", "sat")
}


def calendars() -> dict[str, WorkCalendar]:
    """Two, so that taking the wrong agency's calendar shows."""
    days_off = ["2026-10-14", "2026-11-24", "2027-01-01"]
    ordinary = {"code": "ordinary", "tz": "Asia/Ho_Chi_Minh", "week": WEEK, "days_off": days_off}
    early = {"code": "early", "tz": "Asia/Ho_Chi_Minh", "week": EARLY, "days_off": ["2026-10-20"]}
    return {data["code"]: WorkCalendar.from_data(data) for data in (ordinary, early)}  # type: ignore[misc]


def _posts(prefix: str, *, head: bool = True, leader: bool = True) -> dict[Rung, Post]:
    posts = {
        Rung.OFFICER: Post(OfficerId(f"{prefix}-officer")),
        Rung.HEAD: Post(OfficerId(f"{prefix}-head") if head else None),
        Rung.FOCAL_POINT: Post(OfficerId("focal")),
    }
    if leader:
        posts[Rung.LEADER] = Post(OfficerId(f"{prefix}-leader"))
    return posts


def directory() -> Directory:
    """Ordinary agencies in the workspace, tax, police and insurance behind webhooks."""

    def agency(code: AgencyCode, kind: str, area: str, **more: object) -> Agency:
        prefix = code.replace(".", "")
        posts = _posts(prefix, head=code != SOCIAL)
        return Agency(code, NAME, kind, area, **{"calendar": "ordinary", "posts": posts, **more})  # type: ignore[arg-type]

    webhook = {"medium": Medium.WEBHOOK}
    return Directory(
        [
            agency(DESK, "commune", "commune", desk=True),
            agency(OFFICE, "commune_office", "commune"),
            agency(SOCIAL, "social", "province"),
            agency(LAND, "land", "province", calendar="early"),
            agency(TAX, "tax", "province", calendar="early", **webhook),
            agency(POLICE, "police", "commune", **webhook),
            agency(INSURANCE, "insurance", "province", calendar="early", **webhook),
        ],
        calendars(),
        {"commune": "province"},
    )


def limit(amount: int, unit: LimitUnit = LimitUnit.WORKING_DAYS) -> ByChannel:
    return ByChannel(TimeLimit(amount, unit), TimeLimit(amount, unit))


def _leg(code: str, kind: LegKind, unit: str, amount: int, **more: object) -> RouteLeg:
    return RouteLeg(code, NAME, kind, UnitRule(unit), limit(amount), **more)  # type: ignore[arg-type]


def _procedure(code: str, total: int, *route: Step, **more: object) -> ProcedureVersion:
    base = {
        "receiving": ("commune",),
        "limit": limit(total),
        "answer_limit": limit(8, LimitUnit.WORKING_HOURS),
        "form": {"properties": {"person": {}, "matter": {}}},
        "papers": (Paper("id", NAME), Paper("proof", NAME)),
        "extension": ExtensionRule(NAME, TimeLimit(2, LimitUnit.WORKING_DAYS)),
    }
    return ProcedureVersion(ProcedureCode(code), 1, NAME, NAME, route=route, **{**base, **more})  # type: ignore[arg-type]


def procedures() -> list[ProcedureVersion]:
    """Same day; two departments; a payment in the middle; parallel units, and agencies."""
    unit, agency, pay = LegKind.UNIT, LegKind.AGENCY, LegKind.PAYMENT
    return [
        _procedure(
            "same-day",
            1,
            Step("do", (_leg("do", unit, "commune_office", 1),)),
            limit=limit(1, LimitUnit.SAME_DAY),
        ),
        _procedure(
            "two-units",
            6,
            Step("commune", (_leg("commune", unit, "commune_office", 3),)),
            Step("province", (_leg("province", unit, "social", 3),)),
            fees=(Fee("fee", NAME, FeeKind.FEE, 20_000, 10_000),),
        ),
        _procedure(
            "land",
            8,
            Step("appraise", (_leg("appraise", unit, "land", 3),)),
            Step("tax", (_leg("tax", agency, "tax", 2),)),
            Step("pay", (RouteLeg("pay", NAME, pay),)),
            Step("register", (_leg("register", unit, "land", 3),)),
        ),
        _procedure(
            "side-by-side",
            6,
            Step(
                "both",
                (
                    _leg("commune", unit, "commune_office", 3),
                    _leg("land", unit, "land", 2),
                ),
            ),
            Step("province", (_leg("province", unit, "social", 3),)),
        ),
        _procedure(
            "birth",
            3,
            Step("birth", (_leg("birth", unit, "commune_office", 1),)),
            Step(
                "linked",
                (
                    _leg("police", agency, "police", 2),
                    _leg(
                        "insurance", agency, "insurance", 2, required=False, depends_on=("police",)
                    ),
                ),
            ),
        ),
    ]


def at(text: str) -> datetime:
    """A local time of the sample province."""
    return datetime.fromisoformat(f"{text}+07:00")
