"""A procedure version: what officials may change, and what follows from it."""

import pytest

from chalicelib.domain.procedure import (
    CITIZEN_LADDER,
    OFFICIAL_LADDER,
    PROMISE_LAPSED,
    RETURN_LADDER,
    SETTLEMENT_LADDER,
    ByChannel,
    Effect,
    Fee,
    FeeKind,
    Milestone,
    Paper,
    Text,
)
from chalicelib.domain.terms import Channel, LegKind, Rung
from tests.domain.builders import (
    FEE,
    HOUR,
    NAME,
    agency_leg,
    days,
    procedure,
    step,
    unit_leg,
)

OWN = (Milestone("half", Effect.ESCALATE, 50, rung=Rung.HEAD),)
VERSION = procedure(
    step(unit_leg("a", ladder=OWN), agency_leg("police", depends_on=("a",), ladder=OWN)),
    step(unit_leg("b", ladder=OWN)),
)


def _rows(ladder: tuple[Milestone, ...]) -> list[tuple[str, str, int, int, str | None]]:
    return [(m.code, m.effect, m.percent, m.hours, m.rung) for m in ladder]


def test_the_ladder_of_officials() -> None:
    """Warned at three quarters, then the head, the leader, the focal point."""
    assert _rows(OFFICIAL_LADDER) == [
        ("due_soon", "escalate", 75, 0, "officer"),
        ("due", "escalate", 100, 0, "head"),
        ("overdue_8h", "escalate", 100, 8, "leader"),
        ("overdue_24h", "escalate", 100, 24, "focal_point"),
    ]


def test_the_ladder_of_citizens() -> None:
    """Two reminders, then the end."""
    assert _rows(CITIZEN_LADDER) == [
        ("remind_1", "remind", 50, 0, None),
        ("remind_2", "remind", 90, 0, None),
        ("expired", "expire", 100, 0, None),
    ]


def test_the_ladders_of_the_whole_and_of_its_collection() -> None:
    """The citizen is told at the due time; a result is reminded of, never lost."""
    assert _rows(SETTLEMENT_LADDER) == [
        ("due_soon", "escalate", 80, 0, "officer"),
        ("due", "tell_citizen", 100, 0, None),
    ]
    assert _rows(RETURN_LADDER) == [
        ("uncollected_1", "remind", 50, 0, None),
        ("uncollected_2", "remind", 100, 0, None),
    ]
    assert _rows((PROMISE_LAPSED,)) == [("promise_lapsed", "call", 100, 0, "leader")]


@pytest.mark.parametrize(
    ("percent", "hours", "budget", "threshold"),
    [
        (75, 0, 8 * HOUR, 6 * HOUR),
        (100, 8, 8 * HOUR, 16 * HOUR),
        (75, 0, 101, 75),
        (100, -2, 8 * HOUR, 6 * HOUR),
        (100, -9, 8 * HOUR, 0),
    ],
)
def test_a_milestone_is_a_share_of_the_budget_and_hours(
    percent: int, hours: int, budget: int, threshold: int
) -> None:
    """In whole seconds, rounded down, never before the start."""
    assert Milestone("x", Effect.REMIND, percent, hours).threshold(budget) == threshold


def test_a_milestone_is_at_the_due_time_unless_it_says_otherwise() -> None:
    """The plain one is `due`."""
    assert Milestone("x", Effect.REMIND).threshold(1000) == 1000


def test_the_channels_limit() -> None:
    """Post follows the counter's (R16)."""
    limits = ByChannel(counter=days(5), online=days(3))
    assert [limits.of(each, ()).amount for each in Channel] == [3, 5, 5]
    assert list(Channel) == [Channel.ONLINE, Channel.COUNTER, Channel.POST]


def test_the_channels_fee() -> None:
    """Phí and lệ phí add up; filing online may be cheaper."""
    charge = Fee("charge", NAME, FeeKind.CHARGE, counter=700, online=500)
    assert [FEE.amount(each, (), {}) for each in Channel] == [10_000, 20_000, 20_000]
    version = procedure(fees=(FEE, charge))
    assert [version.fee(each) for each in Channel] == [10_500, 20_700, 20_700]
    assert procedure().fee(Channel.ONLINE) == 0


def test_the_subjects_are_sections_and_papers() -> None:
    """All that a desk must mark."""
    assert procedure().subjects == {
        "section:person",
        "section:matter",
        "paper:id",
        "paper:proof",
    }
    assert procedure(form={}, papers=()).subjects == frozenset()


NAMED = procedure(
    form={
        "properties": {
            "person": {"title": "Người yêu cầu", "x-en": "The applicant"},
            "matter": {"title": "Việc"},
            "plain": {"x-en": "Plain"},
            "land:use": {"title": "Sử dụng đất", "x-en": "Land use"},
            "id": {"title": "Số định danh", "x-en": "Identity number"},
        },
        "title": "Tờ khai",
    },
    papers=(Paper("id", Text("Căn cước", "Identity card")), Paper("proof", NAME)),
)


@pytest.mark.parametrize(
    ("subject", "vi", "en"),
    [
        ("paper:id", "Căn cước", "Identity card"),
        ("paper:proof", "mẫu", "sample"),
        ("section:person", "Người yêu cầu", "The applicant"),
        ("section:id", "Số định danh", "Identity number"),
        ("section:land:use", "Sử dụng đất", "Land use"),
    ],
)
def test_a_subject_is_called_by_its_name_in_both_languages(subject: str, vi: str, en: str) -> None:
    """A citizen who is asked for `paper:id` cannot know what that is."""
    assert NAMED.called(subject) == Text(vi, en)


def test_a_section_without_an_english_title_is_called_by_the_vietnamese() -> None:
    """Vietnamese decides, and some name in either language is better than a code."""
    assert NAMED.called("section:matter") == Text("Việc", "Việc")


def test_a_section_without_a_vietnamese_title_is_called_by_its_code() -> None:
    """A form that is being written must still be shown."""
    assert NAMED.called("section:plain") == Text("section:plain", "Plain")


@pytest.mark.parametrize(
    "subject", ["section:gone", "paper:gone", "paper:person", "other:person", "person", "proof"]
)
def test_what_is_no_subject_is_called_by_its_code(subject: str) -> None:
    """Nothing borrows the name of another subject, so a wrong code is seen to be wrong."""
    assert NAMED.called(subject) == Text(subject, subject)


def test_a_procedure_without_a_form_calls_sections_by_their_code() -> None:
    """A procedure of papers only has no properties to look in."""
    version = procedure(form={})
    assert version.called("section:person") == Text("section:person", "section:person")
    assert version.called("paper:id") == NAME


def test_a_leg_of_the_route_is_found_by_step_and_code() -> None:
    """And what is not of the route is not."""
    found = VERSION.route_leg(0, "police")
    assert found is VERSION.route[0].legs[1]
    assert VERSION.route_leg(1, "b") is VERSION.route[1].legs[0]
    assert VERSION.route_leg(1, "a") is None
    assert VERSION.route_leg(-1, "b") is None
    assert VERSION.route_leg(2, "a") is None


def test_the_routes_own_ladder_holds_for_its_legs() -> None:
    """Officials configure warnings per leg (R2)."""
    assert VERSION.ladder(LegKind.UNIT, 0, "a") == OWN
    assert VERSION.ladder(LegKind.AGENCY, 0, "police") == OWN


@pytest.mark.parametrize(
    ("kind", "ladder"),
    [
        (LegKind.INTAKE, OFFICIAL_LADDER),
        (LegKind.REVIEW, OFFICIAL_LADDER),
        (LegKind.SUPPLEMENT, CITIZEN_LADDER),
        (LegKind.PAYMENT, CITIZEN_LADDER),
        (LegKind.SETTLEMENT, SETTLEMENT_LADDER),
        (LegKind.RETURN, RETURN_LADDER),
    ],
)
def test_every_other_leg_has_the_ladder_of_its_kind(
    kind: LegKind, ladder: tuple[Milestone, ...]
) -> None:
    """Even where it stands in a step whose route has a leg of that code."""
    assert VERSION.ladder(kind, 0, "a") == ladder


def test_a_leg_outside_the_route_is_warned_like_any_officials() -> None:
    """An agency that was asked beside it."""
    assert VERSION.ladder(LegKind.AGENCY, 0, "requested") == OFFICIAL_LADDER


def test_dependence_is_the_routes() -> None:
    """What is not of the route depends on nothing."""
    assert VERSION.depends_on(0, "police") == ("a",)
    assert VERSION.depends_on(0, "a") == ()
    assert VERSION.depends_on(0, "requested") == ()


def test_the_defaults_of_a_version() -> None:
    """Each marked ◊ in the rules: data, but with a known starting point."""
    version = procedure()
    assert (version.review_hours, version.reappointments) == (4, 1)
    assert (version.supplement_days, version.payment_days, version.collect_days) == (30, 30, 30)
