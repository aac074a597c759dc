"""Being late: whom a milestone tells, along the holder's own hierarchy."""

from collections.abc import Mapping

from chalicelib.domain.directory import Post
from chalicelib.domain.ids import AgencyCode
from chalicelib.domain.interagency import Outcome
from chalicelib.domain.terms import Rung
from chalicelib.domain.unit import complete, hand_over
from tests.domain.builders import (
    COMMUNE,
    DESK,
    LAND_TRANSFER,
    OFFICE,
    PROVINCE,
    SURVEYOR,
    TAX,
    WORKER,
    directory,
    post,
)
from tests.domain.story import Story, accepted

Posts = Mapping[AgencyCode, Mapping[Rung, Post]]


def told(story: Story, leg: int = 2) -> list[tuple[str, list[tuple[str, str]], list[str]]]:
    """Of each milestone of a leg: its rung, whom it told (officer, rung), vacant rungs."""
    return [
        (
            event.data["rung"],
            [(each["officer"], each["rung"]) for each in event.data["told"]],
            event.data["vacant"],
        )
        for event in story.events
        if event.leg == leg and event.type == "milestone_passed"
    ]


def overdue(posts: Posts | None = None) -> Story:
    """The office has let everything pass."""
    story = accepted(who=directory(posts)).until("2026-10-13 09:00")
    story.wake()
    return story


def test_the_four_rungs_hear_in_turn() -> None:
    """Official, head, leader, the province's focal point."""
    assert told(overdue()) == [
        ("officer", [("office-officer", "officer")], []),
        ("head", [("office-head", "head")], []),
        ("leader", [("office-leader", "leader")], []),
        ("focal_point", [("focal", "focal_point")], []),
    ]


def test_a_rung_that_the_unit_lacks_is_its_superiors() -> None:
    """The commune's leader leads the office; the province's focal point serves them all."""
    office = {Rung.OFFICER: post("an"), Rung.HEAD: post("binh")}
    assert told(overdue({OFFICE: office}))[2:] == [
        ("leader", [("committee-leader", "leader")], []),
        ("focal_point", [("focal", "focal_point")], []),
    ]


def test_a_stand_in_hears_for_a_vacant_post() -> None:
    """And the record says that it was in somebody's place."""
    story = overdue({OFFICE: {Rung.OFFICER: post("an"), Rung.HEAD: post(stand_in="chi")}})
    (event,) = [each for each in story.events if each.data.get("milestone") == "due" and each.leg]
    assert event.data["told"] == [
        {"officer": "chi", "rung": "head", "agency": OFFICE, "stand_in": True}
    ]
    assert event.data["vacant"] == []


def test_a_vacant_post_without_stand_in_is_passed_at_once_and_recorded() -> None:
    """Nobody waits eight hours because a chair is empty."""
    office = {Rung.OFFICER: post("an"), Rung.HEAD: post(), Rung.LEADER: post("dung")}
    assert told(overdue({OFFICE: office}))[1:3] == [
        ("head", [("dung", "leader")], ["head"]),
        ("leader", [], []),  # and does not hear again
    ]


def test_one_person_on_two_rungs_hears_once() -> None:
    """In a small commune the head is the leader."""
    office = {Rung.OFFICER: post("an"), Rung.HEAD: post("binh"), Rung.LEADER: post("binh")}
    assert told(overdue({OFFICE: office}))[:3] == [
        ("officer", [("an", "officer")], []),
        ("head", [("binh", "head")], []),
        ("leader", [], []),
    ]


def test_where_every_post_is_vacant_the_record_says_so() -> None:
    """Nobody is told, and everybody can see that."""
    nobody = {rung: post() for rung in Rung}
    story = overdue(dict.fromkeys((OFFICE, COMMUNE, PROVINCE), nobody))
    assert told(story) == [
        ("officer", [], ["officer", "head", "leader", "focal_point"]),
        ("head", [], ["head", "leader", "focal_point"]),
        ("leader", [], ["leader", "focal_point"]),
        ("focal_point", [], ["focal_point"]),
    ]


def at_tax(posts: Posts | None = None) -> Story:
    """Tax has let everything pass."""
    story = accepted(LAND_TRANSFER, who=directory(posts))
    story.do(hand_over, SURVEYOR)
    story.until("2026-10-14 08:00").wake()
    return story


def test_another_agencys_delay_goes_up_its_own_hierarchy() -> None:
    """Tax answers to tax; the lead agency's leader is informed, too."""
    assert told(at_tax(), 3) == [
        ("officer", [("tax-officer", "officer")], []),
        ("head", [("tax-head", "head")], []),
        ("leader", [("tax-leader", "leader"), ("commune-leader", "leader")], []),
        ("focal_point", [], ["focal_point"]),
    ]


def test_the_lead_agencys_leader_is_the_desks() -> None:
    """Found along the desk's hierarchy, not the unit's that asked."""
    posts = {DESK: {}, COMMUNE: {Rung.LEADER: post("chairwoman")}}
    event = next(each for each in at_tax(posts).events if each.data.get("rung") == "leader")
    assert event.data["told"][1] == {
        "officer": "chairwoman",
        "rung": "leader",
        "agency": COMMUNE,
        "stand_in": False,
    }


def test_a_leader_of_both_hears_once() -> None:
    """One person, one message."""
    posts = {DESK: {Rung.LEADER: post("lan")}, TAX: {Rung.LEADER: post("lan")}}
    found = [each for each in told(at_tax(posts), 3) if ("lan", "leader") in each[1]]
    assert found == [
        ("officer", [("lan", "leader")], ["officer", "head"]),  # a warning
        ("head", [("lan", "leader")], ["head"]),
    ]
    assert told(at_tax(posts), 3)[2] == ("leader", [], [])


def test_whoever_heard_of_an_earlier_rung_is_not_informed_again_as_lead() -> None:
    """`told` counts for the informed leader as for the ladder."""
    posts = {
        DESK: {Rung.LEADER: post("lan")},
        TAX: {Rung.HEAD: post("lan"), Rung.LEADER: post("nam")},
    }
    assert told(at_tax(posts), 3)[2] == ("leader", [("nam", "leader")], [])


def test_a_units_leader_is_told_without_the_desks() -> None:
    """Only another agency's delay is news to the lead agency."""
    assert told(overdue())[2] == ("leader", [("office-leader", "leader")], [])


def test_who_heard_is_kept_on_the_leg() -> None:
    """A later rung is asked against it; a warning before the due time silences nobody."""
    assert at_tax().leg(3).told == ("tax-head", "tax-leader", "commune-leader")


def test_whoever_was_warned_hears_when_it_is_late() -> None:
    """The head stands in for a vacant official: a warning, then the escalation."""
    posts = {OFFICE: {Rung.OFFICER: post(), Rung.HEAD: post("binh"), Rung.LEADER: post("dung")}}
    assert [each[1] for each in told(overdue(posts))[:3]] == [
        [("binh", "head")],
        [("binh", "head")],
        [("dung", "leader")],
    ]


def test_the_citizen_has_no_rungs() -> None:
    """Reminders go to the citizen; no post is looked up for that leg."""
    story = accepted(LAND_TRANSFER)
    story.do(hand_over, SURVEYOR)
    story.answers(3, Outcome.COMPLETED, amount=5)
    story.until("2026-10-25 08:00")
    (event,) = story.wake()
    assert (event.data["milestone"], event.data["rung"], event.data["told"]) == (
        "remind_1",
        None,
        [],
    )


def test_a_leg_that_is_done_in_time_tells_nobody() -> None:
    """A quiet record is a good one."""
    story = accepted()
    story.do(complete, WORKER, result="R-1")
    story.until("2026-10-14 08:00").wake()
    assert told(story) == []


def test_a_vacant_leader_of_the_lead_agency_is_recorded_too() -> None:
    """Every vacancy met goes on the record."""
    posts = {DESK: {Rung.LEADER: post()}}
    assert told(at_tax(posts), 3)[2][2] == ["leader"]
