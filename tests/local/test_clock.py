"""The business clock between runs: it may stand still or jump ahead, never go back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from infra.local.clock import SAVE_EVERY, BusinessClock, load, parse_speed, parse_start

if TYPE_CHECKING:
    from pathlib import Path

NOW = 1_800_000_000.0


def _next_run(
    before: BusinessClock, file: Path, ran: float, down: float, speed: float, *, clean: bool = True
) -> BusinessClock:
    """The clock of the run after one that lasted `ran` and a pause of `down` seconds."""
    end = before.anchor.real + ran
    before.save(file, end, last=clean)
    return BusinessClock.begin(load(file), speed, None, end + down)


def test_untouched_clock_is_real_time(tmp_path: Path) -> None:
    """Without SPEED and START a day's break is a day: the office worked on meanwhile."""
    first = BusinessClock.begin(None, 1, None, NOW)
    second = _next_run(first, tmp_path / "clock", ran=10, down=86_400, speed=1)
    assert second.anchor.at(NOW + 86_410) == NOW + 86_410


def test_simulated_clock_stands_still_while_down(tmp_path: Path) -> None:
    """Coming back from lunch to a month of missed deadlines helps nobody."""
    first = BusinessClock.begin(None, 60, None, NOW)
    second = _next_run(first, tmp_path / "clock", ran=10, down=3600, speed=60)
    assert second.anchor.service == NOW + 600


def test_back_to_normal_speed_goes_on_from_the_simulated_time(tmp_path: Path) -> None:
    """A clock that ran ahead, or began in the past, must not snap to real time."""
    ahead = BusinessClock.begin(None, 3600, None, NOW)
    past = BusinessClock.begin(None, 1, datetime(2026, 3, 2, 8, tzinfo=UTC), NOW)
    for number, first in enumerate((ahead, past)):
        second = _next_run(first, tmp_path / str(number), ran=10, down=100, speed=1)
        assert second.anchor.service == first.anchor.at(NOW + 10)


@pytest.mark.parametrize("speed", [1.0, 0.5, 3600.0])
@pytest.mark.parametrize("new_speed", [1.0, 7.0])
def test_monotonic_even_when_killed_between_two_saves(
    tmp_path: Path, speed: float, new_speed: float
) -> None:
    """Kill -9 comes when the last save is almost an interval old; its readings are on record."""
    first = BusinessClock.begin(None, speed, None, NOW)
    second = _next_run(
        first, tmp_path / "clock", ran=10, down=SAVE_EVERY, speed=new_speed, clean=False
    )
    last_reading = first.anchor.at(NOW + 10 + 0.99 * SAVE_EVERY)
    assert second.anchor.service >= last_reading


def test_start_counts_only_on_a_fresh_home(tmp_path: Path) -> None:
    """A forgotten START in the shell must not turn the clock back."""
    first = BusinessClock.begin(None, 1, parse_start("2027-01-04T08:00:00+07:00"), NOW)
    first.save(tmp_path / "clock", NOW + 5, last=True)
    again = BusinessClock.begin(load(tmp_path / "clock"), 1, parse_start("2020-01-01"), NOW + 6)
    assert again.anchor.service == datetime(2027, 1, 4, 1, 0, 5, tzinfo=UTC).timestamp()


def test_only_a_simulated_clock_stands_still_while_starting() -> None:
    """Real time does not wait for us; simulated time begins where it was said to."""
    real, simulated = (BusinessClock.begin(None, speed, None, NOW) for speed in (1, 3600))
    for clock, standing in ((real, NOW + 10), (simulated, NOW)):
        assert clock.standing.at(NOW + 10) == pytest.approx(standing)
        clock.start(NOW + 10)
        assert clock.anchor.at(NOW + 10) == standing


@pytest.mark.parametrize("last", [False, True])
def test_ceiling_never_sinks_within_a_run(tmp_path: Path, *, last: bool) -> None:
    """The system's clock may be set back by an hour; what was read before stays on record."""
    first = BusinessClock.begin(None, 60, None, NOW)
    first.save(tmp_path / "clock", NOW + 10)
    before = load(tmp_path / "clock")
    first.save(tmp_path / "clock", NOW - 3600, last=last)
    after = load(tmp_path / "clock")
    assert before is not None
    assert after is not None
    assert after.ceiling >= before.ceiling


def test_clean_end_takes_the_margin_back(tmp_path: Path) -> None:
    """At a day each second, every start would otherwise lose two days of work."""
    first = BusinessClock.begin(None, 86_400, None, NOW)
    first.save(tmp_path / "clock", NOW + 9)
    first.save(tmp_path / "clock", NOW + 10, last=True)
    after = load(tmp_path / "clock")
    assert after is not None
    assert after.ceiling == first.anchor.at(NOW + 10)


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "fast", "86401"])
def test_senseless_speed_is_refused(text: str) -> None:
    """Zero or less would stop every deadline without a word."""
    with pytest.raises(ValueError, match="SPEED must be"):
        parse_speed(text)


@pytest.mark.parametrize("text", ["1999-12-31", "2100-01-01", "0001-01-01", "tomorrow"])
def test_senseless_start_is_refused(text: str) -> None:
    """A calendar of a thousand years takes minutes to lay out, and nobody lives to use it."""
    with pytest.raises(ValueError, match="START must"):
        parse_start(text)
