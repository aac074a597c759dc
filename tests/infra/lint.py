"""What AWS would make of a policy's words: by its Service Authorization Reference, offline.

AWS takes a policy with an action that does not exist, a resource that the action does not know,
or a condition on a key that is never there; such a statement just never allows anything. The
reference is policy_sentry's copy; cfn-lint judges the grammar.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from cfnlint.api import lint  # type: ignore[import-untyped,unused-ignore]  # brings no types
from cfnlint.config import ManualArgs  # type: ignore[import-untyped,unused-ignore]  # as above
from policy_sentry.querying.actions import get_action_data

_FUNCTION: Final = ":function:${FunctionName}"  # also with a version's or an alias's name behind it
_PATHS: Final = frozenset({"LogGroupName", "LogStreamName", "ObjectName"})
_WITH_SLASHES: Final = "[^:]+"
_PLAIN: Final = "[^:/]+"

Policy = Mapping[str, Any]
Statement = Mapping[str, Any]


def listed(value: str | Sequence[str]) -> list[str]:
    """IAM's elements are one or many."""
    return [value] if isinstance(value, str) else list(value)


def faults(policy: Policy) -> list[str]:
    """What of it AWS would never allow anything by."""
    return [each for statement in policy["Statement"] for each in _of(statement)]


def has_resource_types(action: str) -> bool:
    """Whether AWS offers anything narrower than `*` for it."""
    return any(form["resource_arn_format"] != "*" for form in forms(action))


def forms(action: str) -> list[Mapping[str, Any]]:
    """The resources an action works on, each with its condition keys; none: no such action."""
    service, _, name = action.partition(":")
    found = get_action_data(service, name)
    return [] if isinstance(found, bool) else list(found.get(service, ()))


def _of(statement: Statement) -> Iterator[str]:
    keys = {key for test in statement.get("Condition", {}).values() for key in test}
    for action in listed(statement["Action"]):
        where = f"{statement['Sid']}: {action}"
        known = forms(action)
        if not known:
            yield f"{where} does not exist"
        for resource in listed(statement["Resource"]):
            fitting = [form for form in known if _fits(resource, form["resource_arn_format"])]
            if known and not fitting:
                yield f"{where} does not work on {resource}"
            yield from (
                f"{where} on {resource} knows no {key}"
                for key in sorted(keys)
                if fitting and not any(key in form["condition_keys"] for form in fitting)
            )


def _fits(resource: str, form: str) -> bool:
    if "*" in (resource, form):
        return resource == form
    if form.endswith(_FUNCTION) and _fits(resource, f"{form}:${{Qualifier}}"):
        return True
    form = re.sub(r":log-group:\$\{LogGroupName\}$", r"\g<0>:*", form)  # all that is in it
    literal, *parts = re.split(r"\$\{(\w+)\}", form)  # then names and literals in turn
    named = [_WITH_SLASHES if name in _PATHS else _PLAIN for name in parts[::2]]
    rest = (f"{name}{re.escape(text)}" for name, text in zip(named, parts[1::2], strict=True))
    return re.fullmatch(re.escape(literal) + "".join(rest), resource) is not None


def grammar(policies: Mapping[str, Policy]) -> list[str]:
    """What IAM would not take; all in one go, because cfn-lint takes a second to begin."""
    roles = {
        f"Role{number}": {
            "Type": "AWS::IAM::RolePolicy",
            "Properties": {"RoleName": f"r{number}", "PolicyName": "p", "PolicyDocument": policy},
        }
        for number, policy in enumerate(policies.values())
    }
    found = lint(json.dumps({"Resources": roles}), config=ManualArgs(regions=["ap-southeast-1"]))
    return [f"{each.rule.id} {each.message}" for each in found]
