"""A restore that is begun again while the deployment lives: what happened there since stays."""

from pathlib import Path
from typing import Any

import pytest

from chalicelib.adapters.item_codec import to_attributes
from infra.backup.restore import STEP, NotEmptyError, Restore
from tests.backup.plane import Plane, Town, next_second

CODE: Any = "S1.1-261005-0001"
CASE = (f"D#{CODE}", "CASE")


class Killed(BaseException):
    """The process died; nothing may catch it."""


@pytest.fixture(scope="module")
def source(plane: Plane) -> Town:
    """Two dossiers with a paper each: run 1 as filed, run 2 with the first one taken in."""
    town = plane.town()
    code = town.submit(1, town.upload("f-1"))
    town.submit(2, town.upload("f-2", b"%PDF another"))
    town.put("DEL#x.1.1", "DELIVERY", tries=1, state="pending")
    town.put("DIRECTORY", "AGENCY#S1.1", data="{}")
    next_second()
    town.export()
    town.accept(code)
    town.export()
    return town


@pytest.fixture
def half(plane: Plane, source: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Town:
    """Everything of run 1 is written, and the process died before it was read back."""

    def dies(*_: object) -> list[str]:
        raise Killed

    town = plane.town()
    with monkeypatch.context() as patch:
        patch.setattr(Restore, "faults", dies)
        with pytest.raises(Killed):
            town.restored(source, tmp_path, run=1)
    return town


def _dossier(town: Town) -> dict[Any, Any]:
    return {key: item for key, item in town.items().items() if key[0] == f"D#{CODE}"}


def test_what_was_decided_in_between_stays(half: Town, source: Town, tmp_path: Path) -> None:
    """Cases are there, so people and clocks act on them; an older one would stop them for good."""
    half.accept(CODE)
    half.put("DEL#x.1.1", "DELIVERY", tries=2, state="delivered")
    before, sent = _dossier(half), half.items()["DEL#x.1.1", "DELIVERY"]
    assert half.restored(source, tmp_path, run=1) == []
    assert _dossier(half) == before
    assert half.items()["DEL#x.1.1", "DELIVERY"] == sent
    assert half.went_on == 1


def test_a_wake_up_that_was_moved_stays(half: Town, source: Town, tmp_path: Path) -> None:
    """It needs no event: as many as in the run does not mean the same."""
    half.dynamodb.update_item(
        TableName=half.table.name,
        Key=to_attributes({"PK": CASE[0], "SK": CASE[1]}),
        UpdateExpression="SET rev = rev + :one",
        ExpressionAttributeValues={":one": {"N": "1"}},
    )
    before = _dossier(half)
    assert half.restored(source, tmp_path, run=1) == []
    assert _dossier(half) == before


def test_a_catalogue_that_was_loaded_stays(half: Town, source: Town, tmp_path: Path) -> None:
    """Somebody moved an agency's address meanwhile, and let its messages go again."""
    half.put("DIRECTORY", "AGENCY#S1.1", data="newer")
    before = half.items()["DIRECTORY", "AGENCY#S1.1"]
    assert half.restored(source, tmp_path, run=1) == []
    assert half.items()["DIRECTORY", "AGENCY#S1.1"] == before


def test_overwriting_takes_the_catalogue_of_the_run(
    half: Town, source: Town, tmp_path: Path
) -> None:
    """As it says."""
    wanted = half.items()["DIRECTORY", "AGENCY#S1.1"]
    half.put("DIRECTORY", "AGENCY#S1.1", data="newer")
    assert half.restored(source, tmp_path, run=1, overwrite=True) == []
    assert half.items()["DIRECTORY", "AGENCY#S1.1"] == wanted


def test_what_was_not_all_written_is_written_again(
    plane: Plane, source: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed among the items: of the deployment's own catalogue nothing may be left over."""
    put_batch = Restore._put_batch

    def dies(restore: Restore, batch: list[Any]) -> None:
        put_batch(restore, [item for item in batch if item["PK"]["S"].startswith("D#")])
        raise Killed

    town = plane.town()
    with monkeypatch.context() as patch:
        patch.setattr(Restore, "_put_batch", dies)
        with pytest.raises(Killed):
            town.restored(source, tmp_path, run=1)
    town.put("DIRECTORY", "AGENCY#S1.1", data="of the deployment")
    assert town.restored(source, tmp_path, run=1) == []
    found, wanted = (each.items()["DIRECTORY", "AGENCY#S1.1"] for each in (town, source))
    assert found == wanted


def test_overwriting_takes_no_dossier_back(half: Town, source: Town, tmp_path: Path) -> None:
    """Its messages and marks are named after its events: they could not be taken back with it."""
    half.accept(CODE)
    before = _dossier(half)
    assert half.restored(source, tmp_path, run=1, overwrite=True) == []
    assert _dossier(half) == before


def test_overwriting_brings_a_dossier_forward(half: Town, source: Town, tmp_path: Path) -> None:
    """The later run has more of it than is there."""
    assert half.restored(source, tmp_path, run=2, overwrite=True) == []
    assert _dossier(half) == _dossier(source)


def test_overwriting_leaves_another_history_alone(half: Town, source: Town, tmp_path: Path) -> None:
    """The same number, decided otherwise: two histories are never mixed, somebody has to look."""
    key = to_attributes({"PK": CASE[0], "SK": "EV#00001"})
    half.dynamodb.update_item(
        TableName=half.table.name,
        Key=key,
        UpdateExpression="SET v = :v",
        ExpressionAttributeValues={":v": {"N": "9"}},
    )
    before = _dossier(half)
    assert half.restored(source, tmp_path, run=2, overwrite=True) == [
        f"D#{CODE}: its events are not those that were exported"
    ]
    assert _dossier(half) == before


def test_more_events_than_the_case_says_are_told(half: Town, source: Town, tmp_path: Path) -> None:
    """Whatever wrote it: nothing can be decided on such a dossier any more."""
    old = half.items()[CASE]
    half.accept(CODE)
    half.dynamodb.put_item(TableName=half.table.name, Item=old)
    assert half.restored(source, tmp_path, run=1) == [
        f"D#{CODE}: 2 events are there, and its case says 1"
    ]


def test_the_mark_opens_no_deployment_in_use(half: Town, source: Town, tmp_path: Path) -> None:
    """It was begun months ago and never came to its end; citizens have filed since."""
    half.submit(7)
    before = half.items()
    with pytest.raises(NotEmptyError, match="1 that this run does not know"):
        half.restored(source, tmp_path, run=1)
    assert half.items() == before


def test_the_mark_is_of_this_run_and_store(half: Town, source: Town, tmp_path: Path) -> None:
    """Another run or another store is another restore."""
    with pytest.raises(NotEmptyError, match="holds dossiers"):
        half.restored(source, tmp_path, run=2)
    with pytest.raises(NotEmptyError, match="holds dossiers"):
        half.restored(source.copied(), tmp_path, run=1)


def test_counters_never_go_back(half: Town, source: Town, tmp_path: Path) -> None:
    """Numbers were given in between: the repetition must not give them again."""
    for _ in range(3):
        half.records.next_serial("S1.1#261005")
    half.put("SEQ#S1.1#261006", "SEQ", n=5000)
    half.restored(source, tmp_path, run=1)
    found = {key[0]: int(i["n"]["N"]) for key, i in half.items().items() if key[1] == "SEQ"}
    assert found == {"SEQ#S1.1#261005": 2 + STEP + 3, "SEQ#S1.1#261006": 5000}


def test_one_file_that_is_lost_stops_nothing(plane: Plane, source: Town, tmp_path: Path) -> None:
    """Of a million papers one is damaged: the province gets all others today."""
    broken, other = source.copied(), plane.town()
    files = [key for key in broken.stored() if key.startswith("files/")]
    for key, content in zip(files, (b"damaged", None), strict=True):
        broken.write(key, content) if content else broken.remove(key)
    faults = other.restored(broken, tmp_path, run=1)
    assert len(faults) == 2
    assert [f for f in faults if f.startswith("uploads/") and "was changed" in f]
    assert [f for f in faults if f.startswith("uploads/") and "is missing from the store" in f]
    assert CASE in other.items()
    assert other.table.get({"PK": "RESTORED", "SK": "RESTORED"})["state"] == "items"  # type: ignore[index]
    for key in files:
        broken.write(key, source.read(key))
    assert other.restored(broken, tmp_path, run=1) == []
