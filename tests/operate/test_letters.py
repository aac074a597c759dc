"""Dead letters that nobody can read, and operators who are stopped: nothing is lost or hidden."""

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from infra.local.failed_events import FailedEvents
from infra.local.settings import Home
from infra.operate import letters
from infra.operate.screen import Screen
from infra.operate.target import Target
from tests.operate.conftest import DEAD, Operator, send, waiting

ARN = "arn:aws:lambda:ap-southeast-1:123456789012:function:motcua-test-on_change:live"
GARBAGE = [
    "null",
    "5",
    "[]",
    '"text"',
    "[" * 100_000,
    '{"Records": 5}',
    '{"Records": {"a": 1}}',
    '{"Records": [5]}',
    '{"requestContext": null}',
    '{"requestContext": {"functionArn": 5}}',
    json.dumps({"requestContext": {"functionArn": ARN}, "requestPayload": [1]}),
    json.dumps({"requestContext": {"functionArn": ARN}, "DDBStreamBatchInfo": 5}),
]


def test_what_nobody_can_read_is_listed_and_left(operator: Operator) -> None:
    """Such letters must not keep others from being sent, nor be thrown away."""
    for body in (*GARBAGE, {}):
        send(DEAD, body)
    listed = operator.asks("replay", "dead-letters", "--list", code=1)["letters"]
    unreadable = ["unreadable"] * len(GARBAGE)
    assert sorted(each["function"] for each in listed) == ["reconcile", *unreadable]
    found = operator.asks("replay", "dead-letters", "--yes", code=1)
    assert (found["taken"], len(found["left"])) == (1, len(GARBAGE))
    assert all("unreadable" in line for line in found["left"])
    assert waiting(DEAD) == len(GARBAGE)
    assert operator.types("replay", "dead-letters", "--list") == 1


def test_an_odd_event_of_a_known_function_is_listed(operator: Operator) -> None:
    """Its function refuses it, and it stays."""
    send(DEAD, {"requestContext": {"functionArn": ARN}, "requestPayload": {"Records": 5}})
    assert operator.asks("replay", "dead-letters", "--list", code=1)["letters"][0]["records"] == 1
    assert operator.asks("replay", "dead-letters", "--yes", code=1)["taken"] == 0
    assert waiting(DEAD) == 1


def test_stopped_half_way_all_are_there_for_the_next(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C: those that were not handed over are seen at once, not after minutes."""
    for _ in range(3):
        send(DEAD, {})
    send(DEAD, "unreadable")
    stopping = Stopping(after=2)
    monkeypatch.setattr(Target, "call", stopping)
    assert operator.types("replay", "dead-letters", "--yes") == 1
    assert "Stopped" in operator.err
    assert waiting(DEAD) == 3
    assert operator.logged()[0][2] == "KeyboardInterrupt"


class Stopping:
    """A function that takes what it is sent, until the operator presses Ctrl-C."""

    def __init__(self, after: int) -> None:
        self.taken: list[Any] = []
        self._after = after

    def __call__(self, *given: Any) -> Any:
        if len(self.taken) + 1 == self._after:
            raise KeyboardInterrupt
        self.taken.append(given[-1])
        return {}


# -- on this machine


@pytest.fixture
def failed(tmp_path: Path) -> FailedEvents:
    """Five, of which the second and third are no events."""
    events = FailedEvents(Home(tmp_path).failed_events)
    for number in (1, 4, 5):
        events.add("motcua-local-record", {"n": number})
    first, *rest = events.lines()
    events.file.write_bytes(b"\n".join([first, b"\xff{", b'{"at": 1}', *rest, b""]))
    return events


def _box(events: FailedEvents) -> letters.Box:
    return letters.box(Target("local", Home(events.file.parent)))


def test_a_line_that_is_no_event(failed: FailedEvents, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever was killed while writing left half of one; the others are sent."""
    monkeypatch.setattr(Target, "call", calls := Stopping(after=-1))
    functions = [letters.described(each)["function"] for each in _box(failed).peek(9)]
    assert functions == ["on_change", "unreadable", "unreadable", "on_change", "on_change"]
    taken, left, _ = _box(failed).replay(9, Screen(json=True))
    assert (taken, len(left), len(calls.taken)) == (3, 2, 3)
    assert failed.lines() == [b"\xff{", b'{"at": 1}']


@pytest.mark.parametrize("after", [1, 2, 3])
def test_stopped_anywhere_each_line_is_there_once(
    after: int, failed: FailedEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And in the file that `status` and `--list` read."""
    monkeypatch.setattr(Target, "call", Stopping(after))
    with pytest.raises(KeyboardInterrupt):
        _box(failed).replay(9, Screen(json=True))
    assert len(_box(failed).peek(9)) == 5 - (after - 1)
    monkeypatch.setattr(Target, "call", rest := Stopping(after=-1))
    taken, left, _ = _box(failed).replay(9, Screen(json=True))
    assert (taken, len(left)) == (3 - (after - 1), 2)
    wanted = [1, 4, 5][after - 1 :]
    assert [event["Records"][0]["n"] for event in rest.taken] == wanted


def test_beyond_the_limit(failed: FailedEvents, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are left, and said to be."""
    monkeypatch.setattr(Target, "call", Stopping(after=-1))
    taken, left, _ = _box(failed).replay(1, Screen(json=True))
    assert (taken, len(left), len(failed.lines())) == (1, 4, 4)


def test_what_comes_meanwhile_is_kept(failed: FailedEvents) -> None:
    """The pump goes on adding while an operator takes out."""
    gone = failed.lines()
    adding = threading.Thread(
        target=lambda: [failed.add("motcua-local-record", {"later": n}) for n in range(200)]
    )
    adding.start()
    for line in gone:
        FailedEvents(failed.file).remove(line)
    adding.join()
    events = [json.loads(line)["event"] for line in failed.lines()]
    assert events == [{"later": n} for n in range(200)]
