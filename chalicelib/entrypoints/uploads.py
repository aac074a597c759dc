"""The bucket's events, which arrive in a queue: an uploaded file is there."""

import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote_plus

from chalice.app import Blueprint

from chalicelib.bootstrap import deps
from chalicelib.domain.ids import FileId
from chalicelib.entrypoints.watched import watched
from chalicelib.watch import Metric, count, unexpected

uploads = Blueprint(__name__)

PREFIX: Final = "uploads/"


@uploads.lambda_function(name="on_upload")
@watched
def on_upload(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """Mark promised files as present if they are what was promised.

    Answers the messages to show again (ReportBatchItemFailures).
    """
    failed: list[dict[str, str]] = []
    for message in event["Records"]:
        try:
            _arrived(json.loads(message["body"]))
        except Exception as error:  # noqa: BLE001 - reported, and shown again by the queue
            unexpected("upload event failed", error, message_id=message["messageId"])
            failed.append({"itemIdentifier": message["messageId"]})
    count(Metric.RECORDS_FAILED, len(failed))
    return {"batchItemFailures": failed}


def _arrived(told: Mapping[str, Any]) -> None:
    """What S3 tells; a test event, sent when the bucket is told of the queue, has no records."""
    for record in told.get("Records", ()):
        key = unquote_plus(record["s3"]["object"]["key"])
        if key.startswith(PREFIX):
            deps().files.confirm(FileId(key.removeprefix(PREFIX)))
