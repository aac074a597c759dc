"""Signatures of the export: a key in KMS and a key in a file sign for one and the same check.

KMS is ministack's, in this process: moto's hashes a digest once more.
"""

import asyncio
import importlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from chalicelib.adapters.signing import KmsSigner, PemSigner, PublicKey, make_key


class Body(BytesIO):
    """What botocore reads an answer from."""

    def stream(self) -> Iterator[bytes]:
        yield self.read()


def _kms() -> Any:
    """A client whose requests the emulator answers."""
    service: Any = importlib.import_module("ministack.services.kms")
    client: Any = boto3.client(
        "kms",
        region_name="ap-southeast-1",
        aws_access_key_id="123456789012",
        aws_secret_access_key="local",
    )

    def answered(request: AWSPreparedRequest, **_: object) -> AWSResponse:
        headers = {name.lower(): _text(value) for name, value in request.headers.items()}
        status, found, body = asyncio.run(
            service.handle_request("POST", "/", headers, request.body, {})
        )
        return AWSResponse(request.url, status, found, Body(body))

    client.meta.events.register("before-send.kms", answered)
    return client


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


@pytest.fixture(params=["kms", "pem"])
def signer(request: pytest.FixtureRequest, tmp_path: Path) -> KmsSigner | PemSigner:
    if request.param == "pem":
        make_key(tmp_path / "key.pem")
        return PemSigner(tmp_path / "key.pem")
    client = _kms()
    made = client.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
    return KmsSigner(client, made["KeyMetadata"]["KeyId"])


def test_signature_is_checked_with_the_public_key_alone(signer: KmsSigner | PemSigner) -> None:
    """The province checks at home, without an account in AWS."""
    key = PublicKey(signer.public_key())
    signature = signer.sign(b"a manifest")
    assert key.verifies(b"a manifest", signature)
    assert not key.verifies(b"another manifest", signature)
    assert not key.verifies(b"a manifest", signature[:-1] + bytes([signature[-1] ^ 1]))
    assert not key.verifies(b"a manifest", b"no signature")


def test_own_signature_is_known_again(signer: KmsSigner | PemSigner) -> None:
    """A run that a killed call left behind must be this deployment's own."""
    assert signer.verifies(b"a manifest", signer.sign(b"a manifest"))
    assert not signer.verifies(b"another", signer.sign(b"a manifest"))
    assert not signer.verifies(b"a manifest", b"")


def test_key_file_is_for_its_owner_only(tmp_path: Path) -> None:
    """And never made over one that is there: its runs could not be checked any more."""
    make_key(tmp_path / "key.pem")
    assert (tmp_path / "key.pem").stat().st_mode & 0o077 == 0
    with pytest.raises(FileExistsError):
        make_key(tmp_path / "key.pem")


@pytest.mark.parametrize("content", [b"", b"-----BEGIN PUBLIC KEY-----\n"])
def test_what_is_no_key_is_refused(content: bytes) -> None:
    """A truncated file must not be taken for a key that believes nothing, or everything."""
    with pytest.raises(ValueError, match=r"."):
        PublicKey(content)
