"""Nights of the export, as it is deployed: the real stack of data, its key, its secret, its policy.

Two emulators in processes of their own: the account, and the province's store.
"""

import json
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import pytest

from chalicelib.adapters import clients, table_keys
from chalicelib.adapters.export_store import ChangesLedger
from chalicelib.adapters.item_codec import to_attributes
from chalicelib.adapters.signing import KmsSigner, PublicKey
from chalicelib.bootstrap import exporting
from chalicelib.domain.backup import GENESIS, Head, head_of
from chalicelib.domain.ids import DossierCode, FileId
from infra.deploy.account import Account, names_in
from infra.local.handlers import context_for, load
from infra.local.ports import pick
from infra.local.settings import ROOT
from tests.infra.asked import ACCOUNT, REGION
from tests.infra.emulator import Emulator, running
from tests.infra.grid import CODE, DIGEST, FILE
from tests.infra.guard import Guard, acting
from tests.local.cloud import eventually

STEM: Final = "motcua-test"
NAMES: Final = names_in(Account(ACCOUNT, REGION), STEM)
STORE: Final = "daklak"
CREDENTIALS: Final = {"access_key_id": "province", "secret_access_key": "its own"}


@contextmanager
def account(folder: Path) -> Iterator[Emulator]:
    """With the data stack in it, and the store beside it, as the function finds them."""
    port = pick(None, set())
    command = [sys.executable, "-m", "infra.local.store", "--port", str(port), "--bucket", STORE]
    command += ["--folder", str(folder)]
    with running() as cloud, pytest.MonkeyPatch.context() as patch:
        store = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)  # noqa: S603 - ours
        try:
            cloud.deploy("data", Stage="test")
            cloud.client("dynamodb").update_continuous_backups(  # which its stacks leave out
                TableName=NAMES["RECORD_TABLE"],
                PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True},
            )
            told = {
                **NAMES,
                "STAGE": "test",
                "AWS_ENDPOINT_URL": cloud.url,
                "AWS_DEFAULT_REGION": REGION,
                "AWS_ACCESS_KEY_ID": ACCOUNT,
                "AWS_SECRET_ACCESS_KEY": "tests",
                "EXPORT_ENDPOINT": f"http://127.0.0.1:{port}",
                "EXPORT_BUCKET": STORE,
            }
            for name, value in told.items():
                patch.setenv(name, value)
            patch.setattr(clients, "_made", {})
            eventually(_far(port).list_buckets, 20)
            time.sleep(2)  # what was changed is known from a moment after the start on
            yield cloud
        finally:
            store.terminate()
            store.wait(10)
            forget()


def _far(port: int) -> Any:
    return clients.store(f"http://127.0.0.1:{port}", REGION, "province", "its own")


def forget() -> None:
    """What a new process would not know."""
    exporting.export_settings.cache_clear()
    exporting.backup_deps.cache_clear()


class Night:
    """The function in an account; `guard` looks at what it calls."""

    def __init__(self, cloud: Emulator, guard: Guard) -> None:
        self.ledger = ChangesLedger(cloud.client("s3"), NAMES["CHANGES_BUCKET"])
        self._cloud = cloud
        for client in (clients.dynamodb(), clients.s3(), clients.kms(), clients.secretsmanager()):
            guard.attach(client)

    def calls(self, **event: bool) -> Any:
        """As the scheduler does, in a new process."""
        forget()
        with acting("export"):
            return load("export")(event, context_for("export", 900))

    def provides_credentials(self) -> None:
        """An operator fills the secret that the stack made."""
        self._cloud.client("secretsmanager").put_secret_value(
            SecretId=NAMES["EXPORT_SECRET"], SecretString=json.dumps(CREDENTIALS)
        )

    def files(self, name: str, content: bytes) -> None:
        """An object in the bucket of files."""
        self._cloud.client("s3").put_object(Bucket=NAMES["FILE_BUCKET"], Key=name, Body=content)

    def records(self, key: table_keys.Key, **data: Any) -> None:
        """An item of the record."""
        item = to_attributes({**key, **data})
        self._cloud.client("dynamodb").put_item(TableName=NAMES["RECORD_TABLE"], Item=item)

    def signed(self, run: int) -> bool:
        """By the stack's key, as whoever holds its public half sees it."""
        key = KmsSigner(self._cloud.client("kms"), NAMES["EXPORT_KEY"]).public_key()
        store = exporting.backup_deps().store
        content = store.manifest(run)
        return content is not None and PublicKey(key).verifies(content, store.signature(run))

    def forgets_its_last_step(self) -> None:
        """As if it had been killed between the manifest and its own note of it."""
        head = head_of(exporting.backup_deps().store.manifest(1) or b"")
        self.ledger.set(Head(head.chain, 0, GENESIS, head.until))


def work(night: Night) -> None:
    """A whole record with a file and a long form, and one of each that is lost; a kill; nothing."""
    night.provides_credentials()
    for file, content in ((FILE, b"%PDF here"), (FILE.replace("0", "1"), b"%PDF lost")):
        digest = b64encode(sha256(content).digest()).decode()
        paper = {"dossier": CODE, "sha256": digest, "size": len(content), "type": "text/plain"}
        night.records(table_keys.file(FileId(file)), **paper)
    night.files(f"uploads/{FILE}", b"%PDF here")
    for number in (1, 2):
        form = f"forms/{CODE}/{number:03d}-{DIGEST}.json"
        night.records(table_keys.form(DossierCode(CODE), number), object=form)
    night.files(f"forms/{CODE}/001-{DIGEST}.json", b"{}")
    first = night.calls()
    assert (first["state"], first["run"], first["missing"]) == ("complete", 1, 2)
    assert night.signed(1)
    night.forgets_its_last_step()
    assert night.calls()["state"] == "nothing_due"
    assert night.ledger.get() == head_of(exporting.backup_deps().store.manifest(1) or b"")
