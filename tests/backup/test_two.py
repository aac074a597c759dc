"""Two exports at once, and a store in which somebody else writes: no run is lost, none forged."""

import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

import pytest

from chalicelib.adapters.exported import TableExports
from chalicelib.adapters.signing import PemSigner
from chalicelib.backup_ports import BackupDeps
from chalicelib.bootstrap import exporting
from chalicelib.domain.backup import BackupError, BusyError
from chalicelib.entrypoints.schedules import export as nightly
from chalicelib.use_cases.export import State, export
from infra.local.handlers import context_for
from tests.backup.plane import ALWAYS, PDF, QUIET, Town
from tests.entrypoints.logs import written

RunsAnother = Callable[[], Any]


@dataclass
class Once:
    """Another export, from its beginning to its end, while this one is at a certain point."""

    act: RunsAnother
    done: bool = False

    def __call__(self) -> None:
        if not self.done:
            self.done = True
            self.act()


class Waiting(TableExports):
    """The table's export is under way."""

    meanwhile: RunsAnother

    def finished(self, export: str) -> str:
        self.meanwhile()
        return super().finished(export)


class Signing(PemSigner):
    """Everything is there but the manifest."""

    meanwhile: RunsAnother

    def sign(self, content: bytes) -> bytes:
        self.meanwhile()
        return super().sign(content)


def _while_waiting(town: Town, meanwhile: RunsAnother) -> BackupDeps:
    source = Waiting(town.dynamodb, town.s3, town.table.name, town.changes)
    source.meanwhile = meanwhile
    return town.with_source(source)


def _while_signing(town: Town, meanwhile: RunsAnother) -> BackupDeps:
    signer = Signing(town.plane.key)
    signer.meanwhile = meanwhile
    return replace(town.deps, signer=signer)


def _of_other_code(town: Town) -> BackupDeps:
    """A release came in between, so the other's manifest is another."""
    return replace(town.deps, origin=replace(town.deps.origin, code="1"))


def _ignoring(town: Town) -> None:
    """A store that does not know conditional writes."""
    town.far = town.plane.store_client()

    def forgets(params: dict[str, Any], **_: object) -> None:
        params["headers"].pop("If-None-Match", None)

    town.far.meta.events.register("before-call.s3.PutObject", forgets)


@pytest.mark.parametrize("point", [_while_waiting, _while_signing])
@pytest.mark.parametrize("store", ["exact", "ignoring"])
def test_of_two_exports_one_ends_in_words(town: Town, point: Any, store: str) -> None:
    """By hand at noon while the function works: nobody's run may spoil the chain."""
    if store == "ignoring":
        _ignoring(town)
    town.submit(1, town.upload("f-1"))
    other = Once(lambda: export(_of_other_code(town), ALWAYS))
    with pytest.raises(BusyError, match="another export"):
        export(point(town, other), ALWAYS)
    assert other.done
    assert town.manifest(1).origin.code == "1"
    town.submit(2)
    assert town.export().run == 2
    chain = town.vault.chain(town.keys)
    assert [manifest.plan.run for manifest in chain.manifests] == [1, 2]
    assert town.vault.faults(chain.manifests, QUIET, deep=True) == []


def test_the_function_that_loses_ends_quietly(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other's run counts: an error would wake somebody who has nothing to do."""
    town.submit(1)
    other = Once(lambda: export(_of_other_code(town), ALWAYS))
    monkeypatch.setenv("EXPORT_ENDPOINT", town.plane.store_url)
    monkeypatch.setattr(exporting, "policy", lambda **_: ALWAYS)
    monkeypatch.setattr(exporting, "backup_deps", lambda: _while_waiting(town, other))
    with written() as log:
        assert nightly({}, context_for("export", 900)) == {"state": "another_is_under_way"}
    told = [(line["level"], line["message"]) for line in log.lines]
    assert told[-1] == ("INFO", "export")
    assert {level for level, _ in told} == {"INFO"}
    assert log.metrics == {}
    assert town.manifest(1).origin.code == "1"


def test_of_two_plans_the_first_counts(town: Town) -> None:
    """Both found none; the second must not take its parts from under the first."""
    town.export(spare=lambda: False)
    begun = town.deps.store.plan(1)
    assert begun
    later = replace(begun, chain="later")
    with pytest.raises(BusyError, match="another export"):
        town.deps.store.put_plan(later, first=True)
    assert town.deps.store.plan(1) == begun


def test_of_two_calls_the_one_that_was_slower_stops(town: Town) -> None:
    """What one has noted since the other read it is not written over."""
    town.export()
    one, two = town.deps.ledger, town.deps.ledger
    head = one.get()
    assert head
    assert two.get() == head
    one.set(replace(head, run=7))
    with pytest.raises(BusyError, match="another export"):
        two.set(replace(head, run=8))


def test_forged_part_is_not_signed(town: Town) -> None:
    """Between two calls of a night, somebody at the data centre rewrites what lies there."""
    for n in range(1, 6):
        town.submit(n, town.upload(f"f-{n}", PDF + bytes([n])))
    calls = iter([True, True])
    assert town.export(spare=lambda: next(calls, False)).state is State.UNFINISHED
    data = next(key for key in town.stored() if "/data-0001" in key)
    files = next(key for key in town.stored() if "/files-0001" in key)
    forged = gzip.compress(b'{"Item": {"PK": {"S": "D#x"}, "SK": {"S": "CASE"}}}\n')
    header, *rows = gzip.decompress(town.read(files)).splitlines()
    told = json.loads(header)
    told["data"] |= {"sha256": sha256(forged).hexdigest(), "size": len(forged)}
    town.write(data, forged)
    town.write(files, gzip.compress(b"\n".join([json.dumps(told).encode(), *rows])))
    assert town.export().state is State.COMPLETE
    assert sha256(forged).hexdigest() not in {p.data.sha256 for p in town.manifest(1).parts}
    assert town.manifest(1).items == len(town.items())
    assert town.vault.faults([town.manifest(1)], QUIET, deep=True) == []


def test_damaged_file_is_sent_again(town: Town) -> None:
    """As long as before, and another: the whole record heals it."""
    town.submit(1, town.upload("f-1"))
    town.export()
    digest = sha256(PDF).hexdigest()
    key = f"files/{digest[:2]}/{digest}"
    town.far.put_object(
        Bucket=town.bucket, Key=key, Body=b"x" * len(PDF), ChecksumAlgorithm="SHA256"
    )
    town.export(replace(ALWAYS, full_now=True))
    assert town.read(key) == PDF


STRAY = ("manifests/readme.json", "manifests/1.json", "plans/notes.json", "plans/.json")


def test_stray_objects_stop_nothing(town: Town) -> None:
    """Somebody puts a note beside the runs, or a tool its own files."""
    town.submit(1)
    town.export()
    for key in STRAY:
        town.write(key, b"a note")
    for content in (b"\xff", b"[]", b'{"since": 1}', b"{}"):
        town.write("plans/000002.json", content)
        assert town.deps.store.plan(2) is None
    assert town.vault.begun() == [2]
    town.submit(2)
    assert town.export().run == 2
    assert len(town.vault.chain(town.keys).manifests) == 2


@pytest.mark.parametrize("content", [b"\xff", b"[]", b"null", b'{"format": 1, "parts": 1}'])
def test_stray_manifest_is_named(town: Town, content: bytes) -> None:
    """It claims to be the newest run: what it is, an operator has to say."""
    town.export()
    town.write("manifests/000009.json", content)
    with pytest.raises(BackupError, match=r"manifests/000009\.json"):
        town.export()


def test_later_runs_block_no_earlier_one(town: Town) -> None:
    """The last sound run is what is wanted most when the newest is damaged."""
    for _ in range(3):
        town.export()
    second = town.manifest(2).plan.until
    town.write("manifests/000003.json", b"x")
    with pytest.raises(BackupError, match="run 3"):
        town.vault.chain(town.keys)
    with pytest.raises(BackupError, match="run 3"):
        town.vault.chain(town.keys, run=3)
    with pytest.raises(BackupError, match="run 3"):  # it may end before then, too
        town.vault.chain(town.keys, at=second)
    for chain in (
        town.vault.chain(town.keys, run=2),
        town.vault.chain(town.keys, at=town.manifest(1).plan.until),
    ):
        assert [manifest.plan.run for manifest in chain.manifests] == [1, 2]
        assert "run 3" in chain.rest
    assert town.vault.chain(town.keys, run=1).manifests
