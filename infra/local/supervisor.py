"""Starts the processes of the local cloud, keeps them running and ends them in order."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import threading
import time
from typing import TYPE_CHECKING, Any

from infra.local import clock, ports, report
from infra.local.guard import ANCHOR
from infra.local.process import Child, ChildFailedError
from infra.local.savewatch import SaveWatch
from infra.local.settings import Home, HomeError, Ports, environment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

_LOOK_EVERY = 0.1  # seconds between two looks at the children


class AlreadyRunningError(Exception):
    """Another supervisor works on this home."""


class Supervisor:
    """One local cloud, from its start to its end."""

    def __init__(self, home: Home, chosen: Ports, business: clock.BusinessClock) -> None:
        self._home = home
        self._ports = chosen
        self._clock = business
        self._told = environment(home, chosen, business.standing.as_dict())
        names = ("data", "prepare", "workflow", "api", "pump")
        self._children = {name: Child(name, self._told, home.logs) for name in names}
        self._stop = threading.Event()
        self._saving = threading.Thread(target=self._save_clock, daemon=True)
        self._clock_fails = False
        self._saves = SaveWatch(home.saved_at, self._children["data"].log)
        self._due: dict[str, float] = {}  # children to restart, and when

    def run(self) -> bool:
        """Start everything, watch over it until a signal says stop, then end it.

        Answers whether nothing was lost.
        """
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        try:
            self._start()
            if not self._stop.is_set():
                self._welcome()
            self._watch()
        finally:
            self._end()
        return not self._lost()

    def _on_signal(self, number: int, _frame: Any) -> None:
        if self._stop.is_set() and number == signal.SIGINT:
            self._kill_all()  # a second Ctrl-C: somebody is in a hurry
        self._stop.set()

    def _welcome(self) -> None:
        illness = report.illness(self._ports)
        if illness:
            log = self._children["api"].log
            report.complain(f"  ! The API runs but is not healthy ({illness}), see {log}")
        anchor = self._clock.anchor
        report.welcome(self._ports, anchor.at(time.time()), anchor.speed)

    # --- starting

    def _start(self) -> None:
        for done, action in self._steps():
            if self._stop.is_set():
                return
            with report.step(done):
                action()
        self._start_clock()
        self._describe()

    def _steps(self) -> Iterator[tuple[str, Callable[[], None]]]:
        """What takes longest to import is started before it is waited for."""
        children, at = self._children, self._ports
        children["workflow"].start()
        yield f"data plane on {at.data_url}", children["data"].run
        yield "tables, bucket and catalogue", self._prepare
        yield f"workflow on {at.workflow_url}", children["workflow"].await_ready
        children["api"].start()
        children["pump"].start()
        yield "streams, uploads and schedules", children["pump"].await_ready
        yield f"API and pages on {at.api_url}", children["api"].await_ready

    def _start_clock(self) -> None:
        """Everything is up: now time may pass, for those that wait and those started later."""
        self._clock.start(time.time())
        self._told[ANCHOR] = json.dumps(self._clock.anchor.as_dict())
        self._saving.start()
        for name in ("workflow", "api", "pump"):
            self._children[name].release()

    def _prepare(self) -> None:
        self._children["prepare"].run()
        self._children["prepare"].stop()

    def _describe(self) -> None:
        """Tell scripts and tests where everything is."""
        content = {
            "api": self._ports.api_url,
            "data": self._ports.data_url,
            "workflow": self._ports.workflow_url,
            "pids": {
                "supervisor": os.getpid(),
                **{name: child.pid for name, child in self._children.items() if child.alive},
            },
            "clock": self._clock.anchor.as_dict(),
        }
        temporary = self._home.cloud.with_suffix(".new")
        temporary.write_text(json.dumps(content, indent=2))
        temporary.replace(self._home.cloud)

    # --- watching

    def _watch(self) -> None:
        self._saves.begin()
        while not self._stop.wait(_LOOK_EVERY):
            for name in ("data", "workflow", "api", "pump"):
                if not self._children[name].alive:
                    self._plan_restart(name)
            self._restart_what_is_due()
            self._look_at_saves()

    def _look_at_saves(self) -> None:
        if not self._children["data"].alive:
            self._saves.begin()  # that it ended was told already
        elif news := self._saves.news():
            report.complain(news)

    def _save_clock(self) -> None:
        """In a thread of its own: a restart keeps the main one busy for seconds."""
        while not self._stop.wait(clock.SAVE_EVERY):
            self._try_to_save_clock()

    def _try_to_save_clock(self, *, last: bool = False) -> None:
        """A full disk may have room again: one failure must not be the last try."""
        try:
            self._clock.save(self._home.clock, time.time(), last=last)
        except OSError as error:
            if not self._clock_fails:
                report.complain(f"  ! the business clock is not saved ({error}): make room for it")
            self._clock_fails = True
        else:
            self._clock_fails = False

    def _plan_restart(self, name: str) -> None:
        if name not in self._due:
            pause = self._children[name].next_pause()
            report.complain(f"  ! {name} ended; starting it again in {pause:.1f} s")
            self._due[name] = time.monotonic() + pause

    def _restart_what_is_due(self) -> None:
        """The data plane first: without it the others cannot start."""
        for name in ("data", "workflow", "api", "pump"):
            if self._due.get(name, float("inf")) > time.monotonic():
                continue
            if name != "data" and not self._children["data"].alive:
                continue
            del self._due[name]
            try:
                self._restart(name)
                self._describe()
            except (ChildFailedError, OSError) as failed:
                report.complain(f"  ! {failed}")
                continue  # if dead, found so at the next look, and tried again later
            report.complain(f"  ✓ {name} runs again")

    def _restart(self, name: str) -> None:
        if name == "data":
            self._restart_data()
            return
        self._children[name].run()
        if name == "workflow":
            # Its executions are gone; the reconciler brings them back from the table.
            self._children["pump"].signal(signal.SIGHUP)

    def _restart_data(self) -> None:
        """The tables are back at their last save, so everything that knew more starts anew."""
        followers = [self._children[name] for name in ("pump", "workflow")]
        for child in followers:
            child.kill()
        self._children["data"].run()
        self._prepare()
        for child in reversed(followers):
            child.run()
            self._due.pop(child.name, None)
        self._saves.begin()

    # --- ending

    def _end(self) -> None:
        """API and pump first, so that nothing changes any more when the data is saved."""
        self._stop.set()
        report.say("\n  Ending…")
        for name in ("api", "pump", "prepare", "workflow"):
            self._children[name].stop(seconds=5)
        self._children["data"].stop(seconds=60)
        if self._saving.ident:
            self._saving.join()
        else:
            self._clock.start(time.time())  # it stood still all the time
        self._try_to_save_clock(last=True)
        with contextlib.suppress(OSError):  # what it says is wrong from now on, no more
            self._home.cloud.unlink(missing_ok=True)
        if self._lost():
            report.complain(self._saves.lost())
        else:
            report.say("  Ended." if self._home.running.exists() else "  Saved; ended.")

    def _lost(self) -> bool:
        """Whether the data plane served somebody and could not save that at its end."""
        data = self._children["data"]
        return data.was_ready and data.status != 0

    def _kill_all(self) -> None:
        for child in self._children.values():
            child.kill()


def lock(home: Home) -> int:
    """Hold the home for this process; the descriptor keeps it. Raises AlreadyRunningError."""
    descriptor = os.open(home.lock, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise AlreadyRunningError(
            f"The local cloud in {home.path} is running already. End it with Ctrl-C there, or "
            "give this one a folder of its own:  MOTCUA_HOME=.local2 PORT=8001 make run"
        ) from error
    return descriptor


def run(port: int, speed: float, start: datetime | None) -> bool:
    """The whole life of the local cloud. Raises the errors a start can end with.

    Answers whether nothing was lost at its end.
    """
    home = Home.from_environment()
    try:
        supervisor = _prepared(home, port, speed, start)
    except OSError as error:
        raise HomeError(
            f"{home.path} cannot be the folder of the local cloud ({error}). Mend that, or name "
            "a folder that can be written to:  MOTCUA_HOME=.local2 make run"
        ) from error
    return supervisor.run()


def _prepared(home: Home, port: int, speed: float, start: datetime | None) -> Supervisor:
    """Everything that is done in the home before the first process starts."""
    home.create()
    lock(home)
    home.make_secret()
    chosen = ports.choose(home, port)
    saved = clock.load(home.clock)
    if saved and start:
        report.complain("  START is only read on a fresh home; the clock goes on where it stood.")
    business = clock.BusinessClock.begin(saved, speed, start, time.time())
    report.say(f"\n  MotCua, local cloud in {home.path}\n")
    supervisor = Supervisor(home, chosen, business)
    business.save(home.clock, time.time())
    return supervisor
