"""Each port twice: the fake that the simulator uses, and the real adapter."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from chalicelib.adapters import clients
from chalicelib.adapters.deliveries import DynamoDeliveries
from chalicelib.adapters.files import S3Files
from chalicelib.adapters.keys import SecretKeys
from chalicelib.adapters.records import DynamoRecords
from chalicelib.adapters.table import Table
from chalicelib.adapters.throttle import DynamoThrottle
from chalicelib.domain.ids import FileId
from chalicelib.ports import Deliveries, Files, Keys, Records, Throttle
from tests import aws
from tests.simulator.fakes import (
    InMemoryDeliveries,
    InMemoryFiles,
    InMemoryRecords,
    InMemoryThrottle,
    PlainKeys,
)


@dataclass
class Ports:
    """The ports of one implementation, wired to each other."""

    records: Records
    deliveries: Deliveries
    files: Files
    throttle: Throttle
    keys: Keys

    def arrive(self, file: FileId, content: bytes = b"%PDF-1.7") -> None:
        """The bytes of a file reach the store."""
        if isinstance(self.files, InMemoryFiles):
            self.files.arrive(file)
            return
        upload = self.files.get(file)
        assert upload
        clients.s3().put_object(
            Bucket=aws.FILES, Key=f"uploads/{file}", Body=content, ContentType=upload.type
        )


def _fakes() -> Ports:
    files, deliveries = InMemoryFiles(), InMemoryDeliveries()
    records = InMemoryRecords(files, deliveries)
    return Ports(records, deliveries, files, InMemoryThrottle(), PlainKeys())


@pytest.fixture
def table() -> Iterator[Table]:
    with aws.aws():
        yield Table(clients.dynamodb(), aws.RECORD)


def real(table: Table) -> Ports:
    """The adapters of production."""
    return Ports(
        DynamoRecords(table, clients.s3, aws.FILES),
        DynamoDeliveries(table),
        S3Files(table, clients.s3, aws.FILES),
        DynamoThrottle(table),
        SecretKeys(lambda: aws.SECRET),
    )


@pytest.fixture(params=["fakes", "aws"])
def ports(request: pytest.FixtureRequest) -> Any:
    if request.param == "fakes":
        return _fakes()
    return real(request.getfixturevalue("table"))
