"""What holds data, or what people need to get at it, outlives its stack and keeps its name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cfnlint.schema import (  # type: ignore[import-untyped,unused-ignore]  # brings no types
    PROVIDER_SCHEMA_MANAGER,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from infra.lint.stack import Finding, Stack
    from infra.templates import Json

REGION: Final = "ap-southeast-1"
PINNED: Final = Path(__file__).parent / "kept.json"
DATA: Final = "data"
KEPT: Final = (
    "AWS::Cognito::UserPool",
    "AWS::Cognito::UserPoolClient",
    "AWS::Cognito::UserPoolGroup",
    "AWS::DynamoDB::GlobalTable",
    "AWS::DynamoDB::Table",
    "AWS::KMS::Key",
    "AWS::S3::Bucket",
    "AWS::SecretsManager::Secret",
)
# Changes that replace a resource or its content, beside those that its schema names.
_ALSO_FIXED: Final = {
    "AWS::Cognito::UserPool": ("AliasAttributes", "UsernameAttributes", "UsernameConfiguration"),
    "AWS::S3::Bucket": ("ObjectLockEnabled",),
    "AWS::SecretsManager::Secret": ("GenerateSecretString",),  # a change makes another secret
}


def retained(stacks: Sequence[Stack]) -> Iterator[Finding]:
    """Deleting a stack, or a line of a template, must never delete a province's data."""
    for stack in stacks:
        for name, resource in stack.resources():
            if resource["Type"] in KEPT or stack.name == DATA:
                for policy in ("DeletionPolicy", "UpdateReplacePolicy"):
                    if resource.get(policy) != "Retain":
                        yield stack.finding(
                            "retained", ("Resources", name), f"needs {policy}: Retain"
                        )


def pinned(stacks: Sequence[Stack], known: Json | None = None) -> Iterator[Finding]:
    """What once stood in a template stays as it was named: another name is another, empty one."""
    known = read_pins() if known is None else known
    now = pins(stacks)
    for stack in stacks:
        before, found = known.get(stack.name, {}), now[stack.name]
        for name in sorted(before.keys() | found.keys()):
            path = ("Resources", name)
            if name not in found:
                yield stack.finding(
                    "pinned", ("Resources",), f"{name} is gone, and its data out of sight with it"
                )
            elif name not in before:
                text = "is new: python -m infra.lint --pin notes it, for every later change"
                yield stack.finding("pinned", path, text)
            elif before[name] != found[name]:
                differing = _differing(before[name], found[name])
                text = f"would be replaced by an empty one: it was {differing} (kept.json)"
                yield stack.finding("pinned", path, text)


def pins(stacks: Sequence[Stack]) -> Json:
    """By stack and logical name: everything whose change would replace what is kept."""
    return {
        stack.name: {
            name: {"Type": resource["Type"], **_fixed(resource)}
            for name, resource in stack.resources()
            if resource["Type"] in KEPT or stack.name == DATA
        }
        for stack in stacks
    }


def add_pins(stacks: Sequence[Stack], file: Path = PINNED) -> int:
    """Note what is new, leave what is noted; answers how many are new."""
    known, added = read_pins(file), 0
    for stack, found in pins(stacks).items():
        new = {name: fixed for name, fixed in found.items() if name not in known.get(stack, {})}
        known[stack] = known.get(stack, {}) | new
        added += len(new)
    kept = {stack: found for stack, found in known.items() if found}
    text = json.dumps(kept, indent=2, ensure_ascii=False, sort_keys=True)
    file.write_text(text + "\n", "utf-8")
    return added


def read_pins(file: Path = PINNED) -> Json:
    """What was noted."""
    noted: Json = json.loads(file.read_text("utf-8")) if file.exists() else {}
    return noted


def _fixed(resource: Json) -> Json:
    properties = resource.get("Properties", {})
    names = _names(resource["Type"])
    return {name: properties[name] for name in sorted(properties) if name in names}


def _names(kind: str) -> set[str]:
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, kind).schema
    lists = ("createOnlyProperties", "conditionalCreateOnlyProperties")
    paths = [path for name in lists for path in schema.get(name) or ()]
    return {path.split("/")[2] for path in paths} | set(_ALSO_FIXED.get(kind, ()))


def _differing(before: Json, found: Json) -> str:
    names = sorted(
        name for name in before.keys() | found.keys() if before.get(name) != found.get(name)
    )
    return ", ".join(f"{name}: {_shown(before.get(name))}" for name in names)


def _shown(value: Any) -> str:
    return "absent" if value is None else json.dumps(value, ensure_ascii=False)
