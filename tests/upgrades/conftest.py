"""One province, in which the recorded scenes are brought to life one after the other."""

from collections.abc import Iterator

import pytest

from tests.upgrades import recorded
from tests.upgrades.province import Province, province


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Province]:
    with province(tmp_path_factory.mktemp("keys")) as made:
        recorded.found(made, recorded.versions(recorded.RECORDS)[-1])
        yield made
