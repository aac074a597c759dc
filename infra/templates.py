"""Reads CloudFormation templates in YAML: short tags become the long form that JSON has.

`load` gives the template (`!Sub x` as `{"Fn::Sub": "x"}`), `fill` puts names like Stage into it.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Json = dict[str, Any]

STACKS: Final = Path(__file__).parent / "stacks"

_PLAIN: Final = {"Ref", "Condition"}  # tags whose long form has no "Fn::" in front
_NAME: Final = re.compile(r"\$\{([^!}][^}]*)\}")  # `${!x}` stands for a literal `${x}`


class TemplateError(ValueError):
    """A file that is no template, with the place."""


class Loader(yaml.CSafeLoader):
    """YAML as CloudFormation reads it: dates stay text, no key twice."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - the attribute PyYAML looks for
        letter: [pair for pair in pairs if pair[0] != "tag:yaml.org,2002:timestamp"]
        for letter, pairs in yaml.CSafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> Any:  # noqa: FBT001, FBT002 - the signature of PyYAML
        """A repeated key would silently drop a resource."""
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]  # type: ignore[no-untyped-call,unused-ignore]
        for index, key in enumerate(keys):
            if key in keys[:index]:
                place = node.value[index][0].start_mark
                problem = f"the key {key!r} stands here twice"
                raise yaml.constructor.ConstructorError(None, None, problem, place)
        return super().construct_mapping(node, deep)


def _short(loader: Loader, tag: str, node: yaml.Node) -> Json:
    name = tag if tag in _PLAIN else f"Fn::{tag}"
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    if isinstance(node, yaml.MappingNode):
        return {name: loader.construct_mapping(node, deep=True)}
    value = str(node.value)
    return {name: value.split(".", 1) if tag == "GetAtt" else value}


yaml.add_multi_constructor("!", _short, Loader)  # type: ignore[no-untyped-call,unused-ignore]


def load(path: Path) -> Json:
    """The template in its long form. Raises TemplateError with the place of the mistake."""
    return parse(path.read_text(encoding="utf-8"), path.name)


def parse(text: str, name: str = "template") -> Json:
    """The same for a text; `name` stands in the errors."""
    try:
        template = yaml.load(text, Loader)  # noqa: S506 - a CSafeLoader
    except yaml.YAMLError as error:
        raise TemplateError(f"{name}: {error}") from error
    if not isinstance(template, dict) or not isinstance(template.get("Resources"), dict):
        raise TemplateError(f"{name}: a template is a mapping with Resources")
    return template


def stacks() -> dict[str, Json]:
    """All templates of `infra/stacks`, by the name of their stack."""
    return {path.stem: load(path) for path in sorted(STACKS.glob("*.yaml"))}


def resources(template: Json, kind: str = "") -> Iterator[tuple[str, Json]]:
    """Logical name and resource; of one type, if it is named."""
    for name, resource in template["Resources"].items():
        if kind in ("", resource["Type"]):
            yield name, resource


def fill(value: Any, names: Mapping[str, str]) -> Any:
    """The value with `names` put in where `Ref` and `Sub` name them.

    A `Sub` with all its names known becomes text; what refers to anything else stays as it is.
    """
    if isinstance(value, list):
        return [fill(inner, names) for inner in value]
    if not isinstance(value, dict):
        return value
    if list(value) == ["Ref"]:
        return names.get(value["Ref"], value)
    if list(value) == ["Fn::Sub"] and isinstance(value["Fn::Sub"], str):
        return _filled(value["Fn::Sub"], names)
    return {key: fill(inner, names) for key, inner in value.items()}


def _filled(text: str, names: Mapping[str, str]) -> str | Json:
    filled = _NAME.sub(lambda found: names.get(found[1], found[0]), text)
    return {"Fn::Sub": filled} if _NAME.search(filled) else filled.replace("${!", "${")
