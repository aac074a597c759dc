"""Killed at any call of AWS or of the store, a run or a restore comes to the same end."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import pytest

from chalicelib.domain.backup import runs_to_restore
from chalicelib.use_cases.export import State, export
from infra.backup.staging import Staging
from tests.backup.plane import ALWAYS, PDF, QUIET, Plane, Town, next_second

BIG: Final = "x" * 5000
FEW: Final = 3  # of a restore every third point is tried: odd, before a call as often as after one


class Killed(BaseException):
    """The process died; nothing may catch it."""


class Points:
    """Counts the moments before and after each call; dies at one of them."""

    def __init__(self, dies_at: int = 0) -> None:
        self.count = 0
        self._dies_at = dies_at

    def __call__(self, **_: object) -> None:
        self.count += 1
        if self.count == self._dies_at:
            raise Killed


@contextmanager
def watched(town: Town, points: Points) -> Iterator[Points]:
    """All calls of the town's clients."""
    clients = (town.dynamodb, town.s3, town.far)
    for client in clients:
        client.meta.events.register("before-call", points)
        client.meta.events.register_last("after-call", points)
    try:
        yield points
    finally:
        for client in clients:
            client.meta.events.unregister("before-call", points)
            client.meta.events.unregister("after-call", points)


def killed(town: Town, at: int, act: Callable[[], Any]) -> bool:
    """Whether it came so far as to die there."""
    with watched(town, Points(at)) as points:
        try:
            act()
        except Killed:
            return True
        return points.count >= at


def staged(town: Town, folder: Path) -> dict[tuple[str, str], Any]:
    """What a restore of the newest run would write."""
    chain = town.vault.chain(town.keys)
    assert town.vault.faults(chain.manifests, QUIET, deep=True) == []
    file = folder / "record.sqlite"
    staging = Staging(file)
    staging.fill(town.vault, runs_to_restore(chain.manifests, chain.head.run), QUIET)
    assert staging.broken_dossiers() == []
    assert staging.without_file() == []
    found = [item for phase, _ in staging.phases() for item in phase]
    staging.close()
    file.unlink()
    return {(item["PK"]["S"], item["SK"]["S"]): item for item in found}


def without_counters(town: Town) -> dict[tuple[str, str], Any]:
    own = ("SEQ#", "RESTORED")
    return {key: item for key, item in town.items().items() if not key[0].startswith(own)}


@pytest.fixture(scope="module")
def filled(plane: Plane) -> Town:
    """Two dossiers, a file, a large form."""
    town = plane.town()
    town.accept(town.submit(1, town.upload("f-1"), text=BIG))
    town.submit(2, town.upload("f-2", PDF + b"2"))
    return town


def _points_of_a_run(filled: Town) -> int:
    town = filled.anew()
    with watched(town, Points()) as points:
        export(town.deps, ALWAYS)
    return points.count


@pytest.mark.slow
def test_export_killed_at_each_call(filled: Town, tmp_path: Path) -> None:
    """Power fails at night, too: in the morning the run is whole, or was never complete."""
    expected, total = without_counters(filled), _points_of_a_run(filled)
    assert total > 40
    for at in range(1, total + 1):
        town = filled.anew()
        assert killed(town, at, lambda town=town: export(town.deps, ALWAYS)), at
        again = export(town.deps, ALWAYS)
        if again.state is State.NOTHING_DUE:  # it died after its manifest
            assert at >= total - 4  # a look at its signature and a note of it follow
        assert town.vault.begun() == []
        assert len(town.vault.chain(town.keys).manifests) == again.run
        assert staged(town, tmp_path) == expected, at


@pytest.mark.slow
def test_run_of_changes_killed_at_some_calls(filled: Town, tmp_path: Path) -> None:
    """The second run and all after it: what happened between them is in one of them, once."""
    town = filled.anew()
    town.export()
    at, n = 1, 0
    while True:
        n += 1
        town.put(f"MARK#{n}", "MARK", v=n)
        next_second()
        died = killed(town, at, lambda: export(town.deps, ALWAYS))
        town.export()
        assert staged(town, tmp_path) == without_counters(filled), at
        if not died:
            break
        at += 11  # odd: before a call as often as after one
    runs = [manifest.plan for manifest in town.vault.chain(town.keys).manifests]
    assert all(later.since == plan.until for plan, later in pairwise(runs))


@pytest.mark.slow
def test_restore_killed_at_some_calls(plane: Plane, filled: Town, tmp_path: Path) -> None:
    """The day of the accident is the day on which more than one thing fails."""
    source = filled.anew()
    source.export()
    with watched(other := plane.town(), Points()) as points:
        other.restored(source, tmp_path)
    total, expected = points.count, other.items()
    assert total > 40
    for at in range(1, total + 1, FEW):
        target = plane.town()
        file = tmp_path / f"of-{at}"
        file.mkdir()
        assert killed(target, at, lambda t=target, f=file: t.restored(source, f)), at
        done = target.table.get({"PK": "RESTORED", "SK": "RESTORED"})
        if not (done and done["state"] == "done"):
            assert target.restored(source, tmp_path) == []
        assert target.items() == expected, at
        listed = target.s3.list_objects_v2(Bucket=target.files)["Contents"]
        assert len(listed) == 3


def test_a_run_that_was_killed_keeps_its_plan(filled: Town) -> None:
    """The check can fail: two runs of one plan would be two exports of the table."""
    town = filled.anew()
    assert killed(town, 20, lambda: export(town.deps, ALWAYS))
    begun = town.deps.store.plan(1)
    assert begun
    next_second()
    export(town.deps, ALWAYS)
    assert town.manifest(1).plan == begun
    assert replace(begun, attempt=2).token != begun.token
