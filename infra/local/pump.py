"""Child `pump`: everything that moves without a request: streams, uploads, schedules."""

from __future__ import annotations

import signal
import threading
import time
import traceback

from infra.local import handlers
from infra.local.failed_events import FailedEvents
from infra.local.guard import die_with_parent, ready
from infra.local.settings import RECORD_TABLE, TOKEN_TABLE, Home
from infra.local.streams import Reader
from infra.local.uploads import Uploads

RECONCILE_EVERY = 5.0  # seconds of real time
MEASURE_EVERY = 60.0


class Schedule:
    """Calls the reconciler: for everything at the start and on request, else for what is due."""

    def __init__(self, reconcile: handlers.Handler) -> None:
        self._reconcile = reconcile
        self._whole = True
        self._wake = threading.Event()

    def start(self) -> None:
        """Start in a thread; passes never overlap."""
        threading.Thread(target=self._run, daemon=True, name="schedule").start()

    def all(self) -> None:
        """Look at every open dossier soon: the running executions are gone."""
        self._whole = True
        self._wake.set()

    def _run(self) -> None:
        while True:
            self._wake.clear()
            whole, self._whole = self._whole, False
            if not self._passed(whole=whole):
                self._whole |= whole
            self._wake.wait(RECONCILE_EVERY if not self._whole else 1.0)

    def _passed(self, *, whole: bool) -> bool:
        try:
            self._reconcile({"all": True} if whole else {}, handlers.context_for("reconcile", 900))
        except Exception:  # noqa: BLE001 - the next pass tries again
            traceback.print_exc()
            return False
        return True


def measure_for_ever(measure: handlers.Handler) -> None:
    """The gauges go into the log; a thread's target."""
    while True:
        try:
            measure({}, handlers.context_for("measure"))
        except Exception:  # noqa: BLE001 - the next one tries again
            traceback.print_exc()
        time.sleep(MEASURE_EVERY)


def main() -> None:
    """Work until SIGTERM; SIGHUP asks for a look at every open dossier."""
    die_with_parent()
    failed = FailedEvents(Home.from_environment().failed_events)
    schedule, measure = Schedule(handlers.load("reconcile")), handlers.load("measure")
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    signal.signal(signal.SIGHUP, lambda *_: schedule.all())
    on_change = handlers.load("on_change")
    readers = [Reader(table, on_change, failed) for table in (RECORD_TABLE, TOKEN_TABLE)]
    uploads = Uploads(handlers.load("on_upload"), failed)
    ready()
    for reader in readers:
        reader.start()
    uploads.start()
    schedule.start()
    threading.Thread(target=measure_for_ever, args=(measure,), daemon=True, name="measure").start()
    stop.wait()  # the threads are daemons: what they did not finish is delivered again


if __name__ == "__main__":
    main()
