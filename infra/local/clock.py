"""The business clock: real time, or any other time that never runs backwards.

A clock is *simulated* once it was started with another speed or from a given moment;
from then on it stands still while the cloud is down, because nobody wants to come
back to a month of missed deadlines. A clock that never was is simply real time.
"""

from __future__ import annotations

import json
import math
import os
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

VIETNAM = timezone(timedelta(hours=7))
SAVE_EVERY = 1.0  # seconds of real time
_FASTEST = 86_400  # a day each second
_STANDING = 1e-9  # of real time: the application wants a speed above zero
_YEARS = range(2000, 2100)  # what the API takes, too


@dataclass(frozen=True)
class Anchor:
    """Service time was `service` when real time was `real` (epoch seconds both)."""

    real: float
    service: float
    speed: float

    def at(self, real: float) -> float:
        """Service time at a real time, in epoch seconds."""
        return self.service + (real - self.real) * self.speed

    def as_dict(self) -> dict[str, float]:
        """The form it is handed to other processes in."""
        return asdict(self)


@dataclass(frozen=True)
class Saved:
    """What a former run left: no process of it ever read a later time than `ceiling`."""

    ceiling: float
    simulated: bool


class UnreadableClockError(Exception):
    """The file of the clock does not say how far it got."""


@dataclass
class BusinessClock:
    """The anchor of this run and how it is carried to the next one."""

    anchor: Anchor
    simulated: bool
    _reached: float = field(default=-math.inf, init=False)  # service time at the last save
    _ceiling: float = field(default=-math.inf, init=False)  # as last written

    @classmethod
    def begin(
        cls, saved: Saved | None, speed: float, start: datetime | None, now: float
    ) -> BusinessClock:
        """Choose this run's anchor. `start` (aware) counts only when nothing was saved."""
        if saved is None:
            service = start.timestamp() if start else now
            return cls(Anchor(now, service, speed), simulated=start is not None or speed != 1)
        service = saved.ceiling if saved.simulated else max(saved.ceiling, now)
        return cls(Anchor(now, service, speed), simulated=saved.simulated or speed != 1)

    @property
    def standing(self) -> Anchor:
        """For what runs before `start`: a simulated clock stands still until then."""
        return replace(self.anchor, speed=_STANDING) if self.simulated else self.anchor

    def start(self, now: float) -> None:
        """Let it run. At an hour each second, seconds of starting would be a working day."""
        if self.simulated:
            self.anchor = replace(self.anchor, real=now)

    def save(self, file: Path, now: float, *, last: bool = False) -> None:
        """Write the present reading, and how far it may get before the next save.

        Two intervals ahead, so that even after kill -9 the next run starts later than
        anything this one has seen. Never lower than before, as the system's clock may be
        set back; only the last save may be, which knows that nobody reads on.
        """
        reading = self.anchor.at(now)
        ahead = 0.0 if last or not self.simulated else 2 * SAVE_EVERY * self.anchor.speed
        ceiling = reading + ahead
        if not last or reading < self._reached:
            ceiling = max(ceiling, self._ceiling)
        content = {
            **Anchor(now, reading, self.anchor.speed).as_dict(),
            "ceiling": ceiling,
            "simulated": self.simulated,
        }
        temporary = file.with_suffix(".new")
        temporary.write_text(json.dumps(content))
        temporary.replace(file)
        self._reached, self._ceiling = max(reading, self._reached), ceiling


def load(file: Path) -> Saved | None:
    """What the last run saved; None on a fresh home. Raises UnreadableClockError."""
    try:
        content = json.loads(file.read_text())
        saved = Saved(ceiling=content["ceiling"], simulated=content["simulated"])
        datetime.fromtimestamp(saved.ceiling, VIETNAM)
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, OverflowError) as error:
        raise UnreadableClockError(
            f"{file} does not say how far the business clock got. Put a copy of it in its place, "
            "or remove it and give START a moment after everything in the dossiers."
        ) from error
    return saved


def parse_start(text: str | None) -> datetime | None:
    """An ISO 8601 moment; without a zone it is Vietnam's. Raises ValueError."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(
            f"START must be like 2026-12-01T08:00 or …08:00+07:00, not {text}"
        ) from None
    if moment.year not in _YEARS:
        raise ValueError(
            f"START must lie in {_YEARS.start} to {_YEARS.stop - 1}, not in {moment.year}"
        )
    return moment if moment.tzinfo else moment.replace(tzinfo=VIETNAM)


def parse_speed(text: str | None) -> float:
    """Service seconds per real second, above zero. Raises ValueError."""
    try:
        speed = float(text or 1)
    except ValueError:
        speed = 0
    if not 0 < speed <= _FASTEST:
        raise ValueError(f"SPEED must be a number above 0 and at most {_FASTEST}, not {text}")
    return speed


def anchor_from_environment() -> Anchor:
    """The anchor the supervisor gave this process."""
    return Anchor(**json.loads(os.environ["CLOCK_ANCHOR"]))
