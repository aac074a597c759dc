"""The demo's own parts, without a cloud: its agencies' software and its sense of time."""

from __future__ import annotations

import json
import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from infra.demo import cloud
from infra.demo.agency import AgencyServer, new_secret, open_for, signed
from infra.demo.client import session
from infra.demo.clock import Clock, StoryError, within_office_hours
from infra.demo.play import TAX
from infra.local.clock import VIETNAM, Anchor
from infra.local.settings import Home

if TYPE_CHECKING:
    from pathlib import Path

BODY = json.dumps({"type": "leg.opened", "data": {"dossier_code": "D-1"}})


def _post(server: AgencyServer, secret: str, name: str, body: str = BODY) -> int:
    with session() as by:
        sent = by.post(server.url(TAX), data=body, headers=signed(secret, name, BODY), timeout=5)
    return sent.status_code


def test_agency_takes_only_what_is_signed_with_its_secret() -> None:
    """The demo proves the platform's signatures only if its agency would refuse a wrong one."""
    with AgencyServer({TAX: new_secret()}) as server:
        assert _post(server, new_secret(), "msg_1") == 401
        assert _post(server, server.secrets[TAX], "msg_1", BODY.replace("D-1", "D-2")) == 401
        assert server.received("D-1", "leg.opened", TAX) is None
        assert server.refused == 2
        assert _post(server, server.secrets[TAX], "msg_1") == 204
        assert server.received("D-1", "leg.opened", TAX) is not None


def test_message_sent_twice_counts_once() -> None:
    """Messages come at least once: an agency that counted each would open a leg twice."""
    with AgencyServer({TAX: new_secret()}) as server:
        for _ in range(2):
            assert _post(server, server.secrets[TAX], "msg_1") == 204
        assert len(server._inbox) == 1


def test_agency_keeps_its_address_and_secret(tmp_path: Path) -> None:
    """The platform remembers an address for a minute: a second demo must not be deaf until then."""
    with open_for([TAX], tmp_path / "kept.json") as first:
        pass
    with open_for([TAX], tmp_path / "kept.json") as second:
        assert (second.port, second.secrets) == (first.port, first.secrets)


@pytest.mark.parametrize(
    ("moment", "acts"),
    [
        ("2026-10-05T07:00", "2026-10-05T07:00"),  # Monday, just open
        ("2026-10-05T06:59", "2026-10-05T07:05"),
        ("2026-10-05T17:00", "2026-10-06T07:05"),
        ("2026-10-09T18:30", "2026-10-12T07:05"),  # Friday evening
        ("2026-10-11T03:00", "2026-10-12T07:05"),  # Sunday
    ],
)
def test_nobody_acts_outside_office_hours(moment: str, acts: str) -> None:
    """Decisions at night would make the demo's figures look wrong to those who know the work."""
    given, expected = (datetime.fromisoformat(each + ":00+07:00") for each in (moment, acts))
    assert within_office_hours(given.astimezone(VIETNAM)) == expected


def test_what_never_happens_ends_the_story() -> None:
    """A demo that waits for ever tells nobody that the promise was broken."""
    fast = Clock(Anchor(real=time.time(), service=1_791_158_400, speed=3600), patience=0)
    with pytest.raises(StoryError, match="a miracle"):
        fast.wait_for(lambda: None, timedelta(minutes=1), "a miracle")


def test_no_cloud_is_said_with_the_command_that_starts_one(tmp_path: Path) -> None:
    """Whoever types `make demo` first must be told what to type instead."""
    with pytest.raises(cloud.NotReadyError, match=r"SPEED=3600 .* make run"):
        cloud.find(Home(tmp_path))
