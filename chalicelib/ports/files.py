"""Files of dossiers in the object store."""

from collections.abc import Mapping
from typing import Any, Protocol

from chalicelib.domain.ids import (
    FileId,
)
from chalicelib.domain.value import value


@value(frozen=True, slots=True)
class Upload:
    """A promised file."""

    file: FileId
    name: str
    type: str
    size: int
    sha256: str
    uploader: str
    present: bool = False
    dossier: str = ""


class Files(Protocol):
    """Files in the object store and their records."""

    def promise(self, upload: Upload) -> Mapping[str, Any]:
        """Record the promise; returns the presigned request (`url`, `fields`)."""

    def get(self, file: FileId) -> Upload | None:
        """The record."""

    def confirm(self, file: FileId) -> bool:
        """Look at the stored object and mark it present if it is what was promised."""

    def link(self, file: FileId) -> str:
        """A download link for a few minutes."""
