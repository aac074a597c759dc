"""A deployment for a drill: tables and buckets in an emulator of its own, gone at the end."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from chalicelib.adapters import clients
from chalicelib.adapters.table import Table
from infra.backup.restore import Target
from infra.local import ports, resources
from infra.local.clock import VIETNAM
from infra.local.process import Child
from infra.local.settings import FILE_BUCKET, RECORD_TABLE, Home, Ports, environment

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def deployment() -> Iterator[Target]:
    """Empty, from the same template; this process works on it until it ends."""
    before = dict(os.environ)
    with TemporaryDirectory(prefix="motcua-drill-") as folder:
        home = Home(Path(folder))
        home.create()
        taken = set[int]()
        at = Ports(*(ports.pick(None, taken) for _ in range(3)))
        now = time.time()
        told = environment(home, at, {"real": now, "service": now, "speed": 1.0})
        child = Child("data", told, home.logs)
        try:
            child.run()
            os.environ.update(told)
            clients.forget()
            resources.create_data(at)
            yield Target(
                Table(clients.dynamodb(), RECORD_TABLE),
                clients.s3(),
                FILE_BUCKET,
                datetime.now(UTC).astimezone(VIETNAM),
            )
        finally:
            child.kill()
            os.environ.clear()
            os.environ.update(before)
            clients.forget()
