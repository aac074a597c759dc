"""One town per file, as it was in the beginning for each test."""

from collections.abc import Callable, Iterator

import pytest

from tests.entrypoints.served import Reply, served, stored
from tests.entrypoints.town import Town

# What a refused request may leave behind: a serial that is not given again (gaps are allowed),
# and the count of wrong secrets, which is the point of it.
COUNTERS = ("SEQ#", "THR#")


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with served(tmp_path_factory.mktemp("keys")):
        yield Town()


@pytest.fixture
def town(founded: Town) -> Town:
    founded.begin()
    return founded


Refused = Callable[[Callable[[], Reply]], Reply]


@pytest.fixture
def refused(town: Town) -> Refused:  # noqa: ARG001 - its tables
    """Calls, and sees that nothing was changed by it."""

    def check(call: Callable[[], Reply]) -> Reply:
        before = _kept()
        reply = call()
        assert 400 <= reply.status < 500, reply.content
        assert _kept() == before
        return reply

    return check


def _kept() -> object:
    return {key: item for key, item in stored().items() if not key[0].startswith(COUNTERS)}
