"""Fifty officials accept at the same moment, and processes die meanwhile: no number is missing."""

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any, cast

import pytest

from chalicelib.adapters.records import DynamoRecords
from chalicelib.adapters.table import Table
from chalicelib.domain.ids import DossierCode
from chalicelib.domain.register import Book
from chalicelib.ports import Deps
from chalicelib.use_cases.changing import Idempotency
from chalicelib.use_cases.decide import Decision, decide
from infra.templates import STACKS, load
from tests.adapters import made
from tests.aws import table_of
from tests.infra.emulator import Emulator, running
from tests.simulator import sample

MANY = 50
RECORD = "motcua-test-record"
BOOK = Book(sample.DESK, 2026)


class CrashError(Exception):
    """The process is gone."""


class Dying:
    """A client whose process dies before or after every third transaction or so."""

    def __init__(self, client: Any, seed: int) -> None:
        self._client = client
        self._random = random.Random(seed)  # noqa: S311 - the same in every run

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def transact_write_items(self, **request: Any) -> Any:
        """Before, after, or not at all."""
        die = self._random.choice(["before", "after", "", "", "", ""])
        if die == "before":
            raise CrashError
        answer = self._client.transact_write_items(**request)
        if die == "after":
            raise CrashError
        return answer


@pytest.fixture(scope="module")
def cloud() -> Iterator[Emulator]:
    with running() as emulator:
        properties = load(STACKS / "data.yaml")["Resources"]["RecordTable"]["Properties"]
        emulator.client("dynamodb").create_table(**table_of(properties, RECORD))
        yield emulator


def records(client: Any) -> DynamoRecords:
    return DynamoRecords(Table(client, RECORD), lambda: None, "bucket")


def deps(client: Any) -> Deps:
    """What a decision needs."""
    reference = SimpleNamespace(
        procedure=lambda code, _version=None: made.VERSIONS[code],
        directory=lambda: made.DIRECTORY,
    )
    clock = SimpleNamespace(now=lambda: made.NOW)
    return cast("Deps", SimpleNamespace(records=records(client), reference=reference, clock=clock))


def code(n: int) -> DossierCode:
    return DossierCode(f"S1.1-261005-{n:04d}")


def accepts(cloud: Emulator, n: int) -> int:
    """An official presses the button until an answer comes; how often."""
    ports = deps(Dying(cloud.client("dynamodb"), n))
    command = Decision(code(n), "accept", 1, idempotency=Idempotency(f"key-{n}", "body"))
    for times in range(1, 30):
        try:
            decide(command, made.OFFICIAL, ports)
        except CrashError:
            continue
        return times
    raise AssertionError("it was never answered")


@pytest.mark.slow
def test_no_number_is_missing(cloud: Emulator) -> None:
    """And none is there twice, whoever came first and whoever died."""
    book = records(cloud.client("dynamodb"))
    for n in range(1, MANY + 1):
        book.commit(made.change(made.submitted(code(n))))
    with ThreadPoolExecutor(MANY) as desks:
        times = list(desks.map(lambda n: accepts(cloud, n), range(1, MANY + 1)))
    assert sum(times) > MANY  # somebody did die
    lines = book.lines(BOOK, 0, 100)
    assert [each.number for each in lines] == list(range(1, MANY + 1))
    assert {each.dossier for each in lines} == {code(n) for n in range(1, MANY + 1)}
    for each in lines:
        dossier = book.load(each.dossier, made.context())
        assert dossier.number == each.number
        assert [event.type for event in book.events(each.dossier)] == ["submitted", "accepted"]
