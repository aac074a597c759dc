"""POST /uploads: a place for one file, and nothing but that file."""

from base64 import b64decode
from typing import Any

import pytest

from tests.entrypoints.api.conftest import Refused
from tests.entrypoints.served import stored
from tests.entrypoints.town import AUDITOR, CITIZEN, DESK, LEADER, OFFICER, Town, file_body


@pytest.mark.parametrize("account", [CITIZEN, DESK, OFFICER])
def test_a_place_is_promised(town: Town, account: str) -> None:
    """Signed for exactly this size, type and checksum: the store refuses anything else."""
    answer = town.promise(account)
    assert answer.status == 201
    policy = b64decode(answer.body["fields"]["policy"]).decode()
    assert '["content-length-range", 24, 24]' in policy
    assert str(file_body()["sha256"]) in policy
    assert f'"uploads/{answer.body["file_id"]}"' in policy


def test_a_promise_does_not_stay(town: Town) -> None:
    """What no dossier takes up is deleted after a week, and its uploader is a hash."""
    file = town.promise().body["file_id"]
    item = stored()[f"F#{file}", "FILE"]
    assert "expires" in item
    assert "066090000001" not in str(item)


@pytest.mark.parametrize(
    ("changed", "code", "pointer"),
    [
        ({"type": "text/html"}, "upload.type_not_allowed", "/type"),
        ({"type": "image/svg+xml"}, "upload.type_not_allowed", "/type"),
        ({"size": 20 * 1024 * 1024 + 1}, "upload.too_large", "/size"),
        ({"size": 0}, "request.invalid", "/size"),
        ({"size": "24"}, "request.invalid", "/size"),
        ({"sha256": "x"}, "request.invalid", "/sha256"),
        ({"name": "../a.pdf"}, "request.invalid", "/name"),
        ({"name": ""}, "request.invalid", "/name"),
        ({"name": "<b>.pdf"}, "request.invalid", "/name"),
    ],
)
def test_what_no_procedure_takes(
    town: Town, refused: Refused, changed: dict[str, Any], code: str, pointer: str
) -> None:
    """Said before a citizen on a slow line has sent twenty megabytes."""
    reply = refused(lambda: town.promise(**changed))
    assert reply.refusal == (422, code)
    assert [each for each, _ in reply.faults] == [pointer]


@pytest.mark.parametrize("account", [LEADER, AUDITOR])
def test_not_for_everyone(town: Town, refused: Refused, account: str) -> None:
    """Whoever files or decides uploads; nobody else has anything to put there."""
    assert refused(lambda: town.promise(account)).refusal == (403, "auth.role")
