"""Start the next generation of an execution, on the definition as it is now."""

from chalicelib.domain.actor import SYSTEM
from chalicelib.domain.dossier import Dossier
from chalicelib.domain.ids import DossierCode
from chalicelib.domain.terms import EventType
from chalicelib.ports import Deps
from chalicelib.use_cases.changing import change


def roll_over(code: DossierCode, generation: int, deps: Deps) -> int:
    """Claim generation `generation + 1` unless somebody has, and start it; returns the current one.

    Starting is idempotent, so a crash between the claim and the start is mended by doing it again.
    """

    def claim(dossier: Dossier) -> None:
        if dossier.is_closed or dossier.generation != generation:
            return
        dossier.generation += 1
        dossier.generation_seq, dossier.generation_at = dossier.seq, dossier.ctx.now
        dossier.record(EventType.GENERATION_STARTED, SYSTEM, generation=dossier.generation)

    dossier = change(deps, code, claim).dossier
    if not dossier.is_closed:
        deps.workflow.start(code, dossier.generation)
    return dossier.generation
