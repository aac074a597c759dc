"""Releases: what was deployed together, how the next one takes over, and the way back.

Streams, schedules and the workflow call the alias `live` of each function, which shifts from one
version to the next. The API always runs the newest code: Chalice's API has no aliases.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import boto3
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from infra.deploy.stacks import Say
    from infra.deploy.stages import Shift

ALIAS: Final = "live"
_FOLDER: Final = "releases/"
_LOOK_EVERY: Final = 10.0  # seconds

Versions = dict[str, str]  # of functions by their names in AWS


class ReleaseError(Exception):
    """A release was taken back, or there is none to go back to; the message says which and why."""


@dataclass(frozen=True)
class Release:
    """`versions` of the functions by their names in AWS; `package` and `definition` are keys.

    `of` is the release it went back to, where it did.
    """

    name: str
    package: str
    definition: str
    versions: dict[str, str]
    of: str = ""

    @property
    def origin(self) -> str:
        """When what it consists of was deployed first."""
        return self.of or self.name


class Releases:
    """The releases of one stage, kept in the bucket of artefacts."""

    def __init__(self, region: str, bucket: str, stem: str) -> None:
        self._lambda: Any = boto3.client("lambda", region_name=region)
        self._s3: Any = boto3.client("s3", region_name=region)
        self._watch: Any = boto3.client("cloudwatch", region_name=region)
        self._bucket = bucket
        self._stem = stem

    # -- artefacts

    def keep(self, folder: str, name: str, content: bytes) -> str:
        """Store under its own name; answers the key."""
        key = f"{folder}/{name}"
        self._s3.put_object(Bucket=self._bucket, Key=key, Body=content)
        return key

    def write(self, release: Release) -> None:
        """Remember what is live now."""
        self.keep(_FOLDER.rstrip("/"), f"{release.name}.json", json.dumps(asdict(release)).encode())

    def names(self) -> list[str]:
        """Oldest first."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=_FOLDER
        )
        keys = (each["Key"] for page in pages for each in page.get("Contents", []))
        return sorted(key.removeprefix(_FOLDER).removesuffix(".json") for key in keys)

    def latest(self) -> Release | None:
        """What was noted last; None before the first release."""
        known = self.names()
        return self.read(known[-1]) if known else None

    def before(self, name: str | None = None) -> Release:
        """Where to go back to, or the named release. Raise ReleaseError.

        After a deployment that failed that is the newest release, which is no longer all that
        runs; after one that did not, or after going back, the one deployed before what runs now.
        """
        known = self.names()
        found = self._earlier(known) if name is None else self.read(name) if name in known else None
        if found is None:
            there = ", ".join(known) or "none"
            raise ReleaseError(f"There is no such release to go back to. There are: {there}.")
        return found

    def _earlier(self, known: list[str]) -> Release | None:
        if not known:
            return None
        newest = self.read(known[-1])
        if not self.is_live(newest):
            return newest
        before = (self.read(each) for each in reversed(known) if each < newest.origin)
        return next((each for each in before if not each.of), None)

    def is_live(self, release: Release) -> bool:
        """Whether all that runs is of this release: the API by its code, others by their alias."""
        return all(
            self._code(name) == self._code(name, version)
            if name == self._stem
            else self._alias(name) == (version, {})
            for name, version in release.versions.items()
        )

    def read(self, name: str) -> Release:
        """One of `names`."""
        key = f"{_FOLDER}{name}.json"
        body = self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        return Release(**json.loads(body))

    # -- versions

    def publish(self, functions: Iterable[str]) -> dict[str, str]:
        """A version of each function as it is now; unchanged ones keep theirs."""
        return {
            name: str(self._lambda.publish_version(FunctionName=name)["Version"])
            for name in functions
        }

    def live(self, function: str) -> str | None:
        """The version behind the alias; None before the first release."""
        return self._alias(function)[0]

    def _alias(self, function: str) -> tuple[str | None, dict[str, float]]:
        """That version, and what others get of its calls."""
        try:
            found = self._lambda.get_alias(FunctionName=function, Name=ALIAS)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
            return None, {}
        others = found.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})
        return str(found["FunctionVersion"]), dict(others)

    def _code(self, function: str, version: str = "$LATEST") -> str | None:
        """Hash of its code; None for a version that is no more."""
        try:
            found = self._lambda.get_function_configuration(
                FunctionName=function, Qualifier=version
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
            return None
        return str(found["CodeSha256"])

    def shift(self, versions: Versions, shift: Shift, say: Say) -> None:
        """Let the versions take over, a few calls first.

        Raise ReleaseError after going back, when an alarm rose meanwhile: one that rang before
        says nothing of the new code, and may be why it comes.
        """
        old = {name: self.live(name) for name in versions}
        changed = {name: old[name] for name in versions if old[name] not in (None, versions[name])}
        for name in [name for name, was in old.items() if was is None]:
            self._lambda.create_alias(FunctionName=name, Name=ALIAS, FunctionVersion=versions[name])
        if changed and shift.percent:
            self._try_out(versions, {name: str(was) for name, was in changed.items()}, shift, say)
        for name in changed:
            self._point(name, versions[name])

    def restore(self, release: Release) -> None:
        """Code of every function as it was, at once; all of it or none. Raise ReleaseError."""
        gone = [name for name, number in release.versions.items() if not self._code(name, number)]
        if gone:
            raise ReleaseError(
                f"{release.name} cannot be gone back to: {', '.join(gone)} was made anew since. "
                "Deploy the sources of that release instead."
            )
        body = self._s3.get_object(Bucket=self._bucket, Key=release.package)["Body"].read()
        for name, version in release.versions.items():
            self._lambda.update_function_code(FunctionName=name, ZipFile=body)
            if self.live(name) is not None:
                self._point(name, version)
        for name in release.versions:
            self._lambda.get_waiter("function_updated_v2").wait(FunctionName=name)

    def _try_out(self, versions: Versions, old: Versions, shift: Shift, say: Say) -> None:
        before = self._alarms()
        for name, was in old.items():
            self._point(name, was, {versions[name]: shift.percent / 100})
        say(f"    {shift.percent} % of the calls for {shift.minutes:g} minutes")
        until = time.monotonic() + shift.minutes * 60
        while time.monotonic() < until:
            if rose := sorted(self._alarms() - before):
                for name, was in old.items():
                    self._point(name, was)
                raise ReleaseError(
                    f"Taken back: {', '.join(rose)} rose while the new code got "
                    f"{shift.percent} % of the calls. Runbooks: docs/runbooks/. The API runs the "
                    "new code; `rollback` takes that back, too."
                )
            time.sleep(min(_LOOK_EVERY, max(0.0, until - time.monotonic())))

    def _point(self, name: str, version: str, weights: dict[str, float] | None = None) -> None:
        self._lambda.update_alias(
            FunctionName=name,
            Name=ALIAS,
            FunctionVersion=version,
            RoutingConfig={"AdditionalVersionWeights": weights or {}},
        )

    def _alarms(self) -> set[str]:
        found = self._watch.describe_alarms(AlarmNamePrefix=f"{self._stem}-", StateValue="ALARM")
        return {str(each["AlarmName"]) for each in found["MetricAlarms"]}


def release_name() -> str:
    """Sorts by time."""
    return datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")


def package_name(archive: Path) -> str:
    """Chalice names a zip after its content; ours also by time, as each is kept."""
    return f"{release_name()}-{archive.name}"
