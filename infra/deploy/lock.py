"""One at a time: a note in the account says who deploys, rolls back or destroys a stage.

In Systems Manager, as it must be there before a stage's first bucket and after its last function.
"""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from datetime import UTC, datetime
from socket import gethostname
from typing import TYPE_CHECKING, Any, Final

import boto3

if TYPE_CHECKING:
    from collections.abc import Iterator

_NAME: Final = "/{stem}/deploying"


class LockedError(Exception):
    """Somebody else is at it; the message says who and what to do."""


@contextmanager
def alone(region: str, stem: str, what: str, who: str) -> Iterator[None]:
    """Nobody else changes the stage meanwhile. Raise LockedError."""
    client, name = _client(region), _NAME.format(stem=stem)
    note = {"who": who, "what": what, "since": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"}
    text = json.dumps({**note, "where": f"{gethostname()}, process {os.getpid()}"})
    try:
        client.put_parameter(Name=name, Value=text, Type="String", Overwrite=False)
    except client.exceptions.ParameterAlreadyExists:
        raise LockedError(_said(held(region, stem), stem)) from None
    try:
        yield
    finally:
        if _read(client, name) == text:  # not what came after an `unlock`
            client.delete_parameter(Name=name)


def held(region: str, stem: str) -> dict[str, str]:
    """Who is at it, what they do and since when; empty where nobody is."""
    found: dict[str, str] = json.loads(_read(_client(region), _NAME.format(stem=stem)) or "{}")
    return found


def unlock(region: str, stem: str) -> dict[str, str]:
    """Take the note away; answers what it said, empty where there was none."""
    client, found = _client(region), held(region, stem)
    if found:
        client.delete_parameter(Name=_NAME.format(stem=stem))
    return found


def _said(note: dict[str, str], stem: str) -> str:
    if not note:
        return "Somebody was just at it: run the same command again."
    stage = stem.partition("-")[2]
    return (
        f"{note['who']} is at {stage} ({note['what']}, since {note['since']}, on {note['where']}). "
        "Wait for the end; "
        f"if that process is gone, `python -m infra.deploy unlock {stage} --yes`."
    )


def _read(client: Any, name: str) -> str | None:
    try:
        return str(client.get_parameter(Name=name)["Parameter"]["Value"])
    except client.exceptions.ParameterNotFound:
        return None


def _client(region: str) -> Any:
    return boto3.client("ssm", region_name=region)
