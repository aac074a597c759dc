"""Everything derived from the deployment's secret key, by HMAC-SHA-256 with a purpose each.

Derived means: nothing to store, the same again when a request is repeated, and nothing to read
off. 22 characters of base64url are 132 bits.
"""

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from typing import Final

from chalicelib.domain.errors import NotFoundError
from chalicelib.domain.ids import AgencyCode, DossierCode, PersonRef
from chalicelib.ports import CallbackTarget

LENGTH: Final = 22
_BETWEEN: Final = "\0"


class SecretKeys:
    """`secret` is at least 32 random bytes; whoever has it can sign in citizens' names.

    It is asked for when first needed, so that a function that never needs it may go without.
    """

    def __init__(self, secret: Callable[[], bytes]) -> None:
        self._secret = secret

    def opaque(self, *parts: str) -> str:
        digest = hmac.new(self._secret(), _BETWEEN.join(parts).encode(), hashlib.sha256).digest()
        return _text(digest)[:LENGTH]

    def tracking_secret(self, code: DossierCode) -> str:
        return self.opaque("tracking", code)

    def person_ref(self, number: str) -> PersonRef:
        return PersonRef(self.opaque("person", number))

    def callback_id(self, code: DossierCode, leg: int, agency: AgencyCode) -> str:
        content = _text(f"{code} {leg} {agency}".encode())
        return f"{content}.{self.opaque('callback', content)}"

    def callback_of(self, callback_id: str) -> CallbackTarget:
        content, _, proof = callback_id.partition(".")
        expected = self.opaque("callback", content)
        if not hmac.compare_digest(expected.encode(), proof.encode()):
            raise NotFoundError("callback.not_found")
        code, leg, agency = _bytes(content).decode().split(" ")
        return CallbackTarget(DossierCode(code), int(leg), AgencyCode(agency))


def _text(content: bytes) -> str:
    return urlsafe_b64encode(content).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
