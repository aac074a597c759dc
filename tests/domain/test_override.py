"""Override: a leader decides in the holder's place, with a reason, on the record (DOMAIN.md)."""

from functools import partial

import pytest

from chalicelib.domain.actor import Actor
from chalicelib.domain.desk import contact, request_supplement
from chalicelib.domain.errors import ConflictError, ForbiddenError, RuleError
from chalicelib.domain.overriding import override
from chalicelib.domain.terms import Role, Status
from chalicelib.domain.unit import complete, hand_over
from tests.domain.builders import CHAIR, CLERK, LAND, OFFICE, SIDE_BY_SIDE, WORKER, official
from tests.domain.story import Story, accepted

WHY = "the official is ill and nobody stands in"


def test_a_leader_decides_as_the_holder_might() -> None:
    """Under the leader's own name, with the reason beside it."""
    story = accepted()
    story.do(override, CHAIR, partial(complete, result="file-1"), reason=WHY)
    assert story.dossier.status is Status.SETTLED
    done, overridden = story.events[-2:]
    assert (done.type, done.actor) == ("completed", str(CHAIR))
    assert (overridden.type, overridden.leg, overridden.actor) == ("overridden", 2, str(CHAIR))
    assert story.notes[-1] == WHY


def test_rules_stay_what_they_are() -> None:
    """Whoever leads may do what the holder might have done, and no more."""
    story = accepted()
    needed = RuleError("leg.result_needed", pointer="/action")
    story.refuses(needed, override, CHAIR, hand_over, reason=WHY)
    incomplete = partial(request_supplement, checks={})
    with pytest.raises(RuleError, match=r"supplement\.unmarked"):
        override(Story().loaded(), CHAIR, incomplete, reason=WHY)


@pytest.mark.parametrize(
    "actor", [CLERK, WORKER, official(OFFICE, Role.HEAD), official(LAND, Role.LEADER)]
)
def test_nobody_else_may(actor: Actor) -> None:
    """Neither the holder itself, who needs no override, nor a leader of another unit."""
    refused = ForbiddenError("decision.not_yours")
    accepted().refuses(refused, override, actor, partial(complete, result="f"), reason=WHY)


def test_the_leg_is_named_where_there_are_several() -> None:
    """The reason is for one of them."""
    story = accepted(SIDE_BY_SIDE)
    choose = ConflictError("leg.choose_one", pointer="/leg")
    story.refuses(choose, override, CHAIR, hand_over, reason=WHY)


def test_the_leader_stays_who_they_are() -> None:
    """Only the leg's holder is stood in for: another unit's leg is not theirs."""
    story = accepted(SIDE_BY_SIDE)
    other = partial(hand_over, leg=3)
    refused = ForbiddenError("decision.not_yours")
    story.refuses(refused, override, CHAIR, other, reason=WHY, leg=2)


def test_a_call_is_noted() -> None:
    """The citizen was told; nobody decided anything, so no one's revision is stale."""
    story = accepted()
    rev = story.dossier.rev
    story.do(contact, CLERK, note="called: the result is early")
    assert (story.events[-1].type, story.dossier.rev) == ("contacted", rev)
    assert story.notes[-1] == "called: the result is early"
    story.refuses(ForbiddenError("decision.not_yours"), contact, WORKER, note="x")


def test_a_leaders_call_ends_the_task_that_a_lapsed_promise_opened() -> None:
    """The desk's own call does not: the regulation wants a leader's."""
    story = accepted()
    story.dossier.task = "call"
    story.do(contact, CLERK, note="x")
    assert story.dossier.task == "call"
    story.do(contact, CHAIR, note="x")
    assert story.dossier.task == ""


def test_what_has_ended_is_not_called_about() -> None:
    """It would be noted where nobody looks."""
    story = Story()
    story.dossier.status = Status.REFUSED
    story.refuses(ConflictError("dossier.closed"), contact, CLERK, note="x")
