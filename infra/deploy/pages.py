"""Publishes the pages: what changed is sent, what is gone is removed last.

Pages that are open keep working throughout: files that others refer to are sent before the files
that refer to them, and nothing is removed before everything new is there.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

import boto3

from infra.pages import media_type

if TYPE_CHECKING:
    from collections.abc import Iterator

Client = Any  # boto3 makes its clients' methods at run time

# Browsers ask again each time and mostly hear "not changed"; so does CloudFront, each minute, if
# nobody tells it of a change. What has a hash of its content in its name never changes; a date
# there is no hash.
_ASK_AGAIN: Final = "public, max-age=0, must-revalidate, s-maxage=60"
_FOR_GOOD: Final = "public, max-age=31536000, immutable"
_HASHED: Final = re.compile(r"[.-](?=[0-9a-f]*[a-f])(?=[0-9a-f]*[0-9])[0-9a-f]{8,64}\.[a-z0-9]+$")
_MOST_REMOVED: Final = 1000  # keys in one request


class PublishError(Exception):
    """The folder is not what should be published; the text says what to do."""


@dataclass(frozen=True)
class Page:
    """One file as the bucket will have it."""

    key: str
    content: bytes
    media_type: str
    cache: str

    @property
    def digest(self) -> str:
        """Of everything a browser gets; the same digest in the bucket means nothing to send."""
        parts = (self.media_type.encode(), self.cache.encode(), self.content)
        return hashlib.sha256(b"\0".join(parts)).hexdigest()


@dataclass(frozen=True)
class Published:
    """How many files were sent, left as they were, and removed; and how many bytes were sent."""

    sent: int
    unchanged: int
    removed: int
    bytes: int

    def __str__(self) -> str:
        size = f" ({self.bytes / 1000:.0f} kB)" if self.sent else ""
        return f"{self.sent} sent{size}, {self.unchanged} unchanged, {self.removed} removed"

    @property
    def changed(self) -> bool:
        """Whether CloudFront has to look anew."""
        return bool(self.sent or self.removed)


def publish(folder: Path, bucket: str, client: Client = None) -> Published:
    """Make the bucket hold exactly the files of `folder`. Raise PublishError."""
    client = client or boto3.client("s3")
    pages = require_good(folder)
    held = set(_keys(client, bucket))
    changed = [page for page in pages if page.key not in held or _differs(client, bucket, page)]
    for page in changed:
        _send(client, bucket, page)
    stale = sorted(held - {page.key for page in pages})
    _remove(client, bucket, stale)
    size = sum(len(page.content) for page in changed)
    return Published(len(changed), len(pages) - len(changed), len(stale), size)


def require_good(folder: Path) -> list[Page]:
    """The pages of `folder`, as they are to be sent. Raise PublishError."""
    pages = sorted(_read(folder), key=_sent_late)
    if not any(page.key == "index.html" for page in pages):
        raise PublishError(f"{folder.name} has no index.html: it must hold the pages")
    return pages


def look_anew(published: Published, distribution: str, client: Client = None) -> bool:
    """Tell CloudFront if anything changed; where that fails, it looks by itself within a minute."""
    client = client or boto3.client("cloudfront")
    if published.changed:
        paths = {"Quantity": 1, "Items": ["/*"]}
        batch = {"Paths": paths, "CallerReference": str(uuid4())}
        client.create_invalidation(DistributionId=distribution, InvalidationBatch=batch)
    return published.changed


def _read(folder: Path) -> Iterator[Page]:
    """Every file but hidden ones. Raise PublishError for what the edge could not serve."""
    for file in sorted(folder.rglob("*")):
        key = PurePosixPath(file.relative_to(folder).as_posix())
        if not file.is_file() or any(part.startswith(".") for part in key.parts):
            continue
        if not file.resolve().is_relative_to(folder.resolve()):
            raise PublishError(f"{key} is a link that leads out of {folder}: put a copy there")
        if not key.suffix:
            raise PublishError(f"{key} has no ending: its address would be taken for a folder's")
        cache = _FOR_GOOD if _HASHED.search(key.name) else _ASK_AGAIN
        yield Page(str(key), file.read_bytes(), media_type(key), cache)


def _sent_late(page: Page) -> tuple[bool, str]:
    """Pages after what they refer to."""
    return page.key.endswith(".html"), page.key


def _keys(client: Client, bucket: str) -> Iterator[str]:
    for listed in client.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        yield from (item["Key"] for item in listed.get("Contents", []))


def _differs(client: Client, bucket: str, page: Page) -> bool:
    held = client.head_object(Bucket=bucket, Key=page.key)
    return bool(held["Metadata"].get("digest") != page.digest)


def _send(client: Client, bucket: str, page: Page) -> None:
    client.put_object(
        Bucket=bucket,
        Key=page.key,
        Body=page.content,
        ContentType=page.media_type,
        CacheControl=page.cache,
        Metadata={"digest": page.digest},
        ChecksumAlgorithm="SHA256",
    )


def _remove(client: Client, bucket: str, keys: list[str]) -> None:
    for start in range(0, len(keys), _MOST_REMOVED):
        objects = [{"Key": key} for key in keys[start : start + _MOST_REMOVED]]
        answer = client.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
        if errors := answer.get("Errors"):
            raise PublishError(f"{len(errors)} old files were not removed; run it again")
