"""One running cloud for each module of tests, with the fakes beside this file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.local.cloud import Cloud

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A running cloud, ended at the end of the module, whatever became of it."""
    one = Cloud(tmp_path_factory.mktemp("cloud"))
    try:
        one.start()
        yield one
    finally:
        if one.process:
            one.stop()
