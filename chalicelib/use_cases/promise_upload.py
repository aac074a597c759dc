"""Files go straight to the object store; the API only promises a place for one."""

from collections.abc import Mapping
from typing import Any, Final

from chalicelib.domain.actor import Actor
from chalicelib.domain.errors import RuleError
from chalicelib.domain.ids import FileId
from chalicelib.domain.value import value
from chalicelib.ports import Deps, Upload

MOST_BYTES: Final = 20 * 1024 * 1024
TYPES: Final = frozenset({"application/pdf", "image/jpeg", "image/png"})


@value(frozen=True, slots=True)
class PromiseUpload:
    """`size` in bytes, `sha256` in base64."""

    name: str
    type: str
    size: int
    sha256: str


@value(frozen=True, slots=True)
class Promised:
    """The id to name in a dossier, and the presigned request to send the bytes with."""

    file: FileId
    request: Mapping[str, Any]


def promise_upload(command: PromiseUpload, actor: Actor, file: FileId, deps: Deps) -> Promised:
    """Raise RuleError for a type or size that no procedure takes."""
    if command.type not in TYPES:
        raise RuleError("upload.type_not_allowed", pointer="/type")
    if not 0 < command.size <= MOST_BYTES:
        raise RuleError("upload.too_large", pointer="/size", most=f"{MOST_BYTES >> 20} MB")
    upload = Upload(
        file, command.name, command.type, command.size, command.sha256, uploader=actor.id
    )
    return Promised(file, deps.files.promise(upload))
