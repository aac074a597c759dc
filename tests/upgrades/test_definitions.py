"""State machines that were deployed once: an execution that began on one ends on it."""

import json
from typing import Any

import pytest

from app import app
from tests.simulator.asl import DEFINITION
from tests.simulator.script import STORIES, Story
from tests.simulator.world import NO_FAULTS, World
from tests.upgrades import payloads, recorded
from tests.upgrades.finish import Finisher
from tests.upgrades.province import Province

DEFINITIONS = recorded.versions(recorded.DEFINITIONS)


def test_the_definition_of_today_is_recorded() -> None:
    """What is deployed is met again in a year: `python -m tests.upgrades.record definition`."""
    assert DEFINITION.read_text("utf-8") == recorded.definition(DEFINITIONS[-1])


@pytest.mark.parametrize("name", DEFINITIONS)
@pytest.mark.parametrize("story", STORIES)
def test_an_old_definition_leads_a_dossier_to_its_end(story: str, name: str) -> None:
    """Timers, agencies, payments, standstills: with the use cases of today, as on today's own."""
    ends = []
    for definition in (None, recorded.definition(name)):
        told = Story(World(1, NO_FAULTS, definition=definition))
        STORIES[story](told)
        ends.append(told.ends())
    assert ends[0] == ends[1]


@pytest.mark.parametrize("name", DEFINITIONS)
def test_it_calls_functions_that_are_there(name: str) -> None:
    """`${WakeFunction}` is filled in with a name that must go on being deployed."""
    states = json.loads(recorded.definition(name))["States"].values()
    called = {each["Parameters"]["FunctionName"] for each in states if "Payload" in _given(each)}
    assert called == {"${WakeFunction}", "${RolloverFunction}"}
    assert {"wake", "rollover"} <= {function.name for function in app.pure_lambda_functions}


def _given(state: Any) -> Any:
    return state.get("Parameters", {})


@pytest.mark.parametrize("name", DEFINITIONS)
def test_a_stage_it_does_not_know_hands_over_to_the_current_one(made: Province, name: str) -> None:
    """A stage may be added at any time: an old execution that meets it starts its successor."""
    old = json.loads(recorded.definition(name))
    del old["States"]["InterAgency"]
    ways = old["States"]["Next"]["Choices"]
    old["States"]["Next"]["Choices"] = [
        each for each in ways if each["StringEquals"] != "InterAgency"
    ]
    made.begin(definition=json.dumps(old))
    filed = made.town.submit("1.012785")
    made.town.decided(filed, "OF-0014", "accept")
    made.replace_definition(DEFINITION.read_text("utf-8"))
    made.town.decided(filed, "OF-0011", "hand_over")
    first, second = (made.machine.executions[f"{filed.code}.g{n}"] for n in (1, 2))
    assert (first.state, first.running) == ("Closed", False)
    assert (second.state, second.running) == ("InterAgency", True)
    (rolled,) = made.calls["rollover"]
    assert set(rolled["event"]) == set(payloads.read("v1", "rollover")[0]["event"])
    assert Finisher(made, filed.code).finish().generation == 2  # type: ignore[arg-type] # a code
