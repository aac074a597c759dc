"""The record as of one run, put together on this machine before anything is written anywhere.

A file of SQLite, readable by its owner only and removed at the end: it holds personal data.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from chalicelib.adapters import table_keys as keys
from chalicelib.adapters.export_store import read_list
from chalicelib.adapters.exported import changes
from chalicelib.adapters.item_codec import event_from_data, from_item
from infra.operate.proof import linked

if TYPE_CHECKING:
    from pathlib import Path

    from chalicelib.adapters.keys import SecretKeys
    from chalicelib.domain.backup import Manifest
    from infra.backup.reading import Vault
    from infra.operate.screen import Screen

Item = Mapping[str, Any]

_SCHEMA = """
CREATE TABLE items (pk TEXT, sk TEXT, image TEXT NOT NULL, PRIMARY KEY (pk, sk)) WITHOUT ROWID;
CREATE TABLE files (
    key TEXT PRIMARY KEY, sha256 TEXT, size INTEGER, type TEXT, pk TEXT, sk TEXT, missing TEXT
) WITHOUT ROWID;
"""
# In this order no dossier is seen before all of it is there, and no message before its dossier.
_PHASES = (
    f"sk NOT IN ('CASE', 'DELIVERY') AND pk NOT GLOB '{keys.COUNTERS}*'",
    "sk = 'CASE'",
    "sk = 'DELIVERY'",
)
_SAMPLES = 25  # dossiers that are asked whether the deployment's key is the right one


@dataclass(frozen=True)
class File:
    """A file to put back: its key in the bucket of files, and what it is."""

    key: str
    sha256: str
    size: int
    type: str


class Staging:
    """Items and files as of one run."""

    def __init__(self, file: Path) -> None:
        file.touch(mode=0o600, exist_ok=True)
        self._db = sqlite3.connect(file)
        self._db.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;" + _SCHEMA)

    def close(self) -> None:
        """Nothing can be read after it."""
        self._db.close()

    # -- filling

    def fill(self, vault: Vault, manifests: Iterable[Manifest], screen: Screen) -> None:
        """The whole record, then each run's changes. Raise BrokenChainError."""
        parts = [part for manifest in manifests for part in manifest.parts]
        for part in screen.over(parts, "parts read and checked"):
            with vault.opened(part.data) as content:
                self._apply(changes(content))
            with vault.opened(part.files) as content:
                self._list(read_list(content.read()).rows)
        self._leave_out()
        self._db.commit()

    def _apply(self, lines: Iterable[tuple[tuple[str, str], Item | None]]) -> None:
        for key, image in lines:
            if image is None:
                self._db.execute("DELETE FROM items WHERE pk = ? AND sk = ?", key)
            else:
                row = (*key, json.dumps(image, ensure_ascii=False))
                self._db.execute("INSERT OR REPLACE INTO items VALUES (?, ?, ?)", row)

    def _list(self, rows: Iterable[Mapping[str, Any]]) -> None:
        for row in rows:
            found = [row.get(name) for name in ("key", "sha256", "size", "type")]
            self._db.execute(
                "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?, ?, ?)",
                (*found, *row["item"], row.get("missing")),
            )

    def _leave_out(self) -> None:
        """What has expired meanwhile; uploads no dossier took up, whose bytes never left."""
        gone = [
            (pk, sk)
            for pk, sk, item in self._items("1")
            if _has_expired(item) or (pk.startswith(keys.FILES) and "dossier" not in item)
        ]
        gone.append((keys.restored()["PK"], keys.restored()["SK"]))
        self._db.executemany("DELETE FROM items WHERE pk = ? AND sk = ?", gone)

    # -- reading

    def phases(self) -> Iterator[tuple[Iterator[Item], int]]:
        """All items but the counters, and how many: what comes first is written first."""
        for phase in _PHASES:
            yield (item for _, _, item in self._items(phase)), self._count("items", phase)

    def counts(self) -> dict[str, int]:
        """How much there is of what."""
        return {
            "items": self._count("items", "1"),
            "dossiers": self._count("items", "sk = 'CASE'"),
            "events": self._count("items", "pk GLOB 'D#*' AND sk GLOB 'EV#*'"),
            "files": len(self.files()),
        }

    def counters(self) -> dict[str, int]:
        """Serial numbers given, by `agency#day`."""
        found = self._items(f"pk GLOB '{keys.COUNTERS}*'")
        return {pk.removeprefix(keys.COUNTERS): int(item["n"]["N"]) for pk, _, item in found}

    def agencies(self) -> set[str]:
        """Codes of all agencies in the directory."""
        found = self._items(f"pk = '{keys.DIRECTORY}' AND sk GLOB '{keys.AGENCIES}*'")
        return {sk.removeprefix(keys.AGENCIES) for _, sk, _ in found}

    def knows(self, pk: str) -> bool:
        """Whether the run has this dossier."""
        return self._item(pk, keys.CASE) is not None

    def events(self) -> Iterator[tuple[str, list[Item]]]:
        """Events by partition of a dossier, in order."""
        found = self._items(f"pk GLOB '{keys.DOSSIERS}*' AND sk GLOB '{keys.EVENTS}*'")
        for pk, rows in groupby(found, key=lambda row: row[0]):
            yield pk, [item for _, _, item in rows]

    def files(self) -> list[File]:
        """Those that an item still names."""
        query = """SELECT files.key, files.sha256, files.size, files.type FROM files
            JOIN items ON items.pk = files.pk AND items.sk = files.sk
            WHERE files.missing IS NULL ORDER BY files.key"""
        return [File(*row) for row in self._db.execute(query)]

    def without_file(self) -> list[str]:
        """Items that name a file which was not there when the run was made."""
        query = """SELECT files.key || ': ' || files.missing FROM files
            JOIN items ON items.pk = files.pk AND items.sk = files.sk
            WHERE files.missing IS NOT NULL ORDER BY files.key"""
        return [row[0] for row in self._db.execute(query)]

    # -- checking

    def broken_dossiers(self) -> list[str]:
        """Dossiers whose events are not one chain that ends where their case says."""
        heads = {
            pk: (item["head"]["S"], int(item["ev"]["N"]))
            for pk, _, item in self._items("sk = 'CASE'")
        }
        found = []
        for pk, events in self.events():
            if why := chain_fault(pk, events, heads.pop(pk, None)):
                found.append(f"{pk.removeprefix(keys.DOSSIERS)}: {why}")
        return found + [f"{pk.removeprefix(keys.DOSSIERS)}: has no events" for pk in heads]

    def key_fits(self, secret: SecretKeys) -> bool | None:
        """Whether references of persons were made with this key; None if nothing says so."""
        query = f"pk GLOB '{keys.DOSSIERS}*' AND sk = '{keys.FORMS}001'"
        seen = 0
        for pk, _, form in self._items(query):
            number = _number(form)
            case = self._item(pk, keys.CASE)
            if number and case:
                if case["owner"]["S"] == secret.person_ref(number):
                    return True
                seen += 1
            if seen >= _SAMPLES:
                break
        return False if seen else None

    def _items(self, where: str) -> Iterator[tuple[str, str, Any]]:
        query = f"SELECT pk, sk, image FROM items WHERE {where} ORDER BY pk, sk"  # noqa: S608 - our own words
        for pk, sk, image in self._db.execute(query):
            yield pk, sk, json.loads(image)

    def _item(self, pk: str, sk: str) -> Any:
        query = "SELECT image FROM items WHERE pk = ? AND sk = ?"
        row = self._db.execute(query, (pk, sk)).fetchone()
        return json.loads(row[0]) if row else None

    def _count(self, table: str, where: str) -> int:
        query = f"SELECT count(*) FROM {table} WHERE {where}"  # noqa: S608 - our own words
        return int(self._db.execute(query).fetchone()[0])


def chain_fault(pk: str, items: Sequence[Item], head: tuple[str, int] | None) -> str:
    """What is wrong with a dossier's events; empty when they are whole."""
    faults, last = linked(event_from_data(from_item(item)) for item in items)
    if faults:
        return faults[0]
    if head is None:
        return f"{pk} has events and no case"
    return "" if head == (last, len(items)) else "the last event is missing or was changed"


def _has_expired(item: Item) -> bool:
    return "expires" in item and int(item["expires"]["N"]) < time.time()


def _number(form: Item) -> str:
    """The owner's number in what was filed, unless it lies in the object store."""
    if "content" not in form:
        return ""
    return str(json.loads(form["content"]["S"])["owner"].get("number") or "")
