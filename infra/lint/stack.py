"""One template as the rules see it: in its long form, and where in the file each value stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

from infra.templates import STACKS, Json, parse, resources

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Key = str | int


@dataclass(frozen=True)
class Finding:
    """What is wrong; `path` leads to the value. An `excusable` one may be right, with a reason."""

    rule: str
    stack: str
    path: tuple[Key, ...]
    text: str
    excusable: bool = False

    def __str__(self) -> str:
        place = "/".join(str(key) for key in self.path)
        return f"{self.stack}.yaml: {place}: {self.text} [{self.rule}]"


@dataclass(frozen=True)
class Stack:
    """A template by its stack's short name."""

    name: str
    text: str
    template: Json = field(repr=False)

    @classmethod
    def of(cls, name: str, text: str) -> Stack:
        """Raise TemplateError."""
        return cls(name, text, parse(text, f"{name}.yaml"))

    def resources(self, *kinds: str) -> Iterator[tuple[str, Json]]:
        """Logical names and resources, of some types or of all."""
        for name, resource in resources(self.template):
            if not kinds or resource["Type"] in kinds:
                yield name, resource

    def properties(self, *kinds: str) -> Iterator[tuple[tuple[Key, ...], Json]]:
        """Where they stand, and they themselves."""
        for name, resource in self.resources(*kinds):
            yield ("Resources", name, "Properties"), resource.get("Properties", {})

    def finding(
        self, rule: str, path: tuple[Key, ...], text: str, *, excusable: bool = False
    ) -> Finding:
        """One of this stack."""
        return Finding(rule, self.name, path, text, excusable)

    def name_of(self, value: object, naming: str) -> str:
        """A physical name as written, also where a resource of this stack is referred to."""
        if isinstance(value, dict) and list(value) in (["Ref"], ["Fn::GetAtt"]):
            given = next(iter(value.values()))
            logical = given if isinstance(given, str) else given[0]
            resource = self.template["Resources"].get(logical, {})
            value = resource.get("Properties", {}).get(naming, logical)
        return (
            str(value["Fn::Sub"]) if isinstance(value, dict) and "Fn::Sub" in value else str(value)
        )

    def has_reason(self, path: tuple[Key, ...]) -> bool:
        """Whether the line of a value ends with a comment, as an exception must."""
        node: Any = yaml.compose(self.text, yaml.CSafeLoader)
        for key in path:
            node = _child(node, key)
        line = self.text.splitlines()[node.end_mark.line]
        _, mark, reason = line[node.end_mark.column :].partition("#")
        return bool(mark and reason.strip())


def _child(node: Any, key: Key) -> Any:
    """A short tag is no level of its own in the file."""
    if isinstance(key, str) and node.tag.removeprefix("!") in (key, key.removeprefix("Fn::")):
        return node
    if isinstance(key, int):
        return node.value[key]
    return next(value for name, value in node.value if name.value == key)


def walk(value: Any, path: tuple[Key, ...] = ()) -> Iterator[tuple[tuple[Key, ...], Any]]:
    """Every value inside, with its path."""
    yield path, value
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from walk(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from walk(inner, (*path, index))


def listed(value: Any) -> list[Any]:
    """A list where CloudFormation takes one value or several."""
    return value if isinstance(value, list) else [value]


def read(folder: Path = STACKS) -> list[Stack]:
    """All templates. Raise TemplateError."""
    return [Stack.of(path.stem, path.read_text("utf-8")) for path in sorted(folder.glob("*.yaml"))]
