"""A restore from nothing but the store: everything is there again, nothing is overwritten."""

import time
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from chalicelib.adapters.keys import SecretKeys
from chalicelib.adapters.signing import PemSigner, PublicKey, make_key
from chalicelib.domain.backup import BackupError, BrokenChainError, run_at, runs_to_restore
from infra.backup import commands
from infra.backup.place import VIETNAM
from infra.backup.restore import STEP, NotEmptyError
from infra.backup.staging import Staging
from tests import aws
from tests.backup.plane import ALWAYS, QUIET, Plane, Town, next_second

pytestmark = pytest.mark.slow

BIG = "x" * 5000
UNTOUCHED = ("SEQ#", "RESTORED")  # counters move on, and a restore notes that it was there


def _same(found: Any, expected: Any) -> bool:
    """All items but the counters, as they were."""
    kept = {key: item for key, item in found.items() if not key[0].startswith(UNTOUCHED)}
    wanted = {key: item for key, item in expected.items() if not key[0].startswith(UNTOUCHED)}
    return bool(kept == wanted)


@pytest.fixture(scope="module")
def exported(plane: Plane) -> Town:
    """Two dossiers, one with a file and a large form; three runs, something gone between."""
    town = plane.town()
    town.accept(town.submit(1, town.upload("f-1"), text=BIG))
    town.put("MARK#1", "MARK", v=1)
    town.put("DIRECTORY", "AGENCY#S1.1", data="{}")
    town.put("DIRECTORY", "AGENCY#S2", data="{}")
    next_second()
    town.export()
    town.accept(town.submit(2, town.upload("f-2", b"%PDF another")))
    key = {"PK": {"S": "MARK#1"}, "SK": {"S": "MARK"}}
    town.dynamodb.delete_item(TableName=town.table.name, Key=key)
    town.export()
    town.put("MARK#2", "MARK", v=1)
    town.export()
    return town


@pytest.fixture
def full(exported: Town) -> Town:
    """The same, with a store of this test's own: it may do to it what it likes."""
    return exported.copied()


def test_everything_is_there_again(plane: Plane, exported: Town, tmp_path: Path) -> None:
    """Items, files byte for byte, and what was gone is gone."""
    other = plane.town()
    assert other.restored(exported, tmp_path) == []
    assert _same(other.items(), exported.items())
    for key in ("uploads/f-1", "uploads/f-2"):
        there = other.s3.get_object(Bucket=other.files, Key=key)
        here = exported.s3.get_object(Bucket=exported.files, Key=key)
        assert there["Body"].read() == here["Body"].read()
        assert there["ContentType"] == "application/pdf"
    assert other.records.form(_code(1)).answers == {"text": BIG}


def _code(n: int) -> Any:
    return f"S1.1-261005-{n:04d}"


def test_what_did_not_arrive_as_it_was_sent_is_told(
    plane: Plane, exported: Town, tmp_path: Path
) -> None:
    """A restore that only believes in itself would report success over a broken disk."""
    other = plane.town()
    assert other.restored(exported, tmp_path) == []
    key = {"PK": {"S": f"D#{_code(1)}"}, "SK": {"S": "EV#00001"}}
    other.dynamodb.update_item(
        TableName=other.table.name,
        Key=key,
        UpdateExpression="SET v = :v",  # not part of the event, so its chain still holds
        ExpressionAttributeValues={":v": {"N": "2"}},
    )
    other.s3.put_object(Bucket=other.files, Key="uploads/f-2", Body=b"%PDF something else")
    gone = next(key for key in other.keys_of_files() if key.startswith("forms/"))
    other.s3.delete_object(Bucket=other.files, Key=gone)
    assert other.restored(exported, tmp_path, only_read=True) == [
        f"D#{_code(1)}: its events are not those that were exported",
        f"{gone}: NoSuchKey",
        "uploads/f-2: other content",
    ]


def test_point_in_time(plane: Plane, full: Town, tmp_path: Path) -> None:
    """A mistake of this morning is undone by last night's run."""
    other = plane.town()
    assert other.restored(full, tmp_path, run=1) == []
    codes = {key[0] for key in other.items() if key[1] == "CASE"}
    assert codes == {f"D#{_code(1)}"}
    assert ("MARK#1", "MARK") in other.items()
    manifests = full.vault.chain(full.keys).manifests
    assert run_at(manifests, manifests[0].plan.until) == 1
    assert run_at(manifests, datetime.now(VIETNAM)) == 3
    with pytest.raises(BackupError, match="no run ends at 2019-12-31T17:00:00Z"):
        run_at(manifests, datetime(2020, 1, 1, tzinfo=VIETNAM))
    with pytest.raises(BackupError, match="there is no run 9; the store has 1 to 3"):
        runs_to_restore(manifests, 9)


def test_counters_move_on(plane: Plane, full: Town, tmp_path: Path) -> None:
    """Numbers given since the run are on paper slips: none is given to a second citizen.

    Also where the day's first number was given after the run, so that it has no counter yet.
    """
    other = plane.town()
    other.restored(full, tmp_path)
    found = {key[0]: int(i["n"]["N"]) for key, i in other.items().items() if key[1] == "SEQ"}
    today = "261006"
    assert found == {
        "SEQ#S1.1#261005": 2 + STEP,
        f"SEQ#S1.1#{today}": STEP,
        f"SEQ#S2#{today}": STEP,
    }


def test_deployment_in_use_is_not_written_to(plane: Plane, full: Town, tmp_path: Path) -> None:
    """A wrong endpoint in the environment must not turn a drill into the accident."""
    other = plane.town()
    other.submit(7)
    before = other.items()
    with pytest.raises(NotEmptyError, match="holds dossiers"):
        other.restored(full, tmp_path)
    assert other.items() == before


def test_restored_deployment_is_in_use_afterwards(plane: Plane, full: Town, tmp_path: Path) -> None:
    """The mark that lets an interrupted restore go on must not let a second one overwrite."""
    other = plane.town()
    other.restored(full, tmp_path)
    with pytest.raises(NotEmptyError):
        other.restored(full, tmp_path)


def test_expired_and_unsubmitted_stay_away(plane: Plane, town: Town, tmp_path: Path) -> None:
    """What the law had deleted by now does not come back; an upload without its bytes is none."""
    town.put("MARK#old", "MARK", expires=int(time.time()) - 10)
    town.put("MARK#new", "MARK", expires=int(time.time()) + 1000)
    town.upload("f-1")
    town.export()
    other = plane.town()
    other.restored(town, tmp_path)
    assert set(other.items()) == {("MARK#new", "MARK"), ("RESTORED", "RESTORED")}


def test_file_of_an_erased_item_stays_away(plane: Plane, town: Town, tmp_path: Path) -> None:
    """Its bytes are in the store until it is thinned out, but nothing asks for them."""
    town.submit(1, town.upload("f-1"), text=BIG)
    town.export()
    key = {"PK": {"S": "F#f-1"}, "SK": {"S": "FILE"}}
    town.dynamodb.delete_item(TableName=town.table.name, Key=key)
    town.export()
    other = plane.town()
    assert other.restored(town, tmp_path) == []
    assert [key.partition("/")[0] for key in other.keys_of_files()] == ["forms"]


def _staged(town: Town, tmp_path: Path) -> Staging:
    staging = Staging(tmp_path / "record.sqlite")
    chain = town.vault.chain(town.keys)
    staging.fill(town.vault, runs_to_restore(chain.manifests, chain.head.run), QUIET)
    return staging


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (1, "event 2 does not follow event 1: one of them was changed"),
        (2, "the last event is missing or was changed"),
    ],
)
def test_dossier_with_a_changed_event_is_found(
    town: Town, tmp_path: Path, number: int, told: str
) -> None:
    """Signed is what was exported; what was decided, only the record's own chain can say."""
    code = town.submit(1)
    town.accept(code)
    town.dynamodb.update_item(
        TableName=town.table.name,
        Key={"PK": {"S": f"D#{code}"}, "SK": {"S": f"EV#{number:05d}"}},
        UpdateExpression="SET actor = :other",
        ExpressionAttributeValues={":other": {"S": "official:OF-9"}},
    )
    town.export()
    staging = _staged(town, tmp_path)
    assert staging.broken_dossiers() == [f"{code}: {told}"]
    with pytest.raises(BrokenChainError, match="nothing was written"):
        commands.check_broken(staging)
    staging.close()


def test_dossier_with_a_missing_event_is_found(town: Town, tmp_path: Path) -> None:
    """Evidence that somebody removed in the table itself."""
    code = town.submit(1)
    town.accept(code)
    key = {"PK": {"S": f"D#{code}"}, "SK": {"S": "EV#00002"}}
    town.dynamodb.delete_item(TableName=town.table.name, Key=key)
    town.export()
    staging = _staged(town, tmp_path)
    assert staging.broken_dossiers() == [f"{code}: the last event is missing or was changed"]
    staging.close()


def test_key_of_another_deployment_is_noticed(town: Town, tmp_path: Path) -> None:
    """With it no receipt opens its dossier, and nobody would notice before a citizen does."""
    code = town.submit(1)
    keys = SecretKeys(lambda: aws.SECRET)
    town.dynamodb.update_item(
        TableName=town.table.name,
        Key={"PK": {"S": f"D#{code}"}, "SK": {"S": "CASE"}},
        UpdateExpression="SET #owner = :ref",
        ExpressionAttributeNames={"#owner": "owner"},
        ExpressionAttributeValues={":ref": {"S": keys.person_ref("1")}},
    )
    town.export()
    staging = _staged(town, tmp_path)
    assert staging.key_fits(keys) is True
    assert staging.key_fits(SecretKeys(lambda: b"another key of 32 bytes or more, really")) is False
    staging.close()


def test_staged_record_is_for_its_owner_only(town: Town, tmp_path: Path) -> None:
    """For the minutes of a restore, all personal data of the province lies in one file."""
    town.submit(1)
    town.export()
    staging = _staged(town, tmp_path)
    assert (tmp_path / "record.sqlite").stat().st_mode & 0o077 == 0
    staging.close()


# -- what was tampered with


def _deep_faults(town: Town) -> list[str]:
    chain = town.vault.chain(town.keys)
    return town.vault.faults(chain.manifests, QUIET, deep=True)


def _first(town: Town, part: str) -> str:
    return next(key for key in town.stored() if part in key)


def test_untouched_store_has_no_faults(full: Town) -> None:
    """A check that cries wolf is not read."""
    assert _deep_faults(full) == []


@pytest.mark.parametrize("part", ["/data-0001", "/files-0002", "files/"])
def test_changed_byte_is_found(full: Town, part: str) -> None:
    """Somebody at the data centre, or its disk, changed one byte in one object."""
    key = _first(full, part)
    content = bytearray(full.read(key))
    content[-1] ^= 1
    full.write(key, bytes(content))
    assert [fault for fault in _deep_faults(full) if key in fault and "changed" in fault]


@pytest.mark.parametrize("part", ["/data-0001", "/files-0002", "files/"])
def test_missing_object_is_found(full: Town, part: str) -> None:
    """Without reading every file: a look whether they are there costs minutes, not hours."""
    key = _first(full, part)
    full.remove(key)
    chain = full.vault.chain(full.keys)
    faults = full.vault.faults(chain.manifests, QUIET, deep=False)
    assert [fault for fault in faults if key in fault and "missing" in fault]


def test_restore_stops_at_a_changed_object(plane: Plane, full: Town, tmp_path: Path) -> None:
    """Verified first: nothing of a store that cannot be trusted is written anywhere."""
    key = _first(full, "/data-0001")
    full.write(key, full.read(key) + b"\0")
    other = plane.town()
    with pytest.raises(BrokenChainError, match="not what was signed"):
        other.restored(full, tmp_path)
    assert other.items() == {}


def test_changed_manifest_is_refused(full: Town) -> None:
    """A count, a time, a name: none of it may be other than what was signed."""
    content = full.read("manifests/000002.json")
    full.write("manifests/000002.json", content.replace(b'"deleted": 1', b'"deleted": 0'))
    with pytest.raises(BrokenChainError, match=r"run 2: .* is not signed by the key given"):
        full.vault.chain(full.keys)


def test_missing_signature_is_refused(full: Town) -> None:
    """An unsigned run is anybody's."""
    full.remove("manifests/000001.sig")
    with pytest.raises(BrokenChainError, match=r"000001.sig is missing"):
        full.vault.chain(full.keys)


def test_key_of_somebody_else_is_refused(full: Town, tmp_path: Path) -> None:
    """Whoever can write to the store can sign there, too, with a key of his own."""
    make_key(tmp_path / "other.pem")
    key = PublicKey(PemSigner(tmp_path / "other.pem").public_key())
    with pytest.raises(BrokenChainError, match="not signed by the key given"):
        full.vault.chain([key])


def test_dropped_run_is_refused(full: Town) -> None:
    """A day cut out of the middle takes with it what was decided on that day."""
    for key in full.stored():
        if "000002" in key:
            full.remove(key)
    with pytest.raises(BrokenChainError, match="run 2 is missing"):
        full.vault.chain(full.keys)


def test_dropped_first_run_is_refused(full: Town) -> None:
    """Changes without what they changed are no record."""
    full.remove("manifests/000001.json")
    with pytest.raises(BrokenChainError, match="run 1 is missing"):
        full.vault.chain(full.keys)


def test_thinned_out_store_begins_with_the_whole_record(town: Town) -> None:
    """The province may delete what is older than a run with everything."""
    town.submit(1)
    town.export()
    town.export(replace(ALWAYS, full_now=True))
    town.remove("manifests/000001.json")
    chain = town.vault.chain(town.keys)
    assert [manifest.plan.run for manifest in chain.manifests] == [2]
    assert runs_to_restore(chain.manifests, 2) == list(chain.manifests)


def test_run_of_another_chain_is_refused(plane: Plane, full: Town) -> None:
    """Signed by the same key, of the same province: another deployment's run all the same."""
    other = plane.town()
    other.submit(9)
    other.export()
    other.export()
    for name in ("000002.json", "000002.sig"):
        full.write(f"manifests/{name}", other.read(f"manifests/{name}"))
    with pytest.raises(BrokenChainError, match="run 2 belongs to another chain"):
        full.vault.chain(full.keys)


def test_removed_newest_runs_are_told_to_whoever_knows(full: Town) -> None:
    """The end of a chain cannot be seen in it; the number noted elsewhere can."""
    full.remove("manifests/000003.json")
    chain = full.vault.chain(full.keys)
    assert full.vault.begun() == [3]
    with pytest.raises(BrokenChainError, match="run 3 was expected, and the store ends with run 2"):
        commands.check_expected(chain, 3)
    commands.check_expected(chain, 2)
