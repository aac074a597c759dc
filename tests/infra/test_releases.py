"""Releases: what was deployed together is kept whole, and can be gone back to."""

from collections.abc import Iterator
from dataclasses import replace

import boto3
import pytest
from moto import mock_aws

from infra.deploy.releases import Release, ReleaseError, Releases, differences, name_after

REGION = "ap-southeast-1"
BUCKET = "motcua-test-artefacts"


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> Iterator[Releases]:
    """An account with the bucket."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mock_aws():
        boto3.client("s3", region_name=REGION).create_bucket(
            Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION}
        )
        yield Releases(REGION, BUCKET)


def finished(kept: Releases, *names: str) -> None:
    """Each came about as a whole."""
    for name in names:
        release = Release(name, {"code": name})
        kept.begin(release)
        kept.finish(release, name.encode())


def gone_back(kept: Releases, name: str) -> Release:
    """To the one before, by a release of this name."""
    before = kept.before()
    again = replace(before, name=name, whole=False, of=before.origin)
    kept.begin(again)
    kept.finish(again)
    return before


def test_there_may_be_nothing_to_go_back_to(kept: Releases) -> None:
    """That is said, with what there is; also before the first deployment."""
    assert Releases(REGION, "nowhere").newest() is None
    assert kept.newest() is None
    with pytest.raises(ReleaseError, match="none"):
        kept.before()
    finished(kept, "only")
    with pytest.raises(ReleaseError, match="only"):
        kept.before("another")
    with pytest.raises(ReleaseError, match="only"):
        kept.before()


def test_one_goes_back_to_the_release_before(kept: Releases) -> None:
    """All of it, as it was kept."""
    finished(kept, "1", "2")
    assert kept.before() == Release("1", {"code": "1"}, whole=True)
    assert kept.archive(kept.before()) == b"1"
    assert kept.before("1").name == "1"


def test_after_a_deployment_that_failed_one_goes_back_to_the_last_that_did_not(
    kept: Releases,
) -> None:
    """Wherever it failed; going further back would take away a release that worked."""
    finished(kept, "1", "2")
    kept.begin(Release("3", {"code": "3"}))
    assert kept.before().name == "2"
    with pytest.raises(ReleaseError):
        kept.before("3")


def test_going_back_twice_goes_further_back(kept: Releases) -> None:
    """Whoever tries again at night must not meet what they fled from."""
    finished(kept, "1", "2", "3")
    assert gone_back(kept, "4").name == "2"
    assert gone_back(kept, "5").name == "1"
    with pytest.raises(ReleaseError, match="no such release"):
        kept.before()


def test_one_goes_back_to_what_ran_and_not_to_what_was_fled_from(kept: Releases) -> None:
    """After going back and deploying something else."""
    finished(kept, "1", "2", "3")
    assert gone_back(kept, "4").name == "2"
    finished(kept, "5")
    assert kept.before().origin == "2"


def test_a_way_back_that_was_cut_short_is_gone_again(kept: Releases) -> None:
    """Not forward, to what one fled from."""
    finished(kept, "1", "2")
    kept.begin(Release("3", {"code": "1"}, of="1"))
    assert kept.before().name == "1"


def test_what_was_gone_back_to_has_its_archive(kept: Releases) -> None:
    """It is kept once."""
    finished(kept, "1", "2")
    gone_back(kept, "3")
    newest = kept.newest()
    assert newest
    assert (newest.of, kept.archive(newest)) == ("1", b"1")


def test_a_plan_says_what_differs() -> None:
    """With values where they say something."""
    old = {"code": "a", "library boto3": "1", "library gone": "1", "variable X": "1", "same": "x"}
    new = {"code": "b", "library boto3": "2", "variable X": "1", "variable Y": "y", "same": "x"}
    assert list(differences(old, new)) == [
        "Modify code",
        "Modify library boto3: 1 → 2",
        "Remove library gone",
        "Add    variable Y: y",
    ]
    assert list(differences(new, new)) == []


def test_names_sort_whatever_a_clock_says() -> None:
    """One that was ahead must not make an older release the newest."""
    ahead = Release("29991231T235959Z", {})
    assert name_after(ahead) == "30000101T000000Z"
    assert "20260101T000000Z" < name_after(Release("20260101T000000Z", {})) < ahead.name
    assert name_after(None) < ahead.name
