"""The pages: files of one folder, with the headers CloudFront gives them in AWS."""

from __future__ import annotations

import functools
import hashlib
from email.utils import formatdate
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from infra.local.wire import Reply, Request, problem
from infra.pages import PAGE_HEADERS, content_security_policy, media_type

if TYPE_CHECKING:
    from pathlib import Path


class Pages:
    """Serves the files under a folder; a folder's page is its `index.html`."""

    def __init__(self, root: Path, files_origin: str) -> None:
        self._root = root.resolve()
        self._fixed = [
            ("Content-Security-Policy", content_security_policy(files_origin)),
            *PAGE_HEADERS.items(),
            ("Cache-Control", "no-cache"),
        ]

    def answer(self, request: Request) -> Reply:
        """The file, 304 when the client has it, or a problem."""
        if request.method not in {"GET", "HEAD"}:
            return _not_a_read(request)
        file = self._find(request.path)
        if file is None:
            return problem(404, request)
        modified = file.stat().st_mtime_ns
        tag, content = _read(file, modified)
        headers = [
            *self._fixed,
            ("ETag", tag),
            ("Last-Modified", formatdate(modified / 1e9, usegmt=True)),
        ]
        if _has(request, tag):
            return Reply(304, headers)
        return Reply(200, [*headers, ("Content-Type", media_type(file))], content)

    def _find(self, path: str) -> Path | None:
        """The file at a path as sent; None for what is missing, hidden or outside."""
        try:
            parts = unquote_to_bytes(path).decode("utf-8").split("/")
            if any(part.startswith(".") or "\\" in part or "\0" in part for part in parts):
                return None
            return self._inside(self._root.joinpath(*(part for part in parts if part)))
        except (UnicodeDecodeError, OSError):  # an OSError: longer than a name can be
            return None

    def _inside(self, file: Path) -> Path | None:
        if file.is_dir():
            file = file / "index.html"
        inside = file.resolve().is_relative_to(self._root)  # also follows links
        return file if inside and file.is_file() else None


def _not_a_read(request: Request) -> Reply:
    allow = [("Allow", "GET, HEAD, OPTIONS")]
    if request.method == "OPTIONS":
        return Reply(204, allow)
    return problem(405, request, headers=allow)


def _has(request: Request, tag: str) -> bool:
    held = [part.strip().removeprefix("W/") for part in request.header("if-none-match").split(",")]
    return tag in held or held == ["*"]


@functools.lru_cache(maxsize=512)
def _read(file: Path, modified: int) -> tuple[str, bytes]:
    """Entity tag and content, read once for each modification time."""
    del modified  # part of the cache's key
    content = file.read_bytes()
    return f'"{hashlib.sha256(content).hexdigest()[:32]}"', content
