"""The pages get into their bucket as browsers need them, and only what changed is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends

from infra.deploy.pages import Page, Published, PublishError, _send, look_anew, publish
from infra.templates import STACKS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BUCKET = "motcua-dev-web-123456789012"
WEB = STACKS.parents[1] / "web"


class Bucket:
    """The bucket, and the calls made to it that change something, in order."""

    def __init__(self) -> None:
        self.client: Any = boto3.client("s3", region_name="ap-southeast-1")
        where = {"LocationConstraint": "ap-southeast-1"}
        self.client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration=where)
        self.calls: list[str] = []
        for call in ("PutObject", "DeleteObjects"):
            self.client.meta.events.register(f"provide-client-params.s3.{call}", self._note)

    def _note(self, params: dict[str, Any], **_more: object) -> None:
        deleted = params.get("Delete", {}).get("Objects", [])
        self.calls += [f"-{each['Key']}" for each in deleted] or [f"+{params['Key']}"]

    def names(self) -> set[str]:
        """What is in it."""
        return {each["Key"] for each in self.client.list_objects_v2(Bucket=BUCKET)["Contents"]}

    def head(self, key: str) -> dict[str, Any]:
        """How one file is served."""
        found: dict[str, Any] = self.client.head_object(Bucket=BUCKET, Key=key)
        return found


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    with mock_aws():
        yield Bucket()


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A page, what it needs, and what is nobody's business."""
    folder = tmp_path / "web"
    (folder / "js").mkdir(parents=True)
    (folder / "desk").mkdir()
    (folder / "index.html").write_text("<!doctype html>home")
    (folder / "desk" / "index.html").write_text("<!doctype html>desk")
    (folder / "js" / "app.js").write_text("1")
    (folder / "js" / "lib.0a1b2c3d.js").write_text("2")
    (folder / "notice-20261010.pdf").write_bytes(b"%PDF")
    (folder / ".hidden").write_text("secret")
    return folder


def test_a_file_is_served_as_what_it_is(bucket: Bucket, site: Path) -> None:
    """A module of the wrong type does not run; a page kept too long asks for scripts long gone."""
    assert publish(site, BUCKET, bucket.client).sent == 5
    page, script = bucket.head("index.html"), bucket.head("js/app.js")
    assert page["ContentType"] == "text/html; charset=utf-8"
    assert script["ContentType"] == "text/javascript; charset=utf-8"
    assert page["CacheControl"] == script["CacheControl"]
    assert page["CacheControl"].startswith("public, max-age=0, must-revalidate")
    assert "immutable" in bucket.head("js/lib.0a1b2c3d.js")["CacheControl"]
    assert "immutable" not in bucket.head("notice-20261010.pdf")["CacheControl"]
    assert ".hidden" not in bucket.names()


def test_what_did_not_change_is_not_sent_again(bucket: Bucket, site: Path) -> None:
    """Each file sent is one that every browser fetches again."""
    publish(site, BUCKET, bucket.client)
    bucket.calls.clear()
    assert publish(site, BUCKET, bucket.client) == Published(0, 5, 0, 0)
    assert bucket.calls == []


def test_pages_come_after_what_they_need_and_old_files_go_last(bucket: Bucket, site: Path) -> None:
    """Who opens the page in between must find everything it refers to, old or new."""
    publish(site, BUCKET, bucket.client)
    bucket.calls.clear()
    (site / "index.html").write_text("<!doctype html>new")
    (site / "zz.css").write_text("a{}")
    (site / "js" / "app.js").unlink()
    done = publish(site, BUCKET, bucket.client)
    assert bucket.calls == ["+zz.css", "+index.html", "-js/app.js"]
    assert done == Published(2, 3, 1, len("<!doctype html>new") + len("a{}"))
    assert str(done) == "2 sent (0 kB), 3 unchanged, 1 removed"


def test_a_file_that_somebody_changed_in_the_bucket_is_put_right(
    bucket: Bucket, site: Path
) -> None:
    """What citizens see is what was published, whatever was tried by hand."""
    publish(site, BUCKET, bucket.client)
    bucket.client.put_object(Bucket=BUCKET, Key="js/app.js", Body=b"other")
    assert publish(site, BUCKET, bucket.client).sent == 1
    body = bucket.client.get_object(Bucket=BUCKET, Key="js/app.js")["Body"].read()
    assert body == b"1"


def test_a_new_rule_for_caching_reaches_old_files(bucket: Bucket, site: Path) -> None:
    """The content is the same, but browsers would go on as they were told before."""
    publish(site, BUCKET, bucket.client)
    _send(bucket.client, BUCKET, Page("js/app.js", b"1", "text/javascript", "public, max-age=60"))
    assert publish(site, BUCKET, bucket.client).sent == 1
    assert "must-revalidate" in bucket.head("js/app.js")["CacheControl"]


@pytest.mark.parametrize(
    ("name", "said"), [("nothing", "index.html"), ("noending", "no ending"), ("link.txt", "link")]
)
def test_what_cannot_be_served_is_said_and_nothing_is_sent(
    bucket: Bucket, site: Path, name: str, said: str
) -> None:
    """The wrong folder would take the whole site away; a link could publish a key."""
    if name == "nothing":
        (site / "index.html").unlink()
    elif name == "link.txt":
        (site.parent / "secret").write_text("secret")
        (site / name).symlink_to(site.parent / "secret")
    else:
        (site / name).write_text("x")
    with pytest.raises(PublishError, match=said):
        publish(site, BUCKET, bucket.client)
    assert bucket.calls == []


def test_more_files_than_one_page_of_a_list(bucket: Bucket, site: Path) -> None:
    """S3 lists and removes a thousand at a time."""
    for number in range(1100):  # through the front door it takes ten seconds
        s3_backends[DEFAULT_ACCOUNT_ID]["aws"].put_object(BUCKET, f"old/{number}.js", b"")
    assert publish(site, BUCKET, bucket.client) == Published(5, 0, 1100, 44)
    assert bucket.names() == {
        path.relative_to(site).as_posix()
        for path in site.rglob("*.*")
        if path.is_file() and path.name != ".hidden"
    }


def test_the_shipped_pages_can_be_published(bucket: Bucket) -> None:
    """Each has a type of its own; what a browser must guess, it is told not to take."""
    done = publish(WEB, BUCKET, bucket.client)
    assert done.sent > 10
    kinds = {bucket.head(key)["ContentType"] for key in bucket.names()}
    assert "application/octet-stream" not in kinds


@mock_aws
def test_the_edge_looks_anew_only_after_a_change() -> None:
    """Else citizens see yesterday's page, or each deployment empties all caches for nothing."""
    client = boto3.client("cloudfront", region_name="us-east-1")
    origin = {
        "Id": "o",
        "DomainName": "x.s3.amazonaws.com",
        "S3OriginConfig": {"OriginAccessIdentity": ""},
    }
    config: Any = {
        "CallerReference": "x",
        "Comment": "",
        "Enabled": True,
        "Origins": {"Quantity": 1, "Items": [origin]},
        "DefaultCacheBehavior": {
            "TargetOriginId": "o",
            "ViewerProtocolPolicy": "https-only",
            "ForwardedValues": {"QueryString": False, "Cookies": {"Forward": "none"}},
            "MinTTL": 0,
        },
    }
    made = client.create_distribution(DistributionConfig=config)["Distribution"]["Id"]
    assert look_anew(Published(0, 5, 0, 0), made, client) is False
    assert look_anew(Published(1, 4, 0, 10), made, client) is True
    assert look_anew(Published(0, 4, 1, 0), made, client) is True
    listed = client.list_invalidations(DistributionId=made)["InvalidationList"]
    assert listed["Quantity"] == 2
