"""Settings, read and checked once; what is missing is named at the start, not at the first use."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

Name = Annotated[str, Field(min_length=3)]
StageName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,15}$")]
Names = Annotated[tuple[str, ...], Field(min_length=1)]  # in the environment: with commas between


class SettingsError(Exception):
    """The environment is not complete or contradicts itself; the message says what to set."""


class ClockAnchor(BaseModel):
    """Where service time stood at a real time (epoch seconds), and how fast it runs."""

    real: float
    service: float
    speed: Annotated[float, Field(gt=0)]


class Settings(BaseModel):
    """The names are those of the environment, in lower case."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    stage: StageName
    record_table: Name
    token_table: Name
    file_bucket: Name
    state_machine_arn: Annotated[str, Field(pattern=r"^arn:aws[a-z-]*:states:.+:stateMachine:.+")]
    public_url: Annotated[str, Field(pattern=r"^https?://[^/]+$")]
    secret_key_file: Path | None = None
    secret_key_name: str = ""  # in Secrets Manager
    dev_key_file: Path | None = None
    oidc_issuer: str = ""
    oidc_audience: str = ""
    # In the clear from this machine only, as where a deployment is rehearsed.
    oidc_jwks_url: Annotated[str, Field(pattern=r"^(https://.+|http://127\.0\.0\.1:\d+/.+)?$")] = ""
    # Where a token says what: the development issuer's names, then Cognito's.
    oidc_account_claim: Names = ("cognito:username", "sub")
    oidc_roles_claim: Names = ("roles", "cognito:groups")
    oidc_agency_claim: Names = ("agency_code", "custom:agency_code")
    oidc_number_claim: Names = ("number", "custom:number")
    oidc_citizen_group: str = ""
    clock_anchor: ClockAnchor | None = None

    @property
    def is_local(self) -> bool:
        """The one stage where the business clock may run fast and a development issuer signs in."""
        return self.stage == "local"

    def secret(self, fetch: Callable[[str], bytes]) -> bytes:
        """The deployment's key; `fetch` reads a secret by its name.

        Raise SettingsError where there is none, or a short one.
        """
        content = b""
        if self.secret_key_file:
            content = self.secret_key_file.read_bytes()
        elif self.secret_key_name:
            content = fetch(self.secret_key_name)
        if len(content) < 32:  # noqa: PLR2004 - bytes of a SHA-256 key
            raise SettingsError(
                "SECRET_KEY_FILE or SECRET_KEY_NAME: 32 random bytes or more are needed"
            )
        return content

    @field_validator(
        "oidc_account_claim",
        "oidc_roles_claim",
        "oidc_agency_claim",
        "oidc_number_claim",
        mode="before",
    )
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(name.strip() for name in value.split(",") if name.strip())
        return value

    @model_validator(mode="after")
    def _local_only(self) -> Self:
        local = {"CLOCK_ANCHOR": self.clock_anchor, "DEV_KEY_FILE": self.dev_key_file}
        for name, value in local.items():
            if value is not None and not self.is_local:
                raise ValueError(f"{name} is for the local stage only")
        if not self.is_local and not (
            self.oidc_issuer and self.oidc_audience and self.oidc_jwks_url
        ):
            raise ValueError("OIDC_ISSUER, OIDC_AUDIENCE and OIDC_JWKS_URL say who signs people in")
        return self


def read(environment: Mapping[str, str]) -> Settings:
    """Raise SettingsError."""
    values: dict[str, object] = {**named(environment)}
    try:
        if anchor := environment.get("CLOCK_ANCHOR"):
            values["clock_anchor"] = json.loads(anchor)
        return Settings.model_validate(values)
    except (ValidationError, ValueError) as error:
        raise SettingsError(sentence(error)) from error


def named(environment: Mapping[str, str]) -> dict[str, str]:
    """By the names of the models; what is empty counts as not set."""
    return {name.lower(): value for name, value in environment.items() if value}


def sentence(error: Exception) -> str:
    """What is wrong, by the names of the environment; never a value, which may be secret."""
    if not isinstance(error, ValidationError):
        return f"CLOCK_ANCHOR: {error}"
    faults = error.errors(include_url=False, include_input=False)
    return "; ".join(
        f"{str(fault['loc'][0]).upper()}: {fault['msg']}" if fault["loc"] else fault["msg"]
        for fault in faults
    )
