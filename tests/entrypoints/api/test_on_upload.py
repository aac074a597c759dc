"""The function on_upload: the queue says that a file has arrived."""

import json
from typing import Any

from tests.entrypoints.functions import call
from tests.entrypoints.served import stored
from tests.entrypoints.town import Town


def told(number: int, *keys: str) -> dict[str, Any]:
    """One message of the queue: what S3 tells of these keys."""
    records = [{"s3": {"object": {"key": key}}} for key in keys]
    return {"messageId": f"m{number}", "body": json.dumps({"Records": records})}


def is_present(file: str) -> bool:
    """Whether the record knows that the file is there."""
    return bool(stored()[f"F#{file}", "FILE"].get("present"))


def test_a_file_that_arrived_is_noticed(town: Town) -> None:
    """What was promised and is in the bucket need not be looked at when the dossier comes."""
    file = town.upload()
    assert not is_present(file)
    assert call("on_upload", {"Records": [told(1, f"uploads/{file}")]}) == {"batchItemFailures": []}
    assert is_present(file)


def test_one_bad_message_holds_up_no_other(town: Town) -> None:
    """It is named, so that the queue shows that one again, and the others are gone."""
    file = town.upload()
    bad = {"messageId": "m1", "body": "{}}"}
    answer = call("on_upload", {"Records": [bad, told(2, f"uploads/{file}")]})
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m1"}]}
    assert is_present(file)


def test_what_was_never_promised_is_nothing(town: Town) -> None:  # noqa: ARG001 - the bucket is there
    """S3's test message, other folders and unknown names: taken, so that they do not come again."""
    test = {"messageId": "m1", "body": json.dumps({"Event": "s3:TestEvent"})}
    others = told(2, "slips/1.pdf", "uploads/none")
    assert call("on_upload", {"Records": [test, others]}) == {"batchItemFailures": []}
