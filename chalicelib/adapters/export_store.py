"""The province's own store: any that speaks S3, at an endpoint of its own.

manifests/000002.json   what run 2 consists of; there only when all of it is there
manifests/000002.sig    its signature (DER)
plans/000002.json       what run 2 is to hold, from its beginning on
runs/000002/<plan>/data-0001.jsonl.gz    items, as DynamoDB exported them
runs/000002/<plan>/files-0001.jsonl.gz   the files that these items name
files/ab/ab12…          a file, by the SHA-256 of its content: never sent twice
"""

import gzip
import hashlib
import json
import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

from chalicelib.adapters.clients import Client
from chalicelib.backup_ports import Fetched, PartList
from chalicelib.domain.backup import (
    BackupError,
    BrokenChainError,
    BusyError,
    Head,
    Part,
    Plan,
    Stored,
    read_part,
)
from chalicelib.domain.event import moment, stamp

_ONE_BY_ONE: Final = TransferConfig(use_threads=False)
_OF_A_RUN: Final = re.compile(r"^(manifests|plans)/(?P<run>\d{6}|[1-9]\d{6,})\.json$")
_TAKEN: Final = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "412", "409"})
_UNKNOWN: Final = frozenset({"NotImplemented", "501"})  # to a store, a condition
_HEAD: Final = ("chain", "run", "digest", "until")
_ABSENT: Final = frozenset({"NoSuchKey", "404", "NotFound"})


def manifest_key(run: int) -> str:
    """Sorts as the runs do."""
    return f"manifests/{run:06d}.json"


def run_of(key: str) -> int | None:
    """The run whose manifest or plan this is; None of what somebody else put there."""
    found = _OF_A_RUN.match(key)
    return int(found["run"]) if found else None


def signature_key(run: int) -> str:
    """Beside the manifest."""
    return f"manifests/{run:06d}.sig"


def file_key(sha256: str) -> str:
    """Of a file with this content."""
    return f"files/{sha256[:2]}/{sha256}"


def read_list(content: bytes) -> PartList:
    """The list of a part, as it is stored."""
    header, *rows = [json.loads(line) for line in gzip.decompress(content).splitlines()]
    return PartList(Stored(**header["data"]), header["source"], header["deleted"], rows)


class ExportStore:
    """See the port `Store`; `encryption` is what it must confirm of each object (SSE)."""

    def __init__(self, client: Client, bucket: str, encryption: str) -> None:
        self._client = client
        self._bucket = bucket
        self._encryption = encryption

    def newest(self, after: int) -> int:
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix="manifests/", StartAfter=manifest_key(after)
        )
        keys = (each["Key"] for page in pages for each in page.get("Contents", ()))
        return max(filter(None, map(run_of, keys)), default=after)

    def manifest(self, run: int) -> bytes | None:
        return self.read(manifest_key(run))

    def signature(self, run: int) -> bytes:
        return self.read(signature_key(run)) or b""

    def put_manifest(self, run: int, content: bytes, signature: bytes) -> None:
        if self.manifest(run) is None:
            self._put(signature_key(run), signature)
            if self._puts_new(manifest_key(run), content):
                if self.signature(run) != signature:  # another's, which came too late
                    self._put(signature_key(run), signature)
                return
        if self.manifest(run) != content:
            raise BusyError(f"Run {run} was completed by another export meanwhile: call again.")

    def plan(self, run: int) -> Plan | None:
        content = self.read(_plan_key(run))
        try:
            return Plan.from_bytes(content) if content is not None else None
        except BrokenChainError:
            return None

    def put_plan(self, plan: Plan, *, first: bool = False) -> None:
        key, content = _plan_key(plan.run), plan.to_bytes()
        if first and self._puts_new(key, content):
            return
        if first and self.plan(plan.run) not in {None, plan}:
            raise BusyError(f"Run {plan.run} was begun by another export meanwhile: call again.")
        self._put(key, content)

    def holds(self, part: Part) -> bool:
        return all(
            self._holds(each.key, each.sha256, each.size) for each in (part.data, part.files)
        )

    def put_data(self, plan: Plan, n: int, fetched: Fetched, lines: int) -> Stored:
        key = _part_key(plan, "data", n)
        extra = self._sealed()
        self._client.upload_fileobj(
            fetched.content, self._bucket, key, ExtraArgs=extra, Config=_ONE_BY_ONE
        )
        found = self._client.head_object(Bucket=self._bucket, Key=key)
        self._check_sealed(found)
        if found["ContentLength"] != fetched.size:
            raise BackupError(f"the store has {found['ContentLength']} bytes of {key}: call again")
        return Stored(key, fetched.sha256, fetched.size, lines)

    def put_list(self, plan: Plan, n: int, content: PartList) -> Part:
        header = {**asdict(content), "rows": len(content.rows)}
        lines = [json.dumps(row, ensure_ascii=False) for row in (header, *content.rows)]
        key = _part_key(plan, "files", n)
        body = gzip.compress("\n".join(lines).encode(), mtime=0)
        self._put(key, body)
        stored = Stored(key, hashlib.sha256(body).hexdigest(), len(body), len(content.rows))
        missing = sum("missing" in row for row in content.rows)
        return Part(content.data, stored, content.source, content.deleted, missing)

    def has_file(self, sha256: str, size: int) -> bool:
        return self._holds(file_key(sha256), sha256, size)

    def _holds(self, key: str, sha256: str, size: int) -> bool:
        try:
            found = self._client.head_object(Bucket=self._bucket, Key=key, ChecksumMode="ENABLED")
        except ClientError as error:
            if error.response["Error"]["Code"] not in _ABSENT:
                raise
            return False
        known = found.get("ChecksumSHA256", "")  # of one sent in pieces it is a hash of hashes
        same = not known or "-" in known or known == _base64(bytes.fromhex(sha256))
        return bool(same and found["ContentLength"] == size)

    def put_file(self, sha256: str, content: bytes) -> None:
        self._put(file_key(sha256), content)

    def read(self, key: str) -> bytes | None:
        """An object; None where there is none."""
        return read(self._client, self._bucket, key)

    def _puts_new(self, key: str, content: bytes) -> bool:
        """Whether nothing was there; whoever calls has looked, for stores without conditions."""
        try:
            self._put(key, content, IfNoneMatch="*")
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in _UNKNOWN:
                self._put(key, content)
            elif code in _TAKEN:
                return False
            else:
                raise
        return True

    def _put(self, key: str, content: bytes, **more: str) -> None:
        """With its hash, so that a store that checks it refuses what was changed on the way."""
        answer = self._client.put_object(
            Bucket=self._bucket,
            Key=key,
            Body=content,
            ChecksumSHA256=_base64(hashlib.sha256(content).digest()),
            **self._sealed(),
            **more,
        )
        self._check_sealed(answer)

    def _sealed(self) -> dict[str, str]:
        return {"ServerSideEncryption": self._encryption}

    def _check_sealed(self, answer: Mapping[str, Any]) -> None:
        found = answer.get("ServerSideEncryption")
        if found != self._encryption:
            raise BackupError(
                f"The store does not confirm that it encrypts ({found or 'no word of it'} instead "
                f"of {self._encryption}): personal data must not lie there in clear. Switch on its "
                "encryption at rest, or set EXPORT_ENCRYPTION to the kind it has."
            )


class ChangesLedger:
    """See the port `Ledger`: an object in the bucket of the table's exports."""

    KEY: Final = "head.json"

    def __init__(self, client: Client, bucket: str) -> None:
        self._client = client
        self._bucket = bucket
        self._tag: str | None = None  # of what was read or written last; empty where nothing was
        self._data: dict[str, Any] = {}

    def get(self) -> Head | None:
        try:
            answer = self._client.get_object(Bucket=self._bucket, Key=self.KEY)
        except ClientError as error:
            if error.response["Error"]["Code"] not in _ABSENT:
                raise
            self._tag, self._data = "", {}
            return None
        self._tag, self._data = answer["ETag"], json.loads(answer["Body"].read())
        head = {name: self._data[name] for name in _HEAD if name in self._data}
        return Head(**{**head, "until": moment(head["until"])}) if head else None

    def set(self, head: Head) -> None:
        self._write({**asdict(head), "until": stamp(head.until)})

    def parts(self, plan: Plan) -> tuple[Part, ...]:
        found = self._data.get("under_way", {})
        return tuple(map(read_part, found["parts"])) if found.get("plan") == plan.token else ()

    def keep(self, plan: Plan, parts: Sequence[Part]) -> None:
        under_way = {"plan": plan.token, "parts": [asdict(part) for part in parts]}
        self._write({**self._data, "under_way": under_way})

    def _write(self, data: dict[str, Any]) -> None:
        """Over what was read and nothing else: this bucket is S3's, which knows conditions."""
        if self._tag is None:
            self.get()
        seen = {"IfMatch": self._tag} if self._tag else {"IfNoneMatch": "*"}
        body = json.dumps(data).encode()
        try:
            answer = self._client.put_object(Bucket=self._bucket, Key=self.KEY, Body=body, **seen)
        except ClientError as error:
            if error.response["Error"]["Code"] not in _TAKEN:
                raise
            raise BusyError(
                "There is another export of this deployment: call again when it has ended."
            ) from error
        self._tag, self._data = answer["ETag"], data


def read(client: Client, bucket: str, key: str) -> bytes | None:
    """An object's content; None where there is none."""
    try:
        answer = client.get_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error.response["Error"]["Code"] not in _ABSENT:
            raise
        return None
    content: bytes = answer["Body"].read()
    return content


def _plan_key(run: int) -> str:
    return f"plans/{run:06d}.json"


def _part_key(plan: Plan, kind: str, n: int) -> str:
    """A run that had to be planned anew shares nothing with its first plan."""
    return f"runs/{plan.run:06d}/{plan.token[:8]}/{kind}-{n:04d}.jsonl.gz"


def _base64(digest: bytes) -> str:
    return b64encode(digest).decode()
