"""What the state machine asks: where a dossier goes next, and for its successor.

Names and payload fields stay for at least 13 months: an execution started on an old definition
still calls them (ARCHITECTURE.md, "Traps").
"""

from typing import Any, TypedDict

from chalice.app import Blueprint

from chalicelib.bootstrap import deps
from chalicelib.domain.ids import DossierCode
from chalicelib.entrypoints.watched import watched
from chalicelib.use_cases.escalate import escalate
from chalicelib.use_cases.roll_over import roll_over
from chalicelib.watch import concerns

tasks = Blueprint(__name__)


class Asked(TypedDict):
    """The execution's whole input."""

    dossier_id: str
    generation: int


@tasks.lambda_function(name="wake")
@watched
def wake(event: Asked, _context: object) -> dict[str, Any]:
    """Locate and Escalate: claim what has passed, answer where the record says to go."""
    code, generation = DossierCode(event["dossier_id"]), event["generation"]
    concerns(code)
    going = escalate(code, generation, deps())
    return {"dossier_id": code, "generation": generation, "next": going.as_output()}


@tasks.lambda_function(name="rollover")
@watched
def rollover(event: Asked, _context: object) -> dict[str, Any]:
    """Rollover: start generation n+1 on the definition as it is now."""
    code = DossierCode(event["dossier_id"])
    concerns(code)
    return {"dossier_id": code, "generation": roll_over(code, event["generation"], deps())}
