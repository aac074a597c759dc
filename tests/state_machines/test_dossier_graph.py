"""The picture of the workflow is the workflow's, today."""

import json
from copy import deepcopy
from typing import Any

import pytest

from infra.graph import DEFINITION, PAGE, draw, main, with_drawing


def test_the_picture_is_up_to_date(definition: Any) -> None:
    """Operators and officials read the picture, not the JSON: an old one misleads them."""
    page = PAGE.read_text(encoding="utf-8")
    assert with_drawing(page, draw(definition)) == page, "run python -m infra.graph"


@pytest.mark.parametrize("name", ["Next", "Escalate", "Rollover"])
def test_a_changed_way_changes_the_picture(definition: Any, name: str) -> None:
    """Otherwise the comparison above could not fail."""
    changed = deepcopy(definition)
    changed["States"][name]["Default" if name == "Next" else "Next"] = "Locate"
    page = PAGE.read_text(encoding="utf-8")
    assert with_drawing(page, draw(changed)) != page


def test_a_stage_with_ways_of_its_own_is_drawn_on_its_own(definition: Any) -> None:
    """The box says that all stages in it behave alike; it may not hide one that does not."""
    changed = deepcopy(definition)
    changed["States"]["Payment"]["Next"] = "Locate"
    assert "Payment -->|the record moved on| Locate" in draw(changed)
    assert "subgraph" not in draw(changed)


def test_the_program_explains_itself_and_agrees(capsys: pytest.CaptureFixture[str]) -> None:
    """What a contributor and the build run."""
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    assert "--check" in capsys.readouterr().out
    assert main(["--check"]) == 0


def test_a_page_without_a_place_for_it_is_refused() -> None:
    """Better than a picture that is silently never updated."""
    with pytest.raises(ValueError, match="the page needs the lines"):
        with_drawing("# no marks", draw(json.loads(DEFINITION.read_text(encoding="utf-8"))))
