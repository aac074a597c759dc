"""Who signed in: the configured issuer, or the development issuer of the local stage."""

from functools import cache

from chalicelib.adapters.dev_issuer import AUDIENCE, HOURS, ISSUER, DevIssuer
from chalicelib.adapters.identity import Claims, Identity, remote_keys
from chalicelib.bootstrap import keys, settings
from chalicelib.config import Settings, SettingsError
from chalicelib.domain.actor import Actor

DEV_TOKEN_SECONDS = HOURS * 3600


@cache
def dev_issuer() -> DevIssuer:
    """Of the local stage. Raise SettingsError anywhere else."""
    file = settings().dev_key_file
    if file is None:
        raise SettingsError("DEV_KEY_FILE: there is a development issuer locally only")
    return DevIssuer(file)


def identify(token: str) -> Actor | None:
    """Who signed in with a bearer token; None for one that is not to be trusted."""
    return identity().identify(token)


@cache
def identity() -> Identity:
    """How tokens are checked in this stage."""
    given = settings()
    claims = claims_of(given)
    if given.is_local:
        return Identity(dev_issuer(), ISSUER, AUDIENCE, claims, keys().person_ref)
    source = remote_keys(given.oidc_jwks_url)
    return Identity(source, given.oidc_issuer, given.oidc_audience, claims, keys().person_ref)


def claims_of(given: Settings) -> Claims:
    """Where a token of the configured issuer says what."""
    return Claims(
        account=given.oidc_account_claim,
        roles=given.oidc_roles_claim,
        agency=given.oidc_agency_claim,
        number=given.oidc_number_claim,
        citizens=given.oidc_citizen_group,
    )
