"""Saving the data plane without stopping it.

A fork is a consistent picture of the tables, the bucket and the queue at one moment,
for the price of copying page tables; the copy writes the files while the original
goes on serving. All are written before the first is replaced, so a full disk leaves
the last save whole. They are replaced one by one, the bucket first: a file nobody
refers to is harmless, a reference to a file that is gone is not.
"""

from __future__ import annotations

import copy
import gc
import importlib
import json
import os
import time
import traceback
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from infra.local.guard import signal_at_parents_death

if TYPE_CHECKING:
    from pathlib import Path

ORDER = ("s3", "sqs", "dynamodb")
_CONTENT = {"s3": "buckets_meta", "sqs": "queues", "dynamodb": "tables"}  # in every save
_FORMAT = "__ministack_format__"


class UnreadableStateError(Exception):
    """A saved file cannot be read; nothing was changed."""

    def __init__(self, file: Path, why: str) -> None:
        super().__init__(
            f"{file} {why}. Put a copy of the folder of the local cloud in its "
            "place, or remove that folder ($MOTCUA_HOME, .local) to start afresh."
        )


class Saver:
    """Writes the state of the emulator's services and keeps the save mark true."""

    def __init__(self, folder: Path, mark: Path) -> None:
        self._folder = folder
        self._mark = mark
        self._child: int | None = None
        self._started = 0.0
        self.took = 0.0
        self.succeeded = True

    def start(self) -> None:
        """Begin a save in a fork; `busy` tells when it has ended."""
        self._started = time.time()
        # The expiry thread changes tables under this lock: a fork in the middle of
        # that would save half a change and inherit a lock nobody opens.
        with _service("dynamodb")._lock:  # noqa: SLF001 - the emulator offers no other way
            self._child = os.fork()
        if self._child == 0:
            self._save_and_exit()

    def busy(self) -> bool:
        """False once the save has ended; the mark is set then, if it succeeded."""
        if self._child is None:
            return False
        ended, status = os.waitpid(self._child, os.WNOHANG)
        if ended == 0:
            return True
        self._child = None
        self.took = time.time() - self._started
        self.succeeded = status == 0
        if self.succeeded:
            self.touch(self._started)
        return False

    def save_now(self) -> None:
        """Save in this process, for the end, when nobody is served any more."""
        while self.busy():
            time.sleep(0.02)
        moment = time.time()
        self._write_all()
        self.touch(moment)

    def touch(self, moment: float) -> None:
        """Everything acknowledged before `moment` (epoch seconds) is on disk."""
        self._mark.write_text(f"{moment:.3f}\n")
        os.utime(self._mark, (moment, moment))

    def _save_and_exit(self) -> None:
        status = 1
        try:
            signal_at_parents_death()
            gc.disable()  # a collection would touch, and so copy, every page
            self._write_all()
            status = 0
        except BaseException:  # noqa: BLE001 - `_exit` would swallow it, and nobody knew why
            traceback.print_exc()
        finally:
            os._exit(status)

    def _write_all(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)  # somebody may have removed it
        written = [self._write(name) for name in ORDER]
        for temporary in written:
            temporary.replace(temporary.with_suffix(""))

    def _write(self, name: str) -> Path:
        """Write the state of a service beside its file."""
        # The services copy their state deeply before handing it out, three quarters
        # of the time a save takes; nobody changes it in a fork, nor at the end.
        service = _service(name)
        service.copy = SimpleNamespace(deepcopy=lambda value: value, copy=copy.copy)
        # The emulator's own writer uses json.dump, whose encoder is pure Python;
        # dumps is the same text five times faster.
        default = _persistence()._json_default  # noqa: SLF001 - what json.dumps lacks for its state
        wrapped = {_FORMAT: _format(name), "payload": service.get_state()}
        temporary = self._folder / f"{name}.json.new"
        temporary.write_text(json.dumps(wrapped, default=default))
        return temporary


def check(folder: Path, mark: Path) -> None:
    """Raise UnreadableStateError for what the emulator would not load: all files, or none.

    It would start empty in its place, and the next save would make that final.
    """
    files = {name: folder / f"{name}.json" for name in ORDER}
    if not mark.exists() and not any(file.exists() for file in files.values()):
        return  # a fresh home
    for name, file in files.items():
        try:
            understood = _understands(name, json.loads(file.read_text()))
        except FileNotFoundError as error:
            raise UnreadableStateError(file, "is missing") from error
        except (OSError, ValueError) as error:
            raise UnreadableStateError(file, f"is damaged ({error})") from error
        if not understood:
            raise UnreadableStateError(file, "was not saved by this version of the local cloud")


def _understands(name: str, saved: Any) -> bool:
    """Whether the emulator takes this file's JSON for a state of the service."""
    try:
        version, content = saved[_FORMAT], saved["payload"][_CONTENT[name]]["data"]
    except (TypeError, KeyError, IndexError):
        return False
    known = isinstance(version, int) and 1 <= version <= _format(name)
    return known and isinstance(content, dict)


def _format(name: str) -> int:
    version: int = _persistence()._state_format_version(name)  # noqa: SLF001 - its format, its number
    return version


def _persistence() -> Any:
    return importlib.import_module("ministack.core.persistence")


def load_services() -> None:
    """Import what is saved before anything forks: an import in the fork could hang."""
    for name in ORDER:
        _service(name)


def _service(name: str) -> Any:
    return importlib.import_module(f"ministack.services.{name}")
