"""How often what goes wrong."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

RECONCILE_EVERY: Final = 4 * 3600  # seconds
# A few passes of the reconciler may die one after the other.
BROUGHT_BACK: Final = timedelta(seconds=5 * RECONCILE_EVERY)


@dataclass(frozen=True)
class Faults:
    """Probabilities per message or call."""

    lose: float = 0.02
    double: float = 0.10
    delay: float = 0.15
    crash: float = 0.01
    door_shut: float = 0.05  # an agency's endpoint is down, or its answer is lost
    vanish: float = 0.02  # an execution disappears while it waits
    lie: float = 0.05  # a running execution is said to be gone
    race: float = 0.10  # somebody else acts between a load and its commit
    unnoticed: float = 0.10  # the store's word that a file arrived is late
    outage: float = 0.30  # per province: the workers stand still for days

    @property
    def loses(self) -> bool:
        """Whether anything may be lost, so that only the reconciler brings it back."""
        return bool(self.lose or self.vanish or self.lie or self.crash or self.outage)

    @property
    def latest(self) -> timedelta:
        """How late a milestone may be claimed.

        Where nothing is lost, the execution's own timer does it, but for two slow messages; where
        nothing is slow either, it is a matter of seconds.
        """
        if self.loses:
            return BROUGHT_BACK
        return timedelta(minutes=35) if self.delay else timedelta(minutes=1)


CALM: Final = Faults(lose=0, vanish=0, lie=0, crash=0, outage=0)  # late, doubled, out of order
NO_FAULTS: Final = Faults(0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
