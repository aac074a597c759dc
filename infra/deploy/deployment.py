"""Deploying a stage: data, identity, functions, workflow, edge, watch, catalogue. Safe to repeat.

In this order whatever is new is known to the functions before anything calls them with it.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

import boto3

from infra.deploy import executions, gateway, pages
from infra.deploy.functions import Account, Functions, names_in
from infra.deploy.origin import origin_key
from infra.deploy.package import ROOT
from infra.deploy.releases import Release, Releases, package_name, release_name
from infra.deploy.stacks import DATA, Say, Stacks
from infra.deploy.stages import StageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from infra.deploy.stages import Stage

BEFORE_FUNCTIONS: Final = (DATA, "identity")
AFTER_FUNCTIONS: Final = ("workflow", "edge", "watch")
NOT_EXPORTED: Final = (
    "! no export configured: the record has no copy outside of AWS (docs/operate-backup.md)"
)
UNKNOWN: Final = "https://address.invalid"  # until CloudFront has made one


@dataclass(frozen=True)
class Plan:
    """What a deployment would change: lines for each stack, and for the functions."""

    changes: dict[str, list[str]] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether everything is as the files here say."""
        return not any(self.changes.values())


class Deployment:
    """One stage in the account of whoever calls."""

    def __init__(self, stage: Stage, say: Say, root: Path = ROOT) -> None:
        """`root` is the tree of sources to deploy."""
        self._stage = stage
        self._say = say
        self._root = root
        self._definition = (root / "state_machines" / "dossier.asl.json").read_bytes()
        self.account = Account.here(stage.region)
        if stage.account not in {"", self.account.id}:
            raise StageError(
                f"{stage.name} is in account {stage.account}, and you are signed in to "
                f"{self.account.id}. Is AWS_PROFILE right?"
            )
        bucket = f"{stage.stem}-artefacts-{self.account.id}"
        self.stacks = Stacks(stage.stem, stage.region, stage.parameters)
        self.functions = Functions(stage, self.account, bucket, root)
        self.releases = Releases(stage.region, bucket, stage.stem)

    # -- what there is

    def address(self) -> str:
        """Of the pages: the stage's own domain, or the one CloudFront made."""
        if self._stage.address:
            return self._stage.address
        if domain := self._stage.parameters.get("Domain"):
            return f"https://{domain}"
        return self.stacks.outputs("edge").get("PublicUrl", UNKNOWN)

    def outputs(self) -> dict[str, str]:
        """Of all stacks."""
        names = (*BEFORE_FUNCTIONS, *AFTER_FUNCTIONS)
        return {key: value for name in names for key, value in self.stacks.outputs(name).items()}

    # -- plan

    def plan(self) -> Plan:
        """Compare; changes nothing."""
        self._tell(self.address())
        changes = {name: self._planned(name) for name in BEFORE_FUNCTIONS}
        changes["functions"] = list(self._planned_functions())
        if self.stacks.outputs(DATA):
            self.stacks.tell(DefinitionKey=self._definition_key(), **self._api())
            changes |= {name: self._planned(name) for name in AFTER_FUNCTIONS}
        else:
            changes |= {name: ["Add    everything"] for name in AFTER_FUNCTIONS}
        self._warn()
        return Plan(changes)

    def _planned(self, name: str) -> list[str]:
        return [str(change) for change in self.stacks.plan(name)]

    def _planned_functions(self) -> Iterator[str]:
        """By configuration; whether code differs shows when the package is made."""
        client: Any = boto3.client("lambda", region_name=self._stage.region)
        wanted = self.functions.environment(self._told(self.address()))
        for name in self.functions.names():
            full = self.functions.full_name(name)
            try:
                found = client.get_function_configuration(FunctionName=full)
            except client.exceptions.ResourceNotFoundException:
                yield f"Add    {full}"
                continue
            known = found.get("Environment", {}).get("Variables", {})
            differing = sorted(key for key in wanted | known if wanted.get(key) != known.get(key))
            if differing:
                yield f"Modify {full} ({', '.join(differing)})"

    # -- deploy

    def deploy(self) -> None:
        """Make the stage what the files here say. Raise the errors of its steps.

        What can be found wrong here is found before anything is changed.
        """
        self._say(f"  {self._stage.name}: account {self.account.id}, {self._stage.region}")
        self._run_loader("--check")
        self.functions.lay_out()
        address = self.address()
        self._once(address)
        if self.address() != address:
            self._say(f"The address is {self.address()}: once more, so that everything knows it")
            self._once(self.address())
        self._warn()

    def _warn(self) -> None:
        if not self._stage.is_exported:
            self._say(NOT_EXPORTED)

    def _once(self, address: str) -> None:
        self._tell(address)
        for name in BEFORE_FUNCTIONS:
            self._deploy_stack(name)
        versions = self._deploy_functions(address)
        definition = self._keep_definition()
        self.stacks.tell(DefinitionKey=definition, **self._api())
        for name in AFTER_FUNCTIONS:
            self._deploy_stack(name)
        self._publish_pages()
        self._note_release(versions, definition)
        self._load_catalogue()

    def _tell(self, address: str) -> None:
        self.stacks.tell(PageOrigins=address, PublicUrl=address)

    def _deploy_stack(self, name: str) -> None:
        changes = self.stacks.deploy(name, self._say)
        self._say(f"✓ stack {name}: {_counted(len(changes), 'change')}")

    def _deploy_functions(self, address: str) -> dict[str, str]:
        self.functions.configure(self._told(address))
        for line in self.functions.deploy():
            self._say(f"    {line}")
        made = self.functions.inspect()
        self._configure_gateway()
        size = f"{made.bytes / 1e6:.1f} MB, {len(made.wheels)} libraries"
        self._say(f"✓ functions: a package of {size}")
        versions = self.releases.publish(map(self.functions.full_name, self.functions.names()))
        behind = {name: number for name, number in versions.items() if name != self._stage.stem}
        self.releases.shift(behind, self._stage.shift, self._say)
        self._say(f"✓ live: {', '.join(f'{name} {number}' for name, number in behind.items())}")
        return versions

    def _configure_gateway(self) -> None:
        """Its own refusals in the API's words: each `chalice deploy` forgets them."""
        client: Any = boto3.client("apigateway", region_name=self._stage.region)
        if api := self.functions.api_id():
            gateway.configure(client, api, "v1")

    def _keep_definition(self) -> str:
        folder, _, name = self._definition_key().rpartition("/")
        return self.releases.keep(folder, name, self._definition)

    def _definition_key(self) -> str:
        return f"definitions/{hashlib.sha256(self._definition).hexdigest()[:32]}.asl.json"

    def _publish_pages(self) -> None:
        s3: Any = boto3.client("s3", region_name=self._stage.region)
        bucket = f"{self._stage.stem}-web-{self.account.id}"
        done = pages.publish(self._root / "web", bucket, s3)
        if distribution := self.stacks.outputs("edge").get("DistributionId"):
            pages.look_anew(done, distribution)
        self._say(f"✓ pages: {done}")

    def _note_release(self, versions: dict[str, str], definition: str) -> None:
        live = self.releases.latest()
        if live and (live.versions, live.definition) == (versions, definition):
            self._say(f"✓ release {live.name}, as before")
            return
        archive = self.functions.archive()
        key = self.releases.keep("packages", package_name(archive), archive.read_bytes())
        release = Release(release_name(), key, definition, versions)
        self.releases.write(release)
        self._say(f"✓ release {release.name}")

    def _load_catalogue(self) -> None:
        """Published versions stay as they are; loading twice changes nothing."""
        self._run_loader()
        self._say("✓ catalogue")

    def _run_loader(self, *more: str) -> None:
        told = {"RECORD_TABLE": f"{self._stage.stem}-record"}
        told["AWS_DEFAULT_REGION"] = self._stage.region
        done = subprocess.run(  # noqa: S603 - our own module
            [sys.executable, "-m", "catalogue.load", *self._stage.catalogue, *more],
            cwd=self._root,
            env={**os.environ, **told},
            text=True,
            capture_output=True,
            check=False,
        )
        if done.returncode:
            raise CatalogueError(f"The catalogue is refused:\n{done.stderr.strip()}")

    # -- back, and away

    def roll_back(self, name: str | None) -> Release:
        """Code and definition of an earlier release; data stays as it is. Raise ReleaseError."""
        release = self.releases.before(name)
        self.releases.restore(release)
        self._say("✓ functions")
        self._tell(self.address())
        self.stacks.tell(**self.outputs())
        self.stacks.tell(DefinitionKey=release.definition)
        self._deploy_stack("workflow")
        self.releases.write(replace(release, name=release_name(), of=release.origin))
        return release

    def destroy(self) -> None:
        """Everything but what is retained."""
        known = bool(self.stacks.outputs(DATA))
        if known:
            self.functions.lay_out()
            self.functions.configure(self._told(UNKNOWN))
        for name in reversed(AFTER_FUNCTIONS):
            meanwhile = {"workflow": self._stop_executions}.get(name, lambda: None)
            done = self.stacks.delete(name, self._say, meanwhile)
            self._say(f"✓ stack {name} {'deleted' if done else 'was not there'}")
        if known:
            for line in self.functions.delete():
                self._say(f"    {line}")
        self._say("✓ functions deleted")

    def _stop_executions(self) -> None:
        arn = names_in(self.account, self._stage.stem)["STATE_MACHINE_ARN"]
        if stopped := executions.stop_all(self._stage.region, arn):
            self._say(f"    {_counted(stopped, 'execution')} stopped")

    # -- what is told to whom

    def _told(self, address: str) -> dict[str, str]:
        found = self.stacks.outputs("identity")
        return {
            "PUBLIC_URL": address,
            "OIDC_ISSUER": found.get("OidcIssuer", ""),
            "OIDC_AUDIENCE": found.get("OidcAudience", ""),
            "OIDC_JWKS_URL": found.get("OidcJwksUrl", ""),
            "OIDC_CITIZEN_GROUP": found.get("OidcCitizenGroup", ""),
        }

    def _api(self) -> dict[str, str]:
        """For the edge: which REST API is behind it, and what it shows to that."""
        secret: Any = boto3.client("secretsmanager", region_name=self._stage.region)
        key = secret.get_secret_value(SecretId=f"{self._stage.stem}-key")["SecretString"]
        found = self.functions.api_id()
        return {"OriginKey": origin_key(key.encode()), **({"RestApiId": found} if found else {})}


class CatalogueError(Exception):
    """The catalogue was refused; the message is what its loader said."""


def _counted(number: int, what: str) -> str:
    return f"{number or 'no'} {what}{'' if number == 1 else 's'}"
