"""After an unclean end: no number that may have been issued is issued again.

The last save is up to a few seconds old, so a counter may have gone back while its
numbers are on paper slips already. This runs inside the data plane before it serves
anyone, which is why it goes past HTTP.
"""

from __future__ import annotations

import importlib
import json
from http import HTTPStatus
from typing import Any

from infra.local.settings import ACCOUNT, RECORD_TABLE, REGION

STEP = 100  # more serials than one agency issues between two saves
_PREFIX = "SEQ#"

Json = dict[str, Any]


async def move_serials_on() -> int:
    """Add `STEP` to `n` of every counter of the record table; answers how many there are."""
    responses = importlib.import_module("ministack.core.responses")
    responses.set_request_account_id(ACCOUNT)
    responses.set_request_region(REGION)
    if await _call("DescribeTable", {"TableName": RECORD_TABLE}) is None:
        return 0
    counters = await _counters()
    for key in counters:
        await _call(
            "UpdateItem",
            {
                "TableName": RECORD_TABLE,
                "Key": key,
                "UpdateExpression": "ADD #n :step",
                "ExpressionAttributeNames": {"#n": "n"},
                "ExpressionAttributeValues": {":step": {"N": str(STEP)}},
            },
        )
    return len(counters)


async def _counters() -> list[Json]:
    """Keys of all counters. A Scan: there is no other way to find them, and only here."""
    request: Json = {
        "TableName": RECORD_TABLE,
        "FilterExpression": "begins_with(PK, :prefix) AND attribute_type(#n, :number)",
        "ProjectionExpression": "PK, SK",
        "ExpressionAttributeNames": {"#n": "n"},
        "ExpressionAttributeValues": {":prefix": {"S": _PREFIX}, ":number": {"S": "N"}},
    }
    found: list[Json] = []
    while True:
        page = await _call("Scan", request) or {}
        found += page["Items"]
        if "LastEvaluatedKey" not in page:
            return found
        request["ExclusiveStartKey"] = page["LastEvaluatedKey"]


async def _call(action: str, request: Json) -> Json | None:
    """One DynamoDB action; None when the table is not there."""
    service = importlib.import_module("ministack.services.dynamodb")
    headers = {"x-amz-target": f"DynamoDB_20120810.{action}"}
    status, _, body = await service.handle_request(
        "POST", "/", headers, json.dumps(request).encode(), {}
    )
    answer: Json = json.loads(body)
    if status == HTTPStatus.OK:
        return answer
    if answer["__type"].endswith("ResourceNotFoundException"):
        return None
    raise RuntimeError(f"{action} failed: {answer}")
