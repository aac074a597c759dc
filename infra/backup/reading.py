"""Reads the store of the province and believes nothing of it that is not signed and hashed."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from botocore.exceptions import ClientError

from chalicelib.adapters.export_store import (
    ExportStore,
    file_key,
    manifest_key,
    read_list,
    run_of,
    signature_key,
)
from chalicelib.domain.backup import (
    BackupError,
    BrokenChainError,
    Head,
    Kind,
    Manifest,
    Stored,
    check_follows,
    head_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from chalicelib.adapters.signing import PublicKey
    from infra.operate.screen import Screen

_CHUNK = 1 << 20
_WORKERS = 8


@dataclass(frozen=True)
class Chain:
    """The runs of a store, in order; all signed, none missing."""

    manifests: Sequence[Manifest]
    head: Head
    rest: str = ""  # what is wrong with the run after these

    @property
    def last(self) -> Manifest:
        """The newest run."""
        return self.manifests[-1]


def _is_enough(manifests: Sequence[Manifest], run: int | None, at: datetime | None) -> bool:
    """For a time only with a run that ends after it: the one in doubt could end before it, too."""
    if not manifests:
        return False
    last = manifests[-1].plan
    return bool((run and last.run >= run) or (at and last.until > at))


class Vault:
    """The store, as one who restores from it sees it."""

    def __init__(self, client: Any, bucket: str) -> None:
        self._client = client
        self._bucket = bucket
        self._store = ExportStore(client, bucket, "")
        self.name = f"{client.meta.endpoint_url}/{bucket}"

    def chain(
        self, keys: Sequence[PublicKey], *, run: int | None = None, at: datetime | None = None
    ) -> Chain:
        """All runs; or those before a doubtful one, where they are enough for that run or time.

        Raise BackupError for an empty store, BrokenChainError for a doubtful one.
        """
        head: Head | None = None
        manifests: list[Manifest] = []
        try:
            for number in self._numbers():
                manifest, head = self._next(head, number, keys)
                manifests.append(manifest)
        except BrokenChainError as error:
            if head is None or not _is_enough(manifests, run, at):
                raise
            return Chain(manifests, head, str(error))
        if head is None:
            raise BackupError("the store holds no complete run")
        return Chain(manifests, head)

    def _next(
        self, head: Head | None, run: int, keys: Sequence[PublicKey]
    ) -> tuple[Manifest, Head]:
        content = self._store.manifest(run) or b""
        self._check_signature(run, content, keys)
        manifest = Manifest.from_bytes(content)
        if head is None and run > 1 and manifest.plan.kind is Kind.FULL:
            return manifest, head_of(content)  # earlier runs were thinned out: it needs none
        return manifest, check_follows(head, content)

    def begun(self) -> list[int]:
        """Runs that have a plan and no manifest: they were never complete."""
        return sorted(set(self._names("plans/")) - set(self._numbers()))

    def _numbers(self) -> list[int]:
        return sorted(self._names("manifests/"))

    def _names(self, prefix: str) -> list[int]:
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=prefix
        )
        names = (each["Key"] for page in pages for each in page.get("Contents", ()))
        return list(filter(None, map(run_of, names)))

    def _check_signature(self, run: int, content: bytes, keys: Sequence[PublicKey]) -> None:
        signature = self._store.signature(run)
        if not signature:
            raise BrokenChainError(f"run {run}: {signature_key(run)} is missing")
        if not any(key.verifies(content, signature) for key in keys):
            raise BrokenChainError(
                f"run {run}: {manifest_key(run)} is not signed by the key given. Was it changed, "
                "or does the public key belong to another deployment?"
            )

    # -- objects

    def faults(self, manifests: Iterable[Manifest], screen: Screen, *, deep: bool) -> list[str]:
        """What of these runs is missing or changed; `deep` reads every file, too."""
        found: list[str] = []
        files: dict[str, int] = {}
        stored = [each for manifest in manifests for each in manifest.stored]
        for each in screen.over(stored, "objects of the record"):
            try:
                with self.opened(each) as content:
                    if "/files-" in each.key:
                        rows = read_list(content.read()).rows
                        files |= {row["sha256"]: row["size"] for row in rows if "sha256" in row}
            except BrokenChainError as error:
                found.append(str(error))
        with ThreadPoolExecutor(_WORKERS) as pool:
            told = pool.map(lambda file: self._file_fault(*file, deep=deep), files.items())
            found += [fault for fault in screen.over(told, "files", len(files)) if fault]
        return found

    def _file_fault(self, sha256: str, size: int, *, deep: bool) -> str:
        if not deep:
            there = self._store.has_file(sha256, size)
            return "" if there else f"{file_key(sha256)} is missing, or not the {size} bytes it was"
        try:
            self.file(sha256)
        except BrokenChainError as error:
            return str(error)
        return ""

    def opened(self, stored: Stored) -> BinaryIO:
        """An object on this machine, its hash checked. Raise BrokenChainError."""
        spool = TemporaryFile()  # noqa: SIM115 - whoever asked closes it
        digest = hashlib.sha256()
        for chunk in self._chunks(stored.key):
            digest.update(chunk)
            spool.write(chunk)
        if digest.hexdigest() != stored.sha256:
            spool.close()
            raise BrokenChainError(f"{stored.key} is not what was signed: its content was changed")
        spool.seek(0)
        return cast("BinaryIO", spool)

    def file(self, sha256: str) -> bytes:
        """A file's content. Raise BrokenChainError where it is missing or another."""
        content = b"".join(self._chunks(file_key(sha256)))
        if hashlib.sha256(content).hexdigest() != sha256:
            raise BrokenChainError(f"{file_key(sha256)} was changed: it no longer has that hash")
        return content

    def _chunks(self, key: str) -> Iterator[bytes]:
        try:
            body = self._client.get_object(Bucket=self._bucket, Key=key)["Body"]
        except ClientError as error:
            if error.response["Error"]["Code"] not in {"NoSuchKey", "404"}:
                raise
            raise BrokenChainError(f"{key} is missing from the store") from error
        yield from body.iter_chunks(_CHUNK)
