"""Sign-in for development: these routes exist in the local stage only."""

from typing import Annotated

from pydantic import StringConstraints

from chalicelib.bootstrap import reference
from chalicelib.bootstrap.sign_in import DEV_TOKEN_SECONDS, dev_issuer
from chalicelib.domain.errors import NotFoundError
from chalicelib.entrypoints.http.auth import public
from chalicelib.entrypoints.http.route import Request, Wire
from chalicelib.entrypoints.http.router import Routes

dev = Routes("dev")


class AccountAnswer(Wire):
    """A demo account; all names are made up."""

    account: str
    name: str
    roles: list[str]
    agency_code: str | None


class AccountList(Wire):
    """All of them."""

    items: list[AccountAnswer]


class TokenBody(Wire):
    """Whom to sign in as."""

    account: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}-[0-9]{4}$")]


class TokenAnswer(Wire):
    """A bearer token; `expires_in` in seconds."""

    access_token: str
    expires_in: int


@dev.get("/dev/accounts", auth=public(), answer=AccountList)
def list_accounts(request: Request) -> AccountList:  # noqa: ARG001 - takes nothing
    """The demo accounts."""
    return AccountList(
        items=[
            AccountAnswer(
                account=each["account"],
                name=each["name"],
                roles=list(each["roles"]),
                agency_code=each.get("agency_code") or None,
            )
            for each in reference().accounts()
        ]
    )


@dev.post("/dev/token", auth=public(), body=TokenBody, answer=TokenAnswer, errors=(404,))
def make_token(request: Request[TokenBody]) -> TokenAnswer:
    """Sign in as a demo account."""
    for account in reference().accounts():
        if account["account"] == request.body.account:
            return TokenAnswer(
                access_token=dev_issuer().token(account), expires_in=DEV_TOKEN_SECONDS
            )
    raise NotFoundError("account.not_found", pointer="/account")
