"""Who signed in: a JWT of the configured issuer, checked against its keys by PyJWT.

Security counts real time, whatever the business clock says.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

import jwt

from chalicelib.domain.actor import Actor, ActorKind
from chalicelib.domain.errors import UnavailableError
from chalicelib.domain.ids import AgencyCode, PersonRef
from chalicelib.domain.terms import Role

ALGORITHMS: Final = ["ES256", "RS256"]
RETRY_AFTER: Final = 60  # seconds until an issuer that is out of reach is worth another try
LEEWAY: Final = 30  # seconds between two machines' clocks
MOST_CHARACTERS: Final = 8192  # of a token
_REQUIRED: Final = {"require": ["exp", "iat", "iss", "aud", "sub"]}
_ROLES: Final = {role.value: role for role in Role}


class KeySource(Protocol):
    """Finds the key a token names; `jwt.PyJWKClient` is one."""

    def get_signing_key_from_jwt(self, token: str) -> jwt.PyJWK:
        """Raise PyJWTError."""


class Identity:
    """`person_ref` hashes a citizen's number: the number itself goes no further."""

    def __init__(
        self, keys: KeySource, issuer: str, audience: str, person_ref: Callable[[str], PersonRef]
    ) -> None:
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._person_ref = person_ref

    def identify(self, token: str) -> Actor | None:
        """The actor; None for a token that is not to be trusted, whatever the reason.

        Raise UnavailableError while the issuer is out of reach: not the caller's fault.
        """
        if len(token) > MOST_CHARACTERS:
            return None
        try:
            key = self._keys.get_signing_key_from_jwt(token)
            claims: Mapping[str, Any] = jwt.decode(
                token,
                key,
                algorithms=ALGORITHMS,
                issuer=self._issuer,
                audience=self._audience,
                leeway=LEEWAY,
                options=_REQUIRED,  # type: ignore[arg-type]
            )
        except jwt.PyJWKClientConnectionError as error:
            raise UnavailableError("unavailable", retry_after=RETRY_AFTER) from error
        except (jwt.PyJWTError, ValueError):
            return None
        return self._actor(claims)

    def _actor(self, claims: Mapping[str, Any]) -> Actor | None:
        given = claims.get("roles")
        texts = [each for each in given if isinstance(each, str)] if isinstance(given, list) else []
        roles = {_ROLES[each] for each in texts if each in _ROLES}
        name, number, agency = claims["sub"], claims.get("number"), claims.get("agency_code")
        if roles == {Role.CITIZEN} and isinstance(number, str) and number:
            return Actor(ActorKind.CITIZEN, self._person_ref(number), roles=frozenset(roles))
        if roles and Role.CITIZEN not in roles and name and isinstance(agency, str) and agency:
            return Actor(ActorKind.OFFICIAL, name, AgencyCode(agency), frozenset(roles))
        return None


def remote_keys(url: str, kept_seconds: float = 300) -> KeySource:
    """The issuer's key set, asked for again when it is older, so that a withdrawn key ends.

    A key nobody has heard of makes us ask at most once a minute. Single keys are not cached:
    PyJWT would keep them for good.
    """
    return jwt.PyJWKClient(url, lifespan=kept_seconds, cooldown_duration=60, timeout=3)
