"""How keys of the record table are spelled: the one place that knows prefixes, `#` and padding.

Nothing here is personal data: people appear in keys as keyed hashes only.
"""

from datetime import datetime
from typing import Final, NamedTuple
from zlib import crc32

from chalicelib.domain.event import moment, stamp
from chalicelib.domain.ids import (
    AgencyCode,
    DeliveryId,
    DossierCode,
    FileId,
    ProcedureCode,
)
from chalicelib.domain.leg import SETTLEMENT_LEG
from chalicelib.domain.register import Book

Key = dict[str, str]

SHARDS: Final = 8  # of the index of what is open
NEVER: Final = "9999-12-31T23:59:59Z"  # due time of what waits: behind everything that has one

CASE: Final = "CASE"  # also the prefix of a case's legs, so that one Query loads them together
LEGS: Final = "CASE#LEG#"
EVENTS: Final = "EV#"
NOTES: Final = "NOTE#"
FORMS: Final = "FORM#"
VERSIONS: Final = "V#"

OPERATED: Final = "OPERATED#"
PAUSED: Final = "PAUSED"

CATALOGUE: Final = "CATALOGUE"
DIRECTORY: Final = "DIRECTORY"
AGENCIES: Final = "AGENCY#"
AREAS: Final = "AREAS"
CALENDARS: Final = "CALENDAR#"
OFFICERS: Final = "OFFICER#"  # the last of the directory's kinds

DOSSIERS: Final = "D#"
FILES: Final = "F#"
COUNTERS: Final = "SEQ#"
REGISTERS: Final = "REG#"


def dossier(code: DossierCode) -> str:
    """Partition of everything about one dossier."""
    return f"{DOSSIERS}{code}"


def code_of(partition: str) -> DossierCode:
    """The inverse of `dossier`."""
    return DossierCode(partition.removeprefix(DOSSIERS))


def case(code: DossierCode) -> Key:
    return {"PK": dossier(code), "SK": CASE}


def leg(code: DossierCode, n: int) -> Key:
    return {"PK": dossier(code), "SK": f"{LEGS}{n:03d}"}


def event(code: DossierCode, ev: int) -> Key:
    return {"PK": dossier(code), "SK": f"{EVENTS}{ev:05d}"}


def note(code: DossierCode, ev: int) -> Key:
    return {"PK": dossier(code), "SK": f"{NOTES}{ev:05d}"}


def form(code: DossierCode, number: int) -> Key:
    return {"PK": dossier(code), "SK": f"{FORMS}{number:03d}"}


def number_of(sort: str) -> int:
    """The number a sort key ends in."""
    return int(sort.rpartition("#")[2])


def mark(key: str) -> Key:
    return {"PK": f"MARK#{key}", "SK": "MARK"}


def delivery(id: DeliveryId) -> Key:  # noqa: A002 - the port's own name
    return {"PK": f"DEL#{id}", "SK": "DELIVERY"}


def file(id: FileId) -> Key:  # noqa: A002 - the port's own name
    return {"PK": f"{FILES}{id}", "SK": "FILE"}


def serial(counter: str) -> Key:
    return {"PK": f"{COUNTERS}{counter}", "SK": "SEQ"}


def register(book: Book) -> str:
    """Partition of the register of one desk and year."""
    return f"{REGISTERS}{book.desk}#{book.year}"


def line(book: Book, number: int) -> Key:
    return {"PK": register(book), "SK": f"{number:07d}"}


def restored() -> Key:
    """What a restore notes of itself: which run, and whether it came to its end."""
    return {"PK": "RESTORED", "SK": "RESTORED"}


def tries(caller: str, window: int) -> Key:
    return {"PK": f"THR#{caller}", "SK": f"{window:012d}"}


def procedure(code: ProcedureCode) -> str:
    return f"PROC#{code}"


def version(code: ProcedureCode, number: int) -> Key:
    return {"PK": procedure(code), "SK": f"{VERSIONS}{number:04d}"}


def catalogue_line(code: ProcedureCode) -> Key:
    return {"PK": CATALOGUE, "SK": f"PROC#{code}"}


def operated(month: str, line: str) -> Key:
    """What an operator did by hand; `line` begins with its time."""
    return {"PK": f"{OPERATED}{month}", "SK": line}


def webhook(agency: AgencyCode) -> Key:
    return {"PK": f"{AGENCIES}{agency}", "SK": "WEBHOOK"}


def paused(agency: AgencyCode) -> Key:
    """An operator holds its messages back; apart from its endpoint, which has its secrets."""
    return {"PK": PAUSED, "SK": agency}


def shard(number: int) -> str:
    """Partition of the open index."""
    return f"OPEN#{number}"


def shard_of(name: str) -> str:
    """Where a dossier or delivery lies in the open index; the same in every process."""
    return shard(crc32(name.encode()) % SHARDS)


def work_queue(holder: AgencyCode) -> str:
    """A unit's legs in the work-list index."""
    return f"{holder}#work"


def task_queue(desk: AgencyCode) -> str:
    """What a desk must do beside its legs."""
    return f"{desk}#task"


class Due(NamedTuple):
    """What the sort key of the work-list says; `leg` is 0 for a task of the dossier as a whole."""

    at: datetime | None
    code: DossierCode
    leg: int


def due(at: datetime | None, code: DossierCode, n: int = SETTLEMENT_LEG) -> str:
    """By due time, then by dossier and leg, so that no two rows are equal."""
    row = f"{code}#{n}" if n != SETTLEMENT_LEG else code
    return f"{stamp(at) if at else NEVER}#{row}"


def due_of(text: str) -> Due:
    """The inverse of `due`."""
    at, code, *n = text.split("#")
    return Due(
        None if at == NEVER else moment(at),
        DossierCode(code),
        int(n[0]) if n else SETTLEMENT_LEG,
    )
