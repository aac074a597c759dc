"""Which stage a command works on: the local cloud of this machine, or a stage in AWS.

In AWS everything is found by the stage's name; settings are those that its functions run with.
Credentials are those of the environment (AWS_PROFILE, …), and so is the region, where it names one.
"""

from __future__ import annotations

import getpass
import json
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from infra import policies
from infra.deploy import stages
from infra.deploy.functions import Functions
from infra.deploy.versions import ALIAS
from infra.local import handlers
from infra.local.process import lives
from infra.local.settings import UPLOAD_QUEUE, Home, Ports, environment

if TYPE_CHECKING:
    from collections.abc import Mapping

LOCAL: Final = "local"
REGION: Final = "ap-southeast-1"  # where neither the environment nor stages.yaml names one
# A function is asked once, however long it takes, and again while as many as may run do.
_PATIENT: Final = Config(read_timeout=900, retries={"mode": "standard", "total_max_attempts": 10})
_START: Final = "Start it with `make run` (MOTCUA_HOME names its folder), or name a stage: --stage"


class UnreachableError(Exception):
    """The stage, or a part of it, cannot be reached; the message says what to do."""


@dataclass(frozen=True)
class Target:
    """A stage that can be reached, its settings in the environment; `home` of the local cloud."""

    stage: str
    home: Home | None = None
    facts: Mapping[str, Any] | None = None  # what the local cloud says about itself
    _clients: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    def name(self, what: str) -> str:
        """As everything in a stage is called: `motcua-<stage>-<what>`."""
        return f"motcua-{self.stage}-{what}"

    @property
    def queues(self) -> dict[str, str]:
        """Names of the queues by what they hold."""
        if self.home:
            return {"uploads": UPLOAD_QUEUE}
        return {"uploads": self.name("uploads"), "dead letters": self.name("dead")}

    def client(self, service: str) -> Any:
        """For what the functions' own clients are not made for."""
        if service not in self._clients:
            make: Any = boto3.client  # its stubs know services by literal names only
            self._clients[service] = make(service, config=_PATIENT if service == "lambda" else None)
        return self._clients[service]

    def call(self, function: str, event: Mapping[str, Any]) -> Any:
        """Ask a function of the stage; locally its code runs here. Raise UnreachableError."""
        if self.home:
            return handlers.load(function)(event, handlers.context_for(function, 900))
        answer = self._invoke(self.name(function), json.dumps(event).encode())
        content = json.loads(answer["Payload"].read())
        if "FunctionError" in answer:
            raise UnreachableError(
                f"{self.name(function)} failed: {content.get('errorMessage', content)}. "
                "Its log group says more."
            )
        return content

    def _invoke(self, name: str, payload: bytes) -> Any:
        """The release that is live, as streams and schedules do; before the first one, the code."""
        client = self.client("lambda")
        try:
            return client.invoke(FunctionName=name, Qualifier=ALIAS, Payload=payload)
        except client.exceptions.ResourceNotFoundException:
            return client.invoke(FunctionName=name, Payload=payload)

    def functions(self) -> list[str]:
        """Names of all functions, the API first."""
        return [policies.lambda_name(name, self.stage) for name in Functions.names()]

    def who(self) -> str:
        """Who acts, for the log of operators."""
        if self.home:
            return getpass.getuser()
        return str(self.client("sts").get_caller_identity()["Arn"])


def find(stage: str) -> Target:
    """Raise UnreachableError; what botocore raises says the same."""
    return _local() if stage == LOCAL else _in_aws(stage)


def _local() -> Target:
    home = Home.from_environment()
    try:
        facts: dict[str, Any] = json.loads(home.cloud.read_text())
    except FileNotFoundError:
        raise UnreachableError(f"No local cloud runs in {home.path}. {_START}") from None
    if not lives(facts["pids"]["supervisor"]):
        raise UnreachableError(f"The local cloud in {home.path} has ended. {_START}")
    ports = Ports(*(int(facts[name].rpartition(":")[2]) for name in ("api", "data", "workflow")))
    told = environment(home, ports, facts["clock"])
    for name in set(os.environ) - set(told):
        del os.environ[name]
    os.environ.update(told)
    return Target(LOCAL, home, facts)


def _in_aws(stage: str) -> Target:
    """The settings of its API function: those that the stage runs with."""
    region = boto3.session.Session().region_name or _region(stage)
    os.environ.setdefault("AWS_DEFAULT_REGION", region)
    target = Target(stage)
    function = f"motcua-{stage}"
    try:
        found = target.client("lambda").get_function_configuration(FunctionName=function)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        raise UnreachableError(
            f"There is no function {function} in {region}. Is the stage's name right, and are "
            "AWS_PROFILE and AWS_REGION those of its account?"
        ) from None
    given = found.get("Environment", {}).get("Variables", {})
    os.environ.update({name: value for name, value in given.items() if not _is_lambdas(name)})
    return target


def _region(stage: str) -> str:
    """Where it is deployed to."""
    try:
        return stages.load(stage).region
    except stages.StageError:
        return REGION


def _is_lambdas(name: str) -> bool:
    """Set for the function, not for whoever looks at it."""
    return name.startswith(("AWS_", "POWERTOOLS_", "LAMBDA_"))
