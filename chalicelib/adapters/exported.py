"""DynamoDB's export of a table: beginning one, and reading what it wrote.

The layout is that of "DynamoDB table export output format" in AWS's developer guide: a summary
names a list, the list names data files, each of which is gzip of one JSON object a line.
"""

import gzip
import hashlib
import json
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from tempfile import SpooledTemporaryFile
from typing import Any, BinaryIO, Final, cast

from botocore.exceptions import ClientError

from chalicelib.adapters import table_keys as keys
from chalicelib.adapters.clients import Client
from chalicelib.adapters.files import PREFIX
from chalicelib.adapters.item_codec import from_item
from chalicelib.backup_ports import DataFile, ExportFailedError, Fetched, FileRef, Line
from chalicelib.domain.backup import BackupError, Bounds, Kind, Plan

IN_MEMORY: Final = 32 << 20  # bytes of a data file; a larger one is put on the disk
CHUNK: Final = 1 << 20

Image = Mapping[str, Any]


class TableExports:
    """See the port `Source`; the exports are written to a bucket of the account's own."""

    def __init__(self, dynamodb: Client, s3: Client, table: str, bucket: str) -> None:
        self._dynamodb = dynamodb
        self._s3 = s3
        self._table = table
        self._bucket = bucket

    def bounds(self) -> Bounds:
        answer = self._dynamodb.describe_continuous_backups(TableName=self._table)
        found = answer["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
        if found["PointInTimeRecoveryStatus"] != "ENABLED":
            raise BackupError(
                f"{self._table}: point-in-time recovery is off, so nothing can be exported. "
                "Switch it on (stack data) and call again."
            )
        earliest, latest = found["EarliestRestorableDateTime"], found["LatestRestorableDateTime"]
        return Bounds(_whole_second(earliest + timedelta(seconds=1)), _whole_second(latest))

    def begin(self, plan: Plan) -> str:
        table = self._dynamodb.describe_table(TableName=self._table)["Table"]
        answer = self._dynamodb.export_table_to_point_in_time(
            TableArn=table["TableArn"],
            S3Bucket=self._bucket,
            ClientToken=plan.token,
            ExportFormat="DYNAMODB_JSON",
            **_window(plan),
            **sealing(table),
        )
        return str(answer["ExportDescription"]["ExportArn"])

    def finished(self, export: str) -> str:
        found = self._dynamodb.describe_export(ExportArn=export)["ExportDescription"]
        if found["ExportStatus"] == "FAILED":
            why = (found.get("FailureCode", ""), found.get("FailureMessage", ""))
            raise ExportFailedError(": ".join(filter(None, why)))
        return str(found["ExportManifest"]) if found["ExportStatus"] == "COMPLETED" else ""

    def files(self, summary: str) -> list[DataFile]:
        listed = json.loads(self._read(summary))["manifestFilesS3Key"]
        rows = [json.loads(line) for line in self._read(listed).splitlines() if line.strip()]
        found = [
            DataFile(row["dataFileS3Key"], row["md5Checksum"], int(row["itemCount"]))
            for row in rows
        ]
        return sorted((file for file in found if file.lines), key=lambda file: file.key)

    @contextmanager
    def fetch(self, file: DataFile) -> Iterator[Fetched]:
        body = self._s3.get_object(Bucket=self._bucket, Key=file.key)["Body"]
        sha256, md5, size = hashlib.sha256(), hashlib.md5(usedforsecurity=False), 0
        with SpooledTemporaryFile(max_size=IN_MEMORY) as spool:
            for chunk in body.iter_chunks(CHUNK):
                spool.write(chunk)
                sha256.update(chunk)
                md5.update(chunk)
                size += len(chunk)
            if b64encode(md5.digest()).decode() != file.md5:
                raise BackupError(f"{file.key} is not what DynamoDB wrote: call again")
            spool.seek(0)
            yield Fetched(cast("BinaryIO", spool), sha256.hexdigest(), size)

    def lines(self, content: BinaryIO) -> Iterator[Line]:
        for key, image in changes(content):
            yield Line(key, gone=image is None, file=file_of(key, image) if image else None)

    def _read(self, key: str) -> bytes:
        content: bytes = self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        return content


def _whole_second(at: datetime) -> datetime:
    """Windows are counted in whole seconds, as they are written down."""
    return at.astimezone(UTC).replace(microsecond=0)


def sealing(table: Mapping[str, Any]) -> dict[str, str]:
    """Under the table's own key: unless it is named, DynamoDB takes one of S3's."""
    key = table.get("SSEDescription", {}).get("KMSMasterKeyArn")
    return {"S3SseAlgorithm": "KMS", "S3SseKmsKeyId": key} if key else {}


def _window(plan: Plan) -> dict[str, Any]:
    if plan.kind is Kind.FULL:
        return {"ExportType": "FULL_EXPORT", "ExportTime": plan.until}
    window = {
        "ExportFromTime": plan.since,
        "ExportToTime": plan.until,
        "ExportViewType": "NEW_IMAGE",
    }
    return {"ExportType": "INCREMENTAL_EXPORT", "IncrementalExportSpecification": window}


def changes(content: BinaryIO) -> Iterator[tuple[tuple[str, str], Image | None]]:
    """Key and item of each line of a data file; the item is None where it is gone."""
    with gzip.open(content) as lines:
        for text in lines:
            line = json.loads(text)
            image = line["Item"] if "Item" in line else line.get("NewImage")
            key = image if image is not None else line["Keys"]
            yield (key["PK"]["S"], key["SK"]["S"]), image


def file_of(key: tuple[str, str], image: Image) -> FileRef | None:
    """The file that an item names: one that a dossier has taken up, or a large form.

    What was uploaded and never submitted is nobody's record: it is deleted after a week, and
    leaves the deployment never.
    """
    if key[0].startswith(keys.FILES):
        if "dossier" not in image:
            return None
        data = from_item(image)
        name = key[0].removeprefix(keys.FILES)
        sha256 = b64decode(data["sha256"]).hex()
        return FileRef(PREFIX + name, key, sha256, int(data["size"]), data["type"])
    if key[1].startswith(keys.FORMS) and "object" in image:
        return FileRef(image["object"]["S"], key, type="application/json")
    return None


class FileBucket:
    """See the port `Bucket`."""

    def __init__(self, client: Client, name: str) -> None:
        self._client = client
        self._name = name

    def get(self, key: str) -> bytes | None:
        try:
            answer = self._client.get_object(Bucket=self._name, Key=key)
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchKey":
                raise
            return None
        content: bytes = answer["Body"].read()
        return content
