"""Who signs in: the pool of officials, deployed to an emulator of AWS, and read by the API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import jwt
import pytest

from chalicelib import config
from chalicelib.adapters.identity import Claims, Identity, remote_keys
from chalicelib.domain.actor import Actor, ActorKind
from chalicelib.domain.ids import AgencyCode, PersonRef
from chalicelib.domain.terms import Role
from infra.templates import STACKS, load
from tests.infra.emulator import ACCOUNT, REGION, Emulator, running

if TYPE_CHECKING:
    from collections.abc import Iterator

PASSWORD = "Abcdefgh-12345"


@dataclass
class Pool:
    """As deployed without any choice made."""

    emulator: Emulator
    outputs: dict[str, str]


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    with running() as emulator:
        yield Pool(emulator, emulator.deploy("identity"))


def test_a_group_for_each_role(pool: Pool) -> None:
    """A role without its group is one that nobody can be given."""
    client = pool.emulator.client("cognito-idp")
    groups = client.list_groups(UserPoolId=pool.outputs["UserPoolId"])["Groups"]
    assert {each["GroupName"] for each in groups} == set(Role)


def test_the_functions_are_told_where_to_look(pool: Pool) -> None:
    """One letter off, and nobody signs in."""
    issuer = f"https://cognito-idp.{REGION}.amazonaws.com/{pool.outputs['UserPoolId']}"
    assert pool.outputs["OidcIssuer"] == issuer
    assert pool.outputs["OidcJwksUrl"] == f"{issuer}/.well-known/jwks.json"
    sign_in = f"https://motcua-dev-{ACCOUNT}.auth.{REGION}.amazoncognito.com"
    assert pool.outputs["SignInOrigin"] == sign_in


def test_officials_are_made_by_operators(pool: Pool) -> None:
    """Nobody makes an account for themselves, and what they are is not theirs to change."""
    client = pool.emulator.client("cognito-idp")
    made = client.describe_user_pool(UserPoolId=pool.outputs["UserPoolId"])["UserPool"]
    assert made["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"] is True
    assert (made["MfaConfiguration"], made["DeletionProtection"]) == ("ON", "ACTIVE")
    asked = {"UserPoolId": made["Id"], "ClientId": pool.outputs["OidcAudience"]}
    pages = client.describe_user_pool_client(**asked)["UserPoolClient"]
    # What a client may not read is left out of its tokens, which the emulator does not do.
    assert {"custom:agency_code", "custom:number"} <= set(pages["ReadAttributes"])
    assert pages["WriteAttributes"] == ["name"]
    assert pages["ExplicitAuthFlows"] == ["ALLOW_REFRESH_TOKEN_AUTH"]
    assert pages["CallbackURLs"] == ["https://localhost/"]


def test_a_token_of_the_pool_signs_in() -> None:
    """User name, group and unit arrive where the API looks for them."""
    with running() as emulator:
        made = emulator.deploy("identity", Mfa="OPTIONAL", AdminSignIn="true")
        client, pool = emulator.client("cognito-idp"), made["UserPoolId"]
        unit = [{"Name": "custom:agency_code", "Value": "H15.11.05"}]
        who = {"UserPoolId": pool, "Username": "OF-0012"}
        client.admin_create_user(**who, UserAttributes=unit, TemporaryPassword=PASSWORD)
        client.admin_set_user_password(**who, Password=PASSWORD, Permanent=True)
        client.admin_add_user_to_group(**who, GroupName="head")
        signed_in = client.admin_initiate_auth(
            UserPoolId=pool,
            ClientId=made["OidcAudience"],
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": "OF-0012", "PASSWORD": PASSWORD},
        )["AuthenticationResult"]
        given = config.Settings.model_fields
        claims = Claims(
            account=given["oidc_account_claim"].default,
            roles=given["oidc_roles_claim"].default,
            agency=given["oidc_agency_claim"].default,
            number=given["oidc_number_claim"].default,
        )
        keys = remote_keys(f"{emulator.url}/{pool}/.well-known/jwks.json")
        issuer = jwt.decode(signed_in["IdToken"], options={"verify_signature": False})["iss"]
        identity = Identity(keys, issuer, made["OidcAudience"], claims, PersonRef)
        roles = frozenset({Role.HEAD})
        expected = Actor(ActorKind.OFFICIAL, "OF-0012", AgencyCode("H15.11.05"), roles)
        assert identity.identify(signed_in["IdToken"]) == expected
        # The other token is for the pool's own routes: it names no audience.
        assert identity.identify(signed_in["AccessToken"]) is None


def test_citizens_come_from_the_provider_with_its_number() -> None:
    """The emulator makes no providers, so the template is read: who vouches, and for what."""
    made = load(STACKS / "identity.yaml")["Resources"]
    provider, pages = made["Provider"], made["Pages"]["Properties"]
    assert provider["Properties"]["AttributeMapping"] == {
        "custom:number": {"Ref": "ProviderNumberClaim"}
    }
    assert provider["Condition"] == "HasProvider"
    only_then = ["HasProvider", "custom:number", {"Ref": "AWS::NoValue"}]
    assert {"Fn::If": only_then} in pages["WriteAttributes"]
    secret = provider["Properties"]["ProviderDetails"]["client_secret"]["Fn::Sub"]
    assert secret.startswith("{{resolve:secretsmanager:")


def test_deploying_again_changes_nothing(pool: Pool) -> None:
    """Else each deployment would put every official's sign-in at risk for nothing."""
    assert pool.emulator.changes("identity") == []


def test_deleting_leaves_what_must_stay(pool: Pool) -> None:
    """A stack deleted by mistake must not lock every official out. Last, as the stack is gone."""
    pool.emulator.delete("identity")
    client, kept = pool.emulator.client("cognito-idp"), pool.outputs["UserPoolId"]
    assert len(client.list_groups(UserPoolId=kept)["Groups"]) == len(Role)
    asked = {"UserPoolId": kept, "ClientId": pool.outputs["OidcAudience"]}
    assert client.describe_user_pool_client(**asked)
