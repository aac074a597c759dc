"""Who is who: competence decides the route, the hierarchy whom a delay is told."""

from dataclasses import replace

import pytest

from chalicelib.domain.calendar import WorkCalendar
from chalicelib.domain.directory import Agency, Directory, Escalation, Medium, Told
from chalicelib.domain.errors import NotFoundError, RuleError
from chalicelib.domain.ids import AgencyCode, OfficerId
from chalicelib.domain.procedure import UnitRule
from chalicelib.domain.terms import Rung
from tests.domain.builders import (
    ALL_AGENCIES,
    CALENDARS,
    COMMUNE,
    DESK,
    LAND,
    NAME,
    OFFICE,
    POLICE,
    PROVINCE,
    TAX,
    directory,
    post,
)

WHO = directory()


def test_an_agency_is_found_by_its_code() -> None:
    """And an unknown one is not, by name."""
    assert WHO.agency(TAX).kind == "tax"
    with pytest.raises(NotFoundError) as caught:
        WHO.agency(AgencyCode("X9"))
    assert (caught.value.code, caught.value.params) == ("agency.not_found", {"agency": "X9"})


def test_all_agencies_can_be_listed() -> None:
    """Pages and checks go through them."""
    assert [agency.code for agency in WHO] == list(ALL_AGENCIES)


def test_the_calendar_is_the_agencys_own() -> None:
    """Clocks use the one that the province set for it."""
    assert WHO.calendar(OFFICE) is CALENDARS["ordinary"]
    assert WHO.calendar(LAND) is CALENDARS["early"]
    assert isinstance(WHO.calendar(DESK), WorkCalendar)


def test_by_default_an_agency_works_in_the_workspace() -> None:
    """Software of its own is declared, not assumed."""
    assert Agency(TAX, NAME, "tax", "a", "ordinary").medium is Medium.WORKSPACE
    assert {each.code for each in WHO if each.medium is Medium.WEBHOOK} == set(ALL_AGENCIES[5:])


def test_the_nearest_unit_of_a_kind_is_competent() -> None:
    """In the desk's own area, else in the one around it."""
    assert WHO.competent(UnitRule("office"), DESK).code == OFFICE
    assert WHO.competent(UnitRule("police"), DESK).code == POLICE
    assert WHO.competent(UnitRule("land"), DESK).code == LAND


def test_the_own_area_goes_before_the_one_around_it() -> None:
    """Competence, from the desk outwards."""
    near = Agency(AgencyCode("H15.50.7"), NAME, "land", "commune", "ordinary")
    who = Directory([*WHO, near], CALENDARS, {"commune": "province"})
    assert who.competent(UnitRule("land"), DESK).code == near.code
    assert who.competent(UnitRule("land"), LAND).code == LAND


def test_another_communes_unit_is_not_competent() -> None:
    """Not even where it is the only one of its kind."""
    other = Agency(AgencyCode("H15.51.7"), NAME, "forest", "other", "ordinary")
    who = Directory([*WHO, other], CALENDARS, {"commune": "province", "other": "province"})
    with pytest.raises(RuleError) as caught:
        who.competent(UnitRule("forest"), DESK)
    assert caught.value.code == "route.no_competent_agency"
    assert caught.value.params == {"kind": "forest", "desk": DESK}


def test_a_named_agency_is_competent_wherever_the_desk_is() -> None:
    """A route may name one."""
    assert WHO.competent(UnitRule("land", TAX), DESK).code == TAX


def test_the_hierarchy_goes_up_the_agencys_own_line() -> None:
    """The office to the commune to the province; tax to nobody here."""
    assert WHO.hierarchy(OFFICE) == [OFFICE, COMMUNE, PROVINCE]
    assert WHO.hierarchy(TAX) == [TAX]
    assert [each.kind for each in WHO.superiors(OFFICE)] == ["office", "committee", "province"]


def test_the_rung_asked_for_is_told() -> None:
    """By its own post."""
    assert WHO.escalate(OFFICE, Rung.HEAD) == Escalation(
        (Told(OfficerId("office-head"), Rung.HEAD, OFFICE, stand_in=False),), ()
    )


def test_the_assignee_is_told_before_the_post() -> None:
    """On the official's rung only; the head's is the head's."""
    an = OfficerId("an")
    assert WHO.escalate(OFFICE, Rung.OFFICER, assignee=an).told == (Told(an, Rung.OFFICER, OFFICE),)
    (head,) = WHO.escalate(OFFICE, Rung.HEAD, assignee=an).told
    assert head.officer == "office-head"


def test_a_post_has_its_holder_before_the_stand_in() -> None:
    """The stand-in is for an absent official."""
    who = directory({OFFICE: {Rung.HEAD: post("binh", "chi")}})
    assert who.escalate(OFFICE, Rung.HEAD).told == (
        Told(OfficerId("binh"), Rung.HEAD, OFFICE, stand_in=False),
    )


def test_the_superiors_post_tells_in_the_superiors_name() -> None:
    """Whose post it is goes on the record."""
    who = directory({OFFICE: {}})
    assert who.escalate(OFFICE, Rung.LEADER).told == (
        Told(OfficerId("committee-leader"), Rung.LEADER, COMMUNE),
    )


def test_a_vacant_post_is_not_filled_by_the_superiors() -> None:
    """The commune's head does not head the office: the next rung hears at once."""
    who = directory({OFFICE: {Rung.HEAD: post()}})
    found = who.escalate(OFFICE, Rung.HEAD)
    assert found.vacant == (Rung.HEAD,)
    assert found.told == (Told(OfficerId("committee-leader"), Rung.LEADER, COMMUNE),)


def test_whoever_heard_already_is_not_told_again() -> None:
    """The rung counts as heard; the next one is not told in its place."""
    found = WHO.escalate(OFFICE, Rung.HEAD, already=[OfficerId("office-head")])
    assert found == Escalation((), ())


def test_without_any_post_the_vacancies_are_all_there_is() -> None:
    """Nobody is invented."""
    bare = Directory([replace(WHO.agency(TAX), posts={})], CALENDARS, {})
    assert bare.escalate(TAX, Rung.LEADER) == Escalation((), (Rung.LEADER, Rung.FOCAL_POINT))
