"""A timer ran out, or an execution asks where it is: claim what has passed, say where to go."""

from chalicelib.domain.dossier import Dossier
from chalicelib.domain.ids import DossierCode
from chalicelib.ports import Deps, Next
from chalicelib.use_cases.changing import Extras, change
from chalicelib.use_cases.lead import whereto


def escalate(code: DossierCode, generation: int, deps: Deps) -> Next:
    """Claim every milestone that has passed, each once, as any change does; then the record.

    Raise NotFoundError for a dossier that does not exist.
    """

    def look_on(dossier: Dossier) -> Extras:
        return Extras(anyway=dossier.has_overslept and not dossier.is_closed)

    return whereto(change(deps, code, look_on).dossier, generation, deps)
