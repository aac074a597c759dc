"""Files in S3, promised and confirmed in the record table.

A promise is a presigned POST for exactly one object: its size, type and checksum are in the
signed policy, so that the store itself refuses anything else. A promise that no dossier takes up
expires after a week (DOMAIN.md, "Personal data law").
"""

import hashlib
from base64 import b64encode
from collections.abc import Callable, Mapping
from time import time
from typing import Any, Final

from botocore.exceptions import ClientError

from chalicelib.adapters import table_keys as keys
from chalicelib.adapters.clients import Client
from chalicelib.adapters.item_codec import to_attributes, upload_from_data, upload_to_item
from chalicelib.adapters.table import Table
from chalicelib.domain.ids import FileId
from chalicelib.ports import Upload

PREFIX: Final = "uploads/"
SEND_WITHIN: Final = 3600  # seconds, for a slow line
READ_WITHIN: Final = 900  # seconds
KEPT_UNUSED: Final = 7 * 86_400  # seconds


class S3Files:
    """See the port; `client` is asked for the S3 client when first needed."""

    def __init__(self, table: Table, client: Callable[[], Client], bucket: str) -> None:
        self._table = table
        self._client = client
        self._bucket = bucket

    def promise(self, upload: Upload) -> Mapping[str, Any]:
        item = upload_to_item(upload)
        item["expires"] = {"N": str(int(time()) + KEPT_UNUSED)}
        self._table.client.put_item(TableName=self._table.name, Item=item)
        fields = {
            "Content-Type": upload.type,
            "x-amz-checksum-algorithm": "SHA256",
            "x-amz-checksum-sha256": upload.sha256,
        }
        conditions: list[Any] = [{name: value} for name, value in fields.items()]
        conditions.append(["content-length-range", upload.size, upload.size])
        request: Mapping[str, Any] = self._client().generate_presigned_post(
            Bucket=self._bucket,
            Key=PREFIX + upload.file,
            Fields=fields,
            Conditions=conditions,
            ExpiresIn=SEND_WITHIN,
        )
        return request

    def get(self, file: FileId) -> Upload | None:
        data = self._table.get(keys.file(file))
        return upload_from_data(data) if data else None

    def confirm(self, file: FileId) -> bool:
        upload = self.get(file)
        if upload is None or not self._is_as_promised(upload):
            return False
        if not upload.present:
            self._mark_present(file)
        return True

    def link(self, file: FileId) -> str:
        """As a download, so that no browser runs what a stranger uploaded."""
        return str(
            self._client().generate_presigned_url(
                "get_object",
                Params={
                    "Bucket": self._bucket,
                    "Key": PREFIX + file,
                    "ResponseContentDisposition": "attachment",
                },
                ExpiresIn=READ_WITHIN,
            )
        )

    def _is_as_promised(self, upload: Upload) -> bool:
        try:
            found = self._client().head_object(
                Bucket=self._bucket, Key=PREFIX + upload.file, ChecksumMode="ENABLED"
            )
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:  # noqa: PLR2004 - HTTP
                return False
            raise
        same = (found["ContentLength"], found["ContentType"]) == (upload.size, upload.type)
        return same and (found.get("ChecksumSHA256") or self._digest(upload.file)) == upload.sha256

    def _digest(self, file: FileId) -> str:
        """For a store that keeps no checksum: read the object."""
        body = self._client().get_object(Bucket=self._bucket, Key=PREFIX + file)["Body"]
        digest = hashlib.sha256()
        for chunk in body.iter_chunks(1 << 20):
            digest.update(chunk)
        return b64encode(digest.digest()).decode()

    def _mark_present(self, file: FileId) -> None:
        """Not for one that expired meanwhile: an update alone would make it anew."""
        try:
            self._table.client.update_item(
                TableName=self._table.name,
                Key=to_attributes(keys.file(file)),
                UpdateExpression="SET present = :yes",
                ConditionExpression="attribute_exists(PK)",
                ExpressionAttributeValues={":yes": {"BOOL": True}},
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
