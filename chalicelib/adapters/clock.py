"""Service time: real time, or (locally) a clock that runs fast from an anchor.

Security never asks this clock: tokens, signatures and throttles count real time.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from math import ceil
from time import time
from typing import Final

from chalicelib.domain.value import value

MOST_SECONDS: Final = 30 * 86_400  # of a stage's timer; AWS ends an execution above 99,999,999


@value(frozen=True, slots=True)
class Anchor:
    """Service time was `service` at the real time `real` (epoch seconds); `speed` is how fast."""

    real: float = 0.0
    service: float = 0.0
    speed: float = 1.0


class ServiceClock:
    """See the port; `read` is real time in epoch seconds."""

    def __init__(self, anchor: Anchor | None = None, read: Callable[[], float] = time) -> None:
        self._anchor = anchor or Anchor()
        self._read = read

    def now(self) -> datetime:
        return datetime.fromtimestamp(int(self._service()), UTC)

    def timer_seconds(self, until: datetime) -> int:
        """At least 1, because AWS ends an execution uncatchably on 0."""
        ahead = (until.timestamp() - self._service()) / self._anchor.speed
        return max(1, min(ceil(ahead), MOST_SECONDS))

    def _service(self) -> float:
        anchor = self._anchor
        return anchor.service + (self._read() - anchor.real) * anchor.speed
