"""What the export of the record needs from the world; adapters implement it.

Apart from `ports`, because nothing of it concerns a request: one function and the operator's
command line use it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, BinaryIO, Protocol

from chalicelib.domain.backup import Bounds, Head, Origin, Part, Plan, Stored
from chalicelib.domain.value import value

Rows = list[Mapping[str, Any]]


@value(frozen=True, slots=True)
class DataFile:
    """A file of the table's export, as DynamoDB lists it; `md5` in base64."""

    key: str
    md5: str
    lines: int


@value(frozen=True, slots=True)
class Fetched:
    """A data file on this machine, its hashes checked; `content` is at its start."""

    content: BinaryIO
    sha256: str
    size: int


@value(frozen=True, slots=True)
class FileRef:
    """A file that an item names; `sha256` (hex), `size` and `type` where the item says them."""

    key: str  # in the bucket of files
    item: tuple[str, str]  # the item's key
    sha256: str = ""
    size: int = 0
    type: str = "application/octet-stream"


@value(frozen=True, slots=True)
class PartList:
    """What the list of a part says: its data file, how many items in it are gone, and the files.

    A row: `key` and `type` in the bucket, the `item` that names it, and `sha256` (hex) with
    `size`, or `missing` with why it was not copied.
    """

    data: Stored
    source: str
    deleted: int
    rows: Rows


@value(frozen=True, slots=True)
class Line:
    """One line of a data file: an item as it is, or only its key when it is gone."""

    item: tuple[str, str]
    gone: bool
    file: FileRef | None = None


class Source(Protocol):
    """The table's own exports (point-in-time recovery), which cost its users nothing."""

    def bounds(self) -> Bounds:
        """What of the past can be exported. Raise BackupError where recovery is off."""

    def begin(self, plan: Plan) -> str:
        """Start the plan's export, or find the one that is under way; its name."""

    def finished(self, export: str) -> str:
        """Key of its summary; empty while it runs. Raise ExportFailedError."""

    def files(self, summary: str) -> list[DataFile]:
        """Its data files that hold anything, in a fixed order."""

    def fetch(self, file: DataFile) -> AbstractContextManager[Fetched]:
        """Bring one here. Raise BackupError when it is not what DynamoDB says it is."""

    def lines(self, content: BinaryIO) -> Iterator[Line]:
        """What it says, line by line."""


class ExportFailedError(Exception):
    """DynamoDB could not write the export; the message says why."""


class Bucket(Protocol):
    """The bucket of files."""

    def get(self, key: str) -> bytes | None:
        """The newest version; None where there is none."""


class Store(Protocol):
    """The province's own store."""

    def newest(self, after: int) -> int:
        """Number of the newest complete run after one; that one's own where there is none."""

    def manifest(self, run: int) -> bytes | None:
        """None where that run is not complete."""

    def signature(self, run: int) -> bytes:
        """Of its manifest; empty where there is none."""

    def put_manifest(self, run: int, content: bytes, signature: bytes) -> None:
        """The last step: with it, the run is complete. Raise BusyError where another's is there."""

    def plan(self, run: int) -> Plan | None:
        """Of a run that was begun; None where there is none, or what is there is none."""

    def put_plan(self, plan: Plan, *, first: bool = False) -> None:
        """What was stored for another plan of that run counts no more.

        Raise BusyError where it is to be the first and is not.
        """

    def holds(self, part: Part) -> bool:
        """Whether its objects are there, as far as the store can say without sending them."""

    def put_data(self, plan: Plan, n: int, fetched: Fetched, lines: int) -> Stored:
        """A data file, as it is."""

    def put_list(self, plan: Plan, n: int, content: PartList) -> Part:
        """The list of files of the n-th part: the last object of a part."""

    def has_file(self, sha256: str, size: int) -> bool:
        """Whether a file with this content is there: by the store's own hash, else by its size."""

    def put_file(self, sha256: str, content: bytes) -> None:
        """Under its hash. Raise BackupError where the store does not encrypt it as asked."""


class Signer(Protocol):
    """The deployment's signing key."""

    def sign(self, content: bytes) -> bytes:
        """ECDSA over P-256 and SHA-256, in DER."""

    def verifies(self, content: bytes, signature: bytes) -> bool:
        """Whether this key signed it."""


class Ledger(Protocol):
    """What this deployment remembers of its chain, and does not leave to the store to say.

    Whoever writes must have read what is there: else another export is under way, and BusyError
    is raised.
    """

    def get(self) -> Head | None:
        """None before the first run was begun; run 0 while that one is not complete."""

    def set(self, head: Head) -> None:
        """A run is complete, or the first was begun."""

    def parts(self, plan: Plan) -> tuple[Part, ...]:
        """Those of a run under way that are stored whole, from the first on."""

    def keep(self, plan: Plan, parts: Sequence[Part]) -> None:
        """So many are stored whole."""


@value(frozen=True, slots=True)
class BackupDeps:
    """All of them; `pause` waits some seconds, `workers` copy files side by side."""

    source: Source
    bucket: Bucket
    store: Store
    signer: Signer
    ledger: Ledger
    origin: Origin
    pause: Callable[[float], None]
    workers: int = 8
