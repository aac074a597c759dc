"""The record, the outbox and the files in memory."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from itertools import starmap
from operator import attrgetter
from typing import Any

from chalicelib.domain.delivery import Delivery, DeliveryState
from chalicelib.domain.dossier import Dossier
from chalicelib.domain.errors import NotFoundError
from chalicelib.domain.event import Event, stamp
from chalicelib.domain.ids import DeliveryId, DossierCode, FileId
from chalicelib.domain.leg import Leg
from chalicelib.domain.register import Book, Line
from chalicelib.domain.terms import LegKind
from chalicelib.ports import (
    Change,
    ContextOf,
    FileNotReadyError,
    Form,
    Late,
    NumberTakenError,
    Page,
    RaceError,
    SeenError,
    Upload,
    WorkRow,
)

_NAMES = [each.name for each in fields(Dossier) if each.init]
# What follows the legs and the settlement clock is work in progress, and not kept.
_dossier_values = attrgetter(*_NAMES[: _NAMES.index("legs")])
Frozen = tuple[tuple[Any, ...], list[tuple[Any, ...]], tuple[Any, ...] | None]
_leg_values = attrgetter(*(each.name for each in fields(Leg)))


def copy_of(dossier: Dossier) -> Dossier:
    """Nothing shared with what was put in."""
    return _thawed(_frozen(dossier))


def _frozen(dossier: Dossier) -> Frozen:
    """As it lies in a store; what is frozen once is given back many times."""
    clock = dossier.settlement
    legs = [_leg_values(leg) for leg in dossier.legs]
    return _dossier_values(dossier), legs, _leg_values(clock) if clock else None


def _thawed(frozen: Frozen) -> Dossier:
    values, legs, clock = frozen
    settlement = Leg(*clock) if clock else None
    return Dossier(*(*values, list(starmap(Leg, legs)), settlement))


def _written(dossier: Dossier, kept: Sequence[Leg]) -> Dossier:
    """Of the legs that are kept only the touched ones are written, as the table's adapter does."""
    touched, known = dossier.touched, len(kept)
    legs = [
        Leg(*_leg_values(leg)) if leg.n in touched or leg.n > known else kept[leg.n - 1]
        for leg in dossier.legs
    ]
    return _with_legs(dossier, legs)


def _with_legs(dossier: Dossier, legs: list[Leg]) -> Dossier:
    clock = dossier.settlement
    settlement = Leg(*_leg_values(clock)) if clock else None
    return Dossier(*(*_dossier_values(dossier), legs, settlement))


@dataclass
class Stored:
    """Everything kept about one dossier."""

    dossier: Dossier
    events: list[Event] = field(default_factory=list)
    notes: dict[int, str] = field(default_factory=dict)
    forms: list[Form] = field(default_factory=list)
    frozen: Frozen | None = None  # what the last load froze


class InMemoryRecords:
    """The record; `on_commit` is the table's stream: keys that changed."""

    def __init__(self, files: "InMemoryFiles", deliveries: "InMemoryDeliveries") -> None:
        self.stored: dict[DossierCode, Stored] = {}
        self.marks: dict[str, Mapping[str, Any]] = {}
        self.serials: dict[str, int] = defaultdict(int)
        self.registers: dict[Book, dict[int, Line]] = defaultdict(dict)
        self.on_commit: list[Any] = []
        self._wakes: dict[DossierCode, datetime] = {}
        self._files = files
        self._deliveries = deliveries

    def load(self, code: DossierCode, context: ContextOf) -> Dossier:
        if code not in self.stored:
            raise NotFoundError("dossier.not_found")
        stored = self.stored[code]
        stored.frozen = stored.frozen or _frozen(stored.dossier)
        dossier = _thawed(stored.frozen)
        dossier.ctx = context(dossier.procedure, dossier.version)
        return dossier

    def commit(self, change: Change) -> None:
        dossier = change.dossier
        stored = self.stored.get(dossier.code)
        before = dossier.ev - len(change.events)
        if change.mark and change.mark.key in self.marks:
            raise SeenError(self.marks[change.mark.key])
        loaded = (stored.dossier.ev, stored.dossier.wake_at) if stored else (0, None)
        if (before, change.woke_at) != loaded:
            raise RaceError(dossier.code)
        for file in change.files:
            self._files.check(file)
        if change.line and change.line.number in self.registers[change.line.book]:
            raise NumberTakenError(dossier.code)
        self._store(change, stored)

    def _store(self, change: Change, stored: Stored | None) -> None:
        dossier = change.dossier
        if stored is None:
            stored = self.stored[dossier.code] = Stored(copy_of(dossier))
        else:
            stored.dossier, stored.frozen = _written(dossier, stored.dossier.legs), None
        self._set_wake(dossier)
        stored.events.extend(change.events)
        stored.notes.update(change.notes)
        if change.form:
            stored.forms.append(change.form)
        if change.mark:
            self.marks[change.mark.key] = change.mark.content
        if change.line:
            self.registers[change.line.book][change.line.number] = change.line
        for file in change.files:
            self._files.attach(file, dossier.code)
        for delivery in change.deliveries:
            self._deliveries.put(delivery)
        for tell in self.on_commit:
            tell(change)

    def _set_wake(self, dossier: Dossier) -> None:
        if dossier.wake_at:
            self._wakes[dossier.code] = dossier.wake_at
        else:
            self._wakes.pop(dossier.code, None)

    def next_wake(self) -> datetime | None:
        """The earliest wake-up of all that is open; None when everything has ended."""
        return min([*self._wakes.values(), *self._deliveries.wakes()], default=None)

    def overdue(self, before: datetime) -> list[DossierCode]:
        """Open dossiers whose wake-up is past."""
        return [code for code, wake in self._wakes.items() if wake < before]

    def mark(self, key: str) -> Mapping[str, Any] | None:
        return self.marks.get(key)

    def events(self, code: DossierCode) -> list[Event]:
        return list(self.stored[code].events) if code in self.stored else []

    def notes(self, code: DossierCode) -> Mapping[int, str]:
        return dict(self.stored[code].notes) if code in self.stored else {}

    def form(self, code: DossierCode) -> Form:
        if code not in self.stored:
            raise NotFoundError("dossier.not_found")
        return self.stored[code].forms[-1]

    def next_serial(self, counter: str) -> int:
        self.serials[counter] += 1
        return self.serials[counter]

    def last_number(self, book: Book) -> int:
        return len(self.registers[book])

    def lines(self, book: Book, after: int, limit: int) -> Sequence[Line]:
        return list(self.registers[book].values())[after : after + limit]

    def worklist(self, queue: str, limit: int, cursor: str, due: str) -> Page:
        rows = sorted(self._rows(queue), key=lambda row: row[0])
        rows = [row for row in rows if row[0] > cursor and (not due or row[0] < due)]
        page = rows[:limit]
        return Page([row for _, row in page], page[-1][0] if len(rows) > limit else "")

    def late(self, queue: str, now: datetime) -> Late:
        late = [
            (due, dossier.code, leg)
            for dossier, leg in self._legs(queue)
            if leg.kind is not LegKind.RETURN and (due := dossier.due(leg)) and due < now
        ]
        dues = [(due, code) for due, code, _ in late]
        undecided = [(due, code) for due, code, leg in late if leg.kind is LegKind.INTAKE]
        return Late(len(late), min(dues, default=None), min(undecided, default=None))

    def _rows(self, queue: str) -> Iterable[tuple[str, WorkRow]]:
        return starmap(self._row, self._legs(queue))

    def _legs(self, queue: str) -> Iterable[tuple[Dossier, Leg]]:
        for stored in self.stored.values():
            for leg in stored.dossier.open_legs():
                if not leg.is_citizens and f"{leg.holder}#work" == queue:
                    yield stored.dossier, leg

    def _row(self, dossier: Dossier, leg: Leg) -> tuple[str, WorkRow]:
        due = dossier.due(leg)
        key = f"{stamp(due) if due else '9999-12-31T23:59:59Z'}#{dossier.code}#{leg.n}"
        row = {"status": dossier.status.value, "kind": leg.kind.value, "state": leg.state.value}
        return key, WorkRow(dossier.code, leg.n, due, row)

    def overdue_for_waking(self, before: datetime | None) -> Iterable[str]:
        for code, wake in list(self._wakes.items()):
            if before is None or wake < before:
                yield f"D#{code}"
        yield from self._deliveries.pending(before)


class InMemoryDeliveries:
    """The outbox."""

    def __init__(self) -> None:
        self.all: dict[DeliveryId, Delivery] = {}
        self._open: dict[DeliveryId, Delivery] = {}

    def put(self, delivery: Delivery) -> None:
        self.all[delivery.id] = delivery
        self._open[delivery.id] = delivery

    def get(self, id: DeliveryId) -> Delivery | None:  # noqa: A002
        return self.all.get(id)

    def update(self, delivery: Delivery, expected_tries: int) -> None:
        if self.all[delivery.id].tries != expected_tries:
            raise RaceError(delivery.id)
        self.put(delivery)
        if delivery.state is not DeliveryState.PENDING:
            del self._open[delivery.id]

    def wakes(self) -> list[datetime]:
        return [delivery.next_at for delivery in self._open.values()]

    def pending(self, before: datetime | None) -> Iterable[str]:
        for id, delivery in list(self._open.items()):  # noqa: A001
            if before is None or delivery.next_at < before:
                yield f"DEL#{id}"


class InMemoryFiles:
    """Promised files; `arrive` is the object store's event."""

    def __init__(self) -> None:
        self.uploads: dict[FileId, Upload] = {}
        self.stored: set[FileId] = set()
        self._present: set[FileId] = set()
        self._owners: dict[FileId, DossierCode] = {}

    def promise(self, upload: Upload) -> Mapping[str, Any]:
        self.uploads[upload.file] = upload
        return {"url": "memory:", "fields": {}}

    def get(self, file: FileId) -> Upload | None:
        upload = self.uploads.get(file)
        if upload is None:
            return None
        return replace(upload, present=file in self._present, dossier=self._owners.get(file, ""))

    def arrive(self, file: FileId) -> None:
        self.stored.add(file)

    def confirm(self, file: FileId) -> bool:
        if file not in self.stored or file not in self.uploads:
            return False
        self._present.add(file)
        return True

    def check(self, file: FileId) -> None:
        if file not in self._present or file in self._owners:
            raise FileNotReadyError(file)

    def attach(self, file: FileId, code: DossierCode) -> None:
        self._owners[file] = code

    def link(self, file: FileId) -> str:
        return f"memory:{file}"
