"""Draws the state machine's definition, as Mermaid, into the page that explains it.

States that wait and go to the same places are drawn as one box, so that the picture shows the
idea and stays true: it is made from the definition, never by hand.

    python -m infra.graph            draw it anew
    python -m infra.graph --check    1 when the page shows another graph than the definition has
"""

import json
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

FOLDER: Final = Path(__file__).parents[1] / "state_machines"
DEFINITION: Final = FOLDER / "dossier.asl.json"
PAGE: Final = FOLDER / "README.md"
BEGIN: Final = "<!-- drawn by `python -m infra.graph` -->\n"
END: Final = "<!-- end of the drawing -->"
WAITS: Final = "Waits"  # the box of all states that wait and go to the same places

State = Mapping[str, Any]
States = Mapping[str, State]


class Edge(NamedTuple):
    """One way from a state to another; `why` is what makes an execution take it."""

    origin: str
    target: str
    why: str = ""


def edges(definition: Mapping[str, Any]) -> list[Edge]:
    """Every way there is, in the order of the definition."""
    return [edge for name, state in definition["States"].items() for edge in _ways(name, state)]


def _ways(name: str, state: State) -> Iterator[Edge]:
    for choice in state.get("Choices", ()):
        yield Edge(name, choice["Next"], choice["StringEquals"])
    if "Default" in state:
        yield Edge(name, state["Default"], "anything else")
    if "Next" in state:
        yield Edge(name, state["Next"], "the record moved on" if is_wait(state) else "")
    for catch in state.get("Catch", ()):
        for error in catch["ErrorEquals"]:
            yield Edge(name, catch["Next"], error)


def is_wait(state: State) -> bool:
    """Whether an execution stays in this state until its token comes back."""
    return str(state.get("Resource", "")).endswith(".waitForTaskToken")


def draw(definition: Mapping[str, Any]) -> str:
    """A Mermaid flowchart."""
    states = definition["States"]
    boxed = _boxed(definition)
    lines = ["flowchart LR", "    begin((start))"]
    lines += [f"    {_node(name, state)}" for name, state in states.items() if name not in boxed]
    if boxed:
        lines += [f'    subgraph {WAITS}["wait with a task token"]', "        direction TB"]
        lines += [f"        {_node(name, states[name])}" for name in boxed]
        lines += ["    end"]
    lines += [f"    begin --> {definition['StartAt']}"]
    lines += [f"    {_arrow(edge)}" for edge in _joined(edges(definition), boxed)]
    return "\n".join(lines) + "\n"


def _boxed(definition: Mapping[str, Any]) -> list[str]:
    """The waiting states, provided that all of them go to the same places."""
    waits = [name for name, state in definition["States"].items() if is_wait(state)]
    out = {frozenset(edge[1:] for edge in edges(definition) if edge[0] == name) for name in waits}
    return waits if len(out) == 1 else []


def _node(name: str, state: State) -> str:
    if state["Type"] == "Choice":
        return f"{name}{{{name}}}"
    if state["Type"] == "Succeed":
        return f"{name}(({name}))"
    return f"{name}[{name}]" if is_wait(state) else f"{name}[[{name}]]"


def _joined(every: list[Edge], boxed: list[str]) -> list[Edge]:
    """One arrow between two places, with all its reasons."""
    whys: dict[tuple[str, str], dict[str, None]] = {}
    for edge in every:
        ends = tuple(WAITS if each in boxed else each for each in edge[:2])
        why = "the stage of that name" if ends[1] == WAITS else edge.why
        whys.setdefault((ends[0], ends[1]), {})[why] = None
    return [Edge(*ends, "<br/>".join(filter(None, found))) for ends, found in whys.items()]


def _arrow(edge: Edge) -> str:
    return f"{edge.origin} -->{f'|{edge.why}|' if edge.why else ''} {edge.target}"


def with_drawing(page: str, drawing: str) -> str:
    """The page with this drawing between its two marks. Raise ValueError where they are missing."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"the page needs the lines {BEGIN!r} and {END!r}")
    return f"{before}{begin}\n```mermaid\n{drawing}```\n\n{end}{after}"


def main(arguments: list[str] | None = None) -> int:
    """0 drawn, or up to date; 1 out of date."""
    parser = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="change nothing, compare")
    check = parser.parse_args(arguments).check
    page = PAGE.read_text(encoding="utf-8")
    drawn = with_drawing(page, draw(json.loads(DEFINITION.read_text(encoding="utf-8"))))
    if not check:
        PAGE.write_text(drawn, encoding="utf-8")
    elif drawn != page:
        sys.stderr.write("out of date: run python -m infra.graph\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
