"""Who signed in: a JWT of the configured issuer, checked against its keys by PyJWT.

Security counts real time, whatever the business clock says.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Protocol

import jwt

from chalicelib.domain.actor import Actor, ActorKind
from chalicelib.domain.errors import UnavailableError
from chalicelib.domain.ids import AgencyCode, PersonRef
from chalicelib.domain.terms import Role
from chalicelib.domain.value import value

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


@value(frozen=True, slots=True)
class Claims:
    """What an issuer calls the things we ask for; of several names the first one it uses counts.

    `citizens` is a group of its own that makes a citizen, beside the role's name: Cognito puts
    everybody into one whom a federated provider signs in.
    """

    account: Sequence[str]
    roles: Sequence[str]
    agency: Sequence[str]
    number: Sequence[str]
    citizens: str = ""

    def role(self, name: str) -> Role | None:
        """None for a role of another system."""
        return Role.CITIZEN if name and name == self.citizens else _ROLES.get(name)


class Identity:
    """`person_ref` hashes a citizen's number: the number itself goes no further."""

    def __init__(
        self,
        keys: KeySource,
        issuer: str,
        audience: str,
        claims: Claims,
        person_ref: Callable[[str], PersonRef],
    ) -> None:
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._claims = claims
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

    def _actor(self, said: Mapping[str, Any]) -> Actor | None:
        roles = self._roles(_first(said, self._claims.roles))
        number = _text(_first(said, self._claims.number))
        if roles == {Role.CITIZEN} and number:
            return Actor(ActorKind.CITIZEN, self._person_ref(number), roles=roles)
        name = _text(_first(said, self._claims.account))
        agency = _text(_first(said, self._claims.agency))
        if roles and Role.CITIZEN not in roles and name and agency:
            return Actor(ActorKind.OFFICIAL, name, AgencyCode(agency), roles)
        return None

    def _roles(self, given: object) -> frozenset[Role]:
        names = [each for each in given if isinstance(each, str)] if isinstance(given, list) else []
        return frozenset(role for name in names if (role := self._claims.role(name)))


def _first(said: Mapping[str, Any], names: Sequence[str]) -> object:
    return next((said[name] for name in names if name in said), None)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def remote_keys(url: str, kept_seconds: float = 300) -> KeySource:
    """The issuer's key set, asked for again when it is older, so that a withdrawn key ends.

    A key nobody has heard of makes us ask at most once a minute. Single keys are not cached:
    PyJWT would keep them for good.
    """
    return jwt.PyJWKClient(url, lifespan=kept_seconds, cooldown_duration=60, timeout=3)
