"""The record of what happened: inspection and compensation rest on its not being changed."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.domain.event import GENESIS, Event, digest_of, moment, stamp
from chalicelib.domain.ids import DossierCode
from chalicelib.domain.terms import EventType, Stage, Status
from chalicelib.domain.unit import complete
from tests.domain.builders import CLERK, MONDAY, WORKER, at
from tests.domain.story import Story, accept, accepted, require_chain

EVENT = Event(
    dossier=DossierCode("H15.50.1-261005-0001"),
    ev=2,
    type=EventType.ACCEPTED,
    at=MONDAY,
    actor="official:OF-1@H15.50.1",
    leg=1,
    status=Status.ACCEPTED,
    stage=Stage.DEPARTMENT,
    holders=((2, "H15.50.2"),),
    data={"to": [2], "chữ": "có dấu"},
    prev=GENESIS,
    idempotency="k.b",
)


def test_the_body_is_the_content_as_plain_data() -> None:
    """Auditors recompute the hash from this; its names are a published format."""
    assert EVENT.body() == {
        "dossier": "H15.50.1-261005-0001",
        "ev": 2,
        "type": "accepted",
        "at": "2026-10-05T01:00:00Z",
        "actor": "official:OF-1@H15.50.1",
        "leg": 1,
        "status": "accepted",
        "stage": "Department",
        "holders": [[2, "H15.50.2"]],
        "data": {"to": [2], "chữ": "có dấu"},
        "prev": GENESIS,
        "idempotency": "k.b",
    }


def test_the_digest_never_changes() -> None:
    """A fixed value: another would break every chain that is stored already."""
    assert EVENT.digest() == "kqtkpm7nwnykYLx6fuf3WQK9Bw_kHTwTusfPHH8Zbtg"


def test_the_canonical_form_is_sorted_tight_and_utf_8() -> None:
    """Anyone can check it with standard tools: openssl dgst -sha256 over {"a":"ế","b":1}."""
    expected = "WXzXvxEsKbghHi-p8xfOem0UoFbk6ZZLlcTKPEuO_5w"
    assert digest_of({"b": 1, "a": "ế"}) == digest_of({"a": "ế", "b": 1}) == expected
    assert len(expected) == len(GENESIS) == 43


@pytest.mark.parametrize(
    "change",
    [
        {"dossier": "H15.50.1-261005-0002"},
        {"ev": 3},
        {"type": EventType.REFUSED},
        {"at": MONDAY + timedelta(seconds=1)},
        {"actor": "official:OF-2@H15.50.1"},
        {"leg": None},
        {"status": Status.REFUSED},
        {"stage": Stage.CLOSED},
        {"holders": ()},
        {"data": {"to": [3]}},
        {"prev": "1" * 43},
        {"idempotency": ""},
    ],
)
def test_any_change_of_the_content_changes_the_digest(change: dict[str, Any]) -> None:
    """No field may be altered without breaking the chain."""
    assert replace(EVENT, **change).digest() != EVENT.digest()


def test_the_same_moment_in_another_zone_is_the_same_event() -> None:
    """A store that answers in UTC must not break the chain."""
    assert replace(EVENT, at=MONDAY.astimezone(UTC)).digest() == EVENT.digest()


def test_stamps_are_utc_to_the_second_and_sort_as_text() -> None:
    """Sort keys of the table are made of them."""
    assert stamp(at("2026-10-05 08:00:59.999999")) == "2026-10-05T01:00:59Z"
    assert stamp(at("2026-10-05 06:30")) == "2026-10-04T23:30:00Z"


@contextmanager
def machine_in(zone: str) -> Iterator[None]:
    """The machine's own time zone, for as long as it lasts."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = zone
    time.tzset()
    try:
        yield
    finally:
        if before is None:
            del os.environ["TZ"]
        else:
            os.environ["TZ"] = before
        time.tzset()


@pytest.mark.parametrize("zone", ["Asia/Ho_Chi_Minh", "America/New_York"])
def test_a_stamp_does_not_depend_on_the_machine(zone: str) -> None:
    """A chain that was written in Lambda is recomputed on an auditor's laptop."""
    with machine_in(zone):
        assert stamp(at("2026-10-05 08:00")) == "2026-10-05T01:00:00Z"
        assert EVENT.digest() == "kqtkpm7nwnykYLx6fuf3WQK9Bw_kHTwTusfPHH8Zbtg"


def test_a_moment_comes_back_from_its_stamp() -> None:
    """What is stored is what happened."""
    assert moment(stamp(MONDAY)) == MONDAY
    assert moment("2026-10-05T01:00:00Z").tzinfo is not None


def test_a_naive_time_has_no_stamp() -> None:
    """It would be seven hours off on another machine."""
    with pytest.raises(ValueError, match=r"^naive time$"):
        stamp(datetime(2026, 10, 5))  # noqa: DTZ001 - naive is what is tested


def test_the_events_of_a_dossier_are_a_chain() -> None:
    """From the first on, each holds the digest of the one before it."""
    story = accepted()
    story.do(complete, WORKER, result="R-1")
    require_chain(story.events)
    assert story.dossier.head == story.events[-1].digest()
    assert story.dossier.ev == len(story.events) == 3


def test_a_changed_event_breaks_the_chain() -> None:
    """Else the chain would prove nothing."""
    events = accepted().events
    altered = [replace(events[0], actor="official:OF-9"), *events[1:]]
    with pytest.raises(AssertionError):
        require_chain(altered)


def test_an_event_says_who_when_and_where_it_led() -> None:
    """The control slip is printed from these."""
    story = Story().wait(hours=1)
    (event,) = story.do(accept, CLERK)
    assert (event.ev, event.type, event.at) == (2, EventType.ACCEPTED, at("2026-10-05 09:00"))
    assert event.actor == "official:OF-H15.50.1@H15.50.1"
    assert (event.dossier, event.leg) == ("H15.50.1-261005-0001", 1)
    assert (event.status, event.stage) == ("accepted", "Department")
    assert event.holders == ((2, "H15.50.2"),)


def test_the_request_is_kept_in_the_first_event_of_its_decision() -> None:
    """A repeated request is recognised by it, so it must be there exactly once."""
    dossier = Story().wait(days=3).loaded()
    dossier.idempotency = "k.b"
    dossier.record(EventType.MILESTONE_PASSED, CLERK)
    dossier.record(EventType.MILESTONE_PASSED, CLERK)
    events = dossier.finish(lambda _: None)
    assert [event.idempotency for event in events] == ["k.b", ""]
    assert dossier.idempotency == ""
