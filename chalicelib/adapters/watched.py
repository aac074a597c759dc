"""The record and the outbox, with operators told of what was stored."""

from typing import Final

from chalicelib.adapters.deliveries import DynamoDeliveries
from chalicelib.adapters.records import DynamoRecords
from chalicelib.domain.delivery import Delivery, DeliveryState
from chalicelib.domain.dossier import Dossier
from chalicelib.domain.event import Event
from chalicelib.domain.ids import DossierCode
from chalicelib.domain.terms import Rung
from chalicelib.ports import Change, ContextOf
from chalicelib.watch import Metric, concerns, count, logger

HIGH: Final = frozenset({Rung.LEADER, Rung.FOCAL_POINT})


class WatchedRecords(DynamoRecords):
    """One line for each event, once it is stored."""

    def load(self, code: DossierCode, context: ContextOf) -> Dossier:
        """A code that somebody typed may be anything: it is logged if there is such a dossier."""
        dossier = super().load(code, context)
        concerns(code)
        return dossier

    def commit(self, change: Change) -> None:
        super().commit(change)
        for event in change.events:
            logger.info("stored", extra=_named(event))
        count(Metric.ESCALATIONS, sum(event.data.get("rung") in HIGH for event in change.events))


def _named(event: Event) -> dict[str, str]:
    return {
        "dossier_id": event.dossier,
        "event_id": f"{event.dossier}#{event.ev}",
        "event_type": event.type.value,
    }


class WatchedDeliveries(DynamoDeliveries):
    """A message that is given up on is the one thing here that somebody must do something about."""

    def update(self, delivery: Delivery, expected_tries: int) -> None:
        super().update(delivery, expected_tries)
        if delivery.state is DeliveryState.DEAD:
            told = {
                "dossier_id": delivery.dossier,
                "event_id": f"{delivery.dossier}#{delivery.event}",
                "delivery_id": delivery.id,
                "agency": delivery.agency,
                "error": delivery.last_error,
            }
            logger.error("delivery given up", extra=told)
            count(Metric.DELIVERIES_GIVEN_UP)
