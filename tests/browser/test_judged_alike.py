"""The page judges a form as the server does: what passes here is taken, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import catalogue
from catalogue.read import read

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.domain.procedure import ProcedureVersion
    from tests.browser.citizen import Citizen

SAMPLES = Path(catalogue.__file__).parent / "samples"
JUDGE = """async ([code, answers]) => {
  const [{ faults }, { holding }, procedure] = await Promise.all([
    import('/js/check.js'), import('/js/conditions.js'),
    fetch(`/api/v1/procedures/${code}`).then((answer) => answer.json()),
  ])
  return [faults(procedure.form, answers, '', true).map(({ pointer }) => pointer),
          holding(procedure.conditions, answers)]
}"""

pytestmark = pytest.mark.slow


def _given(version: ProcedureVersion, **changed: Any) -> dict[str, Any]:
    """The sample, with sections changed in part."""
    answers: dict[str, Any] = json.loads((SAMPLES / f"{version.code}.json").read_text("utf-8"))
    return answers | {name: answers[name] | part for name, part in changed.items()}


def test_samples_and_conditions(citizen: Callable[..., Citizen]) -> None:
    """Every shipped form and condition; a branch of a form, on both of its sides."""
    page = citizen().open()
    versions = {version.code: version for version in read().procedures}
    cases = [(version, _given(version)) for version in versions.values()]
    for code, changed in (
        ("3.000722", {"residence": {"relationship": "ward"}}),
        ("1.013225", {"house": {"floor_area": 250, "adjoining": True}}),
        ("1.013225", {"house": {"floor_area": 249.5}, "parcel": {"corridor": True}}),
        ("X-BTXH05", {"payment": {"method": "cash"}}),
    ):
        version = next(each for name, each in versions.items() if name == code)
        cases.append((version, _given(version, **changed)))
    for version, answers in cases:
        found, holding = page.evaluate(JUDGE, [version.code, answers])
        assert (found, holding) == ([], list(version.holding(answers))), version.code
    social = cases[-1][0]
    cash = {"method": "cash", "phone": "0000000003"}
    for payment, wrong in (
        (cash, []),
        (cash | {"method": "bank"}, ["bank_name", "account_number"]),
    ):
        answers = _given(social) | {"payment": payment}
        found, _ = page.evaluate(JUDGE, [social.code, answers])
        assert sorted(found) == sorted(f"/payment/{name}" for name in wrong)
