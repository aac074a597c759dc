"""What earlier versions stored, read and carried on with by the code of today."""

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

import pytest

from chalicelib import bootstrap
from chalicelib.adapters import schema
from chalicelib.adapters.item_codec import from_item
from chalicelib.domain.delivery import DeliveryState
from chalicelib.domain.dossier import Dossier
from chalicelib.domain.event import Event
from chalicelib.domain.ids import DeliveryId, FileId
from chalicelib.domain.terms import EventType, LegKind, LegState, Stage, Status
from infra.operate.proof import chain_faults, ledger_notes, time_faults
from tests.entrypoints.served import stored
from tests.upgrades import recorded
from tests.upgrades.finish import Finisher
from tests.upgrades.province import Province
from tests.upgrades.recorded import Recorded

pytestmark = pytest.mark.slow

SCENES = list(recorded.scenes())
LOST = ("submitted", "asked_before_acceptance", "accepted", "agency_asked", "to_pay", "settled")


@pytest.fixture(params=SCENES, ids="/".join)
def scene(request: pytest.FixtureRequest, made: Province) -> Recorded:
    """One dossier, as it was left, on the catalogue of its time."""
    version, name = request.param
    recorded.found(made, version)
    kept = recorded.read(version, name)
    recorded.restore(made, kept)
    return kept


def _sound(dossier: Dossier) -> list[Event]:
    """Its events, if its record holds together."""
    events = bootstrap.deps().records.events(dossier.code)
    assert chain_faults(dossier, events) == []
    assert time_faults(dossier, events) == []
    assert ledger_notes(dossier, events) == []
    return events


def test_every_item_is_read(made: Province, scene: Recorded) -> None:
    """A row that nobody can read any more is a citizen whose dossier stands still."""
    deps, seen = bootstrap.deps(), Counter[str]()
    _sound(Finisher(made, scene.code).dossier)
    for item in scene.record:
        data = from_item(item)
        assert data.get("v", schema.known()) == schema.known()
        kind = data["SK"].split("#")[0]
        seen[kind] += 1
        if kind == "FILE":
            assert deps.files.get(FileId(data["PK"].removeprefix("F#")))
        if kind == "DELIVERY":
            assert deps.deliveries.get(DeliveryId(data["PK"].removeprefix("DEL#")))
        if kind == "MARK":
            assert deps.records.mark(data["PK"].removeprefix("MARK#"))
    assert deps.records.form(scene.code).number == seen["FORM"]
    assert len(deps.records.notes(scene.code)) == seen["NOTE"]
    token = deps.tokens.get(scene.code)
    assert (token is not None) == bool(scene.token)


def test_a_request_sent_again_is_answered_as_before(made: Province, scene: Recorded) -> None:
    """Whoever got no answer because of the upgrade asks again, and must not file a second time."""
    before = _kept()
    for each in scene.requests:
        headers = dict(each["headers"])
        if each["path"].startswith("/callbacks"):
            raw = each["body"].encode()
            signed = made.town.signed(raw, message=headers["webhook-id"])
            reply = made.town.client.call("POST", each["path"], raw, headers=signed)
            assert reply.body["receipt"] == "already_received"
        else:
            reply = made.town.client.call(
                "POST", each["path"], each["body"], account=each["account"], headers=headers
            )
        assert reply.status in {200, each["status"]}, reply.content
    assert _kept() == before


def _kept() -> dict[tuple[str, str], Any]:
    """Every item but counters: serials may have gaps."""
    return {key: item for key, item in stored().items() if not key[0].startswith("SEQ#")}


def test_it_goes_on_to_its_end(made: Province, scene: Recorded) -> None:
    """On the definition its execution was started on, with the functions of today."""
    begun = Finisher(made, scene.code).dossier
    made.reconcile(everything=True)
    ended = Finisher(made, scene.code).finish()
    assert ended.is_closed
    assert len(_sound(ended)) >= begun.ev
    executions = made.machine.executions.values()
    assert [run.name for run in executions if run.running] == []
    assert {run.failed for run in executions} <= {""}
    if not begun.is_closed:
        assert executions
        assert max(run.name for run in executions) == f"{scene.code}.g{ended.generation}"


@pytest.mark.parametrize("name", LOST)
def test_it_goes_on_without_its_execution(made: Province, name: str) -> None:
    """The tables came back from a backup, and Step Functions knows nothing of them."""
    version = recorded.versions(recorded.RECORDS)[-1]
    recorded.found(made, version)
    scene = recorded.read(version, name)
    recorded.restore(made, scene, executions=False)
    made.later(hours=1)
    made.reconcile(everything=True)
    ended = Finisher(made, scene.code).finish()
    assert ended.generation == 2
    _sound(ended)
    assert made.machine.executions[f"{scene.code}.g2"].state == "Closed"


# -- what is recorded


def _all(version: str) -> Iterator[Recorded]:
    return (recorded.read(each, name) for each, name in SCENES if each == version)


# What came after the last recording: it is recorded with the release that brings it.
NOT_YET: Final[set[str]] = {
    EventType.SUSPENDED,
    EventType.RESUMED,
    EventType.STOPPED,
    EventType.CONSULTED,
    EventType.CONSULTATION_ANSWERED,
    EventType.CONTACTED,
    EventType.OVERRIDDEN,
    LegKind.SUSPENSION,
    LegKind.CONSULTATION,
}


@pytest.mark.parametrize("version", recorded.versions(recorded.RECORDS))
def test_every_status_and_event_is_recorded(version: str) -> None:
    """What was never recorded may break with the next version, and nobody would notice."""
    found: dict[str, set[Any]] = {
        "status": set(),
        "stage": set(),
        "type": set(),
        "kind": set(),
        "state": set(),
    }
    for scene in _all(version):
        for item in scene.record:
            for name, values in found.items():
                values.add(item.get(name, {}).get("S"))
    assert found["status"] >= set(Status)
    assert found["stage"] >= set(Stage) - {Stage.ROLLOVER}
    assert found["type"] >= set(EventType) - NOT_YET
    assert found["kind"] >= set(LegKind) - {LegKind.SETTLEMENT} - NOT_YET
    assert found["state"] >= (set(LegState) - {LegState.RUNNING, LegState.DECLINED}) | set(
        DeliveryState
    )


def test_what_is_written_now_is_recorded() -> None:
    """Before a new schema is written: `python -m tests.upgrades.record records v…`."""
    assert f"v{schema.WRITTEN}" in recorded.versions(recorded.RECORDS)
