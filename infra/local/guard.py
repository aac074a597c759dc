"""A child's ties to its supervisor: it never outlives it, and it says when it is ready.

The supervisor keeps the write end of a pipe and never writes to it; a child's read
returns only when the supervisor is gone, however that happened. This needs no polling
and works on every Unix. Linux also signals the child itself, which helps when its
threads hang. Readiness goes the other way through a socket, on which the supervisor
answers with the anchor of the business clock: it begins to run when all are ready.
"""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import signal
import sys
import threading

LIFELINE = "MOTCUA_LIFELINE"
READY = "MOTCUA_READY"
ANCHOR = "CLOCK_ANCHOR"
_PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """Call first thing in a child of the supervisor; started by hand it does nothing."""
    descriptor = os.environ.pop(LIFELINE, None)
    if descriptor is None:
        return
    signal_at_parents_death()
    threading.Thread(target=_wait_for_the_end, args=(int(descriptor),), daemon=True).start()


def signal_at_parents_death() -> None:
    """Ask Linux for SIGKILL when the parent ends; elsewhere the pipe alone serves."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def ready() -> None:
    """Tell the supervisor that this child can do its work; come back when it may.

    Until then nothing may have read the business clock: only now it is known.
    """
    descriptor = os.environ.pop(READY, None)
    if descriptor is None:
        return
    with contextlib.suppress(OSError):  # the supervisor is ending and sends SIGTERM next
        os.write(int(descriptor), b"1")
        anchor = os.read(int(descriptor), 4096).decode()
        os.environ[ANCHOR] = anchor or os.environ[ANCHOR]
    os.close(int(descriptor))


def expect_cut_connections() -> None:
    """At the end, connections cut off are no news; asyncio logs each with a traceback."""
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)


def _wait_for_the_end(descriptor: int) -> None:
    os.read(descriptor, 1)
    os._exit(1)  # no clean-up: whoever ended the supervisor like this wants it gone
