"""The citizen withdraws the dossier before its result exists."""

from chalicelib.domain import citizen
from chalicelib.domain.actor import Actor
from chalicelib.domain.dossier import Dossier
from chalicelib.domain.ids import DossierCode
from chalicelib.domain.value import value
from chalicelib.ports import Deps
from chalicelib.use_cases.changing import Changed, Idempotency, change
from chalicelib.use_cases.track_dossier import require_seen


@value(frozen=True, slots=True)
class Withdraw:
    """`reason` is the citizen's own words; it may be empty."""

    dossier: DossierCode
    rev: int
    reason: str = ""
    idempotency: Idempotency | None = None


def withdraw_dossier(command: Withdraw, actor: Actor, deps: Deps) -> Changed:
    """Raise NotFoundError, ForbiddenError, StaleError, TransitionError."""

    def apply(dossier: Dossier) -> None:
        require_seen(dossier, actor)
        citizen.require_owner(dossier, actor)
        dossier.expect(command.rev)
        citizen.withdraw(dossier, actor, reason=command.reason)

    return change(deps, command.dossier, apply, command.idempotency)
