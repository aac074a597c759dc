"""The province's own copy of the record: runs, their manifests, and how they hang together.

Each run of the export is described by a manifest that names every object with its hash, and the
hash of the manifest before it: a chain. It is signed, so that whoever holds the public key needs
nothing else to know that nothing was changed, left out or put in (R8, thesis p. 74).
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, Self

from chalicelib.domain.event import moment, stamp
from chalicelib.domain.value import value

FORMAT: Final = 1
GENESIS: Final = "0" * 64  # what the first run names as the one before it
_NONSENSE: Final = (ValueError, KeyError, TypeError, AttributeError)  # what is not ours raises
LONGEST: Final = timedelta(hours=24)  # of a window of changes: what DynamoDB exports at once


class BackupError(Exception):
    """The export cannot go on, or what lies in the store is not to be trusted; says what to do."""


class ForeignChainError(BackupError):
    """The store holds runs that this deployment did not write."""


class BrokenChainError(BackupError):
    """A run is missing, changed, or belongs to another chain."""


class BusyError(BackupError):
    """Another export is under way; nothing was harmed."""


class Kind(StrEnum):
    """What a run holds: the whole record as it was, or what changed since the run before it."""

    FULL = "full"
    CHANGES = "changes"


@value(frozen=True, slots=True)
class Stored:
    """An object of the store: `size` in bytes as stored, `lines` after unpacking."""

    key: str
    sha256: str
    size: int
    lines: int


@value(frozen=True, slots=True)
class Part:
    """One data file of the table, and the list of the files that its items name."""

    data: Stored
    files: Stored
    source: str  # the data file's name where DynamoDB wrote it
    deleted: int = 0  # lines that say that an item is gone
    missing: int = 0  # files that an item names and that are not there, or not what it says


@value(frozen=True, slots=True)
class Plan:
    """What a run will hold; kept in the store until it is complete, so that it can go on.

    The record as it was just before `until`; of changes, those from `since` on.
    """

    chain: str
    run: int
    previous: str
    kind: Kind
    since: datetime | None
    until: datetime
    base: int  # the run with the whole record that a restore of this one starts from
    base_until: datetime
    attempt: int = 1

    @property
    def token(self) -> str:
        """The same for each try: DynamoDB then goes on with the export it has begun."""
        return _sha256(self.to_bytes())[:32]

    @property
    def is_capped(self) -> bool:
        """Whether it is as long as DynamoDB allows, a day: there may be more to export."""
        return self.since is not None and self.until - self.since >= LONGEST

    def again(self) -> "Plan":
        """After the table's export has failed."""
        return replace(self, attempt=self.attempt + 1)

    def to_bytes(self) -> bytes:
        """As kept in the store."""
        return _canonical(_plain(asdict(self)))

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """The inverse. Raise BrokenChainError for what is none."""
        try:
            plan = cls(**_read_plan(json.loads(content)))
            if not isinstance(plan.attempt, int):
                raise TypeError("attempt")
        except _NONSENSE as error:
            raise BrokenChainError(f"not a plan ({error})") from error
        return plan


@value(frozen=True, slots=True)
class Origin:
    """Where a run comes from: stage, table, schema of its items, version of the code."""

    stage: str
    table: str
    schema: int
    code: str


@value(frozen=True, slots=True)
class Manifest:
    """A complete run: what was signed."""

    plan: Plan
    origin: Origin
    parts: tuple[Part, ...]

    @property
    def items(self) -> int:
        """Lines about items, deletions included."""
        return sum(part.data.lines for part in self.parts)

    @property
    def deleted(self) -> int:
        """Items that are gone."""
        return sum(part.deleted for part in self.parts)

    @property
    def missing(self) -> int:
        """Files that could not be copied: an operator has to look."""
        return sum(part.missing for part in self.parts)

    @property
    def files(self) -> int:
        """Files that were copied."""
        return sum(part.files.lines for part in self.parts) - self.missing

    @property
    def stored(self) -> tuple[Stored, ...]:
        """Every object beside the files themselves."""
        return tuple(each for part in self.parts for each in (part.data, part.files))

    def to_bytes(self) -> bytes:
        """The same for the same run, whenever and however often it was interrupted."""
        counts = {
            "items": self.items,
            "deleted": self.deleted,
            "files": self.files,
            "missing": self.missing,
        }
        content = {
            "format": FORMAT,
            "plan": _plain(asdict(self.plan)),
            "origin": asdict(self.origin),
            "counts": counts,
            "parts": [asdict(part) for part in self.parts],
        }
        return _canonical(content)

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """The inverse. Raise BrokenChainError for what is none."""
        try:
            data = json.loads(content)
            if data["format"] != FORMAT:
                raise BrokenChainError(
                    f"a manifest of format {data['format']}: use a newer version"
                )
            parts = tuple(read_part(part) for part in data["parts"])
            plan = Plan(**_read_plan(data["plan"]))
            return cls(plan, Origin(**data["origin"]), parts)
        except _NONSENSE as error:
            raise BrokenChainError(f"not a manifest ({error})") from error


@value(frozen=True, slots=True)
class Head:
    """The run that a chain ends with, and until when it goes; `digest` is its manifest's."""

    chain: str
    run: int
    digest: str
    until: datetime


@value(frozen=True, slots=True)
class Bounds:
    """From when to when the table's past is known to DynamoDB."""

    earliest: datetime
    latest: datetime


@value(frozen=True, slots=True)
class Policy:
    """When to begin a run: changes at least this old, and the whole record again this often."""

    least: timedelta
    full_every: timedelta
    full_now: bool = False


def head_of(content: bytes) -> Head:
    """Of the manifest with this content."""
    plan = Manifest.from_bytes(content).plan
    return Head(plan.chain, plan.run, digest_of(content), plan.until)


def digest_of(content: bytes) -> str:
    """How a manifest is named by the one after it: SHA-256, in hex."""
    return _sha256(content)


def plan_next(
    last: Manifest | None, digest: str, origin: Origin, bounds: Bounds, policy: Policy
) -> Plan | None:
    """The run after `last`, whose manifest has that digest; None when it is too early for one.

    Where changes since the last run are no longer all known, the whole record is exported anew:
    nothing can be missed.
    """
    if last is None:
        return _first(origin, bounds.latest)
    before = last.plan
    if policy.full_now or before.until < bounds.earliest:
        return _whole(before, digest, max(bounds.latest, before.until))
    if bounds.latest - before.until < max(policy.least, timedelta(seconds=1)):
        return None
    if bounds.latest - before.base_until >= policy.full_every:
        return _whole(before, digest, bounds.latest)
    return _changes(before, digest, min(bounds.latest, before.until + LONGEST))


def may_go_on(
    plan: Plan, last: Manifest | None, digest: str, origin: Origin, bounds: Bounds
) -> bool:
    """Whether a run that was begun can still be carried out and leaves nothing out."""
    if last is None:
        expected = _first(origin, plan.until)
    elif plan.kind is Kind.FULL:
        expected = _whole(last.plan, digest, plan.until)
    else:
        expected = _changes(last.plan, digest, plan.until)
    known = bounds.earliest <= (plan.since or plan.until) <= plan.until <= bounds.latest
    return known and replace(plan, attempt=1) == expected


def _first(origin: Origin, until: datetime) -> Plan:
    chain = _sha256(_canonical({**asdict(origin), "since": stamp(until)}))[:22]
    return Plan(chain, 1, GENESIS, Kind.FULL, None, until, base=1, base_until=until)


def _whole(before: Plan, digest: str, until: datetime) -> Plan:
    run = before.run + 1
    return Plan(before.chain, run, digest, Kind.FULL, None, until, run, until)


def _changes(before: Plan, digest: str, until: datetime) -> Plan:
    base = (before.base, before.base_until)
    since = before.until
    return Plan(before.chain, before.run + 1, digest, Kind.CHANGES, since, until, *base)


def check_follows(before: Head | None, content: bytes) -> Head:
    """The head after the manifest with this content. Raise BrokenChainError if it is not next."""
    plan = Manifest.from_bytes(content).plan
    run = before.run + 1 if before else 1
    if before and plan.chain != before.chain:
        raise BrokenChainError(
            f"run {plan.run} belongs to another chain ({plan.chain}, not {before.chain})"
        )
    if plan.run != run:
        raise BrokenChainError(f"run {run} is missing: the next in the store is {plan.run}")
    if plan.previous != (before.digest if before else GENESIS):
        raise BrokenChainError(f"run {run} does not follow the run before it in the store")
    if plan.kind is Kind.CHANGES and (before is None or plan.since != before.until):
        raise BrokenChainError(f"run {run} does not begin where the run before it ends")
    return head_of(content)


def runs_to_restore(manifests: Iterable[Manifest], run: int) -> list[Manifest]:
    """The whole record and the changes that lead to a run, in order. Raise BackupError."""
    known = {manifest.plan.run: manifest for manifest in manifests}
    if run not in known:
        raise BackupError(f"there is no run {run}; the store has {min(known)} to {max(known)}")
    return [known[n] for n in range(known[run].plan.base, run + 1)]


def run_at(manifests: Iterable[Manifest], at: datetime) -> int:
    """The last run that ends no later than `at`. Raise BackupError."""
    found = [manifest.plan.run for manifest in manifests if manifest.plan.until <= at]
    if not found:
        raise BackupError(f"no run ends at {stamp(at)} or before")
    return max(found)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _canonical(content: Mapping[str, Any]) -> bytes:
    """Readable, and the same for the same content."""
    return json.dumps(content, ensure_ascii=False, sort_keys=True, indent=1).encode() + b"\n"


def _plain(data: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: stamp(value) if isinstance(value, datetime) else value for name, value in data.items()
    }


def _read_plan(data: Mapping[str, Any]) -> dict[str, Any]:
    since = data["since"]
    return {
        **data,
        "kind": Kind(data["kind"]),
        "since": moment(since) if since else None,
        "until": moment(data["until"]),
        "base_until": moment(data["base_until"]),
    }


def read_part(data: Mapping[str, Any]) -> Part:
    """Of what `asdict` makes of one."""
    return Part(**{**data, "data": Stored(**data["data"]), "files": Stored(**data["files"])})
