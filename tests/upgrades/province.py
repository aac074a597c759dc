"""A province whose dossiers are under way: the functions as they are deployed, on moto.

Executions run in the simulator's interpreter of state machines, on a definition of one's choice and
on a clock that moves only when told to. Functions get what AWS would send them, by their names.
"""

import heapq
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, Final

import pytest

from bench.cloud import Answered, executions
from catalogue.load import set_webhook
from chalicelib import bootstrap
from chalicelib.adapters import clients
from infra.demo.agency import AgencyServer
from infra.local import handlers
from infra.local.streams import to_lambda
from tests import aws
from tests.entrypoints import served
from tests.entrypoints.town import Town
from tests.infra.guard import Guard
from tests.simulator.asl import ConditionalCheckFailedError, Execution, Machine
from tests.simulator.fakes import VirtualClock

Json = dict[str, Any]

BEGINNING: Final = datetime.fromisoformat(served.NOW).astimezone(UTC)
FUNCTIONS: Final = {"${WakeFunction}": "wake", "${RolloverFunction}": "rollover"}
WRITES: Final = ("/dossiers", "/callbacks")
INTERPRETED: Final = {"StartExecution", "SendTaskSuccess", "DescribeExecution"}
MOST_RECORDS: Final = 1000
STREAMS: Final = {aws.RECORD: "NEW_IMAGE", aws.TOKEN: "KEYS_ONLY"}


class Timeline:
    """What will happen, by time."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self._heap: list[tuple[datetime, int, Callable[[], object]]] = []
        self._order = count()

    def after(self, seconds: float, act: Callable[[], object], _about: str = "") -> None:
        """As the interpreter asks."""
        at = self.clock.at + timedelta(seconds=seconds)
        heapq.heappush(self._heap, (at, next(self._order), act))

    def due(self, until: datetime) -> Iterator[Callable[[], object]]:
        """Each act when its time has come; the clock moves with them, and on to `until`."""
        while self._heap and self._heap[0][0] <= until:
            at, _, act = heapq.heappop(self._heap)
            self.clock.at = max(self.clock.at, at.replace(microsecond=0))
            yield act
        self.clock.at = max(self.clock.at, until)


class Province:
    """`calls` are what the functions were asked and answered, by function.

    Streams and timers act after each request, as they would before the next one comes.
    """

    def __init__(self, clock: VirtualClock, agencies: AgencyServer) -> None:
        self.town = Town()
        self.agencies = agencies
        self.client = self.town.client = Listening(self.settle)
        self.clock = clock
        self.calls: dict[str, list[Json]] = defaultdict(list)
        self.founded = ""  # whose keys and catalogue it has; today's
        self.told: list[Json] = []  # what Step Functions was told
        self._streams = {table: Stream(table, view) for table, view in STREAMS.items()}
        self._settle_in()

    def founded_with(self, catalogue: Iterable[Json]) -> None:
        """Another version's catalogue in the place of today's."""
        for table in served._tables().values():
            table.items.clear()
        for item in catalogue:
            clients.dynamodb().put_item(TableName=aws.RECORD, Item=item)
        self._settle_in()

    def _settle_in(self) -> None:
        """To come back to before every scene."""
        self.agencies_are_at()
        self.town._beginning = served.Snapshot()
        self._moved = False
        self.begin()

    def begin(self, at: datetime = BEGINNING, definition: str | None = None) -> None:
        """Nothing has been filed yet, and nothing is led."""
        self.town.begin()
        self.clock.at = at
        self.asleep = False
        self.calls.clear()
        self.told.clear()
        self.client.heard.clear()
        self.agencies._inbox.clear()
        if self._moved:
            served.forget()
        self._moved = False
        self.timeline = Timeline(self.clock)
        functions = {name: partial(self.call, key) for name, key in FUNCTIONS.items()}
        self.machine = Machine(functions, self._put_token, self.timeline.after, definition)
        for stream in self._streams.values():
            stream.begin()

    def replace_definition(self, text: str) -> None:
        """As a deployment does: executions that run go on with theirs."""
        self.machine.deploy(text)

    def agencies_are_at(self, url: str = "") -> None:
        """From now on; as a rule at the little server that takes what is signed."""
        for agency in served.WEBHOOKS:
            there = url or self.agencies.url(agency)
            set_webhook(agency, there, served.WEBHOOK_SECRET, aws.RECORD)
        self._moved = True
        served.forget()

    def call(self, function: str, event: Mapping[str, Any]) -> Any:
        """Ask a function, as AWS does: JSON in, JSON out."""
        given = json.loads(json.dumps(event))
        answer = handlers.load(function)(given, handlers.context_for(function))
        answer = json.loads(json.dumps(answer))
        self.calls[function].append({"event": event, "answer": answer})
        return answer

    # -- time

    def settle(self) -> None:
        """Everything that happens at once happens; asleep, what was decided has no effect yet."""
        if not self.asleep:
            self.until(self.clock.at)

    def later(self, **by: float) -> None:
        """Time passes, and with it timers."""
        self.until(self.clock.at + timedelta(**by))

    def until(self, moment: datetime) -> None:
        """Timers and streams until then."""
        self._stream()
        for act in self.timeline.due(moment):
            act()
            self._stream()

    def reconcile(self, *, everything: bool = False) -> Any:
        """As the schedule does."""
        answer = self.call("reconcile", {"all": True} if everything else {})
        self.settle()
        return answer

    def news(self, table: str) -> list[Json]:
        """Records of a table's stream that no function has seen; none does afterwards."""
        return self._streams[table].new()

    def _stream(self) -> None:
        """Both tables' streams, until nothing is new."""
        while batches := [batch for each in self._streams.values() if (batch := each.new())]:
            for records in batches:
                answer = self.call("on_change", {"Records": records})
                if answer["batchItemFailures"]:
                    raise RuntimeError(f"the stream handler failed: {answer}")

    # -- executions

    def _put_token(self, item: Mapping[str, Any], run: Execution) -> None:
        """As the definition says."""
        client = clients.dynamodb()
        try:
            client.put_item(
                TableName=aws.TOKEN,
                Item=item,
                ConditionExpression=self.machine.state(run).raw["Parameters"][
                    "ConditionExpression"
                ],
                ExpressionAttributeValues={":generation": item["generation"]},
            )
        except client.exceptions.ConditionalCheckFailedException as error:
            raise ConditionalCheckFailedError from error

    def interpret(self, model: Any, params: Mapping[str, Any], **_: object) -> Any:
        """Answer for Step Functions; what the interpreter does not know is moto's to answer."""
        if model.name not in INTERPRETED:
            return None
        given = json.loads(params["body"])
        self.told.append({"call": model.name, **_content(given)})
        error, answer = executions(self.machine, model.name, given)
        if error:
            return Answered(400), {"Error": {"Code": error, "Message": error}}
        began = {"startDate": self.clock.at} if model.name == "DescribeExecution" else {}
        return Answered(200), {**answer, **began}


def _content(given: Json) -> Json:
    """What an execution gets to see of a call."""
    names = ("input", "output")
    return {name: json.loads(given[name]) for name in names if name in given}


class Listening(served.Client):
    """`heard` are the writes that were taken, to be sent again one day."""

    def __init__(self, after: Callable[[], None]) -> None:
        super().__init__()
        self.heard: list[Json] = []
        self._after = after

    def call(self, method: str, path: str, given: object = None, **more: Any) -> served.Reply:
        reply = super().call(method, path, given, **more)
        if method == "POST" and path.startswith(WRITES):
            body = given.decode() if isinstance(given, bytes) else given
            self.heard.append({"path": path, "body": body, **more, "status": reply.status})
            self._after()
        return reply


class Stream:
    """One table's stream, read as Lambda reads it."""

    def __init__(self, table: str, view: str) -> None:
        specification = {"StreamEnabled": True, "StreamViewType": view}
        made = clients.dynamodb().update_table(TableName=table, StreamSpecification=specification)
        self._arn = made["TableDescription"]["LatestStreamArn"]
        self._table = table

    def begin(self) -> None:
        """Nothing has come; what had would be copied by each of moto's transactions."""
        self._shard.items.clear()
        self._seen = 0

    def new(self) -> list[Json]:
        """What has come since the last look, as moto holds it: its API would take ten times."""
        records = self._shard.get(self._shard.starting_sequence_number + self._seen, MOST_RECORDS)
        self._seen += len(records)
        return [to_lambda(record, self._arn) for record in records]

    @property
    def _shard(self) -> Any:
        return served._tables()[self._table].stream_shard


@contextmanager
def province(folder: Path, guard: Guard | None = None) -> Iterator[Province]:
    """The local stage with its catalogue; keys lie in `folder`."""
    clock = VirtualClock(BEGINNING)
    with (
        served.served(folder, guard),
        pytest.MonkeyPatch.context() as patch,
        AgencyServer(dict.fromkeys(served.WEBHOOKS, served.WEBHOOK_SECRET)) as agencies,
    ):
        patch.setattr(bootstrap, "clock", lambda: clock)
        served.forget()
        made = Province(clock, agencies)
        clients.stepfunctions().meta.events.register_last("before-call", made.interpret)
        yield made
