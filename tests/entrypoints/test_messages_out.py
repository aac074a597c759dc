"""What an agency's software is sent: within its limits, and no more than its leg needs."""

import json
from typing import Any

from chalicelib.use_cases.deliver import MOST_BYTES, _body


def _message(papers: int) -> dict[str, Any]:
    url = "https://files.example/" + "x" * 1200  # a link signed with a session token
    return {"data": {"papers": [{"paper_code": "page", "url": url} for _ in range(papers)]}}


def test_a_message_of_ordinary_length_has_its_links() -> None:
    """The agency's software fetches the papers without anybody signing in."""
    assert json.loads(_body(_message(10))) == _message(10)


def test_a_long_message_arrives_without_links() -> None:
    """Refused for its length it would never arrive: the leg would be late and nobody would know."""
    body = _body(_message(46))
    assert len(body.encode()) <= MOST_BYTES
    papers = json.loads(body)["data"]["papers"]
    assert papers == [{"paper_code": "page", "url": None}] * 46
