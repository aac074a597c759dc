"""What functions were sent by earlier versions is taken by those of today, and answered alike."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from app import app
from chalicelib.entrypoints.watched import FailedError
from infra.local import handlers
from tests.upgrades import payloads, recorded
from tests.upgrades.payloads import Call, Request
from tests.upgrades.province import Json, Province

# What is made anew each time: presigned addresses, names of files, signed policies.
VARIES = frozenset({"url", "file_id", "key", "policy", "x-amz-date", "x-amz-signature"})
VARIES |= {"x-amz-credential"}


def lacking(recorded: Any, today: Any, at: str = "") -> list[str]:
    """What was there and is not, or is another; more may have come."""
    if at.rpartition("/")[2] in VARIES:
        return [] if isinstance(today, type(recorded)) else [f"{at} is {today!r}"]
    if isinstance(recorded, dict) and isinstance(today, dict):
        return [
            fault
            for name, value in recorded.items()
            for fault in (
                lacking(value, today[name], f"{at}/{name}") if name in today else [f"{at}/{name}"]
            )
        ]
    if isinstance(recorded, list) and isinstance(today, list) and len(recorded) == len(today):
        pairs = enumerate(zip(recorded, today, strict=True))
        return [fault for n, (was, now) in pairs for fault in lacking(was, now, f"{at}/{n}")]
    return [] if recorded == today else [f"{at} is {today!r}, was {recorded!r}"]


def _calls() -> Iterator[Any]:
    for version in recorded.versions(recorded.PAYLOADS):
        for file in sorted((recorded.PAYLOADS / version).glob("*.json")):
            if file.stem != "callbacks":
                yield from _of(version, file.stem)


def _of(version: str, function: str) -> Iterator[Any]:
    for number, call in enumerate(payloads.read(version, function)):
        name = f"{version}-{function}-{number}-{call['scene']}"
        yield pytest.param(version, function, call, id=name)


@pytest.mark.parametrize(("version", "function", "call"), list(_calls()))
def test_a_function_takes_what_it_was_sent(
    version: str, function: str, call: Json, made: Province
) -> None:
    """An execution of last year, a record of the stream from before the deployment: both come."""
    recorded.found(made, version)
    today = payloads.answered(made, function, version, Call(**call))
    assert lacking(call["answer"], today.answer) == []
    assert lacking(call["told"], today.told) == []
    assert lacking(call["sent"], today.sent) == []


@pytest.mark.parametrize("version", recorded.versions(recorded.PAYLOADS))
@pytest.mark.parametrize("number", range(5))
def test_an_agency_may_answer_as_it_always_did(version: str, number: int, made: Province) -> None:
    """Their software is not ours to change."""
    recorded.found(made, version)
    request = payloads.read(version, "callbacks")[number]
    today = payloads.requested(made, version, Request(**request))
    assert lacking(request["answer"], today.answer) == []


@pytest.mark.parametrize("version", recorded.versions(recorded.PAYLOADS))
def test_functions_keep_their_names(version: str) -> None:
    """An old definition, an event source, a schedule: all of them name functions."""
    names = {file.stem for file in (recorded.PAYLOADS / version).glob("*.json")} - {"callbacks"}
    assert names >= {"wake", "rollover", "on_change", "on_upload", "reconcile", "measure", "export"}
    assert names <= {function.name for function in app.pure_lambda_functions}
    assert names <= set(handlers.NAMES)


@pytest.mark.parametrize("version", recorded.versions(recorded.PAYLOADS))
def test_every_way_of_a_definition_is_recorded(version: str) -> None:
    """A stage that no payload shows could lose its name unseen."""
    answers = [each["answer"]["next"]["stage"] for each in payloads.read(version, "wake")]
    states = json.loads(recorded.definition(version))["States"]
    assert set(answers) == {each["StringEquals"] for each in states["Next"]["Choices"]} | {
        "Rollover"
    }
    told = [told for each in payloads.read(version, "on_change") for told in each["told"]]
    assert {each["call"] for each in told} == {"StartExecution", "SendTaskSuccess"}


@pytest.mark.parametrize(
    "today",
    [
        {"next": {"stage": "Intake"}},
        {"next": {"stage": "Intake", "seq": "1"}},
        {"next": {"phase": "Intake", "seq": 1}},
        {"next": {"stage": "Payment", "seq": 1}},
        {"next": None},
        {},
    ],
    ids=str,
)
def test_what_is_missing_is_seen(today: Any) -> None:
    """The tests above can fail."""
    assert lacking({"next": {"stage": "Intake", "seq": 1}}, today) != []


def test_what_has_come_is_fine() -> None:
    """Fields may be added at any time."""
    assert lacking({"seq": 1}, {"seq": 1, "shard": 2}) == []


def test_a_field_that_is_gone_is_missed(made: Province) -> None:
    """A function that got a field under another name would fail, not guess."""
    with pytest.raises(FailedError, match="KeyError"):
        made.call("wake", {"dossier": "D-1", "generation": 1})
    with pytest.raises(FailedError, match="KeyError"):
        made.call("rollover", {"dossier_id": "D-1", "gen": 1})
