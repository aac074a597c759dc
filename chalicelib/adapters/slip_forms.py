"""The sets of forms as they lie in `chalicelib/forms/slips.json`."""

import json
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Final

from chalicelib.domain.slips.forms import FormOfSlip, FormSet
from chalicelib.domain.slips.slip import Signature, SlipKind

FILE: Final = Path(__file__).parents[1] / "forms" / "slips.json"


@cache
def form_sets() -> tuple[FormSet, ...]:
    """All there are, oldest first; they share their words."""
    data = json.loads(FILE.read_text("utf-8"))
    return tuple(
        FormSet(
            each["code"],
            date.fromisoformat(each["since"]),
            {SlipKind(kind): _form(form) for kind, form in each["forms"].items()},
            data["words"],
            data["places"],
        )
        for each in data["sets"]
    )


def _form(form: Mapping[str, Any]) -> FormOfSlip:
    signatures = tuple(Signature(**each) for each in form["signatures"])
    return FormOfSlip(**{**form, "signatures": signatures})
