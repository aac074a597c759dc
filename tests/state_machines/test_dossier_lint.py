"""AWS refuses a wrong definition only when it is deployed; cfn-lint says so here.

It follows StartAt but no Next: that every target exists is tested with the structure.
"""

import json
from copy import deepcopy
from typing import Any

import pytest
from cfnlint.api import lint  # type: ignore[import-untyped,unused-ignore]  # brings no types
from cfnlint.config import ManualArgs  # type: ignore[import-untyped,unused-ignore]  # as above


def _problems(definition: Any) -> list[str]:
    """What cfn-lint says of the definition as a resource of a template."""
    template = {
        "Resources": {
            "Dossier": {
                "Type": "AWS::StepFunctions::StateMachine",
                "Properties": {
                    "RoleArn": "arn:aws:iam::123456789012:role/dossier",
                    "Definition": definition,
                    "DefinitionSubstitutions": {
                        "WakeFunction": "wake",
                        "RolloverFunction": "rollover",
                        "TokenTable": "token",
                    },
                },
            }
        }
    }
    found = lint(json.dumps(template), config=ManualArgs(regions=["ap-southeast-1"]))
    return [f"{each.rule.id} {each.message}" for each in found]


def test_the_definition_is_well_formed(definition: Any) -> None:
    """A typing error would otherwise be found by an operator, at night."""
    assert _problems(definition) == []


def _lost_start(definition: Any) -> None:
    definition["StartAt"] = "Nowhere"


def _unknown_field(definition: Any) -> None:
    definition["States"]["Intake"]["TimeoutPath"] = "$.next.timeout_seconds"


def _no_such_type(definition: Any) -> None:
    definition["States"]["Closed"]["Type"] = "End"


@pytest.mark.parametrize("spoil", [_lost_start, _unknown_field, _no_such_type])
def test_the_lint_sees_a_broken_definition(definition: Any, spoil: Any) -> None:
    """A lint that accepts everything would be worth nothing."""
    broken = deepcopy(definition)
    spoil(broken)
    assert any(problem.startswith("E3601") for problem in _problems(broken))
