"""What the local cloud runs of the system, by dotted name, and how it calls Lambda functions."""

from __future__ import annotations

import importlib
import json
import os
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from infra.local.settings import ACCOUNT, REGION

Handler = Callable[[Any, Any], Any]

OVERRIDES = "MOTCUA_HANDLERS"

NAMES = {
    "wake": "chalicelib.entrypoints.tasks.wake",
    "rollover": "chalicelib.entrypoints.tasks.rollover",
    "on_change": "chalicelib.entrypoints.stream.on_change",
    "on_upload": "chalicelib.entrypoints.uploads.on_upload",
    "reconcile": "chalicelib.entrypoints.schedules.reconcile",
    "measure": "chalicelib.entrypoints.schedules.measure",
    "export": "chalicelib.entrypoints.schedules.export",
    "seed": "catalogue.load.load",
    "app": "app.app",
}


@dataclass(frozen=True)
class Context:
    """The Lambda context, as far as handlers and their logger read it."""

    function_name: str
    deadline: float  # on the monotonic clock
    aws_request_id: str
    function_version: str = "$LATEST"
    memory_limit_in_mb: int = 512

    @property
    def invoked_function_arn(self) -> str:
        """Names this region and account, as in AWS."""
        return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{self.function_name}"

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds left of the time the function has in AWS."""
        return max(0, int((self.deadline - time.monotonic()) * 1000))


def context_for(name: str, seconds: float = 60, request_id: str | None = None) -> Context:
    """A fresh context for one call of the function `name`, which has `seconds` for it."""
    return Context(name, time.monotonic() + seconds, request_id or str(uuid.uuid4()))


def load(key: str) -> Any:
    """The object behind a key of `NAMES`; `$MOTCUA_HANDLERS` (a JSON object) overrides."""
    named = {**NAMES, **json.loads(os.environ.get(OVERRIDES, "{}"))}
    module, _, attribute = named[key].rpartition(".")
    return getattr(importlib.import_module(module), attribute)
