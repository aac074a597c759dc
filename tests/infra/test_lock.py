"""One at a time: whoever comes second is told who came first."""

from collections.abc import Iterator

import pytest
from moto import mock_aws

from infra.deploy.lock import LockedError, alone, held, unlock

WHERE = ("ap-southeast-1", "motcua-dev")


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty one."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mock_aws():
        yield


def test_the_second_waits() -> None:
    """And knows for whom, or what to do when nobody is there any more."""
    with alone(*WHERE, "deploy", "y.nie"):
        with (
            pytest.raises(LockedError, match=r"y\.nie is at dev \(deploy, .*unlock dev --yes"),
            alone(*WHERE, "destroy", "h.eban"),
        ):
            pass
        assert held(*WHERE)["who"] == "y.nie"
    with alone(*WHERE, "destroy", "h.eban"):
        assert held(*WHERE)["what"] == "destroy"


def test_stages_do_not_wait_for_each_other() -> None:
    """Each has its note."""
    with alone(*WHERE, "deploy", "y.nie"), alone(WHERE[0], "motcua-prod", "deploy", "h.eban"):
        assert held(*WHERE)["who"] == "y.nie"


def test_what_fails_lets_others_at_it() -> None:
    """A deployment that failed is not one that goes on."""
    with pytest.raises(ZeroDivisionError), alone(*WHERE, "deploy", "y.nie"):
        raise ZeroDivisionError
    assert held(*WHERE) == {}


def test_a_note_whose_process_is_gone_is_taken_away() -> None:
    """Its late end takes away nobody else's."""
    first = alone(*WHERE, "deploy", "killed")
    first.__enter__()
    assert unlock(*WHERE)["who"] == "killed"
    assert unlock(*WHERE) == {}
    with alone(*WHERE, "deploy", "y.nie"):
        first.__exit__(None, None, None)
        assert held(*WHERE)["who"] == "y.nie"
