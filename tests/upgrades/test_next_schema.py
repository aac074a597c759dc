"""A schema of the future, invented here: what a version that changes it does, and what happens.

Version 2 is the form of today. Version 1 of this invention called two things otherwise; the step
from the one to the other is all that the code needs.
"""

from collections.abc import Callable
from dataclasses import replace

import pytest

from chalicelib import bootstrap
from chalicelib.adapters import schema
from chalicelib.adapters.schema import Data, NewerSchemaError
from chalicelib.entrypoints.watched import FailedError
from chalicelib.use_cases.changing import context
from infra.operate.proof import chain_faults, time_faults
from tests import aws
from tests.upgrades import recorded
from tests.upgrades.finish import Finisher
from tests.upgrades.province import Json, Province
from tests.upgrades.recorded import Recorded

RENAMED = {"channel": "chan", "what": "type"}  # of a case, of an event


def _step(data: Data) -> Data:
    """From version 1 to 2."""
    if data.get("SK") == "CASE" or data.get("SK", "").startswith("EV#"):
        return {RENAMED.get(name, name): value for name, value in data.items()}
    return data


def _older(item: Json) -> Json:
    """As the invented version 1 would have written it."""
    old = {new: name for name, new in RENAMED.items()}
    if item["SK"]["S"] == "CASE" or item["SK"]["S"].startswith("EV#"):
        return {old.get(name, name): value for name, value in item.items()}
    return item


@pytest.fixture(params=["accepted", "agency_asked", "asked_before_acceptance", "overdue"])
def old(request: pytest.FixtureRequest, made: Province) -> Recorded:
    """A dossier that the invented version 1 left behind."""
    scene = recorded.read("v1", request.param)
    recorded.found(made, "v1")
    scene = replace(scene, record=[_older(item) for item in scene.record])
    recorded.restore(made, scene)
    return scene


@pytest.fixture
def version_2(monkeypatch: pytest.MonkeyPatch) -> None:
    """The code of the version that writes the new form."""
    monkeypatch.setattr(schema, "STEPS", (_step,))
    monkeypatch.setattr(schema, "WRITTEN", 2)


def _versions(code: str) -> dict[str, str]:
    """Of the dossier's items, by sort key, as they lie in the table."""
    return {
        item["SK"]["S"]: item["v"]["N"]
        for item in recorded.items(aws.RECORD)
        if item["PK"]["S"] == f"D#{code}"
    }


@pytest.mark.usefixtures("version_2")
def test_an_old_dossier_goes_on(made: Province, old: Recorded) -> None:
    """Nothing is migrated: it is read as new, and each item is new after its next change."""
    assert set(_versions(old.code).values()) == {"1"}
    events = len(bootstrap.deps().records.events(old.code))
    ended = Finisher(made, old.code).finish()
    history = bootstrap.deps().records.events(old.code)
    assert ended.is_closed
    assert chain_faults(ended, history) == []
    assert time_faults(ended, history) == []
    stored = _versions(old.code)
    assert stored["CASE"] == "2"
    assert [stored[f"EV#{event.ev:05d}"] for event in history] == [
        "1" if event.ev <= events else "2" for event in history
    ]


@pytest.mark.usefixtures("version_2")
def test_its_next_change_writes_the_new_form(made: Province, old: Recorded) -> None:
    """Of the old names none is left behind in what was written anew."""
    made.later(days=2)
    made.reconcile()
    Finisher(made, old.code).finish()
    case = next(
        item
        for item in recorded.items(aws.RECORD)
        if item["PK"]["S"] == f"D#{old.code}" and item["SK"]["S"] == "CASE"
    )
    assert "channel" not in case
    assert case["chan"]["S"] == "online"


def test_without_the_step_it_cannot_be_read(old: Recorded) -> None:
    """The tests above can fail."""
    with pytest.raises(KeyError):
        _load(old)


def test_the_version_before_refuses_what_is_newer(made: Province) -> None:
    """After a step back it stops where it does not understand, and leaves everything as it is."""
    scene = recorded.read("v1", "decided_a_moment_ago")
    recorded.found(made, "v1")
    recorded.restore(made, replace(scene, record=[_newer(item) for item in scene.record]))
    before = recorded.items(aws.RECORD)
    with pytest.raises(NewerSchemaError, match="deploy the later version again"):
        _load(scene)
    for attempt in _attempts(made, scene):
        assert attempt(), attempt
    assert recorded.items(aws.RECORD) == before


def _attempts(made: Province, scene: Recorded) -> list[Callable[[], bool]]:
    """The API says that it is broken, the stream and the state machine try again later."""
    asked = {"dossier_id": scene.code, "generation": 1}
    change = {
        "eventName": "MODIFY",
        "dynamodb": {
            "Keys": {"PK": {"S": f"D#{scene.code}"}, "SK": {"S": "CASE"}},
            "SequenceNumber": "1",
        },
    }

    def api() -> bool:
        return made.town.get(f"/dossiers/{scene.code}", "OF-0014").status == 500

    def stream() -> bool:
        answer = made.call("on_change", {"Records": [change]})
        return bool(answer == {"batchItemFailures": [{"itemIdentifier": "1"}]})

    def state_machine() -> bool:
        with pytest.raises(FailedError, match="NewerSchemaError"):
            made.call("wake", asked)
        return True

    def reconciler() -> bool:
        return bool(made.call("reconcile", {"all": True})["failed"] == 1)

    return [api, stream, state_machine, reconciler]


def _newer(item: Json) -> Json:
    return {**item, "v": {"N": "2"}} if item["PK"]["S"].startswith("D#") else item


def _load(scene: Recorded) -> object:
    deps = bootstrap.deps()
    return deps.records.load(scene.code, context(deps))
