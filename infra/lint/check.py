"""Runs cfn-lint and our own rules over all templates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cfnlint.api import lint  # type: ignore[import-untyped,unused-ignore]  # brings no types
from cfnlint.config import ManualArgs  # type: ignore[import-untyped,unused-ignore]  # as above

from infra.lint import granting, keeping, naming, people, storing

if TYPE_CHECKING:
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet

    from infra.lint.stack import Finding, Stack

RULES: Final = (
    keeping.retained,
    keeping.pinned,
    storing.tables,
    storing.buckets,
    storing.tls,
    storing.queues,
    storing.logs,
    storing.secrets,
    granting.wildcards,
    granting.principals,
    granting.deputies,
    people.pools,
    people.clients,
    naming.parameters,
)


def findings(stacks: Sequence[Stack], functions: AbstractSet[str]) -> list[Finding]:
    """What our own rules say; exceptions with a reason beside them are left out."""
    found = [each for rule in RULES for each in rule(stacks)]
    found += naming.functions(stacks, functions)
    by_name = {stack.name: stack for stack in stacks}
    return [
        each for each in found if not (each.excusable and by_name[each.stack].has_reason(each.path))
    ]


def refused_by_aws(stack: Stack) -> list[str]:
    """What cfn-lint says, warnings included."""
    found = lint(stack.text, config=ManualArgs(regions=[keeping.REGION]))
    return [
        f"{stack.name}.yaml:{each.linenumber}: {each.message} [{each.rule.id}]" for each in found
    ]


def app_functions() -> frozenset[str]:
    """Names of what `chalice deploy` makes."""
    from app import app  # noqa: PLC0415 - reads the environment, and only this needs it

    return frozenset({naming.API, *(each.name for each in app.pure_lambda_functions)})
