"""An emulator that checks signatures and policies, and functions with their roles' credentials.

Here nothing of ours decides: roles, temporary credentials and every denial are the emulator's
(ministack with AUTH). It does not look at partition keys; `guard` does.
"""

import json
import os
import socket
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import boto3
import pytest
import requests

from catalogue.load import load, set_webhook
from chalicelib.adapters import clients
from infra.local.handlers import context_for
from infra.local.handlers import load as handler
from infra.policies import FUNCTIONS, ROLE_NAMES
from tests import aws
from tests.entrypoints.served import WEBHOOK_SECRET, WEBHOOKS, environment, forget
from tests.entrypoints.town import CITIZEN, Town
from tests.infra.asked import ACCOUNT, REGION
from tests.infra.guard import policy_of
from tests.infra.ward import CLOSED
from tests.stories.crash_world import MACHINE

BUCKET: Final = f"{aws.FILES}-{ACCOUNT}"
PATIENCE: Final = 30  # seconds until the emulator must be up
WAITS: Final = {
    "StartAt": "Wait",
    "States": {"Wait": {"Type": "Wait", "Seconds": 999, "End": True}},
}
OURS: Final = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}  # who may take a role on, in place of Lambda


class SendingTown(Town):
    """Files go the way they go in a browser: by the form that the API signed."""

    def upload(self, account: str = CITIZEN) -> str:
        promised = self.promise(account).body
        assert send(promised) < 300
        return str(promised["file_id"])


def send(form: Mapping[str, Any]) -> int:
    """As a browser does; the status of the store's answer."""
    file = {"file": b"%PDF-1.7 a file of tests"}
    return requests.post(form["url"], data=form["fields"], files=file, timeout=10).status_code


@dataclass
class Stage:
    """A deployment's data and roles on the emulator."""

    town: Town = field(init=False)
    _credentials: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        aws.create()
        boto3.client("s3").create_bucket(
            Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION}
        )
        for who in (*FUNCTIONS, *ROLE_NAMES):
            self._credentials[who] = _role(who)
        boto3.client("stepfunctions").create_state_machine(
            name=MACHINE.rpartition(":")[2],
            definition=json.dumps(WAITS),
            roleArn=f"arn:aws:iam::{ACCOUNT}:role/motcua-test-workflow",
        )
        load(aws.RECORD)
        for agency in WEBHOOKS:
            set_webhook(agency, CLOSED, WEBHOOK_SECRET, aws.RECORD)
        self.town = SendingTown()

    @contextmanager
    def acting(self, who: str) -> Iterator[None]:
        """A process that has just begun, with the temporary credentials of this role."""
        boto3.setup_default_session(**self._credentials[who], region_name=REGION)
        _begin()
        try:
            yield
        finally:
            boto3.setup_default_session()
            _begin()

    def handles(self, function: str, event: Any) -> Any:
        """The function of production, as its role."""
        with self.acting(function):
            return handler(function)(event, context_for(function))

    def client(self, who: str, service: str) -> Any:
        """With the credentials of this role."""
        make: Any = boto3.client
        return make(service, **self._credentials[who])

    def error(self, who: str, service: str, call: str, **given: Any) -> str:
        """The code with which a call of this role is refused; empty when it is not."""
        client = self.client(who, service)
        try:
            getattr(client, call)(**given)
        except client.exceptions.ClientError as error:
            return str(error.response["Error"]["Code"])
        return ""


def _begin() -> None:
    clients._made.clear()
    forget()


def _role(who: str) -> dict[str, str]:
    iam, name = boto3.client("iam"), f"motcua-test-{who}"
    trust = {"Effect": "Allow", "Principal": OURS, "Action": "sts:AssumeRole"}
    iam.create_role(
        RoleName=name,
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )
    iam.put_role_policy(RoleName=name, PolicyName=who, PolicyDocument=json.dumps(policy_of(who)))
    taken = boto3.client("sts").assume_role(
        RoleArn=f"arn:aws:iam::{ACCOUNT}:role/{name}", RoleSessionName=who
    )["Credentials"]
    return {
        "aws_access_key_id": taken["AccessKeyId"],
        "aws_secret_access_key": taken["SecretAccessKey"],
        "aws_session_token": taken["SessionToken"],
    }


@contextmanager
def staged(folder: Path) -> Iterator[Stage]:
    """The emulator runs, on loopback and in memory, until the stage is left."""
    with pytest.MonkeyPatch.context() as patch:
        port = _free_port()
        given = environment(folder) | {
            "FILE_BUCKET": BUCKET,
            "STATE_MACHINE_ARN": MACHINE,
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": ACCOUNT,  # to the emulator, the account's own root
            "AWS_SECRET_ACCESS_KEY": b64encode(folder.name.encode()).decode(),
        }
        for name, value in given.items():
            patch.setenv(name, value)
        patch.setattr(clients, "_made", {})
        process = _started(folder, port)
        try:
            boto3.setup_default_session()
            forget()
            yield Stage()
        finally:
            process.terminate()
            process.wait(PATIENCE)
            forget()
    boto3.setup_default_session()


def _started(folder: Path, port: int) -> subprocess.Popen[bytes]:
    settings = {
        "AUTH": "true",
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "MINISTACK_REGION": REGION,
        "SERVICES": "dynamodb,s3,iam,sts,secretsmanager,stepfunctions",
        "STATE_DIR": str(folder),
        "LOG_LEVEL": "ERROR",
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        # It would look for containers of other instances and remove them.
        "DOCKER_HOST": f"unix://{folder / 'no-docker.sock'}",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "ministack"], env={**os.environ, **settings}, cwd=folder
    )
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and process.poll() is None:
        try:
            requests.get(f"http://127.0.0.1:{port}/_ministack/health", timeout=1)
        except requests.RequestException:
            time.sleep(0.05)
        else:
            return process
    process.kill()
    pytest.fail("the emulator did not start")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])
