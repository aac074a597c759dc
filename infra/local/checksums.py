"""The data plane refuses a file other than the one its form promises, as S3 does.

The emulator checks a form's policy and then forgets the checksum in it, so a file could
be replaced by another of the same size after it was submitted.
"""

from __future__ import annotations

import base64
import hashlib
import importlib
from typing import Any

_FIELD = "x-amz-checksum-sha256"


def install() -> None:
    """Put the check before the emulator's own handling of a form."""
    s3: Any = importlib.import_module("ministack.services.s3")
    post = s3._post_object  # noqa: SLF001 - the emulator offers no other way

    def checked(bucket: str, body: bytes, headers: dict[str, str]) -> Any:
        kind = headers.get("content-type", "")
        parts = s3._parse_multipart_form(kind, body)  # noqa: SLF001 - as above
        if _is_as_promised([(name, content) for name, _, _, content in parts]):
            return post(bucket, body, headers)
        return s3._error(  # noqa: SLF001 - as above
            "BadDigest", "The SHA256 you specified did not match the calculated checksum.", 400
        )

    s3._post_object = checked  # noqa: SLF001 - as above


def _is_as_promised(parts: list[tuple[str, bytes]]) -> bool:
    """Read as the emulator reads: of several the last, the case of names but for the file's."""
    promised = [content for name, content in parts if name.lower() == _FIELD][-1:]
    found = [content for name, content in parts if name == "file"][-1:]
    return promised in ([], [_digest(content) for content in found])


def _digest(content: bytes) -> bytes:
    return base64.b64encode(hashlib.sha256(content).digest())
