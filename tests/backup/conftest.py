"""Two emulators for all tests of this folder, and towns on them."""

from collections.abc import Iterator

import pytest

from tests.backup.plane import Plane, Town, started


@pytest.fixture(scope="session")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plane]:
    """The deployment's data plane, and the province's store."""
    with started(tmp_path_factory.mktemp("backup")) as found:
        yield found


@pytest.fixture
def town(plane: Plane) -> Town:
    """A deployment of this test's own, empty."""
    return plane.town()
