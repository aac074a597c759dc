"""What the gateway and the pages answer: routes, errors in one format, files and no others."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.entrypoints.http.messages import Language, Messages
from infra.local.gateway import Gateway
from infra.local.static import Pages
from infra.local.wire import Reply, Request
from tests.local import fake_cloud

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def gateway() -> Gateway:
    """The fake app behind the gateway, without a server."""
    return Gateway(fake_cloud.app)


def _ask(gateway: Gateway, method: str, target: str, body: bytes = b"", **headers: str) -> Reply:
    named = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return gateway.answer(Request(method, target, named, body))


def _json(reply: Reply) -> Any:
    return json.loads(reply.body)


@pytest.mark.parametrize(
    ("method", "target", "status", "code"),
    [
        ("GET", "/api/v1/nowhere", 404, "request.not_found"),
        ("GET", "/api/v1/echo/", 404, "request.not_found"),  # no parameter is empty
        ("DELETE", "/api/v1/echo/x", 405, "request.method_not_allowed"),
        ("POST", "/api/v1/echo/x", 415, "request.unsupported_media_type"),
        ("GET", "/api/v1/echo/%ff", 400, "request.malformed"),
        ("GET", "/api/v1/broken", 500, "internal"),
    ],
)
def test_errors_of_chalice_in_our_format(
    gateway: Gateway, method: str, target: str, status: int, code: str
) -> None:
    """Chalice and API Gateway answer these in three formats; clients know one."""
    sent = {"content_type": "text/plain"} if method == "POST" else {}
    reply = _ask(gateway, method, target, b"x" if sent else b"", **sent)
    assert (reply.status, _json(reply)["status"], _json(reply)["code"]) == (status, status, code)
    assert ("Content-Type", "application/problem+json") in reply.headers


@pytest.mark.parametrize("body", [b"{", b"\xff", b"{'a': 1}"])
def test_malformed_json_is_a_400(gateway: Gateway, body: bytes) -> None:
    """Chalice answers it in its own format; a client reads the same one as for all errors."""
    reply = _ask(gateway, "POST", "/api/v1/json", body, content_type="application/json")
    assert (reply.status, _json(reply)["code"]) == (400, "request.malformed")
    assert ("Content-Type", "application/problem+json") in reply.headers


def test_method_not_allowed_names_the_allowed_ones(gateway: Gateway) -> None:
    """RFC 9110 requires Allow with 405; OPTIONS answers the same without an error."""
    allow = ("Allow", "GET, HEAD, OPTIONS, POST")
    assert allow in _ask(gateway, "DELETE", "/api/v1/echo/x").headers
    options = _ask(gateway, "OPTIONS", "/api/v1/echo/x")
    assert (options.status, allow in options.headers) == (204, True)


def test_paths_and_queries_arrive_decoded(gateway: Gateway) -> None:
    """API Gateway decodes them; an encoded slash stays in its parameter; repeats are kept."""
    got = _json(_ask(gateway, "GET", "/api/v1/echo/gi%E1%BA%A5y%2F1%20b?q=1&q=%C4%91+x&e="))
    assert got["name"] == "giấy/1 b"
    assert got["query"] == {"q": ["1", "đ x"], "e": [""]}


def test_bodies_survive(gateway: Gateway) -> None:
    """UTF-8 text and any bytes: a scanned page is not text."""
    said = {"name": "Y Bhĭm Niê"}
    text = _ask(
        gateway,
        "POST",
        "/api/v1/echo/x",
        json.dumps(said).encode(),
        content_type="application/json",
    )
    assert _json(text)["body"] == said
    raw = bytes(range(256))
    sent = _ask(gateway, "POST", "/api/v1/binary", raw, content_type="application/octet-stream")
    assert _json(sent)["hex"] == raw.hex()


@pytest.mark.parametrize(
    ("accepted", "language"), [("", "vi"), ("en-GB,en;q=0.9,vi;q=0.8", "en"), ("fr,vi;q=0.5", "vi")]
)
def test_language_of_the_caller(gateway: Gateway, accepted: str, language: str) -> None:
    """Vietnamese first; English for who asks for it: as the API does, in the API's words."""
    reply = _ask(gateway, "GET", "/api/v1/nowhere", accept_language=accepted)
    assert ("Content-Language", language) in reply.headers
    assert _json(reply)["detail"] == Messages().text("request.not_found", Language(language), {})


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Pages:
    """A folder of pages beside a secret, with a link that leads out."""
    folder = tmp_path_factory.mktemp("site")
    web = folder / "web"
    (web / "desk").mkdir(parents=True)
    (folder / "secret.txt").write_text("secret")
    (web / "index.html").write_text("<!doctype html>home")
    (web / "desk" / "index.html").write_text("desk")
    (web / "app.js").write_text("1")
    (web / ".hidden").write_text("secret")
    (web / "link.txt").symlink_to(folder / "secret.txt")
    return Pages(web, "http://127.0.0.1:9")


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/desk/..%2f..%2fsecret.txt",
        "/..%5csecret.txt",
        "/link.txt",
        "/.hidden",
        "/%00",
        "/%ff",
        "//etc/passwd",
        "/" + "a" * 5000,
    ],
)
def test_nothing_outside_the_folder_is_served(pages: Pages, path: str) -> None:
    """The folder above holds the issuer's key and everybody's data."""
    reply = pages.answer(Request("GET", path, []))
    assert reply.status == 404
    assert b"secret" not in reply.body


def test_pages_have_their_headers(pages: Pages) -> None:
    """A strict policy, the right type, and a tag that saves the second transfer."""
    first = pages.answer(Request("GET", "/", []))
    headers = dict(first.headers)
    assert (first.status, first.body) == (200, b"<!doctype html>home")
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'self';")
    assert "unsafe" not in policy
    again = pages.answer(Request("GET", "/", [("if-none-match", headers["ETag"])]))
    assert (again.status, again.body) == (304, b"")
    script = pages.answer(Request("GET", "/app.js", []))
    assert dict(script.headers)["Content-Type"].startswith("text/javascript")


def test_changed_page_is_served_anew(tmp_path: Path) -> None:
    """Whoever works on the pages must see the change at the next load."""
    page = tmp_path / "index.html"
    page.write_text("one")
    pages = Pages(tmp_path, "http://127.0.0.1:9")
    assert pages.answer(Request("GET", "/", [])).body == b"one"
    page.write_text("two!")
    assert pages.answer(Request("GET", "/", [])).body == b"two!"


def test_folders_and_short_addresses(pages: Pages) -> None:
    """/desk/ and /desk are the same page; writing to a page is refused."""
    assert pages.answer(Request("GET", "/desk/", [])).body == b"desk"
    assert pages.answer(Request("GET", "/desk", [])).body == b"desk"
    assert pages.answer(Request("POST", "/desk", [])).status == 405
