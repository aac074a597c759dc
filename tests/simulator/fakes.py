"""In-memory adapters. The contract suite in tests/adapters runs on these and on the real ones."""

import hashlib
import hmac
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import Any

from chalicelib.domain.delivery import Delivery, DeliveryState
from chalicelib.domain.directory import Directory
from chalicelib.domain.dossier import Dossier
from chalicelib.domain.errors import NotFoundError, ThrottledError
from chalicelib.domain.event import Event, stamp
from chalicelib.domain.ids import (
    AgencyCode,
    DeliveryId,
    DossierCode,
    FileId,
    PersonRef,
    ProcedureCode,
)
from chalicelib.domain.leg import Leg
from chalicelib.domain.procedure import ProcedureVersion
from chalicelib.ports import (
    CallbackTarget,
    Change,
    ContextOf,
    Endpoint,
    Fault,
    FileNotReadyError,
    Form,
    Page,
    RaceError,
    SeenError,
    Sent,
    Token,
    Upload,
    WorkRow,
)


KEPT = [each.name for each in fields(Dossier) if each.init]
KEPT = KEPT[: KEPT.index("legs")]  # the rest is the legs, and work in progress
_dossier_values = attrgetter(*KEPT)
_leg_values = attrgetter(*(each.name for each in fields(Leg)))


def copy_of(dossier: Dossier) -> Dossier:
    """What a store gives back: nothing shared with what was put in."""
    legs = [Leg(*_leg_values(leg)) for leg in dossier.legs]
    settlement = Leg(*_leg_values(dossier.settlement)) if dossier.settlement else None
    return Dossier(*_dossier_values(dossier), legs=legs, settlement=settlement)


@dataclass
class Stored:
    """Everything kept about one dossier."""

    dossier: Dossier
    events: list[Event] = field(default_factory=list)
    notes: dict[int, str] = field(default_factory=dict)
    forms: list[Form] = field(default_factory=list)


class InMemoryRecords:
    """The record; `on_commit` is the table's stream: keys that changed."""

    def __init__(self, files: "InMemoryFiles", deliveries: "InMemoryDeliveries") -> None:
        self.stored: dict[DossierCode, Stored] = {}
        self.marks: dict[str, Mapping[str, Any]] = {}
        self.serials: dict[str, int] = defaultdict(int)
        self.on_commit: list[Any] = []
        self._wakes: dict[DossierCode, datetime] = {}
        self._files = files
        self._deliveries = deliveries

    def load(self, code: DossierCode, context: ContextOf) -> Dossier:
        if code not in self.stored:
            raise NotFoundError("dossier.not_found")
        dossier = copy_of(self.stored[code].dossier)
        dossier.ctx = context(dossier.procedure, dossier.version)
        return dossier

    def commit(self, change: Change) -> None:
        dossier = change.dossier
        stored = self.stored.get(dossier.code)
        before = dossier.ev - len(change.events)
        if change.mark and change.mark.key in self.marks:
            raise SeenError(self.marks[change.mark.key])
        if before != (stored.dossier.ev if stored else 0):
            raise RaceError(dossier.code)
        for file in change.files:
            self._files.check(file, dossier)
        self._store(change, stored)

    def _store(self, change: Change, stored: Stored | None) -> None:
        dossier = change.dossier
        if stored is None:
            stored = self.stored[dossier.code] = Stored(copy_of(dossier))
        self._put(stored, dossier)
        stored.events.extend(change.events)
        stored.notes.update(change.notes)
        if change.form:
            stored.forms.append(change.form)
        if change.mark:
            self.marks[change.mark.key] = change.mark.content
        for file in change.files:
            self._files.attach(file, dossier.code)
        for delivery in change.deliveries:
            self._deliveries.put(delivery)
        for tell in self.on_commit:
            tell(change)

    def _put(self, stored: Stored, dossier: Dossier) -> None:
        """Only touched legs are written, as the table's adapter does."""
        kept = stored.dossier.legs
        fresh = copy_of(dossier)
        fresh.legs = [
            leg if leg.n in dossier.touched or leg.n > len(kept) else kept[leg.n - 1]
            for leg in fresh.legs
        ]
        stored.dossier = fresh
        if fresh.wake_at:
            self._wakes[fresh.code] = fresh.wake_at
        else:
            self._wakes.pop(fresh.code, None)

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

    def worklist(self, queue: str, limit: int, cursor: str, due: str) -> Page:
        rows = sorted(self._rows(queue), key=lambda row: row[0])
        rows = [row for row in rows if row[0] > cursor and (not due or row[0] < due)]
        page = rows[:limit]
        return Page([row for _, row in page], page[-1][0] if len(rows) > limit else "")

    def _rows(self, queue: str) -> Iterable[tuple[str, WorkRow]]:
        for stored in self.stored.values():
            for leg in stored.dossier.open_legs():
                if not leg.is_citizens and f"{leg.holder}#work" == queue:
                    yield self._row(stored.dossier, leg)

    def _row(self, dossier: Dossier, leg: Leg) -> tuple[str, WorkRow]:
        due = dossier.due(leg)
        key = f"{stamp(due) if due else '9999-12-31T23:59:59Z'}#{dossier.code}#{leg.n}"
        row = {"status": dossier.status.value, "kind": leg.kind.value, "state": leg.state.value}
        return key, WorkRow(dossier.code, leg.n, due, row)

    def overdue_for_waking(self, before: datetime | None, shard: int) -> Iterable[str]:
        if shard:
            return
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

    def promise(self, upload: Upload) -> Mapping[str, Any]:
        self.uploads[upload.file] = upload
        return {"url": "memory:", "fields": {}}

    def get(self, file: FileId) -> Upload | None:
        return self.uploads.get(file)

    def arrive(self, file: FileId) -> None:
        self.stored.add(file)

    def confirm(self, file: FileId) -> bool:
        if file not in self.stored or file not in self.uploads:
            return False
        self.uploads[file] = replace(self.uploads[file], present=True)
        return True

    def check(self, file: FileId, dossier: Dossier) -> None:
        upload = self.uploads.get(file)
        if upload is None or not upload.present or upload.dossier not in ("", dossier.code):
            raise FileNotReadyError(file)

    def attach(self, file: FileId, code: DossierCode) -> None:
        self.uploads[file] = replace(self.uploads[file], dossier=code)

    def link(self, file: FileId) -> str:
        return f"memory:{file}"


class InMemoryTokens:
    """The token table; `on_put` is its stream."""

    def __init__(self) -> None:
        self.tokens: dict[DossierCode, Token] = {}

    def get(self, code: DossierCode) -> Token | None:
        return self.tokens.get(code)


class InMemoryThrottle:
    """Ten wrong tries in fifteen minutes."""

    def __init__(self, limit: int = 10) -> None:
        self.counts: dict[str, int] = defaultdict(int)
        self._limit = limit

    def check(self, caller: str) -> None:
        if self.counts[caller] >= self._limit:
            raise ThrottledError("secret.throttled", retry_after=900)

    def count(self, caller: str) -> None:
        self.counts[caller] += 1


class FixedReference:
    """A catalogue that does not change."""

    def __init__(self, procedures: Iterable[ProcedureVersion], directory: Directory) -> None:
        self._procedures = {(each.code, each.version): each for each in procedures}
        self._directory = directory
        self._latest = {each.code: each for each in self._procedures.values()}

    def procedure(self, code: ProcedureCode, version: int | None = None) -> ProcedureVersion:
        found = self._procedures.get((code, version)) if version else self._latest.get(code)
        if found is None:
            raise NotFoundError("procedure.not_found")
        return found

    def procedures(self) -> Sequence[ProcedureVersion]:
        return list(self._latest.values())

    def directory(self) -> Directory:
        return self._directory

    def endpoint(self, agency: AgencyCode) -> Endpoint | None:
        return Endpoint(f"memory:{agency}", ("secret",))


class VirtualClock:
    """Moves only when told to."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def advance(self, **by: float) -> None:
        self.at += timedelta(**by)

    def timer_seconds(self, until: datetime) -> int:
        ahead = until - self.at
        seconds = -(-ahead // timedelta(seconds=1))
        return max(1, min(seconds, 2_592_000))


class InMemoryWebhooks:
    """The agencies' doors: what arrived, and whether they are shut."""

    def __init__(self) -> None:
        self.arrived: list[tuple[str, str, str]] = []
        self.down = False

    def send(self, url: str, id: str, secrets: Sequence[str], body: str) -> Sent:  # noqa: A002, ARG002
        if self.down:
            return Sent(error="down")
        self.arrived.append((url, id, body))
        return Sent()


class PlainKeys:
    """Derives keys by HMAC with a fixed secret."""

    def opaque(self, *parts: str) -> str:
        digest = hmac.new(b"simulator", "\0".join(parts).encode(), hashlib.sha256)
        return digest.hexdigest()[:22]

    def tracking_secret(self, code: DossierCode) -> str:
        return self.opaque("secret", code)

    def person_ref(self, number: str) -> PersonRef:
        return PersonRef(self.opaque("person", number))

    def callback_id(self, code: DossierCode, leg: int, agency: AgencyCode) -> str:
        return f"{code}~{leg}~{agency}"

    def callback_of(self, callback_id: str) -> CallbackTarget:
        code, leg, agency = callback_id.split("~")
        return CallbackTarget(DossierCode(code), int(leg), AgencyCode(agency))


class NoForms:
    """Every form is good; the schema has its own tests."""

    def faults(self, version: ProcedureVersion, answers: Mapping[str, Any]) -> Sequence[Fault]:  # noqa: ARG002
        return ()


START = datetime(2026, 10, 5, 1, 0, tzinfo=UTC)  # a Monday, 08:00 in Buôn Ma Thuột
