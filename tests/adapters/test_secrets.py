"""The deployment's key: where it comes from, and that none is no key."""

from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from chalicelib import config
from chalicelib.adapters import clients
from chalicelib.adapters.secrets import fetch_secret
from chalicelib.config import Settings, SettingsError

LONG = "k" * 64
AWS = {
    "STAGE": "prod",
    "RECORD_TABLE": "motcua-prod-record",
    "TOKEN_TABLE": "motcua-prod-token",
    "FILE_BUCKET": "motcua-prod-files-1",
    "STATE_MACHINE_ARN": "arn:aws:states:ap-southeast-1:1:stateMachine:motcua-prod-dossier",
    "PUBLIC_URL": "https://motcua.example",
    "OIDC_ISSUER": "https://issuer.example",
    "OIDC_AUDIENCE": "pages",
    "OIDC_JWKS_URL": "https://issuer.example/jwks",
}


def settings(**more: str) -> Settings:
    """The settings of a deployment in AWS."""
    return config.read(AWS | more)


def never(name: str) -> bytes:
    """No secret is asked for here."""
    raise AssertionError(name)


def test_a_deployment_reads_its_key_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """The key is in no environment, no template and no package."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-southeast-1")
    with mock_aws():
        monkeypatch.setattr(clients, "_made", {})
        boto3.client("secretsmanager").create_secret(Name="motcua-prod-key", SecretString=LONG)
        found = settings(SECRET_KEY_NAME="motcua-prod-key").secret(fetch_secret)
    assert found == LONG.encode()


def test_a_file_needs_no_secret_store(tmp_path: Path) -> None:
    """The local cloud keeps its key in its folder."""
    file = tmp_path / "secret.key"
    file.write_bytes(LONG.encode())
    assert settings(SECRET_KEY_FILE=str(file)).secret(never) == LONG.encode()


@pytest.mark.parametrize("more", [{}, {"SECRET_KEY_NAME": "short"}])
def test_no_key_or_a_short_one_is_refused(more: dict[str, str]) -> None:
    """Better no service than receipts that anybody could forge."""
    with pytest.raises(SettingsError, match="SECRET_KEY_NAME"):
        settings(**more).secret(lambda _name: b"short")
