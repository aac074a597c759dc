"""The process dies at every single call, before it and after it: the story ends the same."""

import pytest

from tests.simulator.script import STORIES, tell


@pytest.mark.parametrize("name", STORIES)
def test_dying_anywhere_changes_nothing_on_record(name: str) -> None:
    """100 % recovered: same events, same messages to agencies, nothing doubled, nothing open."""
    undisturbed, points = tell(name)
    assert points > 100
    for point in range(1, points + 1):
        ended, _ = tell(name, die_at=point)
        assert ended == undisturbed, f"died at point {point} of {points}"
