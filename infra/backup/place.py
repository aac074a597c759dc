"""What the command works on: the running local cloud, or what the environment names."""

from __future__ import annotations

import getpass
import json
import os
from contextlib import nullcontext, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from chalicelib.adapters import clients
from chalicelib.adapters.clock import Anchor, ServiceClock
from chalicelib.adapters.keys import SecretKeys
from chalicelib.adapters.secrets import fetch_secret
from chalicelib.adapters.signing import PublicKey, make_key
from chalicelib.adapters.table import Table
from chalicelib.backup_config import read_export, read_store
from chalicelib.bootstrap.exporting import signer, store_client
from chalicelib.config import SettingsError
from infra.backup.reading import Vault
from infra.backup.restore import Target
from infra.local.clock import VIETNAM
from infra.local.settings import ACCOUNT, REGION, STAGE, STORE_BUCKET, STORE_PORT, Home
from infra.operate.target import Target as Operated
from infra.operate.target import UnreachableError, find

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_LOCAL = ("", STAGE)  # where no stage is named, the local cloud is meant


def ask(stage: str) -> None:
    """Complete the environment by the settings of a stage's functions; what is set there stays.

    Raise UnreachableError.
    """
    given = dict(os.environ)
    find(stage)
    for name in ("EXPORT_KEY", "EXPORT_SECRET"):
        if f"{name}_FILE" in given:
            os.environ.pop(name, None)
    os.environ.update(given)


def who(stage: str | None) -> str:
    """Who acts, for the log of operators."""
    return Operated(stage).who() if stage and stage not in _LOCAL else getpass.getuser()


def enter(*, running: bool) -> None:
    """Complete the environment for the local stage; `running` where the cloud itself is needed.

    Raise UnreachableError where no local cloud runs.
    """
    if os.environ.get("STAGE", "") not in _LOCAL:
        return
    with nullcontext() if running else suppress(UnreachableError):
        find(STAGE)
    home = Home.from_environment()
    home.create()
    for name, value in _store_defaults(home).items():
        os.environ.setdefault(name, value)


def _store_defaults(home: Home) -> dict[str, str]:
    """The stand-in store's address, credentials that it does not ask for, a key to sign with."""
    secret, key = home.path / "export-secret.json", home.path / "export-key.pem"
    if not secret.exists():
        secret.touch(mode=0o600)
        secret.write_text(json.dumps({"access_key_id": ACCOUNT, "secret_access_key": "local"}))
    if not key.exists():
        make_key(key)
    found = {
        "EXPORT_ENDPOINT": f"http://127.0.0.1:{STORE_PORT}",
        "EXPORT_BUCKET": STORE_BUCKET,
        "EXPORT_REGION": REGION,
    }
    if "EXPORT_SECRET" not in os.environ:
        found["EXPORT_SECRET_FILE"] = str(secret)
    if "EXPORT_KEY" not in os.environ:
        found["EXPORT_KEY_FILE"] = str(key)
    return found


def vault() -> Vault:
    """The province's store. Raise SettingsError."""
    given = read_store(os.environ)
    return Vault(store_client(given), given.export_bucket)


def public_key() -> bytes:
    """The deployment's own, in PEM. Raise SettingsError."""
    return signer(read_export(os.environ)).public_key()


def public_keys(files: Sequence[Path]) -> list[PublicKey]:
    """Those whose signatures are believed. Raise SettingsError."""
    if not files:
        raise SettingsError(
            "--public-key FILE (or EXPORT_PUBLIC_KEY): nothing in the store is believed without "
            "the key the province keeps. `python -m infra.backup key` prints it"
        )
    try:
        return [PublicKey(file.read_bytes()) for file in files]
    except (OSError, ValueError) as error:
        raise SettingsError(f"the public key cannot be read: {error}") from error


def target(environ: Mapping[str, str]) -> Target:
    """The deployment to write to. Raise SettingsError."""
    missing = [name for name in ("RECORD_TABLE", "FILE_BUCKET") if not environ.get(name)]
    if missing:
        raise SettingsError(f"{', '.join(missing)}: which deployment shall be written to?")
    table = Table(clients.dynamodb(), environ["RECORD_TABLE"])
    return Target(table, clients.s3(), environ["FILE_BUCKET"], _today(environ))


def _today(environ: Mapping[str, str]) -> datetime:
    """The service date, in Vietnam: the local stage may have a clock of its own."""
    anchor = environ.get("CLOCK_ANCHOR")
    clock = ServiceClock(Anchor(**json.loads(anchor)) if anchor else None)
    now = clock.now() if anchor else datetime.now(UTC)
    return now.astimezone(VIETNAM)


def secret_keys(environ: Mapping[str, str]) -> SecretKeys | None:
    """The deployment's key, where it is given."""
    if file := environ.get("SECRET_KEY_FILE"):
        return SecretKeys(Path(file).read_bytes)
    if name := environ.get("SECRET_KEY_NAME"):
        return SecretKeys(partial(fetch_secret, name))
    return None
