"""Legs side by side: required or independent, each with its own clock (DOMAIN.md)."""

from chalicelib.domain.citizen import supplement
from chalicelib.domain.desk import request_supplement, return_result
from chalicelib.domain.errors import ConflictError
from chalicelib.domain.interagency import Outcome
from chalicelib.domain.terms import LegState, Stage, Status
from chalicelib.domain.unit import complete, hand_over, request_agency, send_back
from tests.domain.builders import (
    BIRTH,
    CITIZEN_OWNER,
    CLERK,
    DESK,
    INSURANCE,
    SIDE_BY_SIDE,
    SURVEYOR,
    TAX,
    WORKER,
    agency_leg,
    days,
    marks,
    procedure,
    step,
    unit_leg,
)
from tests.domain.story import Story, accepted


def at_police() -> Story:
    """Police (3, required) and insurance (4, independent, depends on police) hold it."""
    story = accepted(BIRTH)
    story.do(hand_over, WORKER)
    return story


def test_the_step_ends_with_its_last_required_leg() -> None:
    """An independent one that is late holds nobody up."""
    version = procedure(
        step(unit_leg("a"), unit_leg("b", "land", required=False)), step(unit_leg("c"))
    )
    story = accepted(version)
    (event,) = story.do(complete, WORKER, result="R-1", leg=2)
    assert (event.data["to"], story.dossier.step, story.running()) == ([4], 1, [3, 4])


def test_an_independent_leg_that_ends_first_opens_nothing() -> None:
    """The step still has its required one."""
    story = at_police()
    (event,) = story.answers(4, Outcome.COMPLETED, result="R-4")
    assert (event.data["to"], story.running()) == ([], [3])


def test_an_independent_leg_of_an_earlier_step_opens_nothing_when_it_ends() -> None:
    """The dossier has moved on without it."""
    version = procedure(
        step(unit_leg("a"), unit_leg("b", "land", required=False)),
        step(unit_leg("c")),
        step(unit_leg("d")),
    )
    story = accepted(version)
    story.do(complete, WORKER, result="R-1", leg=2)
    (event,) = story.do(complete, SURVEYOR, result="R-2", leg=3)
    assert (event.data["to"], story.running(), story.dossier.step) == ([], [4], 1)


def test_the_dossier_settles_without_the_independent_legs() -> None:
    """The certificate never waits for the insurance card: it is handed out as a part."""
    story = at_police()
    story.answers(3, Outcome.COMPLETED, result="R-3")
    assert (story.dossier.step, story.dossier.status) == (2, Status.SETTLED)
    assert story.running() == [4, 5]
    (event,) = story.do(return_result, CLERK)
    assert (event.type, event.leg, story.leg(5).outcome) == ("part_returned", 5, "returned")
    assert (story.dossier.status, story.running()) == (Status.SETTLED, [4])


def test_what_is_ready_later_is_handed_out_later() -> None:
    """A second return leg, and only then is it over."""
    story = at_police()
    story.answers(3, Outcome.COMPLETED, result="R-3")
    story.do(return_result, CLERK)
    (event,) = story.answers(4, Outcome.COMPLETED, result="R-4")
    assert (event.data["to"], story.running()) == ([6], [6])
    assert (story.leg(6).kind, story.leg(6).holder) == ("return", DESK)
    (event,) = story.do(return_result, CLERK)
    assert (event.type, story.dossier.status) == ("returned", Status.RETURNED)


def test_what_is_ready_before_the_hand_out_goes_with_it() -> None:
    """One walk to the desk, where one is enough."""
    story = at_police()
    story.answers(3, Outcome.COMPLETED, result="R-3")
    (event,) = story.answers(4, Outcome.COMPLETED, result="R-4")
    assert (event.data["to"], story.running()) == ([], [5])
    assert [leg.result for leg in story.dossier.results] == ["R-3", "R-4"]


def test_an_independent_result_may_be_seen_before_the_settlement() -> None:
    """And a required one only with it."""
    story = accepted(procedure(step(unit_leg("a"), unit_leg("b", "land", required=False))))
    story.do(complete, SURVEYOR, result="R-2", leg=3)
    assert [leg.result for leg in story.dossier.results] == ["R-2"]
    story.do(complete, WORKER, result="R-1", leg=2)
    assert [leg.result for leg in story.dossier.results] == ["R-1", "R-2"]
    story.do(return_result, CLERK)
    assert [leg.result for leg in story.dossier.results] == ["R-1", "R-2"]


def test_a_step_of_independent_legs_only_is_not_waited_for() -> None:
    """Nothing in it is required: the next step opens with it."""
    one, other = unit_leg("a", required=False), unit_leg("b", "land", required=False)
    story = accepted(procedure(step(one, other), step(unit_leg("c")), step(unit_leg("d"))))
    assert (story.dossier.step, story.running()) == (1, [2, 3, 4])
    (event,) = story.do(complete, WORKER, result="R-1", leg=2)
    assert (event.data["to"], story.dossier.step) == ([], 1)


def test_an_independent_leg_may_begin_after_the_settlement() -> None:
    """Taking it over does not lead back to processing."""
    story = at_police()
    story.answers(3, Outcome.COMPLETED, result="R-3")
    story.answers(4, Outcome.PROGRESS)
    assert (story.dossier.status, story.leg(4).received_by) == (Status.SETTLED, INSURANCE)


def test_a_question_about_an_independent_leg_is_independent_too() -> None:
    """Review, slip and asked agency: none of them holds up the rest, even unanswered."""
    story = accepted(procedure(step(unit_leg("a"), unit_leg("b", "land", required=False))))
    story.do(send_back, SURVEYOR, reason="x", leg=3)
    story.do(request_supplement, CLERK, checks=marks("paper:id"))
    assert [story.leg(n).required for n in (4, 5)] == [False, False]
    story.do(complete, WORKER, result="R-1", leg=2)
    assert story.dossier.status is Status.SETTLED
    events = story.wait(days=31).wake()
    expired = next(each for each in events if each.type == "expired")
    assert (expired.leg, expired.data["cancelled"]) == (5, [3])
    assert (story.leg(3).state, story.leg(3).outcome) == (LegState.CANCELLED, "expired")
    assert (story.leg(5).state, story.dossier.status) == (LegState.CANCELLED, Status.SETTLED)
    assert story.running() == [6]


def test_an_independent_slip_that_expires_after_the_hand_out_ends_the_waiting() -> None:
    """The desk closes the dossier; it must not stay open for nobody."""
    story = accepted(procedure(step(unit_leg("a"), unit_leg("b", "land", required=False))))
    story.do(send_back, SURVEYOR, reason="x", leg=3)
    story.do(request_supplement, CLERK, checks=marks("paper:id"))
    story.do(complete, WORKER, result="R-1", leg=2)
    story.do(return_result, CLERK)
    story.wait(days=31).wake()
    assert story.running() == [7]
    story.do(return_result, CLERK)
    assert story.dossier.status is Status.RETURNED


def test_a_request_pauses_its_leg_and_what_depends_on_it() -> None:
    """Insurance needs the residence; without it there is nothing to work on."""
    story = at_police().wait(hours=1)
    story.answers(3, Outcome.INCOMPLETE, items=("paper:id",))
    assert story.running() == [5]
    for n in (3, 4):
        assert (story.leg(n).state, story.leg(n).waits) == (LegState.PAUSED, 5)
        assert story.leg(n).clock.consumed == 3600
    story.wait(hours=1).do(hand_over, WORKER)
    assert story.running() == [3, 4]
    assert story.leg(4).clock.epoch == 2


def test_what_does_not_depend_on_it_runs_on() -> None:
    """The other way round: police does not wait for insurance."""
    story = at_police()
    story.answers(4, Outcome.INCOMPLETE, items=("paper:id",))
    assert (story.running(), story.leg(3).waits) == ([3, 5], None)


def test_a_leg_that_waits_already_is_not_paused_again() -> None:
    """It goes on with its own answer, not with another's."""
    story = at_police()
    story.answers(4, Outcome.INCOMPLETE, items=("paper:id",))
    epoch = story.leg(4).clock.epoch
    story.answers(3, Outcome.INCOMPLETE, items=("paper:id",))
    assert (story.leg(4).waits, story.leg(4).clock.epoch) == (5, epoch)
    assert story.leg(3).waits == 6


def test_legs_of_another_step_depend_on_nothing_here() -> None:
    """`depends_on` is of the same step: codes may repeat along the route."""
    late = unit_leg("late", "land", required=False, depends_on=("next",))
    story = accepted(procedure(step(unit_leg("first"), late), step(unit_leg("next"))))
    story.do(complete, WORKER, result="R-1", leg=2)
    story.do(send_back, WORKER, reason="x", leg=4)
    assert story.running() == [3, 5]


def test_status_5_only_when_no_other_leg_runs() -> None:
    """The other unit works on: the dossier is in processing, and its clock runs."""
    story = accepted(SIDE_BY_SIDE)
    story.do(send_back, WORKER, reason="x", leg=2)
    story.do(request_supplement, CLERK, checks=marks("paper:id"))
    assert (story.dossier.status, story.dossier.stage) == (Status.PROCESSING, Stage.DEPARTMENT)
    assert story.running() == [3, 5]
    assert story.due(0)
    story.do(complete, SURVEYOR, result="R-2", leg=3)
    assert story.dossier.status is Status.SUPPLEMENT_REQUESTED
    assert (story.dossier.stage, story.due(0)) == (Stage.SUPPLEMENT, None)
    assert story.leg(0).state is LegState.PAUSED
    story.do(supplement, CITIZEN_OWNER, subjects=["paper:id"])
    assert (story.dossier.status, story.running()) == (Status.PROCESSING, [2])
    assert story.leg(0).state is LegState.RUNNING


def test_the_route_shows_before_an_asked_agency() -> None:
    """The stage is the route's own leg; what was asked beside it comes after."""
    version = procedure(step(unit_leg("a"), agency_leg("police")))
    story = accepted(version)
    story.do(request_agency, WORKER, agency=TAX, limit=days(2), reason="?", leg=2)
    assert story.running() == [3, 4]
    assert story.dossier.stage is Stage.INTER_AGENCY


def test_the_present_step_shows_before_an_earlier_one() -> None:
    """An independent leg left behind does not say where the dossier is."""
    first = step(unit_leg("a"), agency_leg("police", required=False))
    story = accepted(procedure(first, step(unit_leg("c"))))
    assert story.dossier.stage is Stage.DEPARTMENT
    story.do(complete, WORKER, result="R-1", leg=2)
    assert (story.running(), story.dossier.stage) == ([3, 4], Stage.DEPARTMENT)


def test_a_leg_is_chosen_by_its_number() -> None:
    """Two legs run: the decision says which, and guessing is a conflict."""
    story = at_police()
    story.refuses(ConflictError("leg.choose_one", pointer="/leg"), hand_over, CLERK)


def test_a_dependent_leg_stays_paused_while_the_other_waits() -> None:
    """Its own answer came, the residence it depends on did not: there is nothing to work on."""
    story = at_police()
    story.answers(4, Outcome.INCOMPLETE, items=("paper:id",))
    story.answers(3, Outcome.INCOMPLETE, items=("paper:id",))
    story.do(hand_over, WORKER, leg=5)
    assert (story.running(), story.leg(4).waits) == ([6], 6)
    story.do(hand_over, WORKER, leg=6)
    assert story.running() == [3, 4]


def test_a_leg_that_waits_on_does_not_keep_the_next_one_waiting() -> None:
    """Of two that waited for one answer each goes on, or not, for a reason of its own."""
    first = unit_leg("x", depends_on=("y", "police"))
    story = accepted(procedure(step(first, unit_leg("y", "land"), agency_leg("police"))))
    story.do(send_back, SURVEYOR, reason="x", leg=3)
    story.answers(4, Outcome.INCOMPLETE, items=("paper:id",))
    assert [story.leg(n).waits for n in (2, 3, 4)] == [5, 5, 6]
    story.do(hand_over, CLERK, leg=5)
    assert [story.leg(n).waits for n in (2, 3, 4)] == [6, None, 6]
    story.do(hand_over, CLERK, leg=6)
    assert story.running() == [2, 3, 4]


def test_a_question_about_an_earlier_step_belongs_to_that_step() -> None:
    """The review and the slip of a leg left behind say nothing about where the dossier is."""
    first = step(unit_leg("a"), unit_leg("b", "land", required=False))
    story = accepted(procedure(first, step(unit_leg("c")), step(unit_leg("d"))))
    story.do(complete, WORKER, result="R-1", leg=2)
    story.do(send_back, SURVEYOR, reason="x", leg=3)
    story.do(request_supplement, CLERK, checks=marks("paper:id"), leg=5)
    assert story.dossier.step == 1
    assert [story.leg(n).step for n in (3, 5, 6)] == [0, 0, 0]
