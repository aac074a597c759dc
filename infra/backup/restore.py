"""Writes a run into a deployment: items, then cases, then messages; files; counters moved on.

A restore that was killed is started again and comes to the same end. With its case a dossier is
whole, and people and clocks act on it: from then on no restore writes to it. What is of no dossier
is written before all cases, and by one that is started again only if it was not all there.
"""

from __future__ import annotations

import hashlib
import time
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from chalicelib.adapters import table_keys as keys
from chalicelib.adapters.item_codec import to_attributes
from chalicelib.domain.backup import BackupError, BrokenChainError, digest_of
from infra.backup.staging import chain_fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from chalicelib.adapters.table import Table
    from chalicelib.domain.backup import Manifest
    from infra.backup.reading import Vault
    from infra.backup.staging import File, Item, Staging
    from infra.operate.screen import Screen

STEP = 1000  # more serials than one desk gives between two exports in a day
_BATCH = 25
_CASE = {":case": {"S": keys.CASE}}
_BEGUN, _ITEMS, _DONE = "begun", "items", "done"  # how far it came
_LOOKS = 3  # at a dossier on which somebody acts at this moment
_LONGEST_PAUSE = 5.0  # seconds


@dataclass(frozen=True)
class Target:
    """The deployment that is written to; `today` is its service date, in Vietnam."""

    table: Table
    s3: Any
    bucket: str
    today: datetime


class NotEmptyError(BackupError):
    """The deployment holds dossiers: nothing was written."""


@dataclass
class Restore:
    """One restore, from `vault` into `target`; `workers` write side by side."""

    vault: Vault
    target: Target
    screen: Screen
    workers: int = 8
    is_used: bool = False  # whether there were dossiers before
    has_rest: bool = False  # whether a try before this one came to its end with all but dossiers
    lost: dict[str, str] = field(default_factory=dict)  # files the store has not, by key

    def check_target(self, run: Manifest, *, overwrite: bool) -> None:
        """Raise NotEmptyError for a deployment in use, unless this very restore was under way."""
        found = self.target.table.get(keys.restored()) or {}
        same = {name: found.get(name) for name in ("chain", "digest", "store")} == self._mark(run)
        state = found["state"] if same else ""
        self.is_used = self._holds_dossiers()
        self.has_rest = self.is_used and state == _ITEMS and not overwrite
        if overwrite or not self.is_used or state in {_BEGUN, _ITEMS}:
            return
        raise NotEmptyError(
            f"{self.target.table.name} holds dossiers. A restore is for an empty deployment. "
            "With --overwrite those that it has stay as they are, and what is missing is added."
        )

    def _mark(self, run: Manifest) -> dict[str, str]:
        """What a restore of this run, from this store, is known by."""
        digest = digest_of(run.to_bytes())
        return {"chain": run.plan.chain, "digest": digest, "store": self.vault.name}

    def check_beyond(self, staging: Staging, *, overwrite: bool) -> None:
        """Raise NotEmptyError where citizens have filed since this restore was begun."""
        if overwrite or not self.is_used:
            return
        case = {"FilterExpression": "SK = :case", "ExpressionAttributeValues": _CASE}
        if beyond := sum(not staging.knows(pk) for pk in self._dossiers(**case)):
            raise NotEmptyError(
                f"{self.target.table.name} holds dossiers, {beyond} that this run does not know: "
                "it is in use. With --overwrite they stay as they are, and what is missing is added"
            )

    def _holds_dossiers(self) -> bool:
        """By a Scan that ends at the first one: there is no other way to know, and only here."""
        return any(True for _ in self._dossiers())

    def _dossiers(self, **only: Any) -> Iterator[str]:
        """Partitions of dossiers, once for each of their items that is asked for."""
        pages = self.target.table.client.get_paginator("scan").paginate(
            TableName=self.target.table.name, ProjectionExpression="PK", **only
        )
        found = (item["PK"]["S"] for page in pages for item in page["Items"])
        return (pk for pk in found if pk.startswith(keys.DOSSIERS))

    def write(self, staging: Staging, run: Manifest) -> dict[str, int]:
        """All of it; answers how many files and counters, and dossiers that went on here."""
        self._note(run, _ITEMS if self.has_rest else _BEGUN)
        files, counters = staging.files(), self._counters(staging)
        self._put_files(files)
        self._put_each(iter(counters), len(counters), "attribute_not_exists(PK) OR n < :n", "n")
        kept, went_on = self._kept(staging)
        (items, some), (cases, many), (messages, few) = staging.phases()
        self._put_items((item for item in items if self._is_due(item["PK"]["S"], kept)), some)
        self._note(run, _ITEMS)
        cases = (case for case in cases if case["PK"]["S"] not in kept)
        self._put_each(cases, many, "attribute_not_exists(PK)")
        self._put_each(messages, few, "attribute_not_exists(PK) OR tries < :tries", "tries")
        return {"files": len(files), "counters": len(counters), "went_on": went_on}

    def finish(self, run: Manifest) -> None:
        """After everything was read back."""
        self._note(run, _DONE)

    def _is_due(self, pk: str, kept: set[str]) -> bool:
        """Catalogue, directory and agencies have no number that grows: they may be newer here."""
        return pk not in kept and (pk.startswith(keys.DOSSIERS) or not self.has_rest)

    def _note(self, run: Manifest, state: str) -> None:
        data = {**self._mark(run), "run": run.plan.run, "state": state}
        item = to_attributes({**keys.restored(), **data})
        self.target.table.client.put_item(TableName=self.target.table.name, Item=item)

    # -- dossiers that are there

    def _kept(self, staging: Staging) -> tuple[set[str], int]:
        """Dossiers to leave alone, and how many of them have gone on since the run.

        A case is written last, so one that is there is whole. People and clocks act on it; its
        messages and marks are named after its events: nobody can take it back.
        """
        if not self.is_used:
            return set(), 0
        total = staging.counts()["dossiers"]
        told = self.screen.over(staging.events(), "dossiers looked for", total)
        kept, went_on = set[str](), 0
        with ThreadPoolExecutor(self.workers) as pool:
            while some := list(islice(told, _BATCH)):
                for (pk, staged), there in zip(some, pool.map(self._found, some), strict=True):
                    if there is not None:
                        kept.add(pk)
                        went_on += there > len(staged)
        return kept, went_on

    def _found(self, dossier: tuple[str, list[Item]]) -> int | None:
        """How many events are there of one to be left alone; None of one to be written.

        One with fewer than the run has loses its case first: nobody acts on it meanwhile.
        """
        pk, staged = dossier
        case, there = self._there(pk)
        if len(there) >= len(staged) and (case or len(there) > len(staged)):
            return len(there)
        if case is None:
            return None
        if there != staged[: len(there)] or int(case["ev"]) != len(there):
            return len(there)
        return None if self._takes_away(pk, len(there)) else len(there)

    def _takes_away(self, pk: str, ev: int) -> bool:
        """Whether nobody acted on it since it was looked at."""
        return self._if_so(
            self.target.table.client.delete_item,
            Key=to_attributes({"PK": pk, "SK": keys.CASE}),
            ConditionExpression="ev = :ev",
            ExpressionAttributeValues=to_attributes({":ev": ev}),
        )

    def _there(self, pk: str) -> tuple[Mapping[str, Any] | None, Sequence[Item]]:
        """Its case and its events; both again where somebody acted between the two readings."""
        where, values = "PK = :pk AND begins_with(SK, :prefix)", {":pk": pk, ":prefix": keys.EVENTS}
        for _ in range(_LOOKS):
            case = self.target.table.get({"PK": pk, "SK": keys.CASE})
            events = list(self.target.table.items(where, values, ConsistentRead=True))
            if case is None or int(case["ev"]) == len(events):
                break
        return case, events

    # -- items

    def _put_each(
        self, items: Iterator[Item], total: int, condition: str, newer_by: str = ""
    ) -> None:
        """One by one, each unless what is there is newer."""

        def put(item: Item) -> None:
            value = {f":{newer_by}": item[newer_by]} if newer_by else {}
            more = {"ExpressionAttributeValues": value} if value else {}
            client = self.target.table.client
            self._if_so(client.put_item, Item=item, ConditionExpression=condition, **more)

        with ThreadPoolExecutor(self.workers) as pool:
            told = self.screen.over(items, "items with a condition", total)
            while some := list(islice(told, _BATCH * self.workers)):
                list(pool.map(put, some))

    def _if_so(self, act: Callable[..., Any], **how: Any) -> bool:
        """Whether its condition held."""
        try:
            act(TableName=self.target.table.name, **how)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            return False
        return True

    def _put_items(self, items: Iterator[Item], total: int) -> None:
        """In batches, some side by side; in no order."""
        with ThreadPoolExecutor(self.workers) as pool:
            told = self.screen.over(
                _batches(items), f"batches of {_BATCH} items", -(-total // _BATCH)
            )
            while some := list(islice(told, self.workers)):
                list(pool.map(self._put_batch, some))

    def _put_batch(self, batch: list[Item]) -> None:
        name, pause = self.target.table.name, 0.1
        asked = {name: [{"PutRequest": {"Item": item}} for item in batch]}
        while asked:
            answer = self.target.table.client.batch_write_item(RequestItems=asked)
            asked = answer.get("UnprocessedItems") or {}
            if asked:
                time.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)

    # -- counters

    def _counters(self, staging: Staging) -> list[Item]:
        """Every counter moved on, and today's of each agency that has none yet.

        Numbers given between that run and the accident are on paper slips already, also those of
        a day whose first number was given after the run.
        """
        known = staging.counters()
        day = self.target.today.strftime("%y%m%d")
        today = {f"{agency}#{day}": 0 for agency in staging.agencies()}
        return [
            to_attributes({**keys.serial(name), "n": n + STEP})
            for name, n in (today | known).items()
        ]

    # -- files

    def _put_files(self, files: list[File]) -> None:
        with ThreadPoolExecutor(self.workers) as pool:
            list(self.screen.over(pool.map(self._put_file, files), "files", len(files)))

    def _put_file(self, file: File) -> None:
        if self._has(file):
            return
        try:
            content = self.vault.file(file.sha256)
        except BrokenChainError as error:  # all others come back all the same
            self.lost[file.key] = f"{file.key}: {error}"
            return
        self.target.s3.put_object(
            Bucket=self.target.bucket,
            Key=file.key,
            Body=content,
            ContentType=file.type,
            ChecksumSHA256=_base64(file.sha256),
        )

    def _has(self, file: File) -> bool:
        """Put there by this restore before it was interrupted: the store itself knows the hash."""
        try:
            found = self.target.s3.head_object(
                Bucket=self.target.bucket, Key=file.key, ChecksumMode="ENABLED"
            )
        except ClientError as error:
            if error.response["Error"]["Code"] not in {"404", "NoSuchKey"}:
                raise
            return False
        return bool(found.get("ChecksumSHA256") == _base64(file.sha256))

    # -- reading back

    def faults(self, staging: Staging) -> list[str]:
        """Every dossier's events and every file, read back from the deployment."""
        total = staging.counts()["dossiers"]
        told = self.screen.over(staging.events(), "dossiers read back", total)
        files = staging.files()
        found: list[str] = []
        with ThreadPoolExecutor(self.workers) as pool:
            while some := list(islice(told, _BATCH)):
                found += pool.map(self._dossier_fault, some)
            found += self.screen.over(
                pool.map(self._file_fault, files), "files read back", len(files)
            )
        return [fault for fault in found if fault]

    def _dossier_fault(self, dossier: tuple[str, list[Item]]) -> str:
        pk, staged = dossier
        why = self._events_fault(pk, staged)
        return f"{pk}: {why}" if why else ""

    def _events_fault(self, pk: str, staged: list[Item]) -> str:
        """It may have moved on since it was written: events are only ever added."""
        case, there = self._there(pk)
        if case is None:
            return "has no case"
        if there[: len(staged)] != staged:
            return "its events are not those that were exported"
        ev = int(case["ev"])
        if len(there) != ev:
            return f"{len(there)} events are there, and its case says {ev}"
        return chain_fault(pk, there, (case["head"], ev))

    def _file_fault(self, file: File) -> str:
        if file.key in self.lost:
            return self.lost[file.key]
        try:
            answer = self.target.s3.get_object(Bucket=self.target.bucket, Key=file.key)
        except ClientError as error:
            return f"{file.key}: {error.response['Error']['Code']}"
        same = hashlib.sha256(answer["Body"].read()).hexdigest() == file.sha256
        return "" if same else f"{file.key}: other content"


def _batches(items: Iterator[Item]) -> Iterator[list[Item]]:
    while batch := list(islice(items, _BATCH)):
        yield batch


def _base64(sha256: str) -> str:
    return b64encode(bytes.fromhex(sha256)).decode()
