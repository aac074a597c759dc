"""A timer ran out, or an execution asks where it is: claim what has passed, say where to go."""

from chalicelib.domain.dossier import Dossier
from chalicelib.domain.ids import DossierCode
from chalicelib.domain.milestones import claim_passed
from chalicelib.ports import Deps, Next
from chalicelib.use_cases.changing import Extras, change
from chalicelib.use_cases.lead import whereto


def escalate(code: DossierCode, generation: int, deps: Deps) -> Next:
    """Claim every milestone that has passed, each once; then the record as it is.

    Raise NotFoundError for a dossier that does not exist.
    """

    def claim(dossier: Dossier) -> Extras:
        if dossier.is_closed or generation < dossier.generation:
            return Extras()
        claim_passed(dossier)
        return Extras(anyway=dossier.has_overslept)

    return whereto(change(deps, code, claim).dossier, generation, deps)
