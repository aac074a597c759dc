"""Settings of the export, read and checked once; apart from `config`, as no request needs them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from chalicelib.config import Name, SettingsError, StageName, named, sentence

_Model = TypeVar("_Model", bound=BaseModel)


class StoreCredentials(BaseModel):
    """Of the province's store, as the secret holds them."""

    access_key_id: Annotated[str, Field(min_length=1)]
    secret_access_key: Annotated[str, Field(min_length=1)]


class StoreSettings(BaseModel):
    """Where the province's own store is (docs/operate-backup.md)."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    export_endpoint: Annotated[str, Field(pattern=r"^https?://[^/@?#\s]+$")]
    export_bucket: Name
    export_region: Name = "us-east-1"  # what stores outside AWS expect in a signature
    export_secret: str = ""
    export_secret_file: Path | None = None
    export_encryption: Annotated[str, Field(pattern=r"^(AES256|aws:kms)$")] = "AES256"

    @property
    def credentials(self) -> StoreCredentials | None:
        """Those of EXPORT_SECRET_FILE; None where a secret is named. Raise SettingsError."""
        if self.export_secret_file is None:
            return None
        try:
            return read_credentials(self.export_secret_file.read_text("utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"EXPORT_SECRET_FILE cannot be read: {error}") from error

    @model_validator(mode="after")
    def _safe(self) -> Self:
        scheme, _, host = self.export_endpoint.partition("://")
        if scheme != "https" and host.partition(":")[0] not in {"127.0.0.1", "localhost"}:
            raise ValueError("EXPORT_ENDPOINT: personal data leaves this machine by https only")
        if bool(self.export_secret) == bool(self.export_secret_file):
            raise ValueError("EXPORT_SECRET (or, from a file, EXPORT_SECRET_FILE) is needed")
        return self


class ExportSettings(StoreSettings):
    """Of the nightly export; by the names of the environment."""

    stage: StageName
    record_table: Name
    file_bucket: Name
    changes_bucket: Name
    code_version: str = "unversioned"
    export_key: str = ""
    export_key_file: Path | None = None
    export_full_days: Annotated[int, Field(ge=1, le=366)] = 90

    @property
    def is_local(self) -> bool:
        """See `Settings`."""
        return self.stage == "local"

    @model_validator(mode="after")
    def _signed(self) -> Self:
        if bool(self.export_key) == bool(self.export_key_file):
            raise ValueError("EXPORT_KEY, a key of KMS, is needed (locally EXPORT_KEY_FILE)")
        if self.export_key_file and not self.is_local:
            raise ValueError("EXPORT_KEY_FILE is for the local stage only: name a key of KMS")
        return self


def is_configured(environment: Mapping[str, str]) -> bool:
    """Whether there is a store to export to: a stage may be deployed before there is one."""
    return bool(environment.get("EXPORT_ENDPOINT"))


def read_export(environment: Mapping[str, str]) -> ExportSettings:
    """Raise SettingsError."""
    return _read(ExportSettings, environment)


def read_store(environment: Mapping[str, str]) -> StoreSettings:
    """For whoever only reads there. Raise SettingsError."""
    return _read(StoreSettings, environment)


def _read(model: type[_Model], environment: Mapping[str, str]) -> _Model:
    try:
        return model.model_validate(named(environment))
    except ValidationError as error:
        raise SettingsError(sentence(error)) from error


def read_credentials(text: str) -> StoreCredentials:
    """Of JSON with `access_key_id` and `secret_access_key`. Raise SettingsError."""
    try:
        return StoreCredentials.model_validate_json(text)
    except ValidationError as error:
        raise SettingsError(f"EXPORT_SECRET: {sentence(error)}") from None
