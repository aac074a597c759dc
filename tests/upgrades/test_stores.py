"""The province's copy of earlier versions is checked and restored by the code of today."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from chalicelib.adapters.signing import PublicKey
from tests.backup.plane import QUIET, Plane, started
from tests.upgrades import stores

VERSIONS = sorted(file.stem for file in stores.STORES.glob("*.json"))


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plane]:
    with started(tmp_path_factory.mktemp("stores")) as found:
        yield found


@pytest.mark.parametrize("version", VERSIONS)
def test_a_store_is_brought_back(version: str, plane: Plane, tmp_path: Path) -> None:
    """Whoever lost everything has this and the code of today, nothing else."""
    kept = stores.read(version)
    town = stores.brought(plane, kept["objects"])
    keys = [PublicKey(kept["public_key"].encode())]
    chain = town.vault.chain(keys)
    assert [each.plan.kind.value for each in chain.manifests] == ["full", "changes"]
    assert town.vault.faults(chain.manifests, QUIET, deep=True) == []
    assert plane.town().restored(town, tmp_path, keys=keys) == []


@pytest.mark.parametrize("version", VERSIONS)
def test_nothing_is_lost_on_the_way(version: str, plane: Plane, tmp_path: Path) -> None:
    """Item for item; but counters are beyond every number that was given."""
    kept = stores.read(version)
    town, empty = stores.brought(plane, kept["objects"]), plane.town()
    empty.restored(town, tmp_path, keys=[PublicKey(kept["public_key"].encode())])
    there = empty.items()
    for pk, sk, item in kept["items"]:
        if not pk.startswith("SEQ#"):
            assert there[pk, sk] == item
    assert len(empty.keys_of_files()) == 2
