"""Waiting in service time, which may run thousands of times faster than the wall's clock."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

from infra.local.clock import VIETNAM, Anchor

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

OPENS, CLOSES = 7, 17  # hours in which officials and agencies act here
LAST_START = 14  # hour; a same-day service begun later leaves too little of its day
SATURDAY = 5
_LOOK_EVERY = timedelta(minutes=15)  # of service time, between two looks at the record
_SHORTEST, _LONGEST = 0.1, 2.0  # real seconds between two looks


class StoryError(Exception):
    """A story did not go on as it should; the message says where."""


@dataclass(frozen=True)
class Clock:
    """Service time of a running local cloud; all times are aware and Vietnam's."""

    anchor: Anchor
    patience: float = 20.0  # real seconds that a wait lasts at least, however fast time runs

    @property
    def speed(self) -> float:
        """Service seconds per real second."""
        return self.anchor.speed

    def now(self) -> datetime:
        """The service's present."""
        return datetime.fromtimestamp(self.anchor.at(time.time()), VIETNAM)

    def sleep_until(self, moment: datetime) -> None:
        """Return once service time has come to `moment`."""
        while (left := (moment - self.now()).total_seconds()) > 0:
            time.sleep(min(left / self.speed, 1.0))

    def work(self, hours: float) -> None:
        """Let working hours pass; nobody here decides at night or on a weekend."""
        self.sleep_until(self.now() + timedelta(hours=hours))
        self.sleep_until(within_office_hours(self.now()))

    def wait_for(self, look: Callable[[], T | None], within: timedelta, what: str) -> T:
        """What `look` finds, looking again and again. Raise StoryError when it finds nothing."""
        end, patience = self.now() + within, time.monotonic() + self.patience
        pause = min(max(_LOOK_EVERY.total_seconds() / self.speed, _SHORTEST), _LONGEST)
        while True:
            if found := look():
                return found
            if self.now() > end and time.monotonic() > patience:
                raise StoryError(f"{what}: did not happen until {end:%d/%m %H:%M}")
            time.sleep(pause)


def within_office_hours(moment: datetime, last: int = CLOSES) -> datetime:
    """`moment`, or the next opening where it lies outside opening and `last` (an hour)."""
    if moment.weekday() < SATURDAY and OPENS <= moment.hour < last:
        return moment
    day = moment if moment.hour < OPENS else moment + timedelta(days=1)
    while day.weekday() >= SATURDAY:
        day += timedelta(days=1)
    return day.replace(hour=OPENS, minute=5, second=0, microsecond=0)


def moment(text: str) -> datetime:
    """A time as the API writes it, in Vietnam's zone."""
    return datetime.fromisoformat(text).astimezone(VIETNAM)
