"""Who may become somebody: only operators make accounts, and nobody changes who they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from infra.lint.stack import walk

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from infra.lint.stack import Finding, Stack

# Flows whose tokens may write the bearer's own attributes: a citizen's number, an official's unit.
_SELF_MADE: Final = (
    "ALLOW_CUSTOM_AUTH",
    "ALLOW_USER_AUTH",
    "ALLOW_USER_PASSWORD_AUTH",
    "ALLOW_USER_SRP_AUTH",
)
_WRITING_SCOPE: Final = "aws.cognito.signin.user.admin"
_SHORTEST: Final = 12


def pools(stacks: Sequence[Stack]) -> Iterator[Finding]:
    """No sign-up, no weak password, no pool deleted by mistake."""
    for stack in stacks:
        for path, pool in stack.properties("AWS::Cognito::UserPool"):
            created = pool.get("AdminCreateUserConfig", {})
            password = pool.get("Policies", {}).get("PasswordPolicy", {})
            wanted = {
                "AllowAdminCreateUserOnly": created.get("AllowAdminCreateUserOnly") is True,
                "DeletionProtection: ACTIVE": pool.get("DeletionProtection") == "ACTIVE",
                f"{_SHORTEST} characters": password.get("MinimumLength", 0) >= _SHORTEST,
                "a second factor": pool.get("MfaConfiguration", "OFF") != "OFF",
            }
            for what, there in wanted.items():
                if not there:
                    yield stack.finding("pools", path, f"needs {what}")


def clients(stacks: Sequence[Stack]) -> Iterator[Finding]:
    """Whoever could write their own number could be any citizen."""
    for stack in stacks:
        for path, client in stack.properties("AWS::Cognito::UserPoolClient"):
            flows = client.get("ExplicitAuthFlows")
            if not flows:
                text = "needs ExplicitAuthFlows: without, Cognito allows signing in by password"
                yield stack.finding("clients", path, text)
            for at, value in walk(client, path):
                if value in (*_SELF_MADE, _WRITING_SCOPE):
                    text = "gives tokens that may change their bearer's own attributes"
                    yield stack.finding("clients", at, text)
            for text in _unsafe(client):
                yield stack.finding("clients", path, text)


def _unsafe(client: dict[str, object]) -> Iterator[str]:
    flows = client.get("AllowedOAuthFlows", [])
    if flows != ["code"]:
        yield "needs AllowedOAuthFlows: [code], the one that PKCE protects"
    if client.get("PreventUserExistenceErrors") != "ENABLED":
        yield "needs PreventUserExistenceErrors: ENABLED"
    if "WriteAttributes" not in client:
        yield "needs WriteAttributes: without, every attribute can be written through it"
