"""Who may call a route. Each route says so, and none has a default."""

import re
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Final

from chalicelib.domain.actor import Actor
from chalicelib.domain.terms import Role
from chalicelib.domain.value import value
from chalicelib.entrypoints.http.incoming import Incoming
from chalicelib.entrypoints.http.problem import RefusedError

SECRET_HEADER: Final = "x-dossier-secret"  # noqa: S105 - a name, not a secret
SIGNATURE_HEADERS: Final = ("webhook-id", "webhook-timestamp", "webhook-signature")

Identify = Callable[[str], Actor | None]  # a bearer token's owner; None: not to be trusted

_BEARER: Final = re.compile(r"[Bb]earer ([A-Za-z0-9._~+/=-]{1,8192})")


class Scheme(StrEnum):
    """The ways a caller is known."""

    PUBLIC = "public"
    SIGNED_IN = "signed_in"
    WEBHOOK = "webhook"
    SECRET_OR_SIGNED_IN = "secret_or_signed_in"  # noqa: S105 - a name, not a secret


@value(frozen=True, slots=True)
class Auth:
    """The decision a route was registered with; no `roles` means every role."""

    scheme: Scheme
    roles: frozenset[Role] = frozenset()


def public() -> Auth:
    """Anyone; a token that comes along is not even looked at."""
    return Auth(Scheme.PUBLIC)


def signed_in(*roles: Role) -> Auth:
    """A person with one of `roles`; anyone signed in where none is named."""
    return Auth(Scheme.SIGNED_IN, frozenset(roles))


def webhook() -> Auth:
    """A machine that signs: the handler checks the signature over `Request.raw`."""
    return Auth(Scheme.WEBHOOK)


def secret_or_signed_in(*roles: Role) -> Auth:
    """Whoever knows the dossier's secret (the handler checks it), or a person as above."""
    return Auth(Scheme.SECRET_OR_SIGNED_IN, frozenset(roles))


def admit(auth: Auth, incoming: Incoming, identify: Identify) -> Actor | None:
    """Who calls. Raise RefusedError: 401 without a good token, 403 without the role."""
    if auth.scheme in {Scheme.PUBLIC, Scheme.WEBHOOK}:
        return None
    tokens = incoming.values("authorization")
    if not tokens:
        if auth.scheme is Scheme.SECRET_OR_SIGNED_IN and incoming.values(SECRET_HEADER):
            return None
        raise unauthenticated("auth.required")
    actor = _identified(tokens, identify)
    if auth.roles and auth.roles.isdisjoint(actor.roles):
        raise RefusedError(403, "auth.role")
    return actor


def _identified(tokens: Sequence[str], identify: Identify) -> Actor:
    bearer = _BEARER.fullmatch(tokens[0]) if len(tokens) == 1 else None
    actor = identify(bearer[1]) if bearer else None
    if actor is None:
        raise unauthenticated("auth.invalid")
    return actor


def unauthenticated(code: str) -> RefusedError:
    """The 401 for `code`, also for a handler that finds a signature wrong."""
    return RefusedError(401, code, headers={"www-authenticate": "Bearer"})
