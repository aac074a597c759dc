"""Runs of the export: what they hold, what they leave out, how they go on and when they refuse."""

import gzip
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest

from chalicelib.adapters.export_store import read_list
from chalicelib.adapters.exported import TableExports, sealing
from chalicelib.backup_ports import ExportFailedError
from chalicelib.domain.backup import BackupError, Bounds, ForeignChainError, Kind, Plan
from chalicelib.use_cases.export import State, export
from tests.backup.plane import ALWAYS, PDF, QUIET, Plane, Town, next_second

BIG = "x" * 5000  # a form above 4 KB lies in the bucket of files


def _lines(town: Town, run: int) -> list[dict[str, Any]]:
    parts = town.manifest(run).parts
    texts = [gzip.decompress(town.read(part.data.key)) for part in parts]
    return [json.loads(line) for text in texts for line in text.splitlines()]


def _rows(town: Town, run: int) -> list[Any]:
    parts = town.manifest(run).parts
    return [row for part in parts for row in read_list(town.read(part.files.key)).rows]


@contextmanager
def _counting(client: Any, name: str) -> Iterator[list[str]]:
    """Keys of the calls of that name."""
    keys: list[str] = []

    def called(params: Any, **_: object) -> None:
        keys.append(params["Key"])

    event = f"before-parameter-build.s3.{name}"
    client.meta.events.register(event, called)
    try:
        yield keys
    finally:
        client.meta.events.unregister(event, called)


def test_first_run_holds_the_whole_record(town: Town) -> None:
    """A province that starts with half of its record would learn of it on the worst day."""
    town.accept(town.submit(1, town.upload("f-1")))
    done = town.export()
    assert (done.state, done.run) == (State.COMPLETE, 1)
    found = [line["Item"] for line in _lines(town, 1)]
    assert {(item["PK"]["S"], item["SK"]["S"]): item for item in found} == town.items()
    manifest = town.manifest(1)
    assert (manifest.plan.kind, manifest.items, manifest.files) == (Kind.FULL, len(found), 1)
    assert len(manifest.parts) == 2


def test_files_lie_under_their_hash(town: Town) -> None:
    """Byte for byte what the citizen sent, and large forms with them."""
    town.submit(1, town.upload("f-1"), text=BIG)
    town.export()
    rows = {row["key"].partition("/")[0]: row for row in _rows(town, 1)}
    assert set(rows) == {"uploads", "forms"}
    digest = sha256(PDF).hexdigest()
    assert rows["uploads"]["sha256"] == digest
    assert town.read(f"files/{digest[:2]}/{digest}") == PDF
    form = rows["forms"]["sha256"]
    assert BIG.encode() in town.read(f"files/{form[:2]}/{form}")


def test_what_was_never_submitted_stays_at_home(town: Town) -> None:
    """Such a file is deleted after a week by law: no copy of it may outlive that."""
    town.upload("f-1", b"%PDF never submitted")
    town.export()
    assert _rows(town, 1) == []
    assert not [key for key in town.stored() if key.startswith("files/")]


def test_next_run_holds_what_changed_and_what_is_gone(town: Town) -> None:
    """Each night costs what the day was, not what the years were."""
    first, second = town.submit(1), town.submit(2)
    town.put("MARK#1", "MARK", v=1)
    next_second()
    town.export()
    town.accept(second)
    town.dynamodb.delete_item(
        TableName=town.table.name, Key={"PK": {"S": "MARK#1"}, "SK": {"S": "MARK"}}
    )
    town.export()
    manifest, lines = town.manifest(2), _lines(town, 2)
    assert (manifest.plan.kind, manifest.deleted) == (Kind.CHANGES, 1)
    assert manifest.plan.since == town.manifest(1).plan.until
    touched = {line["Keys"]["PK"]["S"] for line in lines}
    assert f"D#{second}" in touched
    assert f"D#{first}" not in touched
    gone = [line["Keys"]["PK"]["S"] for line in lines if "NewImage" not in line]
    assert gone == ["MARK#1"]


def test_file_with_the_same_content_is_not_sent_again(town: Town) -> None:
    """The line out of the country's cloud is the dearest part of a night."""
    town.submit(1, town.upload("f-1"))
    next_second()
    town.export()
    town.submit(2, town.upload("f-2"))
    with _counting(town.far, "PutObject") as sent, _counting(town.s3, "GetObject") as read:
        town.export()
    assert [row["key"] for row in _rows(town, 2)] == ["uploads/f-2"]
    assert not [key for key in sent if key.startswith("files/")]
    assert not [key for key in read if key.startswith("uploads/")]


def test_too_early_for_a_run(town: Town) -> None:
    """Several calls in one night make one run, not one each."""
    town.export()
    again = town.export(replace(ALWAYS, least=timedelta(hours=20)))
    assert (again.state, again.run) == (State.NOTHING_DUE, 1)
    assert town.export(replace(ALWAYS, full_now=True)).run == 2
    assert town.manifest(2).plan.kind is Kind.FULL


def test_run_out_of_time_goes_on(town: Town) -> None:
    """A function ends after 15 minutes, whatever it does: what it did counts, and is not all."""
    for n in range(1, 6):
        town.submit(n, town.upload(f"f-{n}", PDF + bytes([n])))
    calls = iter([True, True])  # time for one part
    stopped = town.export(spare=lambda: next(calls, False))
    assert stopped.state is State.UNFINISHED
    assert not [key for key in town.stored() if key.startswith("manifests/")]
    kept = [key for key in town.stored() if "/data-0001" in key]
    assert len(kept) == 1
    begun = town.deps.store.plan(1)
    with _counting(town.far, "PutObject") as sent:
        assert town.export().state is State.COMPLETE
    assert town.manifest(1).plan == begun
    assert not [key for key in sent if "data-0001" in key]
    assert town.vault.faults([town.manifest(1)], QUIET, deep=True) == []


class Forgetful(TableExports):
    """A table whose recovery was switched off and on again since the last run."""

    def bounds(self) -> Bounds:
        found = super().bounds()
        return replace(found, earliest=found.latest)


def test_gap_is_closed_by_the_whole_record(town: Town) -> None:
    """A month without the store, or recovery switched off: nothing may be missing afterwards."""
    town.submit(1)
    town.export()
    town.submit(2)
    next_second()
    next_second()
    source = Forgetful(town.dynamodb, town.s3, town.table.name, town.changes)
    done = export(town.with_source(source), ALWAYS)
    assert done.state is State.COMPLETE
    assert town.manifest(2).plan.kind is Kind.FULL
    assert town.manifest(2).items == len(town.items())


class Failing(TableExports):
    """An export that DynamoDB could not write, once."""

    failed = False

    def finished(self, export: str) -> str:
        if not self.failed:
            self.failed = True
            raise ExportFailedError("S3NoSuchBucket")
        return super().finished(export)


def test_failed_export_of_the_table_is_begun_again(town: Town) -> None:
    """DynamoDB answers a known token with the same failure for eight hours."""
    town.submit(1)
    source = Failing(town.dynamodb, town.s3, town.table.name, town.changes)
    deps = town.with_source(source)
    first = town.deps.store
    assert export(deps, ALWAYS).state is State.UNFINISHED
    begun = first.plan(1)
    assert begun
    assert begun.attempt == 2
    assert export(deps, ALWAYS).state is State.COMPLETE
    assert town.manifest(1).plan.attempt == 2


class Forgotten(TableExports):
    """DynamoDB after eight hours: it no longer knows the token, and exports anew."""

    def begin(self, plan: Plan) -> str:
        return super().begin(replace(plan, attempt=99))


def test_parts_of_another_export_do_not_count(town: Town) -> None:
    """The same items, dealt out to other files: half of one and half of the other is neither."""
    for n in range(1, 6):
        town.submit(n)
    calls = iter([True])
    town.export(spare=lambda: next(calls, False))
    assert [key for key in town.stored() if "/data-0001" in key]
    source = Forgotten(town.dynamodb, town.s3, town.table.name, town.changes)
    assert export(town.with_source(source), ALWAYS).state is State.COMPLETE
    parts = town.manifest(1).parts
    assert len({part.source.partition("/data/")[0] for part in parts}) == 1
    assert town.manifest(1).items == len(town.items())


def test_parts_of_another_plan_do_not_count(town: Town) -> None:
    """What was half copied for a plan given up must never be taken for the new one's."""
    town.submit(1)
    calls = iter([True])
    town.export(spare=lambda: next(calls, False))
    assert [key for key in town.stored() if "/data-0001" in key]
    begun = town.deps.store.plan(1)
    assert begun
    town.deps.store.put_plan(replace(begun, chain="of another table"))
    town.submit(2)
    next_second()
    town.export()
    assert town.manifest(1).plan.until > begun.until
    assert town.manifest(1).items == len(town.items())


def test_files_that_are_missing_or_wrong_are_told(town: Town) -> None:
    """The night goes on, and in the morning somebody knows which papers to look for."""
    town.submit(1, town.upload("f-1"), text=BIG)
    town.submit(2, town.upload("f-2", b"%PDF as promised"))
    town.s3.delete_object(Bucket=town.files, Key="uploads/f-1")
    town.s3.put_object(Bucket=town.files, Key="uploads/f-2", Body=b"%PDF something else")
    town.export()
    told = {row["key"]: row["missing"] for row in _rows(town, 1) if "missing" in row}
    assert told == {"uploads/f-1": "absent", "uploads/f-2": "other content"}
    assert (town.manifest(1).missing, town.manifest(1).files) == (2, 1)


def test_recovery_switched_off_is_explained(town: Town) -> None:
    """Without it, changes are not known, and every night would be silently empty."""
    town.dynamodb.update_continuous_backups(
        TableName=town.table.name,
        PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": False},
    )
    with pytest.raises(BackupError, match="point-in-time recovery is off"):
        town.export()


def test_store_that_does_not_encrypt_gets_nothing(plane: Plane, town: Town) -> None:
    """Personal data in clear on another's disk is a leak, however well it is meant."""
    town.far = plane.store_client()

    def silent(parsed: dict[str, Any], **_: object) -> None:
        parsed.pop("ServerSideEncryption", None)

    town.far.meta.events.register("after-call.s3", silent)
    with pytest.raises(BackupError, match="does not confirm that it encrypts"):
        town.export()


def test_objects_are_encrypted_at_rest(town: Town) -> None:
    """Asked for with every object, whatever the bucket's own default is."""
    town.submit(1, town.upload("f-1"))
    town.export()
    for key in town.stored():
        found = town.far.head_object(Bucket=town.bucket, Key=key)
        assert found["ServerSideEncryption"] == "AES256", key


# -- whose chain it is


def _run_two(town: Town) -> None:
    for _ in range(2):
        town.export()


def test_emptied_store_is_noticed(town: Town) -> None:
    """Beginning anew in silence would hide that years of runs are gone."""
    _run_two(town)
    for key in town.stored():
        town.remove(key)
    with pytest.raises(ForeignChainError, match="the store has none"):
        town.export()


def test_store_that_went_back_is_noticed(town: Town) -> None:
    """Removing the last runs breaks no chain: only the deployment knows they were there."""
    _run_two(town)
    town.remove("manifests/000002.json")
    with pytest.raises(ForeignChainError, match="newest run is 1"):
        town.export()


def test_replaced_head_is_noticed(town: Town) -> None:
    """A manifest that claims a later time would leave out all that happened before it."""
    _run_two(town)
    town.write(
        "manifests/000002.json", town.manifest(1).to_bytes().replace(b'"run": 1', b'"run": 2')
    )
    with pytest.raises(ForeignChainError, match="not as this deployment wrote it"):
        town.export()


def test_run_that_nobody_here_signed_is_noticed(town: Town) -> None:
    """One more run put behind the last is not what a killed call leaves."""
    _run_two(town)
    town.write("manifests/000003.json", _forged(town))
    town.write("manifests/000003.sig", b"no signature")
    with pytest.raises(ForeignChainError, match="did not sign it"):
        town.export()


def _forged(town: Town) -> bytes:
    last = town.manifest(2)
    plan = last.plan
    later = replace(
        plan,
        run=3,
        previous=sha256(last.to_bytes()).hexdigest(),
        since=plan.until,
        until=plan.until + timedelta(hours=10),
    )
    return replace(last, plan=later, parts=()).to_bytes()


def test_forged_plan_is_not_followed(town: Town) -> None:
    """Plans lie in the store unsigned: one that skips a day must not make us skip it."""
    town.export()
    town.submit(1)
    _plan_from_later(town)
    town.submit(2)
    town.export()
    plan = town.manifest(2).plan
    assert plan.since == town.manifest(1).plan.until
    assert town.manifest(2).items >= 2


def _plan_from_later(town: Town) -> None:
    next_second()
    next_second()
    export(town.deps, ALWAYS, spare=lambda: False)
    begun = town.deps.store.plan(2)
    assert begun
    assert begun.since
    town.deps.store.put_plan(replace(begun, since=begun.until - timedelta(seconds=1)))


def test_other_deployments_runs_are_continued_on_request_only(plane: Plane, town: Town) -> None:
    """After a restore, the new deployment goes on; a test system never writes behind another."""
    town.export()
    other = plane.town()
    other.bucket = town.bucket
    with pytest.raises(ForeignChainError, match="--adopt"):
        other.export()
    other.submit(1)
    assert other.export(adopt=True).run == 2
    assert other.manifest(2).plan.kind is Kind.FULL  # its table's past is not the other's
    assert other.manifest(2).items == len(other.items())
    assert other.manifest(2).plan.chain == town.manifest(1).plan.chain
    assert len(other.vault.chain(other.keys).manifests) == 2


def test_killed_between_manifest_and_ledger(town: Town) -> None:
    """The last step may be lost: the run is complete all the same, and the next follows it."""
    town.export()
    before = town.deps.ledger.get()
    assert before
    town.export()
    town.deps.ledger.set(before)
    assert town.export().run == 3
    assert [m.plan.run for m in town.vault.chain(town.keys).manifests] == [1, 2, 3]


def test_exports_lie_under_the_key_of_the_table() -> None:
    """Unless told, DynamoDB encrypts them with a key that anybody with a right to read has."""
    key = "arn:aws:kms:ap-southeast-1:123456789012:key/k"
    sealed = sealing({"SSEDescription": {"SSEType": "KMS", "KMSMasterKeyArn": key}})
    assert sealed == {"S3SseAlgorithm": "KMS", "S3SseKmsKeyId": key}
    assert sealing({"TableName": "of an emulator"}) == {}
