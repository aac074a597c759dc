"""Who may act for whom: every decision asks this first."""

import pytest

from chalicelib.domain.actor import SYSTEM, Actor, ActorKind
from chalicelib.domain.errors import Error, FaultsError, ForbiddenError, ThrottledError
from chalicelib.domain.terms import Role
from tests.domain.builders import (
    CITIZEN_OWNER,
    COMMUNE,
    DESK,
    LAND,
    OFFICE,
    TAX,
    machine,
    official,
)

HEAD = official(OFFICE, Role.HEAD, Role.OFFICER)


def test_an_actor_is_written_as_kind_id_and_agency() -> None:
    """It stands in every event and is hashed with it."""
    assert str(HEAD) == "official:OF-H15.50.2@H15.50.2"
    assert str(CITIZEN_OWNER) == "citizen:owner-hash"
    assert str(machine(TAX)) == "agency:G12.3@G12.3"
    assert str(SYSTEM) == "system:motcua"


def test_an_official_acts_for_the_own_agency_in_an_own_role() -> None:
    """Agency and role, both."""
    assert HEAD.may_act_for(OFFICE, [Role.HEAD])
    assert HEAD.may_act_for(OFFICE, [Role.DESK, Role.OFFICER])
    assert not HEAD.may_act_for(OFFICE, [Role.DESK])
    assert not HEAD.may_act_for(OFFICE, [])
    assert not HEAD.may_act_for(LAND, [Role.HEAD])


@pytest.mark.parametrize("kind", [each for each in ActorKind if each != "official"])
def test_nobody_but_an_official_acts_for_an_agency(kind: ActorKind) -> None:
    """A citizen's token that claims a role is still a citizen's."""
    assert not Actor(kind, "x", OFFICE, frozenset(Role)).may_act_for(OFFICE, list(Role))


def test_a_leader_leads_the_own_agency_among_those_given() -> None:
    """The hierarchy is given; one of it is enough."""
    leader = official(COMMUNE, Role.LEADER)
    assert leader.leads([OFFICE, COMMUNE])
    assert not leader.leads([OFFICE])
    assert not official(COMMUNE, Role.HEAD).leads([OFFICE, COMMUNE])


def test_what_is_required_is_required() -> None:
    """One of the agencies, one of the roles; else forbidden."""
    HEAD.require([DESK, OFFICE], Role.DESK, Role.HEAD)
    for agencies, role in (([DESK], Role.HEAD), ([OFFICE], Role.DESK), ([], Role.HEAD)):
        with pytest.raises(ForbiddenError, match=r"^decision\.not_yours$"):
            HEAD.require(agencies, role)


def test_an_error_carries_its_code_pointer_and_parameters() -> None:
    """The sentence a person reads is looked up and filled with them."""
    error = Error("some.code", pointer="/field", amount=3)
    assert (str(error), error.code, error.pointer) == ("some.code", "some.code", "/field")
    assert error.params == {"amount": 3}
    assert (Error("x").pointer, Error("x").params) == ("", {})


def test_several_faults_are_counted() -> None:
    """A form tells all its faults at once."""
    faults = [("/a", "form.missing", {}), ("/b", "form.missing", {"x": 1})]
    error = FaultsError("form.invalid", faults)
    assert (error.code, error.params, error.faults) == ("form.invalid", {"count": 2}, faults)


def test_a_throttled_caller_learns_how_long_to_wait() -> None:
    """In seconds."""
    error = ThrottledError("code.too_many", retry_after=60)
    assert (error.code, error.retry_after) == ("code.too_many", 60)
    assert error.params == {"retry_after": 60}
