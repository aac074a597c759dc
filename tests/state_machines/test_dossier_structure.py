"""What every state of the definition must keep to, whoever edits it next."""

import json
import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any, Final

import pytest

from chalicelib.domain.terms import Stage
from chalicelib.entrypoints.tasks import Asked
from chalicelib.ports import Next
from infra.graph import edges, is_wait
from tests.state_machines.lead import CODE

MOST_BYTES: Final = 1_024
LONGEST_CODE: Final = 35 + len("-YYMMDD-NNNNN")  # an agency code, the day, five digits
SENTENCE: Final = "c" * 256  # what AWS says with an error
STEPS: Final = {"Locate", "Next", "Escalate"}  # besides the stages
IDS: Final = {
    "$.dossier_id",
    "$.generation",
    "$.next",
    "$.next.stage",
    "$.next.seq",
    "$.next.timeout_seconds",
    "$.timeout",
    "$.Payload.dossier_id",
    "$.Payload.generation",
    "$.Payload.next",
    "$$.Task.Token",
}
PATH: Final = re.compile(r"\$\$?[.\w]+")
JSONATA: Final = {"QueryLanguage", "Assign", "Arguments", "Output", "Condition"}

Definition = Mapping[str, Any]
Rule = Any  # Definition -> what is wrong


def _waits(definition: Definition) -> Iterator[tuple[str, Mapping[str, Any]]]:
    return ((name, state) for name, state in definition["States"].items() if is_wait(state))


def _strings(content: Any) -> Iterator[str]:
    """Every key and every text, at any depth, comments apart."""
    if isinstance(content, str):
        yield content
    elif isinstance(content, Mapping):
        for key, value in content.items():
            if key != "Comment":
                yield key
                yield from _strings(value)
    elif isinstance(content, list):
        for each in content:
            yield from _strings(each)


# -- the rules: each answers what is wrong


def _timer(definition: Definition) -> list[str]:
    """A stage without the record's timer sleeps past its deadline."""
    return [
        name
        for name, state in _waits(definition)
        if state.get("TimeoutSecondsPath") != "$.next.timeout_seconds" or "TimeoutSeconds" in state
    ]


def _escalates(definition: Definition) -> list[str]:
    """A timer that nothing catches ends the execution."""
    return [
        name
        for name, state in _waits(definition)
        if ("Escalate", "States.Timeout")
        not in {(edge.target, edge.why) for edge in edges(definition) if edge.origin == name}
    ]


def _no_blanket_retry(definition: Definition) -> list[str]:
    """`States.ALL` on a stage would swallow States.Timeout, and its deadlines with it."""
    return [
        name
        for name, state in _waits(definition)
        for retry in state.get("Retry", ())
        if any(error.startswith("States.") for error in retry["ErrorEquals"])
    ]


def _asked_again(definition: Definition) -> list[str]:
    """A function that fails for a while may not end an execution that lives for months."""
    return [
        name
        for name, state in definition["States"].items()
        if state["Type"] == "Task"
        and not is_wait(state)
        and not any("States.ALL" in retry["ErrorEquals"] for retry in state.get("Retry", ()))
    ]


def _guarded(definition: Definition) -> list[str]:
    """An older generation may never take the place of its successor's token."""
    condition = "attribute_not_exists(PK) OR generation <= :generation"
    return [
        name
        for name, state in _waits(definition)
        if state["Parameters"].get("ConditionExpression") != condition
    ]


def _jsonpath(definition: Definition) -> list[str]:
    """JSONata would run in AWS and not where it is tested."""
    texts = set(_strings(definition))
    return [text for text in texts if text in JSONATA or text.startswith("{%")]


def _ids_only(definition: Definition) -> list[str]:
    """Execution histories are read in the console for 90 days: nobody's data may lie there."""
    texts = list(_strings(definition))
    paths = {path for text in texts for path in PATH.findall(text)}
    return sorted(paths - IDS)


def _stages(definition: Definition) -> list[str]:
    """Every stage that a dossier can be in has a state, a choice leads to it, and none is left."""
    stages = {stage.value for stage in Stage}
    chosen = {edge.target for edge in edges(definition) if edge.origin == "Next"}
    states = set(definition["States"]) - STEPS
    return sorted((stages ^ states) | (stages ^ chosen))


def _chosen_by_name(definition: Definition) -> list[str]:
    """`Intake` leads to Intake."""
    choices = definition["States"]["Next"]["Choices"]
    return [each["Next"] for each in choices if each["StringEquals"] != each["Next"]]


def _default(definition: Definition) -> list[str]:
    """A stage of a later version is handed over to it, instead of ending the execution."""
    default = definition["States"]["Next"].get("Default")
    return [] if default == "Rollover" else [str(default)]


def _connected(definition: Definition) -> list[str]:
    """Every way leads to a state, and every state is on a way from the start to the end."""
    ways = edges(definition)
    states = set(definition["States"])
    lost = {edge.target for edge in ways} - states
    ahead = _from(definition["StartAt"], {(edge.origin, edge.target) for edge in ways})
    back = _from("Closed", {(edge.target, edge.origin) for edge in ways})
    return sorted(lost | (states - (ahead & back)))


def _from(start: str, ways: set[tuple[str, str]]) -> set[str]:
    found: set[str] = set()
    ahead = {start}
    while ahead:
        found |= ahead
        ahead = {target for origin, target in ways if origin in ahead} - found
    return found


RULES: Final = {
    rule.__name__: rule
    for rule in (
        _timer,
        _escalates,
        _no_blanket_retry,
        _asked_again,
        _guarded,
        _jsonpath,
        _ids_only,
        _stages,
        _chosen_by_name,
        _default,
        _connected,
    )
}


@pytest.mark.parametrize("rule", RULES)
def test_the_definition_keeps_to_the_rule(definition: Definition, rule: str) -> None:
    """Each rule is a failure that has been seen in such a state machine; see its docstring."""
    assert RULES[rule](definition) == []


def _spoil(path: str, value: Any) -> Any:
    """A change of the definition: sets `value` at `path`, its steps split by slashes."""

    def apply(definition: Any) -> None:
        *way, last = path.split("/")
        at = definition
        for step in way:
            at = at[int(step)] if step.isdigit() else at[step]
        at[last] = value

    return apply


@pytest.mark.parametrize(
    ("rule", "path", "value"),
    [
        ("_timer", "States/Payment/TimeoutSecondsPath", "$.next.seconds"),
        ("_timer", "States/Payment/TimeoutSeconds", 60),
        ("_escalates", "States/Return/Catch", []),
        ("_escalates", "States/Return/Catch/0/Next", "Next"),
        ("_no_blanket_retry", "States/Intake/Retry/0/ErrorEquals", ["States.ALL"]),
        ("_asked_again", "States/Locate/Retry", []),
        ("_guarded", "States/Intake/Parameters/ConditionExpression", "attribute_exists(PK)"),
        ("_jsonpath", "QueryLanguage", "JSONata"),
        ("_jsonpath", "States/Intake/Parameters/TableName", "{% $table %}"),
        ("_ids_only", "States/Locate/ResultSelector/owner.$", "$.Payload.owner"),
        ("_stages", "States/Appraisal", {"Type": "Succeed"}),
        ("_stages", "States/Next/Choices", []),
        ("_chosen_by_name", "States/Next/Choices/0/Next", "Payment"),
        ("_default", "States/Next/Default", "Closed"),
        ("_connected", "States/Locate/Next", "Nowhere"),
        ("_connected", "States/Escalate/Next", "Escalate"),
    ],
)
def test_the_rule_sees_when_it_is_broken(
    definition: Definition, rule: str, path: str, value: Any
) -> None:
    """A rule that accepts everything would be worth nothing."""
    broken = deepcopy(definition)
    _spoil(path, value)(broken)
    assert RULES[rule](broken) != []


def test_everything_an_execution_carries_is_small() -> None:
    """The longest ids there can be, every counter far beyond its use: still under 1 KB."""
    asked: Asked = {"dossier_id": "H" * LONGEST_CODE, "generation": 10**6}
    longest = max(Stage, key=lambda stage: len(stage.value))
    carried = {
        **asked,
        "next": Next(longest, 10**6, 2_592_000).as_output(),
        "timeout": {"Error": "DynamoDb.ConditionalCheckFailedException", "Cause": SENTENCE},
    }
    assert len(CODE) <= LONGEST_CODE
    assert len(json.dumps(carried).encode()) <= MOST_BYTES


def test_the_definition_reads_what_the_entrypoint_answers() -> None:
    """Running executions read these names for months: a renamed field strands all of them."""
    answered = {f"$.next.{name}" for name in Next(Stage.INTAKE, 1, 1).as_output()}
    read = {path for path in IDS if path.startswith("$.next.")}
    assert answered == read
    assert {f"$.{name}" for name in Asked.__annotations__} == {"$.dossier_id", "$.generation"}
