"""A shift of people who look after a stage: every command, with the rights of their role.

What functions do for them these do as themselves, so all that is noted of a role is its own.
"""

import contextlib
import io
import json
from dataclasses import dataclass
from typing import Any, Final

import boto3
import pytest

from chalicelib.adapters import reference
from chalicelib.adapters.export_store import ChangesLedger
from chalicelib.domain.backup import Head
from chalicelib.domain.event import moment
from infra.operate.__main__ import main
from infra.policies import PEOPLE, lambda_name
from tests import aws
from tests.entrypoints import town as t
from tests.entrypoints.served import NOW, forget
from tests.infra.asked import arn
from tests.infra.guard import acting
from tests.operate.conftest import CHANGES_BUCKET, DEAD, STAGE, UPLOADS, exporting, send
from tests.stories.crash_world import MACHINE
from tests.upgrades import scenes
from tests.upgrades.province import Province

LOOKS: Final = (  # for which nobody needs more than an observer has
    ("status",),
    ("show", "{code}", "--execution"),
    ("find", "{code}"),
    ("find", "--link", "https://motcua.example/#code={code}"),
    ("verify", "{code}"),
    ("verify", "--open"),
    ("verify", "--all", "--yes"),
    ("log",),
)
CHANGES: Final = (
    ("redrive", "{code}", "--yes"),
    ("redrive", "{code}", "--new", "--yes"),
    ("reconcile", "--yes"),
    ("reconcile", "--all", "--yes"),
    ("replay", "messages", "{code}", "--yes"),
    ("replay", "messages", "--all", "--yes"),
    ("replay", "dead-letters", "--list"),
    ("replay", "dead-letters", "--yes"),
    ("pause", t.TAX, "--reason", "x", "--yes"),
    ("resume", t.TAX, "--yes"),
    ("show", "{code}", "--personal"),
)
FIRST: Final = f"{1:021d}"
FOUND_NOTHING: Final = 1  # what was given up has been sent already, or something is wrong


@dataclass(frozen=True)
class Shift:
    """A stage in which a dossier's agency was given up on, and letters lie about."""

    made: Province

    def begin(self) -> str:
        """The dossier."""
        for queue in (DEAD, UPLOADS):
            boto3.client("sqs").create_queue(QueueName=queue)
        code = scenes.agency_given_up_on(self.made).code
        self.made.settle()
        boto3.client("stepfunctions").start_execution(
            stateMachineArn=MACHINE, name=f"{code}.g1", input="{}"
        )
        for function in ("export", "measure", "on_upload"):
            named = arn("lambda", f"function:{lambda_name(function, STAGE)}")
            payload = {"Records": []} if function == "on_upload" else {}
            send(DEAD, {"requestContext": {"functionArn": named}, "requestPayload": payload})
        send(DEAD, self._batch())
        send(DEAD, "what is this")
        return code

    def _batch(self) -> dict[str, Any]:
        """Of a stream that has forgotten it: all that is open is looked at."""
        client = boto3.client("dynamodbstreams")
        stream = client.list_streams(TableName=aws.RECORD)["Streams"][0]["StreamArn"]
        shard = client.describe_stream(StreamArn=stream)["StreamDescription"]["Shards"][0]
        named = arn("lambda", f"function:{lambda_name('on_change', STAGE)}:live")
        where = {
            "shardId": shard["ShardId"],
            "startSequenceNumber": FIRST,
            "endSequenceNumber": FIRST,
            "batchSize": 1,
            "streamArn": stream,
        }
        return {"requestContext": {"functionArn": named}, "DDBStreamBatchInfo": where}

    def types(self, role: str, words: tuple[str, ...], code: str) -> None:
        """One command; what it answers is other tests' business, only not that it may not."""
        typed = [word.format(code=code) for word in words]
        forget()  # each command is a process that has just begun
        with acting(role), contextlib.redirect_stdout(io.StringIO()) as out:
            status = main([*typed, "--json", "--stage", STAGE])
        assert status <= FOUND_NOTHING, (role, words, out.getvalue())
        assert "error" not in json.loads(out.getvalue()), (role, words, out.getvalue())


def work(made: Province) -> None:
    """Observers look, operators look and change."""
    shift = Shift(made)
    code = shift.begin()
    with pytest.MonkeyPatch.context() as patch:
        exporting(patch)
        for role in PEOPLE:  # before the first export
            shift.types(role, ("status",), code)
        ChangesLedger(boto3.client("s3"), CHANGES_BUCKET).set(
            Head("chain", 1, "digest", moment(NOW))
        )
        patch.setattr(reference, "KEPT_SECONDS", 0.0)  # else one would wait for a pause to be seen
        for words in LOOKS:
            shift.types("observer", words, code)
        made.clock.advance(days=30)  # and no timer rings
        for words in (*LOOKS, *CHANGES):
            shift.types("operator", words, code)
