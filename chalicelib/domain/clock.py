"""The ledger of one leg's working time.

`budget` and `consumed` are working seconds on the holder's calendar. The due time is where the
budget will be used up, so a pause moves it by exactly the paused working time and an amended
calendar moves it by exactly the days that changed. `epoch` rises with every pause, resume and
extension; it tells an old deadline from the present one.
"""

from dataclasses import replace
from datetime import datetime

from chalicelib.domain.calendar import WorkCalendar
from chalicelib.domain.value import value


@value(frozen=True, slots=True)
class Clock:
    """Running while `since` is set."""

    budget: int
    consumed: int = 0
    since: datetime | None = None
    epoch: int = 0

    def consumed_at(self, calendar: WorkCalendar, now: datetime) -> int:
        """Working seconds used so far."""
        if self.since is None or now <= self.since:
            return self.consumed
        return self.consumed + calendar.between(self.since, now)

    def reached(self, calendar: WorkCalendar, seconds: int) -> datetime | None:
        """When `seconds` will have been (or were) consumed; None while paused.

        What was consumed before a pause has moved by the pause, like everything else.
        """
        if self.since is None:
            return None
        ahead = seconds - self.consumed
        if ahead < 0:  # before the last pause; one second more and back: no due time begins a block
            return calendar.add(calendar.subtract(self.since, 1 - ahead), 1)
        return calendar.add(self.since, ahead) if ahead else self.since

    def due(self, calendar: WorkCalendar) -> datetime | None:
        """The due time; None while paused."""
        return self.reached(calendar, self.budget)

    def pause(self, calendar: WorkCalendar, now: datetime) -> "Clock":
        """Stop the clock; pausing a paused clock changes nothing."""
        if self.since is None:
            return self
        spent = self.consumed_at(calendar, now)
        return Clock(self.budget, spent, None, self.epoch + 1)

    def resume(self, now: datetime) -> "Clock":
        """Let it run on from where it stood; resuming a running clock changes nothing."""
        return self if self.since else replace(self, since=now, epoch=self.epoch + 1)

    def extend(self, seconds: int) -> "Clock":
        """Add to the budget."""
        return replace(self, budget=self.budget + seconds, epoch=self.epoch + 1)

    def restart(self, now: datetime, budget: int) -> "Clock":
        """Start anew (the intake of a resubmitted dossier)."""
        return Clock(budget, since=now, epoch=self.epoch + 1)
