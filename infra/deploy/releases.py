"""Releases: what was deployed together, kept whole, and which of them one goes back to."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import boto3
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_FOLDER: Final = "releases/"
_NAME: Final = "%Y%m%dT%H%M%SZ"
_SECOND: Final = timedelta(seconds=1)
_READABLE: Final = ("library ", "variable ")  # parts whose values say something


class ReleaseError(Exception):
    """There is no such release to go back to; the message says which there are."""


@dataclass(frozen=True)
class Release:
    """`parts` as `Project.parts`; `whole` when all of it had come about.

    `of` is the release it went back to, where it did.
    """

    name: str
    parts: dict[str, str]
    whole: bool = False
    of: str = ""

    @property
    def origin(self) -> str:
        """When what it consists of was deployed first."""
        return self.of or self.name


class Releases:
    """The releases of one stage, kept in the bucket of artefacts."""

    def __init__(self, region: str, bucket: str) -> None:
        self._s3: Any = boto3.client("s3", region_name=region)
        self._bucket = bucket

    # -- what is kept

    def keep(self, key: str, content: bytes) -> str:
        """Store what others read; answers the key."""
        self._s3.put_object(Bucket=self._bucket, Key=key, Body=content)
        return key

    def begin(self, release: Release) -> None:
        """Note what is on its way: from here on what runs may be of neither release."""
        self.keep(f"{_FOLDER}{release.name}.json", json.dumps(asdict(release)).encode())

    def finish(self, release: Release, archive: bytes | None = None) -> None:
        """All of it is there. `archive` is `Project.archive`, where that is not kept yet."""
        if archive:
            self.keep(_archive(release), archive)
        self.begin(Release(release.name, release.parts, whole=True, of=release.of))

    def archive(self, release: Release) -> bytes:
        """As it was kept."""
        found = self._s3.get_object(Bucket=self._bucket, Key=_archive(release))
        return bytes(found["Body"].read())

    # -- what there is

    def all(self) -> list[Release]:
        """Oldest first; none before the first deployment."""
        return [self._read(key) for key in self._keys()]

    def _keys(self) -> list[str]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=_FOLDER
        )
        try:
            keys = [each["Key"] for page in pages for each in page.get("Contents", [])]
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchBucket":
                raise
            return []
        return sorted(keys)

    def _read(self, key: str) -> Release:
        body = self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        return Release(**json.loads(body))

    def newest(self) -> Release | None:
        """What was begun last, whole or not; None before the first deployment."""
        keys = self._keys()
        return self._read(keys[-1]) if keys else None

    def before(self, name: str | None = None) -> Release:
        """Where to go back to, or the named release. Raise ReleaseError.

        From one that is not whole: to the last whole one, or where that was going back to. Else to
        the one deployed before what runs now: whoever goes back twice goes further back.
        """
        known = self.all()
        found = _earlier(known) if name is None else _named(known, name)
        if found is None:
            there = ", ".join(each.name for each in known if each.whole) or "none"
            raise ReleaseError(f"There is no such release to go back to. There are: {there}.")
        return found


def differences(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    """Lines of a plan: what deploying `new` over `old` adds, modifies, removes."""
    for part in sorted({*old, *new}):
        if part not in old:
            yield f"Add    {part}{_value(part, new)}"
        elif part not in new:
            yield f"Remove {part}"
        elif old[part] != new[part]:
            both = f": {old[part]} → {new[part]}" if part.startswith(_READABLE) else ""
            yield f"Modify {part}{both}"


def name_after(newest: Release | None) -> str:
    """Sorts by time, and behind the newest one: another machine's clock may have been ahead."""
    now = datetime.now(UTC)
    if newest:
        now = max(now, datetime.strptime(newest.name, _NAME).replace(tzinfo=UTC) + _SECOND)
    return now.strftime(_NAME)


def _earlier(known: list[Release]) -> Release | None:
    if not known:
        return None
    whole = [each for each in known if each.whole]
    if not known[-1].whole:
        return _named(known, known[-1].of) or next(reversed(whole), None)
    before = [each for each in whole if each.name < known[-1].origin]
    return next(reversed(before), None)


def _named(known: list[Release], name: str) -> Release | None:
    return next((each for each in known if each.whole and each.name == name), None)


def _archive(release: Release) -> str:
    return f"packages/{release.origin}.zip"


def _value(part: str, parts: Mapping[str, str]) -> str:
    return f": {parts[part]}" if part.startswith(_READABLE) else ""
