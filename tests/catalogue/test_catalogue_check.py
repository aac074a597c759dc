"""Every rule of the check fires, and nothing an official can get wrong slips through."""

import ast
import re
import shutil
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import catalogue
from catalogue import check, check_cases, check_content, check_form
from catalogue.check import problems
from catalogue.check_form import form_problems
from catalogue.read import Catalogue, CatalogueError, read
from chalicelib.domain.directory import Agency
from chalicelib.domain.ids import OfficerId
from tests.catalogue.breaking import BREAKS, agency

GONE = object()
STRANGER = OfficerId("OF-9999")
FOLDER = Path(catalogue.__file__).parent
# Of these every schema of a form needs its own; without one of them it must be refused.
NEEDED = ("title", "x-en", "additionalProperties", "maxLength", "maximum", "x-labels")


@pytest.mark.parametrize("wrong", BREAKS)
def test_one_broken_field_is_one_sentence(shipped: Catalogue, wrong: str) -> None:
    """The official reads which entry is wrong and why."""
    found = problems(BREAKS[wrong](shipped))
    assert [each for each in found if wrong in each], found


def _rules() -> Iterator[str]:
    """Every sentence that the modules can yield, as a pattern."""
    for module in (check, check_cases, check_content, check_form):
        tree = ast.parse(Path(str(module.__file__)).read_text("utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Yield) and isinstance(node.value, ast.JoinedStr | ast.Constant):
                yield _pattern(node.value)


def _pattern(sentence: ast.JoinedStr | ast.Constant) -> str:
    parts = sentence.values if isinstance(sentence, ast.JoinedStr) else [sentence]
    return "".join(
        re.escape(str(part.value)) if isinstance(part, ast.Constant) else ".+" for part in parts
    )


def test_no_rule_is_left_out(shipped: Catalogue) -> None:
    """A rule that no broken catalogue breaks may never have worked."""
    rules = list(_rules())
    assert len(rules) > 60
    said = [problem for broken in BREAKS.values() for problem in problems(broken(shipped))]
    assert not [rule for rule in rules if not any(re.search(rule, each) for each in said)]


def test_procedures_wait_for_a_sound_directory(shipped: Catalogue) -> None:
    """A broken directory would blame every procedure for what none of them did."""
    broken = BREAKS["fee certificate_fee: is less than nothing"](shipped)
    found = problems(agency("H15.01", calendar="other")(broken))
    assert found == ["H15.01: there is no calendar other"]


@pytest.mark.parametrize("field", ["code", "area", "calendar", "parent"])
def test_no_agency_may_point_nowhere(shipped: Catalogue, field: str) -> None:
    """One field of any agency, changed to what does not exist, is found."""
    for each in shipped.agencies:
        found = problems(agency(each.code, **{field: "no where"})(shipped))
        assert found, f"{each.code}/{field}"


@pytest.mark.parametrize("rung", ["officer", "head", "leader", "focal_point"])
def test_no_post_may_be_a_strangers(shipped: Catalogue, rung: str) -> None:
    """Whoever hears that a leg is late works in that agency."""

    def robbed(each: Agency) -> Catalogue:
        posts = {name: replace(post, officer=STRANGER) for name, post in each.posts.items()}
        return agency(each.code, posts=posts)(shipped)

    for each in shipped.agencies:
        if rung in each.posts:
            assert any(f"{STRANGER} ({rung})" in said for said in problems(robbed(each)))


def _schemas(schema: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Where the sections and items of a form stand."""
    for name, inner in schema.get("properties", {}).items():
        at = (*path, "properties", name)
        yield at
        yield from _schemas(inner, at)


def _without(form: Mapping[str, Any], path: tuple[str, ...], key: str) -> dict[str, Any] | None:
    copy = deepcopy(dict(form))
    at = copy
    for part in path:
        at = at[part]
    return copy if at.pop(key, GONE) is not GONE else None


@pytest.mark.parametrize("key", NEEDED)
def test_no_item_of_a_form_goes_without(shipped: Catalogue, key: str) -> None:
    """Taken away from any one item of any form, it is missed there."""
    tried = 0
    for version in shipped.procedures:
        for path in _schemas(version.form):
            if broken := _without(version.form, path, key):
                tried += 1
                place = "/".join(part for part in path if part != "properties")
                assert any(f"form/{place}: " in said for said in form_problems(broken)), place
    assert tried


# -- reading


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy that can be edited."""
    return Path(shutil.copytree(FOLDER, tmp_path / "catalogue"))


@pytest.mark.parametrize(
    ("file", "before", "after", "said"),
    [
        ("procedures/X-BTXH05.yaml", "version: 1", "version: 1\nversion: 2", "written twice"),
        ("procedures/X-BTXH05.yaml", "version: 1", "version: one", "X-BTXH05.yaml:\n/version: "),
        ("procedures/X-BTXH05.yaml", "version: 1", "vision: 1", "/vision: unknown key"),
        ("procedures/X-BTXH05.yaml", "code: X-BTXH05", "code: X-1", "the file of X-1 is X-1.yaml"),
        ("procedures/X-BTXH05.yaml", "amount: 6, unit", "amount: -6, unit", "cannot be -6"),
        ("procedures/X-BTXH05.yaml", "version: 1", "version: [", "X-BTXH05.yaml: "),
        ("agencies.yaml", "desk: true", "desks: true", "H15.01:\n/desks: unknown key"),
        ("agencies.yaml", "\nareas:", "\narea:", "keys missing or unknown"),
        ("officers.yaml", "roles: [auditor]", "roles: [king]", "officers.yaml: "),
        ("officers.yaml", "roles: [auditor]", "role: [auditor]", "officers.yaml: "),
    ],
)
def test_a_slip_of_the_pen_is_named(
    folder: Path, file: str, before: str, after: str, said: str
) -> None:
    """The message names the file and the entry; nothing is silently left out."""
    text = (folder / file).read_text("utf-8")
    assert before in text
    (folder / file).write_text(text.replace(before, after, 1), "utf-8")
    with pytest.raises(CatalogueError, match=re.escape(said)):
        read(folder)


def test_a_file_that_is_no_table_is_refused(folder: Path) -> None:
    """An empty file is no empty catalogue."""
    (folder / "officers.yaml").write_text("", "utf-8")
    with pytest.raises(CatalogueError, match=r"officers.yaml: expected keys and values"):
        read(folder)


def test_the_copy_is_as_good_as_the_original(folder: Path, shipped: Catalogue) -> None:
    """Else the tests above would pass for the wrong reason."""
    assert read(folder) == shipped
