"""Dead letters, each as AWS leaves it: handed to the function that could not take it."""

import json
from typing import Any

import boto3
import pytest

from chalicelib import bootstrap
from chalicelib.entrypoints import stream
from tests import aws
from tests.operate.conftest import DEAD, Operator, send, waiting
from tests.upgrades import scenes
from tests.upgrades.province import Province

ARN = "arn:aws:lambda:ap-southeast-1:123456789012:function:motcua-test-"


def _batch(made: Province, table: str) -> dict[str, Any]:
    """As the mapping's failure destination gets it: where the records lie."""
    client = boto3.client("dynamodbstreams")
    arn = client.list_streams(TableName=table)["Streams"][0]["StreamArn"]
    shard = client.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]
    records = made.news(table)
    numbers = [record["dynamodb"]["SequenceNumber"] for record in records]
    return {
        "requestContext": {
            "requestId": "r-1",
            "functionArn": ARN + "on_change:live",
            "condition": "RetryAttemptsExhausted",
            "approximateInvokeCount": 4,
        },
        "version": "1.0",
        "timestamp": "2026-10-06T02:00:00.000Z",
        "DDBStreamBatchInfo": {
            "shardId": shard["ShardId"],
            "startSequenceNumber": numbers[0],
            "endSequenceNumber": numbers[-1],
            "batchSize": len(numbers),
            "streamArn": arn,
        },
    }


def test_a_batch_of_the_stream(made: Province, operator: Operator) -> None:
    """Only where its records lie is in the letter; they are fetched, and the dossier goes on."""
    code = scenes.filed_a_moment_ago(made).code
    send(DEAD, _batch(made, aws.RECORD))
    listed = operator.asks("replay", "dead-letters", "--list", code=1)["letters"]
    assert [each["function"] for each in listed] == ["on_change"]
    found = operator.asks("replay", "dead-letters", "--yes")
    assert (found["taken"], found["left"], found["no_longer_in_stream"]) == (1, [], 0)
    assert f"{code}.g1" in made.machine.executions
    assert waiting(DEAD) == 0


def test_a_batch_that_has_left_the_stream(
    made: Province, operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a day every open dossier is looked at instead: a record only says "look"."""
    code = scenes.filed_a_moment_ago(made).code
    send(DEAD, _batch(made, aws.RECORD))
    monkeypatch.setattr(stream, "given_up", lambda _: [])  # what moto never answers
    found = operator.asks("replay", "dead-letters", "--yes")
    assert (found["taken"], found["no_longer_in_stream"]) == (0, 1)
    assert [run.name for run in made.machine.executions.values()] == [f"{code}.g2"]
    assert waiting(DEAD) == 0


@pytest.mark.parametrize("form", ["told by the bucket", "handed over", "invocation"])
def test_a_file_that_arrived_unnoticed(form: str, made: Province, operator: Operator) -> None:
    """In every form that such a letter comes in."""
    file = made.town.upload()
    told = {"Records": [_arrived(file)]}
    batch = {"Records": [{"messageId": "1", "body": json.dumps(told)}]}
    forms = {
        "told by the bucket": told,
        "handed over": {**batch, "Records": [{**batch["Records"][0], "eventSource": "aws:sqs"}]},
        "invocation": {
            "version": "1.0",
            "requestContext": {"functionArn": ARN + "on_upload:live", "condition": "x"},
            "requestPayload": batch,
            "responsePayload": {"errorMessage": "timed out"},
        },
    }
    send(DEAD, forms[form])
    assert operator.asks("replay", "dead-letters", "--yes")["taken"] == 1
    upload = bootstrap.deps().files.get(file)  # type: ignore[arg-type] # an id
    assert upload
    assert upload.present


@pytest.mark.parametrize("function", ["reconcile", "measure"])
def test_an_invocation_that_was_not_taken(function: str, operator: Operator) -> None:
    """Of a function that the clock calls: Lambda gave up on it, and says which it was."""
    asked = {"requestContext": {"functionArn": f"{ARN}{function}:live"}, "requestPayload": {}}
    send(DEAD, asked)
    assert operator.asks("replay", "dead-letters", "--yes")["taken"] == 1


def test_a_schedule_that_was_not_taken(made: Province, operator: Operator) -> None:
    """The reconciler was throttled: its event is an empty object."""
    made.town.submit()
    send(DEAD, {})
    assert operator.asks("replay", "dead-letters", "--yes")["taken"] == 1


@pytest.mark.parametrize("body", ['{"what": "is this"}', "no JSON", '{"Records": [{"s3": {}}]}'])
def test_what_cannot_be_taken_stays(body: str, operator: Operator) -> None:
    """Nothing is thrown away because nobody understands it; the next one is tried all the same."""
    send(DEAD, body)
    send(DEAD, {})
    found = operator.asks("replay", "dead-letters", "--yes", code=1)
    assert (found["taken"], len(found["left"])) == (1, 1)
    assert waiting(DEAD) == 1
    assert operator.logged() == [("replay dead-letters", {"limit": "1000"}, "done")]


def test_a_letter_that_is_taken_in_part_stays(made: Province, operator: Operator) -> None:
    """The function names what it could not take: then all of it is safe to send again."""
    file = made.town.upload()
    good = {"messageId": "1", "body": json.dumps({"Records": [_arrived(file)]})}
    send(
        DEAD,
        {
            "requestContext": {"functionArn": ARN + "on_upload"},
            "requestPayload": {"Records": [good, {"messageId": "2", "body": "{"}]},
        },
    )
    found = operator.asks("replay", "dead-letters", "--yes", code=1)
    assert "did not take 1 of it" in found["left"][0]
    assert waiting(DEAD) == 1


def _arrived(file: str) -> dict[str, Any]:
    return {"s3": {"object": {"key": f"uploads/{file}"}}}


def test_no_more_than_wanted(operator: Operator) -> None:
    """To see with one whether it works."""
    for _ in range(3):
        send(DEAD, {})
    assert operator.asks("replay", "dead-letters", "--limit", "1", "--yes")["taken"] == 1
    assert waiting(DEAD) == 2
