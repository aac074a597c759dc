"""The export's adapters, wired apart: no request needs them."""

import os
from datetime import UTC, datetime, timedelta
from functools import cache
from time import sleep
from typing import Final

from chalicelib import backup_config as config
from chalicelib.adapters import clients
from chalicelib.adapters.export_store import ChangesLedger, ExportStore
from chalicelib.adapters.exported import FileBucket, TableExports
from chalicelib.adapters.schema import WRITTEN
from chalicelib.adapters.secrets import fetch_secret
from chalicelib.adapters.signing import KmsSigner, PemSigner
from chalicelib.backup_ports import BackupDeps
from chalicelib.domain.backup import Origin, Policy

# So that several calls in one night make one run, whoever made another at noon.
NIGHTLY: Final = timedelta(hours=6)
SHORTEST: Final = timedelta(minutes=15)  # of a window that DynamoDB exports


def is_configured() -> bool:
    """Whether this stage has a store to export to."""
    return config.is_configured(os.environ)


@cache
def export_settings() -> config.ExportSettings:
    """Raise SettingsError."""
    return config.read_export(os.environ)


@cache
def backup_deps() -> BackupDeps:
    """The ports of the export. Raise SettingsError."""
    given = export_settings()
    return BackupDeps(
        source=TableExports(
            clients.dynamodb(), clients.s3(), given.record_table, given.changes_bucket
        ),
        bucket=FileBucket(clients.s3(), given.file_bucket),
        store=ExportStore(store_client(given), given.export_bucket, given.export_encryption),
        signer=signer(given),
        ledger=ChangesLedger(clients.s3(), given.changes_bucket),
        origin=Origin(given.stage, given.record_table, WRITTEN, given.code_version),
        pause=_nap if given.is_local else sleep,
    )


def _nap(_seconds: float) -> None:
    """The local cloud exports within a second."""
    sleep(0.2)


def is_of_this_night(until: datetime) -> bool:
    """Whether no other run is due: after nights without one, the first of the next is not."""
    return datetime.now(UTC) - until < NIGHTLY


def policy(*, nightly: bool, full: bool = False) -> Policy:
    """When a run is due: nightly, or whenever DynamoDB can export the changes."""
    given = export_settings()
    soonest = timedelta(0) if given.is_local else SHORTEST
    return Policy(NIGHTLY if nightly else soonest, timedelta(days=given.export_full_days), full)


def signer(given: config.ExportSettings) -> KmsSigner | PemSigner:
    """The deployment's signing key."""
    if given.export_key_file:
        return PemSigner(given.export_key_file)
    return KmsSigner(clients.kms(), given.export_key)


def store_client(given: config.StoreSettings) -> clients.Client:
    """A client of the province's store. Raise SettingsError."""
    found = given.credentials
    if found is None:
        found = config.read_credentials(fetch_secret(given.export_secret).decode())
    return clients.store(
        given.export_endpoint,
        given.export_region,
        found.access_key_id,
        found.secret_access_key,
    )
