"""What the functions are sent and answer: made once by each version, sent again to all later ones.

Each call is made on a scene as it was left, so that it has something to do. What it causes is
recorded with its answer: what executions are told, and what agencies get to read.
"""

import json
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote_plus

from tests import aws
from tests.entrypoints import town as t
from tests.entrypoints.town import Filed
from tests.upgrades import recorded
from tests.upgrades.province import Json, Province, province

DAY: Final = 86_400
WAKES: Final = {  # scenes, and how long after them an execution asks
    "submitted": 0,
    "asked_before_acceptance": 0,
    "accepted": 0,
    "agency_asked": 6 * DAY,
    "to_pay": 0,
    "settled": 0,
    "returned": 0,
    "sent_back": 301 * DAY,
}
CHANGES: Final = {
    "filed_a_moment_ago": 0,
    "decided_a_moment_ago": 0,
    "handed_over_a_moment_ago": 0,
    "agency_not_reached": DAY,
    "second_generation": 0,
}
BUCKET: Final = {
    "name": aws.FILES,
    "ownerIdentity": {"principalId": "A3NL1KOZZKExample"},
    "arn": f"arn:aws:s3:::{aws.FILES}",
}
SCHEDULED: Final = {
    "version": "0",
    "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa",
    "detail-type": "Scheduled Event",
    "source": "aws.events",
    "account": "123456789012",
    "time": "2026-10-06T02:00:00Z",
    "region": "ap-southeast-1",
    "resources": ["arn:aws:events:ap-southeast-1:123456789012:rule/motcua-dev-reconcile"],
    "detail": {},
}


@dataclass(frozen=True)
class Call:
    """One call: `later` seconds after its scene; `told` and `sent` are what it caused."""

    scene: str
    event: Json
    later: int = 0
    answer: Any = None
    told: list[Json] = field(default_factory=list)
    sent: list[Json] = field(default_factory=list)


@dataclass(frozen=True)
class Request:
    """A signed message of an agency."""

    scene: str
    path: str
    body: Json
    answer: Any = None


def record(version: str) -> None:
    """Make every call once, on the scenes of the same version."""
    folder = recorded.PAYLOADS / version
    with tempfile.TemporaryDirectory() as keys, province(Path(keys)) as made:
        recorded.found(made, version)
        for function, calls in _calls(made, version).items():
            done = [vars(answered(made, function, version, call)) for call in calls]
            recorded.write(folder / f"{function}.json", {"function": function, "calls": done})
        requests = [vars(requested(made, version, each)) for each in _requests(made, version)]
        recorded.write(folder / "callbacks.json", {"function": "", "calls": requests})


def answered(made: Province, function: str, version: str, call: Call) -> Call:
    """The same call, with what came of it today."""
    recorded.restore(made, recorded.read(version, call.scene))
    made.timeline.clock.advance(seconds=call.later)
    made.told.clear()
    made.agencies._inbox.clear()
    answer = made.call(function, call.event)
    sent = [
        {"id": each.id, "agency": each.agency, "type": each.type, "data": each.data}
        for each in made.agencies._inbox.values()
    ]
    return Call(call.scene, call.event, call.later, answer, list(made.told), sent)


def requested(made: Province, version: str, request: Request) -> Request:
    """The same, signed now."""
    recorded.restore(made, recorded.read(version, request.scene))
    reply = made.town.send(request.path, request.body)
    answer = {"status": reply.status, "body": reply.body}
    return Request(request.scene, request.path, request.body, answer)


# -- what is sent


def _calls(made: Province, version: str) -> dict[str, list[Call]]:
    return {
        "wake": [Call(scene, _asked(version, scene), later) for scene, later in WAKES.items()]
        + [Call("second_generation", {**_asked(version, "second_generation"), "generation": 1})],
        "rollover": [
            Call("agency_asked", _asked(version, "agency_asked")),
            Call("second_generation", _asked(version, "second_generation")),
        ],
        "on_change": [
            Call(scene, {"Records": records}, later)
            for scene, later in CHANGES.items()
            for records in _streams(made, version, scene)
        ],
        "on_upload": list(_uploads(version)),
        "reconcile": [
            Call("accepted", {}, DAY),
            Call("filed_a_moment_ago", {"all": True}),
            Call("agency_not_reached", SCHEDULED, DAY),
        ],
        "measure": [
            Call("submitted", {}),
            Call("submitted", {}, 3 * DAY),
            Call("agency_asked", SCHEDULED, 30 * DAY),
        ],
        # Of a stage that has no store; what runs leave in one is `stores/`.
        "export": [Call("accepted", given) for given in ({}, {"now": True}, {"full": True})],
    }


def _asked(version: str, scene: str) -> Json:
    """As the state machine asks: its own input."""
    code = recorded.read(version, scene).code
    return {"dossier_id": code, "generation": 1}


def _streams(made: Province, version: str, scene: str) -> Iterator[list[Json]]:
    """Both tables' records of everything in the scene, as when it was written."""
    kept = recorded.read(version, scene)
    made.begin(kept.moment)
    for table, items in ((aws.RECORD, kept.record), (aws.TOKEN, kept.token)):
        recorded.put(table, items)
        if records := made.news(table):
            yield records


def _uploads(version: str) -> Iterator[Call]:
    scene = recorded.read(version, "submitted")
    names = [name for name in scene.objects if name.startswith("uploads/")]
    event = {"Records": [_arrived(name) for name in names]}
    hello = {"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": aws.FILES}
    yield Call("submitted", {"Records": list(_queued([event, hello]))})


def _arrived(name: str) -> Json:
    """As S3 documents its events."""
    return {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": "ap-southeast-1",
        "eventTime": "2026-10-06T02:00:00.000Z",
        "eventName": "ObjectCreated:Post",
        "userIdentity": {"principalId": "AWS:AIDAJDPLRKLG7UEXAMPLE"},
        "requestParameters": {"sourceIPAddress": "127.0.0.1"},
        "responseElements": {"x-amz-request-id": "C3D13FE58DE4C810", "x-amz-id-2": "FMyUVURIY8/I"},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "uploads",
            "bucket": BUCKET,
            "object": {
                "key": quote_plus(name, safe="/"),
                "size": 24,
                "eTag": "d41d8cd98f00b204e9800998ecf8427e",
                "versionId": "096fKKXTRTtl3on89fVO.nfljtsv6qko",
                "sequencer": "0055AED6DCD90281E5",
            },
        },
    }


def _queued(bodies: Iterable[Json]) -> Iterator[Json]:
    """As Lambda hands over the messages of a queue."""
    for number, body in enumerate(bodies, 1):
        yield {
            "messageId": f"059f36b4-87a3-44ab-83d2-66197592500{number}",
            "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a",
            "body": json.dumps(body),
            "attributes": {
                "ApproximateReceiveCount": "1",
                "SentTimestamp": "1791252000000",
                "SenderId": "AIDAIENQZJOLO23YVJ4VO",
                "ApproximateFirstReceiveTimestamp": "1791252000003",
            },
            "messageAttributes": {},
            "md5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3",
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:ap-southeast-1:123456789012:motcua-dev-uploads",
            "awsRegion": "ap-southeast-1",
        }


def _requests(made: Province, version: str) -> Iterator[Request]:
    scene = recorded.read(version, "agency_asked")
    recorded.restore(made, scene)
    path = made.town.callback(Filed(scene.code, ""), 3, t.TAX)
    for body in (
        {"outcome": "completed", "amount": 1_000_000, "note": "Đã xác định nghĩa vụ."},
        {"outcome": "incomplete", "items": ["paper:certificate"], "note": "Mờ."},
        {"outcome": "refused", "note": "Không đủ điều kiện."},
        {"outcome": "progress", "note": "Đang xác minh."},
    ):
        yield Request(scene="agency_asked", path=path, body=body)
    yield Request("agency_asked", f"{path}/uploads", t.file_body())


def read(version: str, name: str) -> list[Json]:
    """The calls of one function, or the callbacks."""
    found: list[Json] = json.loads(
        (recorded.PAYLOADS / version / f"{name}.json").read_text("utf-8")
    )["calls"]
    return found
