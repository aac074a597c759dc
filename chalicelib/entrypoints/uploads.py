"""The bucket's events: an uploaded file has arrived."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_plus

from chalice.app import Blueprint

from chalicelib.bootstrap import deps
from chalicelib.domain.ids import FileId

uploads = Blueprint(__name__)

PREFIX = "uploads/"


@uploads.lambda_function(name="on_upload")
def on_upload(event: Mapping[str, Any], _context: object) -> dict[str, int]:
    """Mark promised files as present if they are what was promised; answers how many were."""
    present = 0
    for record in event.get("Records", ()):
        key = unquote_plus(record["s3"]["object"]["key"])
        if key.startswith(PREFIX):
            present += deps().files.confirm(FileId(key.removeprefix(PREFIX)))
    return {"present": present}
