"""A province on the real record: the adapters of production on moto, each of their calls watched.

The streams are what the calls wrote; the process dies before or after any call that one says.
Clock, reference data and agencies' doors are the simulator's.
"""

import base64
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, Final

from bench.cloud import Cloud
from chalicelib.adapters import clients
from chalicelib.adapters import table_keys as keys
from chalicelib.adapters.deliveries import DynamoDeliveries
from chalicelib.adapters.dossier_codec import dossier_from_data, procedure_of
from chalicelib.adapters.files import PREFIX, S3Files
from chalicelib.adapters.forms import JsonSchemaForms
from chalicelib.adapters.item_codec import Item, event_from_data, form_from_json, from_item
from chalicelib.adapters.keys import SecretKeys
from chalicelib.adapters.records import DynamoRecords
from chalicelib.adapters.schema import Data
from chalicelib.adapters.table import Table
from chalicelib.adapters.tokens import DynamoTokens
from chalicelib.adapters.workflow import StepFunctions
from chalicelib.domain.delivery import Delivery
from chalicelib.domain.event import moment
from chalicelib.domain.ids import DeliveryId, DossierCode, FileId
from chalicelib.ports import Change, Deps, Token, Upload
from chalicelib.use_cases.changing import context
from chalicelib.use_cases.lead import look
from tests import aws
from tests.simulator.asl import DEFINITION, ConditionalCheckFailedError, Crash, Execution
from tests.simulator.fakes import Stored
from tests.simulator.world import NO_FAULTS, REDELIVERIES, World

MACHINE: Final = "arn:aws:states:ap-southeast-1:123456789012:stateMachine:motcua-test-dossier"
LOSING: Final = replace(NO_FAULTS, lose=1e-9)  # nothing is lost by chance, but something may be
STATES: Final[Mapping[str, Any]] = json.loads(DEFINITION.read_text("utf-8"))["States"]


class CommittingRecords(DynamoRecords):
    """Says which change a transaction stores, for the stream that follows it."""

    def __init__(self, world: "RealWorld") -> None:
        super().__init__(world.cloud.record, clients.s3, aws.FILES)
        self._world = world

    def commit(self, change: Change) -> None:
        self._world.committing = change
        super().commit(change)


class SeenRecords(DynamoRecords):
    """The record as those see it who look on: what the stream says was written."""

    def __init__(self, world: "RealWorld") -> None:
        super().__init__(world.cloud.plain_record, lambda: world.cloud.s3, aws.FILES)
        self.on_commit: list[Callable[[Change], None]] = []
        self.stored = StoredDossiers(world)
        self._wakes: dict[str, datetime] = {}

    def wrote(self, item: Item) -> None:
        """A new image; what is open, and when it wakes, is what the index has."""
        name, sort = item["PK"]["S"], item["SK"]["S"]
        if name.startswith("D#"):
            self.stored.wrote(name, sort, item)
        if "open" in item:
            self._wakes[name] = moment(item["wake_at"]["S"])
        elif sort in {keys.CASE, "DELIVERY"}:
            self._wakes.pop(name, None)

    def next_wake(self) -> datetime | None:
        return min(self._wakes.values(), default=None)

    def overdue(self, before: datetime) -> list[DossierCode]:
        due = (name for name, wake in self._wakes.items() if wake < before)
        return [keys.code_of(name) for name in due if name.startswith("D#")]


class StoredDossiers(Mapping[DossierCode, Stored]):
    """All dossiers by code; `images` are their items by partition and sort key."""

    def __init__(self, world: "RealWorld") -> None:
        self._world = world
        self.images: dict[str, dict[str, Item]] = {}
        self._read: dict[DossierCode, Stored] = {}

    def wrote(self, partition: str, sort: str, item: Item) -> None:
        self.images.setdefault(partition, {})[sort] = item
        self._read.pop(keys.code_of(partition), None)

    def __iter__(self) -> Iterator[DossierCode]:
        return map(keys.code_of, self.images)

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, code: DossierCode) -> Stored:
        if code not in self._read:
            self._read[code] = self._decoded(self.images[keys.dossier(code)])
        return self._read[code]

    def _decoded(self, images: Mapping[str, Item]) -> Stored:
        def of(prefix: str) -> Iterator[tuple[int, Data]]:
            found = sorted(sort for sort in images if sort.startswith(prefix))
            return ((keys.number_of(sort), from_item(images[sort])) for sort in found)

        case = from_item(images[keys.CASE])
        ctx = context(self._world.plain)(*procedure_of(case))
        return Stored(
            dossier_from_data(case, [leg for _, leg in of(keys.LEGS)], ctx),
            [event_from_data(event) for _, event in of(keys.EVENTS)],
            {ev: note["text"] for ev, note in of(keys.NOTES)},
            [form_from_json(number, self._form(form)) for number, form in of(keys.FORMS)],
        )

    def _form(self, data: Data) -> str:
        name = data.get("object")
        return self._world.records._fetch(name) if name else str(data["content"])


class SeenDeliveries(DynamoDeliveries):
    """The outbox with all that was ever in it."""

    def __init__(self, table: Table) -> None:
        super().__init__(table)
        self.names: set[DeliveryId] = set()

    @property
    def all(self) -> Mapping[DeliveryId, Delivery]:
        """Read one by one, so for small stories."""
        found = {name: self.get(name) for name in sorted(self.names)}
        return {name: delivery for name, delivery in found.items() if delivery}


class Browsers(S3Files):
    """Files that citizens and agencies store; what dies on the way is asked for again."""

    def __init__(self, world: "RealWorld") -> None:
        super().__init__(world.cloud.record, clients.s3, aws.FILES)
        self._world = world

    def promise(self, upload: Upload) -> Mapping[str, Any]:
        digest = hashlib.sha256(_content(upload)).digest()
        exact = replace(upload, sha256=base64.b64encode(digest).decode())
        request: Mapping[str, Any] = self._world.retrying(
            lambda: super(Browsers, self).promise(exact)
        )
        return request

    def arrive(self, file: FileId) -> None:
        """The bytes reach the store."""
        upload = S3Files(self._world.cloud.plain_record, clients.s3, aws.FILES).get(file)
        assert upload
        self._world.cloud.s3.put_object(
            Bucket=aws.FILES,
            Key=PREFIX + file,
            Body=_content(upload),
            ContentType=upload.type,
            ChecksumAlgorithm="SHA256",
        )

    def confirm(self, file: FileId) -> bool:
        return bool(self._world.retrying(lambda: super(Browsers, self).confirm(file)))


def _content(upload: Upload) -> bytes:
    return b"%" * upload.size


class RealWorld(World):
    """The simulated province on the adapters; `dies` says at which points, counted from 1.

    With `lost`, what a worker was doing when it died is not sent again: the reconciler's turn.
    """

    records: Any
    outbox: Any
    files: Any

    def __init__(
        self, cloud: Cloud, dies: Callable[[int], bool] = lambda _: False, *, lost: bool = False
    ) -> None:
        self.cloud, self._dies, self._lost = cloud, dies, lost
        self.points: list[str] = []
        self.committing: Change | None = None
        self.registering: Execution | None = None
        cloud.watcher = self
        super().__init__(1, LOSING if lost else NO_FAULTS)

    def _wire(self) -> None:
        super()._wire()
        cloud = self.cloud
        self.outbox = SeenDeliveries(self.cloud.plain_record)
        self.plain = self._on_aws(self.plain, cloud.plain_record, cloud.plain_token)
        self.deps = replace(
            self._on_aws(self.deps, cloud.record, cloud.token), records=CommittingRecords(self)
        )
        self.records = SeenRecords(self)
        self.records.on_commit.append(self._stream)
        self.files = Browsers(self)

    def _on_aws(self, deps: Deps, record: Table, token: Table) -> Deps:
        return replace(
            deps,
            records=DynamoRecords(record, clients.s3, aws.FILES),
            deliveries=DynamoDeliveries(record),
            tokens=DynamoTokens(token),
            workflow=StepFunctions(clients.stepfunctions, MACHINE),
            files=S3Files(record, clients.s3, aws.FILES),
            keys=SecretKeys(lambda: aws.SECRET),
            forms=JsonSchemaForms(),
            webhooks=self.webhooks,
        )

    # -- calls

    def point(self, call: str) -> None:
        """Before or after a call; the process may die here."""
        self.points.append(call)
        if self._dies(len(self.points)):
            raise Crash

    def _attempt(
        self, act: Callable[[], object], code: str, seconds: float, tries: int = 0
    ) -> None:
        super()._attempt(act, code, seconds, REDELIVERIES if self._lost else tries)

    def carried_out(self, call: str, given: Mapping[str, Any]) -> None:
        """A call was carried out: whoever follows the tables' streams hears of it."""
        puts = {"PutItem": [{"Put": given}], "TransactWriteItems": given.get("TransactItems", ())}
        for put in (each["Put"] for each in puts.get(call, ()) if "Put" in each):
            if put["TableName"] == aws.RECORD:
                self._recorded(put["Item"])
            else:
                self._registered(put["Item"])
        if call == "TransactWriteItems" and self.committing:
            for tell in self.records.on_commit:
                tell(self.committing)

    def _recorded(self, item: Item) -> None:
        self.records.wrote(item)
        if item["SK"]["S"] == "DELIVERY":
            self.outbox.names.add(DeliveryId(item["PK"]["S"].removeprefix("DEL#")))

    def _registered(self, item: Item) -> None:
        assert self.registering
        code = DossierCode(item["PK"]["S"])
        token = Token(int(item["seq"]["N"]), int(item["generation"]["N"]), item["token"]["S"])
        for tell in self.on_token:
            tell(token, self.registering)
        self._message(partial(look, code, self.deps), code)

    def _register(self, item: Mapping[str, Any], run: Execution) -> None:
        """As the definition puts the token."""
        self.registering = run
        table = self.cloud.token
        try:
            table.client.put_item(
                TableName=table.name,
                Item=item,
                ConditionExpression=STATES[run.state]["Parameters"]["ConditionExpression"],
                ExpressionAttributeValues={":generation": item["generation"]},
            )
        except table.client.exceptions.ConditionalCheckFailedException as error:
            raise ConditionalCheckFailedError from error

    def agrees(self) -> bool:
        """Whether what the stream said is what the table holds now."""
        table, said = self.cloud.plain_record, self.records.stored.images
        return all(
            {item["SK"]["S"]: item for item in table.items("PK = :pk", {":pk": partition})}
            == images
            for partition, images in said.items()
        )
