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
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

from chalicelib.adapters.clients import Client
from chalicelib.backup_ports import Fetched, PartList
from chalicelib.domain.backup import BackupError, Head, Part, Plan, Stored
from chalicelib.domain.event import moment, stamp

_ONE_BY_ONE: Final = TransferConfig(use_threads=False)
_ABSENT: Final = frozenset({"NoSuchKey", "404", "NotFound"})


def manifest_key(run: int) -> str:
    """Sorts as the runs do."""
    return f"manifests/{run:06d}.json"


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
        found = [
            int(each["Key"].removeprefix("manifests/").removesuffix(".json"))
            for page in pages
            for each in page.get("Contents", ())
            if each["Key"].endswith(".json")
        ]
        return max(found, default=after)

    def manifest(self, run: int) -> bytes | None:
        return self.read(manifest_key(run))

    def signature(self, run: int) -> bytes:
        return self.read(signature_key(run)) or b""

    def put_manifest(self, run: int, content: bytes, signature: bytes) -> None:
        self._put(signature_key(run), signature)
        self._put(manifest_key(run), content)

    def plan(self, run: int) -> Plan | None:
        content = self.read(_plan_key(run))
        return Plan.from_bytes(content) if content is not None else None

    def put_plan(self, plan: Plan) -> None:
        self._put(_plan_key(plan.run), plan.to_bytes())

    def part(self, plan: Plan, n: int) -> Part | None:
        key = _part_key(plan, "files", n)
        content = self.read(key)
        return _part(key, content) if content is not None else None

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
        return _part(key, body)

    def has_file(self, sha256: str, size: int) -> bool:
        try:
            found = self._client.head_object(Bucket=self._bucket, Key=file_key(sha256))
        except ClientError as error:
            if error.response["Error"]["Code"] not in _ABSENT:
                raise
            return False
        return bool(found["ContentLength"] == size)

    def put_file(self, sha256: str, content: bytes) -> None:
        self._put(file_key(sha256), content)

    def read(self, key: str) -> bytes | None:
        """An object; None where there is none."""
        return read(self._client, self._bucket, key)

    def _put(self, key: str, content: bytes) -> None:
        """With its hash, so that a store that checks it refuses what was changed on the way."""
        digest = b64encode(hashlib.sha256(content).digest()).decode()
        answer = self._client.put_object(
            Bucket=self._bucket, Key=key, Body=content, ChecksumSHA256=digest, **self._sealed()
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

    def get(self) -> Head | None:
        content = read(self._client, self._bucket, self.KEY)
        if content is None:
            return None
        data = json.loads(content)
        return Head(**{**data, "until": moment(data["until"])})

    def set(self, head: Head) -> None:
        content = json.dumps({**asdict(head), "until": stamp(head.until)}).encode()
        self._client.put_object(Bucket=self._bucket, Key=self.KEY, Body=content)


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


def _part(key: str, content: bytes) -> Part:
    found = read_list(content)
    missing = sum("missing" in row for row in found.rows)
    stored = Stored(key, hashlib.sha256(content).hexdigest(), len(content), len(found.rows))
    return Part(found.data, stored, found.source, found.deleted, missing)
