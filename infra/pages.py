"""How the pages of `web/` are served: the same by the local server as by CloudFront.

`infra/stacks/edge.yaml` has to write the headers down once more; a test compares.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import PurePath

# The policy is apart: it names the bucket, which differs by stage.
PAGE_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}

_TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".webmanifest": "application/manifest+json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".txt": "text/plain; charset=utf-8",
    ".pdf": "application/pdf",
    ".wasm": "application/wasm",
}


def media_type(file: PurePath) -> str:
    """Of a file by its ending; browsers are told not to guess."""
    return _TYPES.get(file.suffix.lower(), "application/octet-stream")


def content_security_policy(files_origin: str, sign_in_origin: str = "") -> str:
    """Nothing from elsewhere, save the bucket: files go to it and come from it directly.

    A page also fetches its token from the issuer, where that is another origin.
    """
    return "; ".join(
        (
            "default-src 'self'",
            "script-src 'self'",
            "style-src 'self'",
            f"connect-src 'self' {files_origin} {sign_in_origin}".rstrip(),
            f"img-src 'self' data: blob: {files_origin}",
            f"form-action 'self' {files_origin}",
            "object-src 'none'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )
