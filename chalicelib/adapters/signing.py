"""Who signs the export: a key that never leaves KMS, or (locally) one in a file.

Both make the same signature, ECDSA over P-256 and SHA-256 in DER, which `openssl dgst -verify`
checks with nothing but the public key.
"""

import hashlib
from base64 import encodebytes
from pathlib import Path
from typing import Final

from botocore.exceptions import ClientError
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from chalicelib.adapters.clients import Client

ALGORITHM: Final = "ECDSA_SHA_256"
_ECDSA: Final = ec.ECDSA(hashes.SHA256())


class KmsSigner:
    """See the port `Signer`; `key` is an id, ARN or alias of a key for signing, ECC_NIST_P256."""

    def __init__(self, client: Client, key: str) -> None:
        self._client = client
        self._key = key

    def sign(self, content: bytes) -> bytes:
        answer = self._client.sign(**self._about(content))
        return bytes(answer["Signature"])

    def verifies(self, content: bytes, signature: bytes) -> bool:
        if not signature:
            return False
        try:
            answer = self._client.verify(**self._about(content), Signature=signature)
        except ClientError as error:
            if error.response["Error"]["Code"] != "KMSInvalidSignatureException":
                raise
            return False
        return bool(answer["SignatureValid"])

    def public_key(self) -> bytes:
        """In PEM: what the province keeps."""
        content = self._client.get_public_key(KeyId=self._key)["PublicKey"]
        return (
            b"-----BEGIN PUBLIC KEY-----\n" + encodebytes(content) + b"-----END PUBLIC KEY-----\n"
        )

    def _about(self, content: bytes) -> dict[str, str | bytes]:
        return {
            "KeyId": self._key,
            "Message": hashlib.sha256(content).digest(),
            "MessageType": "DIGEST",
            "SigningAlgorithm": ALGORITHM,
        }


class PemSigner:
    """The same with a private key in a file (PEM, not encrypted)."""

    def __init__(self, file: Path) -> None:
        key = serialization.load_pem_private_key(file.read_bytes(), password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise TypeError(f"{file}: not a key on an elliptic curve")
        self._key = key

    def sign(self, content: bytes) -> bytes:
        return self._key.sign(content, _ECDSA)

    def verifies(self, content: bytes, signature: bytes) -> bool:
        return PublicKey(self.public_key()).verifies(content, signature)

    def public_key(self) -> bytes:
        """In PEM."""
        return self._key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )


class PublicKey:
    """What whoever checks an export holds. Raise ValueError for what is no such key."""

    def __init__(self, pem: bytes) -> None:
        key = serialization.load_pem_public_key(pem)
        if not isinstance(key, ec.EllipticCurvePublicKey):
            raise ValueError("not a public key on an elliptic curve")  # noqa: TRY004 - a content, no type
        self._key = key

    def verifies(self, content: bytes, signature: bytes) -> bool:
        """Whether the private half signed this content."""
        try:
            self._key.verify(signature, content, _ECDSA)
        except InvalidSignature:
            return False
        return True


def make_key(file: Path) -> None:
    """A new private key, readable by its owner only; for the local stage."""
    key = ec.generate_private_key(ec.SECP256R1())
    file.touch(mode=0o600, exist_ok=False)
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
