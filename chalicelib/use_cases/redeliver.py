"""An operator lets a message be sent again: one that was given up, that waits, or that got lost."""

from chalicelib.domain.delivery import anew
from chalicelib.domain.errors import NotFoundError
from chalicelib.domain.ids import DeliveryId
from chalicelib.ports import Deps, RaceError
from chalicelib.use_cases.changing import TRIES


def redeliver(id: DeliveryId, deps: Deps) -> bool:  # noqa: A002 - as in the port
    """Due at once, under its old id; the reconciler sends it. False when it is being sent just now.

    Raise NotFoundError for a message that was never written.
    """
    for _ in range(TRIES):
        delivery = deps.deliveries.get(id)
        if delivery is None:
            raise NotFoundError("delivery.not_found")
        try:
            deps.deliveries.update(anew(delivery, deps.clock.now()), delivery.tries)
        except RaceError:
            continue
        return True
    return False
