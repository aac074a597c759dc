"""The API as it is served: on moto with the shipped catalogue, behind the local cloud's gateway.

It has the policy of the deployed function and no more: a call beyond that is refused, as in AWS.
"""

import json
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from time import time
from typing import Any, Final
from urllib.parse import quote

import pytest
from chalice.app import Chalice
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends

from catalogue.load import load, set_webhook
from chalicelib import bootstrap
from chalicelib.adapters import clients
from chalicelib.bootstrap import sign_in
from chalicelib.entrypoints import api
from chalicelib.entrypoints.api import contract
from chalicelib.entrypoints.http.api import PREFIX, Api
from infra.local.gateway import Gateway
from infra.local.wire import Request
from infra.policies import API
from tests import aws
from tests.infra.guard import Guard, acting
from tests.quicker import copied

REGION: Final = "ap-southeast-1"
PUBLIC_URL: Final = "https://motcua.test"
NOW: Final = "2026-10-06T09:00:00+07:00"  # a Tuesday
WEBHOOK_SECRET: Final = "whsec_" + b64encode(b"a secret of tests, for webhooks").decode()
WEBHOOKS: Final = ("G12.H15.01", "G01.H15.05", "G24.H15.01")  # tax, police, social insurance

CATALOGUE: Final = ("PROC#", "CATALOGUE", "DIRECTORY")  # partitions nothing writes to afterwards

_CACHES: Final = (
    bootstrap.settings,
    bootstrap.reference,
    bootstrap.keys,
    bootstrap.deps,
    bootstrap.probe,
    sign_in.dev_issuer,
    sign_in.identity,
    api.routes,
    contract._contract,
)


def forget() -> None:
    """What a new process would not know."""
    for each in _CACHES:
        each.cache_clear()


def anchor(moment: str, speed: float = 1e-9) -> str:
    """A service clock that stands at a moment (as good as)."""
    at = datetime.fromisoformat(moment).timestamp()
    return json.dumps({"real": time(), "service": at, "speed": speed})


def environment(folder: Path) -> dict[str, str]:
    """Of the local stage; its keys lie in `folder`."""
    (folder / "secret").write_bytes(aws.SECRET)
    return {
        "STAGE": "local",
        "RECORD_TABLE": aws.RECORD,
        "TOKEN_TABLE": aws.TOKEN,
        "FILE_BUCKET": aws.FILES,
        "STATE_MACHINE_ARN": f"arn:aws:states:{REGION}:123456789012:stateMachine:dossier",
        "PUBLIC_URL": PUBLIC_URL,
        "SECRET_KEY_FILE": str(folder / "secret"),
        "DEV_KEY_FILE": str(folder / "dev.pem"),
        "CLOCK_ANCHOR": anchor(NOW),
    }


@contextmanager
def served(folder: Path, guard: Guard | None = None) -> Iterator[None]:
    """The local stage: tables, files, catalogue and webhooks; keys lie in `folder`."""
    with aws.aws(), pytest.MonkeyPatch.context() as patch:
        for name, value in environment(folder).items():
            patch.setenv(name, value)
        forget()
        load(aws.RECORD)
        for agency in WEBHOOKS:
            set_webhook(agency, "https://agency.test/hooks", WEBHOOK_SECRET, aws.RECORD)
        for client in (clients.dynamodb(), clients.s3()):
            (guard or Guard()).attach(client)
        yield
    forget()


def stored() -> dict[tuple[str, str], Any]:
    """Every item of the record table by its key, as moto holds it: a scan would take ten times."""
    rows = _tables()[aws.RECORD].items.values()
    return {
        (item.hash_key.value, item.range_key.value): item.to_json()["Attributes"]
        for row in rows
        for item in row.values()
    }


class Snapshot:
    """The tables at one moment, to go back to."""

    def __init__(self) -> None:
        self._items = {name: copied(table.items) for name, table in _tables().items()}

    def restore(self) -> None:
        """Whatever happened since did not."""
        for name, table in _tables().items():
            table.items = copied(self._items[name])


def _tables() -> Any:
    return dynamodb_backends[DEFAULT_ACCOUNT_ID][REGION].tables


@dataclass(frozen=True)
class Reply:
    """An answer; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def body(self) -> Any:
        """As JSON."""
        return json.loads(self.content)

    @property
    def refusal(self) -> tuple[int, str]:
        """Status and code of a problem."""
        assert self.headers["content-type"] == "application/problem+json", self.content
        return self.status, self.body["code"]

    @property
    def faults(self) -> list[tuple[str, str]]:
        """Pointers and codes of a problem."""
        return [(each["pointer"], each["code"]) for each in self.body["errors"]]


class Client:
    """Calls what `api.routes()` serves, as the local server does; paths are without the prefix."""

    def __init__(self) -> None:
        app = Chalice("motcua", configure_logs=False)
        Api(sign_in.identify).mount(app, api.routes())
        self.gateway = Gateway(app)
        self._tokens: dict[str, str] = {}

    def call(
        self,
        method: str,
        path: str,
        given: object = None,
        *,
        account: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """`account` signs in first; `given` is sent as JSON, bytes as they are."""
        sent = {name.lower(): value for name, value in (headers or {}).items()}
        if account:
            sent["authorization"] = f"Bearer {self.token(account)}"
        body = given if isinstance(given, bytes) else json.dumps(given).encode()
        if given is None:
            body = b""
        else:
            sent.setdefault("content-type", "application/json")
        target = quote(PREFIX + path, safe="/?=&%+:")
        with acting(API):
            answer = self.gateway.answer(Request(method, target, list(sent.items()), body))
        lowered = {name.lower(): value for name, value in answer.headers}
        return Reply(answer.status, lowered, answer.body)

    def token(self, account: str) -> str:
        """Of a demo account; kept, because signing takes longer than most answers."""
        if account not in self._tokens:
            answer = self.call("POST", "/dev/token", {"account": account})
            self._tokens[account] = answer.body["access_token"]
        return self._tokens[account]
