"""Who may do what: nobody in general, nothing in general, and no service for just anybody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from infra.lint.stack import listed, walk

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from infra.lint.stack import Finding, Key, Stack
    from infra.templates import Json

_EVERYBODY: Final = "*"
# Policies of a thing, where a service is let in; a role's own trust is another matter.
_POLICIES_OF_THINGS: Final = (
    "AWS::KMS::Key",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::QueuePolicy",
    "AWS::SecretsManager::ResourcePolicy",
)
_ON_BEHALF: Final = ("aws:sourcearn", "aws:sourceaccount", "aws:sourceorgid")


def wildcards(stacks: Sequence[Stack]) -> Iterator[Finding]:
    """What a role may do is counted out; where AWS knows nothing narrower, the line says so."""
    for stack, kind, path, statement in _allowed(stacks):
        for name in ("Action", "NotAction", "NotResource", "NotPrincipal"):
            for at, action in _items(statement, name, path):
                whole = action == "*" or str(action).endswith(":*")
                if name != "Action" or (whole and kind != "AWS::KMS::Key"):
                    text = f"allows more than it names ({name} {action})"
                    yield stack.finding("wildcards", at, text, excusable=True)
        for at, resource in _items(statement, "Resource", path):
            # In the policy of a key, "*" is that key.
            if resource == "*" and kind != "AWS::KMS::Key":
                text = 'Resource "*" needs its reason in a comment on the line'
                yield stack.finding("wildcards", at, text, excusable=True)


def principals(stacks: Sequence[Stack]) -> Iterator[Finding]:
    """Everybody in the world is nobody we know."""
    for stack, _, path, statement in _allowed(stacks):
        principal = statement.get("Principal")
        named = principal if isinstance(principal, dict) else {"AWS": principal}
        everybody = any(_EVERYBODY in listed(value) for value in named.values())
        if everybody and not statement.get("Condition"):
            text = "lets everybody in: name them, or a Condition that they meet"
            yield stack.finding("principals", path, text)


def deputies(stacks: Sequence[Stack]) -> Iterator[Finding]:
    """A service acts for whoever asks it: only for this account, or for one thing of it."""
    for stack, kind, path, statement in _allowed(stacks):
        principal = statement.get("Principal")
        if kind not in _POLICIES_OF_THINGS or not isinstance(principal, dict):
            continue
        if "Service" in principal and not _on_behalf(statement.get("Condition", {})):
            text = "needs a Condition on aws:SourceArn or aws:SourceAccount"
            yield stack.finding("deputies", path, text)
    for stack in stacks:
        for path, permission in stack.properties("AWS::Lambda::Permission"):
            if not permission.keys() & {"SourceArn", "SourceAccount"}:
                yield stack.finding("deputies", path, "needs a SourceArn or SourceAccount")


def _on_behalf(condition: Json) -> bool:
    keys = {str(key).lower() for test in condition.values() for key in test}
    return bool(keys & set(_ON_BEHALF))


def _allowed(
    stacks: Sequence[Stack],
) -> Iterator[tuple[Stack, str, tuple[Key, ...], Json]]:
    """Every statement that allows, with the type of the resource it stands in."""
    for stack in stacks:
        for name, resource in stack.resources():
            for path, value in walk(resource, ("Resources", name)):
                if isinstance(value, dict) and value.get("Effect") == "Allow":
                    yield stack, resource["Type"], path, value


def _items(
    statement: Json, name: str, path: tuple[Key, ...]
) -> Iterator[tuple[tuple[Key, ...], Any]]:
    value = statement.get(name)
    if isinstance(value, list):
        for index, each in enumerate(value):
            yield (*path, name, index), each
    elif value is not None:
        yield (*path, name), value
