"""The functions and the API: a folder for `chalice deploy`, and running it there.

`.chalice/config.json` says sizes and limits; what depends on the account is rendered here, from
names that are fixed and ARNs that are computed.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import boto3
from botocore.exceptions import ClientError

from infra import policies
from infra.deploy import package

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from infra.deploy.stages import Stage

ROOT: Final = package.ROOT
# There are no plug-ins: pydantic would look for them in every cold start.
OF_PROCESSES: Final = {"PYDANTIC_DISABLE_PLUGINS": "1"}
_CHALICE: Final = "import sys; from chalice.cli import main; sys.exit(main())"
_STATE: Final = "chalice/deployed.json"  # in the bucket of artefacts


class FunctionsError(Exception):
    """`chalice deploy` failed; the message is what it said."""


@dataclass(frozen=True)
class Account:
    """Where a stage is: what ARNs are made of."""

    id: str
    region: str
    partition: str = "aws"

    @classmethod
    def here(cls, region: str) -> Account:
        """Of whoever calls."""
        caller = boto3.client("sts", region_name=region).get_caller_identity()
        return cls(caller["Account"], region, caller["Arn"].split(":")[1])

    def arn(self, service: str, name: str) -> str:
        """Of something of a service in this region."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.id}:{name}"


def names_in(account: Account, stem: str) -> dict[str, str]:
    """What a stage's data and workflow are called, by the names of the functions' settings."""
    return {
        "RECORD_TABLE": f"{stem}-record",
        "TOKEN_TABLE": f"{stem}-token",
        "FILE_BUCKET": f"{stem}-files-{account.id}",
        "CHANGES_BUCKET": f"{stem}-changes-{account.id}",
        "EXPORT_KEY": f"alias/{stem}-export",
        "EXPORT_SECRET": f"{stem}-export",
        "STATE_MACHINE_ARN": account.arn("states", f"stateMachine:{stem}-dossier"),
    }


class Functions:
    """The functions of one stage."""

    def __init__(self, stage: Stage, account: Account, bucket: str, sources: Path = ROOT) -> None:
        self._stage = stage
        self._account = account
        self._bucket = bucket
        self._sources = sources
        self.folder = ROOT / ".build" / stage.name

    def lay_out(self) -> None:
        """Fill the folder with code and libraries, and try them. Raise PackageError.

        Raise FunctionsError where sizes and limits are to be like those of a stage there is not.
        """
        known = self._config()["stages"]
        if self._stage.like not in known:
            like = ", ".join(known)
            raise FunctionsError(f"`like` of {self._stage.name} must be one of {like}.")
        shutil.rmtree(self.folder, ignore_errors=True)
        (self.folder / ".chalice").mkdir(parents=True)
        package.lay_out(self.folder, self._sources)
        package.try_import(self.folder)

    def configure(self, told: Mapping[str, str]) -> None:
        """Render configuration and policies into it; `told` as for `environment`."""
        config = self._config()
        stage = config["stages"][self._stage.like]
        stage["environment_variables"] = self.environment(told)
        functions = stage.setdefault("lambda_functions", {})
        for name in self.names():
            file = f"policy-{name}.json"
            functions.setdefault(policies.chalice_name(name), {})["iam_policy_file"] = file
            self._write(file, self.policy(name))
        config["stages"] = {self._stage.name: stage}
        self._write("config.json", config)

    def _config(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(
            (self._sources / ".chalice" / "config.json").read_text("utf-8")
        )
        return found

    def environment(self, told: Mapping[str, str]) -> dict[str, str]:
        """What chalicelib's settings and libraries are.

        `told` are outputs of stacks and the public address.
        """
        return {
            "STAGE": self._stage.name,
            **names_in(self._account, self._stage.stem),
            "SECRET_KEY_NAME": f"{self._stage.stem}-key",
            "POWERTOOLS_SERVICE_NAME": self._stage.name,
            "CODE_VERSION": package.code_version(self._sources),
            **OF_PROCESSES,
            **told,
            **self._stage.environment,
        }

    def policy(self, name: str) -> dict[str, Any]:
        """What this function may do."""
        return policies.render(
            name,
            partition=self._account.partition,
            region=self._account.region,
            account=self._account.id,
            stage=self._stage.name,
        )

    @staticmethod
    def names() -> list[str]:
        """As their policies are named: the API and every `lambda_function`."""
        from app import app  # noqa: PLC0415 - imports the whole application

        return [policies.API, *sorted(each.name for each in app.pure_lambda_functions)]

    def full_name(self, name: str) -> str:
        """As AWS knows it."""
        return policies.lambda_name(name, self._stage.name)

    def deploy(self) -> Iterator[str]:
        """Run `chalice deploy`; yields what it says. Raise FunctionsError."""
        self._fetch_state()
        yield from self._chalice("deploy", "--connection-timeout", "120")
        self._keep_state()

    def delete(self) -> Iterator[str]:
        """Run `chalice delete`."""
        self._fetch_state()
        yield from self._chalice("delete")
        boto3.client("s3", region_name=self._stage.region).delete_object(
            Bucket=self._bucket, Key=_STATE
        )

    def archive(self) -> Path:
        """The zip that was deployed."""
        (found,) = (self.folder / ".chalice" / "deployments").glob("*.zip")
        return found

    def inspect(self) -> package.Package:
        """What is in it. Raise PackageError."""
        return package.inspect(self.archive(), self.folder / "vendor")

    def api_id(self) -> str | None:
        """Of the REST API that Chalice made; None before the first deployment."""
        known = json.loads(self._stored_state() or '{"resources": []}')["resources"]
        found = [each for each in known if each["resource_type"] == "rest_api"]
        return str(found[0]["rest_api_id"]) if found else None

    # -- Chalice

    def _chalice(self, *words: str) -> Iterator[str]:
        # Named after the Python it runs on: chalice writes the runtime's name by itself.
        command = [sys.executable, "-c", _CHALICE, *words, "--stage", self._stage.name]
        where = {**os.environ, "AWS_DEFAULT_REGION": self._stage.region}  # not that of a profile
        with subprocess.Popen(  # noqa: S603 - ours
            command,
            cwd=self.folder,
            env=where,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as run:
            said: list[str] = []
            for line in run.stdout or ():
                said.append(line.rstrip())
                yield said[-1]
        if run.returncode:
            raise FunctionsError("chalice: " + "\n".join(said[-8:]))

    @property
    def _state(self) -> Path:
        return self.folder / ".chalice" / "deployed" / f"{self._stage.name}.json"

    def _fetch_state(self) -> None:
        """What Chalice made the last time, on whatever machine: else it would make a second API."""
        self._state.parent.mkdir(parents=True, exist_ok=True)
        if found := self._stored_state():
            self._state.write_bytes(found)

    def _stored_state(self) -> bytes | None:
        try:
            found = boto3.client("s3", region_name=self._stage.region).get_object(
                Bucket=self._bucket, Key=_STATE
            )
        except ClientError as error:
            if error.response["Error"]["Code"] not in {"NoSuchKey", "NoSuchBucket"}:
                raise
            return None
        return bytes(found["Body"].read())

    def _keep_state(self) -> None:
        boto3.client("s3", region_name=self._stage.region).put_object(
            Bucket=self._bucket, Key=_STATE, Body=self._state.read_bytes()
        )

    def _write(self, name: str, content: Any) -> None:
        (self.folder / ".chalice" / name).write_text(json.dumps(content, indent=2), "utf-8")
