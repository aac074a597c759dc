"""Settings of the export: what is missing or not safe is named before anything is sent."""

from pathlib import Path

import pytest

from chalicelib.backup_config import read_credentials, read_export, read_store
from chalicelib.config import SettingsError

GOOD = {
    "STAGE": "prod",
    "RECORD_TABLE": "motcua-prod-record",
    "FILE_BUCKET": "motcua-prod-files-1",
    "CHANGES_BUCKET": "motcua-prod-changes-1",
    "EXPORT_ENDPOINT": "https://store.daklak.example",
    "EXPORT_BUCKET": "motcua",
    "EXPORT_SECRET": "motcua-prod-export",
    "EXPORT_KEY": "alias/motcua-prod-export",
}


def test_good_ones() -> None:
    """A check that refuses everything would soon be switched off."""
    found = read_export(GOOD)
    assert (found.export_encryption, found.export_full_days, found.is_local) == (
        "AES256",
        90,
        False,
    )
    assert read_store(GOOD).credentials is None


@pytest.mark.parametrize("name", GOOD)
def test_each_is_needed(name: str) -> None:
    """Named as the environment spells it."""
    with pytest.raises(SettingsError, match=name):
        read_export({key: value for key, value in GOOD.items() if key != name})


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"EXPORT_ENDPOINT": "http://store.daklak.example"}, "https only"),
        ({"EXPORT_ENDPOINT": "http://127.0.0.1.example:80"}, "https only"),
        ({"EXPORT_ENDPOINT": "http://127.0.0.1:8100@store.daklak.example"}, "EXPORT_ENDPOINT"),
        ({"EXPORT_ENDPOINT": "http://localhost:8100?store.daklak.example"}, "EXPORT_ENDPOINT"),
        ({"EXPORT_ENDPOINT": "store.daklak.example"}, "EXPORT_ENDPOINT"),
        ({"EXPORT_SECRET_FILE": "secret.json"}, "EXPORT_SECRET"),
        ({"EXPORT_KEY": "", "EXPORT_KEY_FILE": "key.pem"}, "local stage only"),
        ({"EXPORT_ENCRYPTION": "none"}, "EXPORT_ENCRYPTION"),
        ({"EXPORT_FULL_DAYS": "0"}, "EXPORT_FULL_DAYS"),
    ],
)
def test_what_is_not_safe_is_refused(change: dict[str, str], told: str) -> None:
    """Personal data in clear on a line or a disk; a signing key lying about in production."""
    with pytest.raises(SettingsError, match=told):
        read_export({**GOOD, **change})


def test_loopback_may_be_plain() -> None:
    """The rehearsal's store is on the same machine."""
    assert read_store({**GOOD, "EXPORT_ENDPOINT": "http://127.0.0.1:8100"})


def test_credentials(tmp_path: Path) -> None:
    """Of a secret, or of a file with the same content; a wrong one is never printed."""
    text = '{"access_key_id": "a", "secret_access_key": "b"}'
    assert read_credentials(text).secret_access_key == "b"
    file = tmp_path / "secret.json"
    file.write_text(text)
    given = {**GOOD, "EXPORT_SECRET": "", "EXPORT_SECRET_FILE": str(file)}
    found = read_store(given).credentials
    assert found
    assert found.access_key_id == "a"
    with pytest.raises(SettingsError) as refused:
        read_credentials('{"access_key_id": "very-secret-id"}')
    assert "secret_access_key".upper() in str(refused.value)
    assert "very-secret-id" not in str(refused.value)
