"""Deploying a stage: data, identity, functions, workflow, edge, watch, catalogue. Safe to repeat.

In this order whatever is new is known to the functions before anything calls them with it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

import boto3

from infra import templates
from infra.deploy import executions, gateway, package, pages
from infra.deploy.account import Account, names_in
from infra.deploy.functions import PATIENT, Functions
from infra.deploy.lock import alone
from infra.deploy.origin import origin_key
from infra.deploy.package import ROOT
from infra.deploy.project import WEB, WORKFLOW, digest, workplace
from infra.deploy.releases import Release, ReleaseError, Releases, differences, name_after
from infra.deploy.stacks import DATA, Say, Stacks
from infra.deploy.stages import Shift, StageError
from infra.deploy.versions import Versions, scheduled

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from infra.deploy.project import Project
    from infra.deploy.stages import Stage

BEFORE_FUNCTIONS: Final = (DATA, "identity")
AFTER_FUNCTIONS: Final = ("workflow", "edge", "watch")
NOT_EXPORTED: Final = (
    "! no export configured: the record has no copy outside of AWS (docs/operate-backup.md)"
)
NOBODY_TOLD: Final = (
    "! no AlarmEmail: nobody is told when an alarm rings (infra/deploy/stages.yaml)"
)
UNKNOWN: Final = "https://address.invalid"  # until CloudFront has made one
_KEY: Final = "OriginKey"  # of the edge: made from the deployment's key, which a plan does not read
_EVERYTHING: Final = ("Add    everything",)


@dataclass(frozen=True)
class Plan:
    """What a deployment would change: lines for each stack, and for what is released in them."""

    changes: dict[str, list[str]] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether everything is as the files here say."""
        return not any(self.changes.values())


class Deployment:
    """One stage in the account of whoever calls."""

    def __init__(self, stage: Stage, say: Say, root: Path = ROOT) -> None:
        """`root` is the tree of sources to deploy. Raise StageError for another account."""
        self.stage = stage
        self._say = say
        self._root = root
        self.account = Account.here(stage.region)
        if stage.account != self.account.id:
            raise StageError(
                f"{stage.name} is in account {stage.account}, and you are signed in to "
                f"{self.account.id}. Is AWS_PROFILE right?"
                if stage.account
                else f"stages.yaml does not say in which account {stage.name} is. You are signed "
                f'in to {self.account.id}: if that is meant, write  account: "{self.account.id}"'
            )
        bucket = f"{stage.stem}-artefacts-{self.account.id}"
        self.stacks = Stacks(stage.stem, stage.region, stage.parameters)
        self.functions = Functions(stage, bucket)
        self.releases = Releases(stage.region, bucket)
        self.versions = Versions(stage.region, stage.stem)

    # -- what there is

    def address(self) -> str:
        """Of the pages: the stage's own domain, or the one CloudFront made."""
        if self.stage.address:
            return self.stage.address
        if domain := self.stage.parameters.get("Domain"):
            return f"https://{domain}"
        return self.stacks.outputs("edge").get("PublicUrl", UNKNOWN)

    def outputs(self) -> dict[str, str]:
        """Of all stacks."""
        names = (*BEFORE_FUNCTIONS, *AFTER_FUNCTIONS)
        return {key: value for name in names for key, value in self.stacks.outputs(name).items()}

    # -- plan

    def plan(self) -> Plan:
        """Compare with what was deployed last; changes nothing, and reads no secret."""
        self._tell(self.address())
        changes = {name: self._planned(name) for name in BEFORE_FUNCTIONS}
        with workplace(self.stage, self.account) as project:
            project.lay_out(self._root)
            project.configure(self._told(self.address()))
            changes["release"] = list(self._planned_release(project))
            self.stacks.tell(DefinitionKey=_definition_key(project))
        if api := self.functions.api_id():
            self.stacks.tell(RestApiId=api)
        for name in AFTER_FUNCTIONS:
            stands = self.stacks.stands(name)
            changes[name] = self._planned(name) if stands else list(_EVERYTHING)
        self._warn()
        return Plan(changes)

    def _planned(self, name: str) -> list[str]:
        same = {_KEY} if name == "edge" else ()
        return [str(change) for change in self.stacks.plan(name, same)]

    def _planned_release(self, project: Project) -> Iterator[str]:
        newest = self.releases.newest()
        if newest is None:
            yield from _EVERYTHING
            return
        yield from differences(newest.parts, self._parts(project))
        if not newest.whole:
            yield f"Finish {newest.name}, which did not come about as a whole"
        standing = self.functions.standing()
        gone = [name for name in self.functions.full_names() if name not in standing]
        yield from (f"Add    {name}, which is gone" for name in gone)

    def _parts(self, project: Project) -> dict[str, str]:
        return {**project.parts(), "catalogue": digest(self._root / "catalogue")}

    # -- deploy

    def deploy(self) -> None:
        """Make the stage what the files here say. Raise the errors of its steps.

        What can be found wrong here is found before anything is changed.
        """
        self._say(f"  {self.stage.name}: account {self.account.id}, {self.stage.region}")
        self._run_loader("--check")
        templates.stacks()
        with workplace(self.stage, self.account) as project:
            project.lay_out(self._root)
            project.configure(self._told(self.address()))
            package.try_import(project.folder)
            pages.require_good(project.folder / WEB)
            self.account.require(project.reserved())
            with self._alone("deploy"):
                self._deploy(project)
        self._warn()

    def _deploy(self, project: Project) -> None:
        address = self.address()
        release = self._once(project, address)
        if self.address() != address:
            self._say(f"The address is {self.address()}: once more, so that everything knows it")
            release = self._once(project, self.address())
        self._load_catalogue()
        for api in self.functions.remove_other_apis():
            self._say(f"✓ API {api} of a deployment that was ended is removed")
        if release:
            self.releases.finish(release, project.archive())
            self._say(f"✓ release {release.name}")

    def _once(self, project: Project, address: str) -> Release | None:
        """Answers the release that is to be finished; None where all is as it was."""
        self._tell(address)
        for name in BEFORE_FUNCTIONS:
            self._deploy_stack(name)
        project.configure(self._told(address))
        release = self._begin(project)
        self._deploy_functions(project, self.stage.shift)
        definition = self.releases.keep(_definition_key(project), project.definition())
        self.stacks.tell(DefinitionKey=definition, **self._api())
        for name in AFTER_FUNCTIONS:
            self._deploy_stack(name)
        self._publish_pages(project)
        return release

    def _begin(self, project: Project) -> Release | None:
        newest, parts = self.releases.newest(), self._parts(project)
        if newest and newest.whole and newest.parts == parts:
            self._say(f"✓ release {newest.name}, as before")
            return None
        release = Release(name_after(newest), parts)
        self.releases.begin(release)
        return release

    def _warn(self) -> None:
        if not self.stage.is_exported:
            self._say(NOT_EXPORTED)
        if not self.stage.parameters.get("AlarmEmail"):
            self._say(NOBODY_TOLD)

    def _tell(self, address: str) -> None:
        self.stacks.tell(PageOrigins=address, PublicUrl=address)

    def _deploy_stack(self, name: str, folder: Path | None = None) -> None:
        changes = self.stacks.deploy(name, self._say, folder)
        self._say(f"✓ stack {name}: {_counted(len(changes), 'change')}")

    def _deploy_functions(self, project: Project, shift: Shift) -> None:
        for line in project.deploy(self.functions.state()):
            self._say(f"    {line}")
        self.functions.keep_state(project.state())
        made = project.inspect()
        self._configure_gateway()
        size = f"{made.bytes / 1e6:.1f} MB, {len(made.wheels)} libraries"
        self._say(f"✓ functions: a package of {size}")
        numbers = self.versions.publish(project.functions())
        behind = {name: number for name, number in numbers.items() if name != self.stage.stem}
        once = scheduled(project.folder / WORKFLOW / "workflow.yaml", self.stage.stem)
        self.versions.shift(behind, shift, self._say, once)
        self._say(f"✓ live: {', '.join(f'{name} {number}' for name, number in behind.items())}")

    def _configure_gateway(self) -> None:
        """Its own refusals in the API's words: each `chalice deploy` forgets them."""
        client: Any = boto3.client("apigateway", region_name=self.stage.region, config=PATIENT)
        if api := self.functions.api_id():
            gateway.configure(client, api, "v1")

    def _publish_pages(self, project: Project) -> None:
        s3: Any = boto3.client("s3", region_name=self.stage.region)
        bucket = f"{self.stage.stem}-web-{self.account.id}"
        done = pages.publish(project.folder / WEB, bucket, s3)
        if distribution := self.stacks.outputs("edge").get("DistributionId"):
            pages.look_anew(done, distribution)
        self._say(f"✓ pages: {done}")

    def _load_catalogue(self) -> None:
        """Published versions stay as they are; loading twice changes nothing."""
        self._run_loader()
        self._say("✓ catalogue")

    def _run_loader(self, *more: str) -> None:
        told = {"RECORD_TABLE": f"{self.stage.stem}-record"}
        told["AWS_DEFAULT_REGION"] = self.stage.region
        done = subprocess.run(  # noqa: S603 - our own module
            [sys.executable, "-m", "catalogue.load", *self.stage.catalogue, *more],
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
        """All of an earlier release but the catalogue: what is published stays, and so does data.

        At once, without a shift. Raise ReleaseError and the errors of a deployment's steps.
        """
        with self._alone("rollback"), workplace(self.stage, self.account) as project:
            release = self.releases.before(name)
            if not self.stacks.stands("watch"):
                raise ReleaseError("Nothing stands that could go back: `deploy` makes it again.")
            project.unpack(self.releases.archive(release))
            project.tell(self._told(self.address()))
            named = name_after(self.releases.newest())
            again = replace(release, name=named, whole=False, of=release.origin)
            self.releases.begin(again)
            self.stacks.tell(**self.outputs())
            self.stacks.tell(DefinitionKey=_definition_key(project))
            if set(self.functions.standing()) - set(project.functions()):
                self._roll_back_workflow(project)  # or it would call what is gone by then
            self._deploy_functions(project, Shift())
            self._roll_back_workflow(project)
            self._publish_pages(project)
            self.releases.finish(again)
        return release

    def _roll_back_workflow(self, project: Project) -> None:
        self._deploy_stack("workflow", project.folder / WORKFLOW)

    def destroy(self) -> None:
        """Everything but what is retained. Safe to repeat: what an earlier try left goes, too."""
        with self._alone("destroy"):
            if newest := self.releases.newest():  # no release is whole from here on
                self.releases.begin(Release(name_after(newest), {}))
            for name in reversed(AFTER_FUNCTIONS):
                meanwhile = {"workflow": self._stop_executions}.get(name, lambda: None)
                done = self.stacks.delete(name, self._say, meanwhile)
                self._say(f"✓ stack {name} {'deleted' if done else 'was not there'}")
            for line in self.functions.remove():
                self._say(f"    {line}")
            self._say("✓ functions deleted")

    def _stop_executions(self) -> None:
        arn = names_in(self.account, self.stage.stem)["STATE_MACHINE_ARN"]
        if stopped := executions.stop_all(self.stage.region, arn):
            self._say(f"    {_counted(stopped, 'execution')} stopped")

    @contextmanager
    def _alone(self, what: str) -> Iterator[None]:
        with alone(self.stage.region, self.stage.stem, what, self.account.who):
            yield

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
        secret: Any = boto3.client("secretsmanager", region_name=self.stage.region)
        key = secret.get_secret_value(SecretId=f"{self.stage.stem}-key")["SecretString"]
        found = self.functions.api_id()
        return {_KEY: origin_key(key.encode()), **({"RestApiId": found} if found else {})}


class CatalogueError(Exception):
    """The catalogue was refused; the message is what its loader said."""


def _definition_key(project: Project) -> str:
    """It names its content: executions that run keep theirs."""
    return f"definitions/{sha256(project.definition()).hexdigest()[:32]}.asl.json"


def _counted(number: int, what: str) -> str:
    return f"{number or 'no'} {what}{'' if number == 1 else 's'}"
