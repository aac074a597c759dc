"""Writes a run into a deployment: items, then cases, then messages; files; counters moved on.

Everything is written as it is to be, so that writing it again changes nothing: a restore that was
killed is started again and comes to the same end.
"""

from __future__ import annotations

import hashlib
import time
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from chalicelib.adapters import table_keys as keys
from chalicelib.adapters.item_codec import to_attributes
from chalicelib.domain.backup import BackupError
from infra.backup.staging import chain_fault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from chalicelib.adapters.table import Table
    from chalicelib.domain.backup import Manifest
    from infra.backup.reading import Vault
    from infra.backup.staging import File, Item, Staging
    from infra.operate.screen import Screen

STEP = 1000  # more serials than one desk gives between two exports in a day
_BATCH = 25
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

    def check_target(self, run: Manifest, *, overwrite: bool) -> None:
        """Raise NotEmptyError for a deployment in use, unless this very restore was under way."""
        found = self.target.table.get(keys.restored())
        same = found and (found["chain"], int(found["run"])) == (run.plan.chain, run.plan.run)
        if overwrite or (same and found and found["state"] == "begun"):
            return
        if self._holds_dossiers():
            raise NotEmptyError(
                f"{self.target.table.name} holds dossiers. A restore is for an empty deployment: "
                "what was decided since that run would be lost. To do it all the same, say "
                "--overwrite."
            )

    def _holds_dossiers(self) -> bool:
        """By a Scan that ends at the first one: there is no other way to know, and only here."""
        pages = self.target.table.client.get_paginator("scan").paginate(
            TableName=self.target.table.name, ProjectionExpression="PK"
        )
        return any(
            item["PK"]["S"].startswith(keys.DOSSIERS) for page in pages for item in page["Items"]
        )

    def write(self, staging: Staging, run: Manifest) -> dict[str, int]:
        """All of it; answers how many files and counters."""
        self._note(run, "begun")
        files, counters = staging.files(), self._counters(staging)
        self._put_files(files)
        self._put_items(iter(counters), len(counters))
        for items, total in staging.phases():
            self._put_items(items, total)
        return {"files": len(files), "counters": len(counters)}

    def finish(self, run: Manifest) -> None:
        """After everything was read back."""
        self._note(run, "done")

    def _note(self, run: Manifest, state: str) -> None:
        data = {"chain": run.plan.chain, "run": run.plan.run, "state": state}
        item = to_attributes({**keys.restored(), **data})
        self.target.table.client.put_item(TableName=self.target.table.name, Item=item)

    # -- items

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
        content = self.vault.file(file.sha256)
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
        case = self.target.table.get({"PK": pk, "SK": keys.CASE})
        if case is None:
            return "has no case"
        where, values = "PK = :pk AND begins_with(SK, :prefix)", {":pk": pk, ":prefix": keys.EVENTS}
        there = list(self.target.table.items(where, values, ConsistentRead=True))
        if there[: len(staged)] != staged:
            return "its events are not those that were exported"
        ev = int(case["ev"])
        return chain_fault(pk, there[:ev], (case["head"], ev))

    def _file_fault(self, file: File) -> str:
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
