"""Export the record and its files to the province's own store, one run after the other.

Each step can be done again without harm, and each is looked for before it is done: a run that was
killed, or ran out of time, is gone on with by the next call. It is complete only with its
manifest, which is written last.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from enum import StrEnum
from itertools import islice
from typing import Any, Final

from chalicelib.backup_ports import (
    BackupDeps,
    DataFile,
    ExportFailedError,
    FileRef,
    Line,
    PartList,
    Rows,
)
from chalicelib.domain.backup import (
    GENESIS,
    BackupError,
    BrokenChainError,
    ForeignChainError,
    Head,
    Kind,
    Manifest,
    Part,
    Plan,
    Policy,
    check_follows,
    head_of,
    may_go_on,
    plan_next,
)
from chalicelib.domain.event import stamp
from chalicelib.domain.value import value

POLL_SECONDS: Final = 5.0
AT_ONCE: Final = 200  # files between two looks at the clock

Say = Callable[[str], None]


class OutOfTimeError(Exception):
    """The function's time is nearly up; the next call goes on."""


class State(StrEnum):
    """What a call came to."""

    COMPLETE = "complete"
    UNFINISHED = "unfinished"  # the next call goes on
    NOTHING_DUE = "nothing_due"


@value(frozen=True, slots=True)
class Exported:
    """`run` is the one it worked on, or the newest; with its manifest when it is complete."""

    state: State
    run: int
    manifest: Manifest | None = None


def export(
    deps: BackupDeps,
    policy: Policy,
    *,
    adopt: bool = False,
    spare: Callable[[], bool] = lambda: True,
    say: Say = lambda _: None,
) -> Exported:
    """One run, or as much of it as there is time for.

    `adopt` goes on with a chain that another deployment began. Raise BackupError.
    """
    head, last = _head(deps, adopt=adopt)
    if adopt and deps.ledger.get() is None:  # another table: what changed in it says nothing
        policy = replace(policy, full_now=True)
    plan = _planned(deps, policy, head, last)
    if plan is None:
        return Exported(State.NOTHING_DUE, head.run if head else 0, last)
    what = "the whole record" if plan.since is None else f"changes since {stamp(plan.since)}"
    say(f"run {plan.run}: {what}, until {stamp(plan.until)}")
    try:
        manifest = _carried_out(plan, deps, spare, say)
    except ExportFailedError as error:
        deps.store.put_plan(plan.again())
        say(f"DynamoDB's export failed ({error}); the next call begins another")
        return Exported(State.UNFINISHED, plan.run)
    except OutOfTimeError:
        return Exported(State.UNFINISHED, plan.run)
    return Exported(State.COMPLETE, plan.run, manifest)


# -- where the chain stands


def _head(deps: BackupDeps, *, adopt: bool) -> tuple[Head | None, Manifest | None]:
    """The newest run, which must be the one this deployment wrote last."""
    known = deps.ledger.get()
    newest, content = _newest(deps, known.run if known else 0)
    if content is None:
        if known and known.run:
            raise ForeignChainError(
                f"This deployment has written {known.run} runs, and the store has none. Is it the "
                "right one? To begin anew in an empty store, remove head.json from the bucket of "
                "changes."
            )
        return None, None
    head = _head_of(newest, content)
    if known is None and not adopt:
        raise ForeignChainError(
            f"The store holds {newest} runs of another deployment. Name an empty bucket, or, if "
            "this deployment was restored from there and is to go on with them, say --adopt."
        )
    if known and head != known:
        _check_newer(known, content, deps)
    if known and head != known:
        deps.ledger.set(head)
    return head, Manifest.from_bytes(content)


def _head_of(run: int, content: bytes) -> Head:
    try:
        return head_of(content)
    except BrokenChainError as error:
        raise ForeignChainError(
            f"manifests/{run:06d}.json in the store is no run ({error}). If it is not one of "
            "yours, remove it; else bring it back as it was."
        ) from error


def _newest(deps: BackupDeps, after: int) -> tuple[int, bytes | None]:
    """Looked for from the beginning where the one that was known is gone."""
    newest = deps.store.newest(after)
    content = deps.store.manifest(newest) if newest else None
    return (newest, content) if content or not after else _newest(deps, 0)


def _check_newer(known: Head, content: bytes, deps: BackupDeps) -> None:
    """Of a call that was killed between its last two steps; anything else is not ours."""
    run = Manifest.from_bytes(content).plan.run
    if run <= known.run:
        raise ForeignChainError(
            f"The store's newest run is {run}, and not as this deployment wrote it: {known.run} "
            "was its last. Somebody removed or replaced runs; bring them back before the next one."
        )
    check_follows(known, content)
    if not deps.signer.verifies(content, deps.store.signature(run)):
        raise ForeignChainError(f"Run {run} is in the store, but this deployment did not sign it.")


def _planned(
    deps: BackupDeps, policy: Policy, head: Head | None, last: Manifest | None
) -> Plan | None:
    """The run that was begun, or a new one."""
    run, digest = (head.run + 1, head.digest) if head else (1, "")
    bounds = deps.source.bounds()
    begun = deps.store.plan(run)
    suits = begun and (begun.kind is Kind.FULL or not policy.full_now)
    if begun and suits and may_go_on(begun, last, digest, deps.origin, bounds):
        return begun
    fresh = plan_next(last, digest, deps.origin, bounds, policy)
    if fresh and last is None:  # whose chain it is must be known before the store has a run
        deps.ledger.set(Head(fresh.chain, 0, GENESIS, fresh.until))
    if fresh:
        deps.store.put_plan(fresh, first=begun is None)
    return fresh


# -- one run


def _carried_out(plan: Plan, deps: BackupDeps, spare: Callable[[], bool], say: Say) -> Manifest:
    files = deps.source.files(_exported(plan, deps, spare))
    known = dict(enumerate(deps.ledger.parts(plan), 1))  # the store's own word is not signed
    parts: list[Part] = []
    for n, file in enumerate(files, 1):
        part = known.get(n)
        if part is None or part.source != file.key or not deps.store.holds(part):
            say(f"part {n} of {len(files)}: {file.lines} items")
            part = _copied(plan, n, file, deps, spare)
            deps.ledger.keep(plan, [*parts, part])
        parts.append(part)
    deps.ledger.keep(plan, parts)  # also tells whether another export came in between
    manifest = Manifest(plan, deps.origin, tuple(parts))
    content = manifest.to_bytes()
    deps.store.put_manifest(plan.run, content, deps.signer.sign(content))
    deps.ledger.set(head_of(content))
    return manifest


def _exported(plan: Plan, deps: BackupDeps, spare: Callable[[], bool]) -> str:
    name = deps.source.begin(plan)
    while not (summary := deps.source.finished(name)):
        _check_time(spare)
        deps.pause(POLL_SECONDS)
    return summary


def _check_time(spare: Callable[[], bool]) -> None:
    if not spare():
        raise OutOfTimeError


def _copied(
    plan: Plan, n: int, file: DataFile, deps: BackupDeps, spare: Callable[[], bool]
) -> Part:
    """The files that its items name first, then the items, then the list."""
    _check_time(spare)
    with deps.source.fetch(file) as fetched:
        counted = _Counted()
        refs = counted.files(deps.source.lines(fetched.content))
        rows = _files(refs, deps, spare)
        if counted.lines != file.lines:
            raise BackupError(f"{file.key}: {counted.lines} lines, DynamoDB says {file.lines}")
        fetched.content.seek(0)
        data = deps.store.put_data(plan, n, fetched, counted.lines)
    return deps.store.put_list(plan, n, PartList(data, file.key, counted.gone, rows))


class _Counted:
    """Counts lines while it yields the files they name."""

    def __init__(self) -> None:
        self.lines = 0
        self.gone = 0

    def files(self, lines: Iterator[Line]) -> Iterator[FileRef]:
        for line in lines:
            self.lines += 1
            self.gone += line.gone
            if line.file:
                yield line.file


def _files(refs: Iterator[FileRef], deps: BackupDeps, spare: Callable[[], bool]) -> Rows:
    rows: Rows = []
    with ThreadPoolExecutor(deps.workers) as pool:
        while some := list(islice(refs, AT_ONCE)):
            _check_time(spare)
            rows += pool.map(lambda ref: _file(ref, deps), some)
    return rows


def _file(ref: FileRef, deps: BackupDeps) -> Mapping[str, Any]:
    """Copy one, unless its content is there already; one that is not what it should be is told."""
    row = {"key": ref.key, "item": list(ref.item), "type": ref.type}
    if ref.sha256 and deps.store.has_file(ref.sha256, ref.size):
        return {**row, "sha256": ref.sha256, "size": ref.size}
    content = deps.bucket.get(ref.key)
    if content is None:
        return {**row, "missing": "absent"}
    found = hashlib.sha256(content).hexdigest()
    if ref.sha256 and found != ref.sha256:
        return {**row, "missing": "other content"}
    if ref.sha256 or not deps.store.has_file(found, len(content)):
        deps.store.put_file(found, content)
    return {**row, "sha256": found, "size": len(content)}
