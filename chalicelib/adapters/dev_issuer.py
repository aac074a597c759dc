"""A development issuer: signs in the catalogue's demo accounts, in the local stage only."""

import os
from collections.abc import Mapping
from pathlib import Path
from tempfile import mkstemp
from time import time
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

ISSUER: Final = "motcua-dev"
AUDIENCE: Final = "motcua"
KEY_ID: Final = "dev"
HOURS: Final = 8


class DevIssuer:
    """`file` holds its key; it is made on first use, and tokens outlive a restart."""

    def __init__(self, file: Path) -> None:
        self._private = _key(file)
        public: dict[str, Any] = ECAlgorithm.to_jwk(self._private.public_key(), as_dict=True)
        self._public = {**public, "kid": KEY_ID, "alg": "ES256", "use": "sig"}
        self._keys = jwt.PyJWKSet.from_dict(self.jwks()).keys

    def token(self, account: Mapping[str, Any]) -> str:
        """For an account of `catalogue/officers.yaml`; an official's `id` is the account itself."""
        now = int(time())
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": account["account"],
            "iat": now,
            "exp": now + HOURS * 3600,
            "roles": account["roles"],
        }
        if account.get("agency_code"):
            claims["agency_code"] = account["agency_code"]
        else:
            claims["number"] = account["id"]
        return jwt.encode(claims, self._private, "ES256", {"kid": KEY_ID})

    def jwks(self) -> dict[str, Any]:
        """The public key set, as an issuer publishes it."""
        return {"keys": [self._public]}

    def get_signing_key_from_jwt(self, token: str) -> jwt.PyJWK:
        """The key source of this process: no request to itself. Raise PyJWTError."""
        name = jwt.get_unverified_header(token).get("kid")
        for key in self._keys:
            if key.key_id == name:
                return key
        raise jwt.InvalidKeyError(name)


def _key(file: Path) -> ec.EllipticCurvePrivateKey:
    if not file.exists():
        _make(file)
    key = serialization.load_pem_private_key(file.read_bytes(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError(f"{file} holds another kind of key")
    return key


def _make(file: Path) -> None:
    """Written aside and linked, so that two processes that start together share one key."""
    content = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    descriptor, aside = mkstemp(prefix=file.name, dir=file.parent)  # for the owner's eyes only
    with os.fdopen(descriptor, "wb") as written:
        written.write(content)
    try:
        os.link(aside, file)
    except FileExistsError:
        pass
    finally:
        Path(aside).unlink()
