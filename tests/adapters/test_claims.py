"""What an issuer calls things: the development issuer's names, Cognito's, or a province's own."""

from time import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from chalicelib import config
from chalicelib.adapters.identity import Identity
from chalicelib.bootstrap.sign_in import claims_of
from chalicelib.domain.actor import Actor, ActorKind
from chalicelib.domain.ids import AgencyCode, PersonRef
from chalicelib.domain.terms import Role

KEY = rsa.generate_private_key(65537, 2048)
ISSUER = "https://cognito-idp.ap-southeast-1.amazonaws.com/ap-southeast-1_x"
CLIENT = "client"
PROVIDED = "ap-southeast-1_x_VNeID"  # the group Cognito makes for a provider's users
NEEDED = {
    "STAGE": "dev",
    "RECORD_TABLE": "record",
    "TOKEN_TABLE": "token",
    "FILE_BUCKET": "files",
    "STATE_MACHINE_ARN": "arn:aws:states:ap-southeast-1:123456789012:stateMachine:x",
    "PUBLIC_URL": "https://example.org",
    "OIDC_ISSUER": ISSUER,
    "OIDC_AUDIENCE": CLIENT,
    "OIDC_JWKS_URL": f"{ISSUER}/.well-known/jwks.json",
}


class Keys:
    """The issuer's key, without a network."""

    def get_signing_key_from_jwt(self, token: str) -> jwt.PyJWK:
        del token
        return jwt.PyJWK.from_dict(
            jwt.algorithms.RSAAlgorithm.to_jwk(KEY.public_key(), as_dict=True) | {"alg": "RS256"}
        )


def identified(said: dict[str, Any], **settings: str) -> Actor | None:
    """Who a token of Cognito signs in, with the settings' own names unless others are given."""
    given = config.read(NEEDED | settings)
    claims = claims_of(given)
    now = int(time())
    fixed = {"iss": ISSUER, "aud": CLIENT, "sub": "6f0c-uuid", "iat": now, "exp": now + 60}
    token = jwt.encode(fixed | said, KEY, "RS256", {"kid": "1"})
    identity = Identity(Keys(), ISSUER, CLIENT, claims, lambda number: PersonRef(f"#{number}"))
    return identity.identify(token)


OFFICIAL = {
    "cognito:username": "OF-0012",
    "cognito:groups": ["officer", "head", "another-system"],
    "custom:agency_code": "H15.11.05",
    "token_use": "id",
}
CITIZEN = {
    "cognito:username": "VNeID_abc",
    "cognito:groups": [PROVIDED],
    "custom:number": "049090000001",
    "token_use": "id",
}


def test_an_official_of_cognito() -> None:
    """The user name is the account in the directory of agencies; Cognito's own id means nothing."""
    roles = frozenset({Role.OFFICER, Role.HEAD})
    expected = Actor(ActorKind.OFFICIAL, "OF-0012", AgencyCode("H15.11.05"), roles)
    assert identified(OFFICIAL) == expected


def test_a_citizen_of_the_provider() -> None:
    """The provider vouches for the number; its group says that this is a citizen."""
    found = identified(CITIZEN, OIDC_CITIZEN_GROUP=PROVIDED)
    roles = frozenset({Role.CITIZEN})
    assert found == Actor(ActorKind.CITIZEN, "#049090000001", None, roles)


@pytest.mark.parametrize(
    ("said", "settings"),
    [
        (CITIZEN, {}),  # no provider is configured
        (CITIZEN, {"OIDC_CITIZEN_GROUP": "ap-southeast-1_x_Other"}),
        (CITIZEN | {"cognito:groups": []}, {"OIDC_CITIZEN_GROUP": ""}),
        (CITIZEN | {"cognito:groups": [""]}, {"OIDC_CITIZEN_GROUP": ""}),
        ({**CITIZEN, "custom:number": ""}, {"OIDC_CITIZEN_GROUP": PROVIDED}),
        (CITIZEN | {"cognito:groups": [PROVIDED, "desk"]}, {"OIDC_CITIZEN_GROUP": PROVIDED}),
        (OFFICIAL | {"custom:agency_code": ["H15"]}, {}),
        (OFFICIAL | {"cognito:groups": "officer"}, {}),
        (OFFICIAL | {"cognito:username": ""}, {}),
        (OFFICIAL | {"aud": "another"}, {}),
        # an access token of the same pool is for the pool, not for us
        ({k: v for k, v in OFFICIAL.items() if k != "custom:agency_code"}, {}),
    ],
)
def test_claims_that_do_not_sign_in(said: dict[str, Any], settings: dict[str, str]) -> None:
    """Each is well signed by our pool; none says who it is in the way that was agreed."""
    assert identified(said, **settings) is None


def test_the_first_name_that_a_token_uses_counts() -> None:
    """Two claims that contradict each other must not leave it to chance who somebody is."""
    said = OFFICIAL | {"agency_code": "H15.01"}
    found = identified(said)
    assert found
    assert found.agency == "H15.01"
    found = identified(said, OIDC_AGENCY_CLAIM="custom:agency_code")
    assert found
    assert found.agency == "H15.11.05"


def test_a_province_names_its_own_claims() -> None:
    """Its provider was there before us and calls things as it does."""
    said = {"uid": "OF-1", "groups": ["desk"], "unit": "H15.01"}
    found = identified(
        said,
        OIDC_ACCOUNT_CLAIM="uid, sub",
        OIDC_ROLES_CLAIM="groups",
        OIDC_AGENCY_CLAIM="unit",
    )
    assert found == Actor(ActorKind.OFFICIAL, "OF-1", AgencyCode("H15.01"), frozenset({Role.DESK}))


def test_no_name_at_all_is_refused_at_the_start() -> None:
    """Else everybody would be nobody, and it would look like a wrong password."""
    with pytest.raises(config.SettingsError, match="OIDC_ROLES_CLAIM"):
        config.read(NEEDED | {"OIDC_ROLES_CLAIM": " , "})


KEYS = ["https://issuer.example/jwks", "http://127.0.0.1:4700/pool/jwks"]
IN_THE_CLEAR = [
    "http://issuer.example/jwks",
    "http://127.0.0.1.example.org:80/jwks",
    "http://127.0.0.1:1@example.org/jwks",
]


@pytest.mark.parametrize("url", KEYS)
def test_where_keys_may_be_fetched(url: str) -> None:
    """By TLS, or from this machine, as where a deployment is rehearsed."""
    assert config.read(NEEDED | {"OIDC_JWKS_URL": url}).oidc_jwks_url == url


@pytest.mark.parametrize("url", IN_THE_CLEAR)
def test_keys_are_never_fetched_in_the_clear(url: str) -> None:
    """Whoever stands between could put in a key of their own, and be anybody."""
    with pytest.raises(config.SettingsError, match="OIDC_JWKS_URL"):
        config.read(NEEDED | {"OIDC_JWKS_URL": url})
