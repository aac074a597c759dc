"""What is measured, in a process of its own: `python bench/replayed.py FILE SIDE TIMES`.

SIDE `app` is the API as Lambda calls it; `bare` does the same calls of AWS with boto3 alone and
nothing else. Nothing is sent: where botocore has signed a request, its recorded answer comes back.
Imports what both sides need and what is measured; its last line are the CPU seconds at each mark.
"""

import gc
import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import boto3
from botocore.awsrequest import AWSResponse

Event = Mapping[str, Any]
Handler = Callable[[Event, Any], Mapping[str, Any]]  # of Lambda: event, context -> answer

READS: Final = frozenset({"GetItem", "Query"})  # the same request has the same answer
BAD: Final = 300  # the first status that is none of success


class Context:
    """Of Lambda, as far as it is looked at."""

    function_name = "motcua-test"
    function_version = "$LATEST"
    memory_limit_in_mb = 1024
    invoked_function_arn = "arn:aws:lambda:ap-southeast-1:123456789012:function:motcua-test"
    aws_request_id = "00000000-0000-4000-8000-000000000000"

    def get_remaining_time_in_millis(self) -> int:
        """Enough."""
        return 29_000


class _Raw(BytesIO):
    def stream(self) -> list[bytes]:
        return [self.getvalue()]


class Answers:
    """AWS, as it was recorded."""

    def __init__(self, recorded: Mapping[str, Any]) -> None:
        self._recorded = recorded

    def __call__(self, request: Any, **_: object) -> AWSResponse:
        """Answer for botocore's `before-send`."""
        call = request.headers["X-Amz-Target"].decode().rpartition(".")[2]
        status, headers, body = self._recorded[key_of(call, request.body.decode())]
        return AWSResponse(request.url, status, headers, _Raw(body.encode()))


def key_of(call: str, body: str) -> str:
    """By what an answer is found again: writes differ in their ids and moments."""
    return f"{call} {body}" if call in READS else call


def api() -> Handler:
    """What a cold start makes: the application, and the one client that every function needs."""
    from app import app  # noqa: PLC0415 - measured
    from chalicelib.adapters import clients  # noqa: PLC0415 - measured

    clients.dynamodb()
    return app


def bare(calls: Mapping[str, Any]) -> Handler:
    """JSON in, the calls, JSON out; the items are at hand."""
    client = boto3.client("dynamodb")
    methods = {call: name for name, call in client.meta.method_to_api_mapping.items()}

    def handler(event: Event, _context: object) -> Mapping[str, Any]:
        json.loads(event["body"] or "{}")
        recorded = calls[event["path"]]
        for call, given in recorded["calls"]:
            getattr(client, methods[call])(**given)
        headers = {"content-type": "application/json"}
        return {"statusCode": 200, "headers": headers, "body": json.dumps(recorded["reply"])}

    return handler


def main() -> None:
    """Import, then answer each request once, and again so many times."""
    file, side, times = sys.argv[1:]
    told = json.loads(Path(file).read_text("utf-8"))
    _stand_still(json.loads(told["environment"]["CLOCK_ANCHOR"])["real"])
    answers: Any = Answers(told["answers"])
    boto3.setup_default_session()
    boto3._get_default_session().events.register("before-send", answers)  # noqa: SLF001 - no other way to all clients of boto3.client
    operations = told["operations"]
    calls = {each["event"]["path"]: each for each in operations}
    handler = api() if side == "app" else bare(calls)
    marks = [_mark()]
    os.environ.update(told["environment"])  # what was imported is what is deployed, not local
    for each in operations:
        for count in (1, int(times)):
            gc.collect()  # its turn would come in the middle of either side, and look like a cost
            gc.freeze()
            for _ in range(count):
                answer = handler(each["event"], Context())
                assert answer["statusCode"] < BAD, answer
            marks.append(_mark())
    print(json.dumps(marks))


def _stand_still(moment: float) -> None:
    """However slow we are as we are counted, nothing that is kept runs out."""
    time.monotonic = float  # always 0.0
    time.time = lambda: moment


def _mark() -> float:
    """A moment between two parts: `bench/instructions.py` has valgrind watch for this call."""
    os.getppid()
    return time.process_time()


if __name__ == "__main__":
    main()
