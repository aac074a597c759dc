"""AWS's control plane on a loopback port of its own, for what moto does not make."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import playwright
import requests

from infra.templates import STACKS

if TYPE_CHECKING:
    from collections.abc import Iterator

_SOON: Any = {"Delay": 1, "MaxAttempts": 60}
REGION = "ap-southeast-1"
ACCOUNT = "123456789012"


class Emulator:
    """A running one."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.port = port

    def client(self, service: str) -> Any:
        """Of boto3, pointed at it."""
        make: Any = boto3.client  # its stubs know services by literal names only
        return make(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id=ACCOUNT,
            aws_secret_access_key="tests",
        )

    def ask(self, host: str, path: str, method: str = "GET", **headers: str) -> requests.Response:
        """A request that arrives under another host's name, by TLS as far as it knows."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {"Host": host, "X-Forwarded-Proto": "https", **named}
        return requests.request(
            method, self.url + path, headers=sent, timeout=30, allow_redirects=False
        )

    def deploy(self, stack: str, **parameters: str) -> dict[str, str]:
        """A stack of stage `dev`, made or brought up to date; its outputs."""
        cloud, name = self.client("cloudformation"), f"motcua-dev-{stack}"
        told = {"Stage": "dev", **parameters}
        listed = [{"ParameterKey": key, "ParameterValue": value} for key, value in told.items()]
        body = (STACKS / f"{stack}.yaml").read_text("utf-8")
        cloud.create_stack(StackName=name, TemplateBody=body, Parameters=listed)
        cloud.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig=_SOON)
        (made,) = cloud.describe_stacks(StackName=name)["Stacks"]
        return {each["OutputKey"]: each["OutputValue"] for each in made["Outputs"]}

    def changes(self, stack: str) -> list[Any]:
        """What deploying the stack again, with the parameters it has, would change."""
        cloud, name = self.client("cloudformation"), f"motcua-dev-{stack}"
        (made,) = cloud.describe_stacks(StackName=name)["Stacks"]
        same = [
            {"ParameterKey": each["ParameterKey"], "UsePreviousValue": True}
            for each in made["Parameters"]
        ]
        body = (STACKS / f"{stack}.yaml").read_text("utf-8")
        asked = {"StackName": name, "ChangeSetName": "again"}
        cloud.create_change_set(**asked, TemplateBody=body, Parameters=same, ChangeSetType="UPDATE")
        while (found := cloud.describe_change_set(**asked))["Status"].endswith("IN_PROGRESS"):
            time.sleep(0.05)
        cloud.delete_change_set(**asked)
        return list(found["Changes"])

    def delete(self, stack: str) -> None:
        """And wait until it is gone."""
        cloud, name = self.client("cloudformation"), f"motcua-dev-{stack}"
        cloud.delete_stack(StackName=name)
        cloud.get_waiter("stack_delete_complete").wait(StackName=name, WaiterConfig=_SOON)


@contextmanager
def running() -> Iterator[Emulator]:
    """Everything empty at the start, everything forgotten at the end."""
    port = _free_port()
    told = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "MINISTACK_REGION": REGION,
        "PERSIST_STATE": "0",
        "LOG_LEVEL": "WARNING",
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        # It would look for containers, and there are none.
        "DOCKER_HOST": "unix:///nowhere/docker.sock",
        # Functions of CloudFront are JavaScript; the browser's driver brings what runs it.
        "PATH": f"{Path(playwright.__file__).parent / 'driver'}{os.pathsep}{os.environ['PATH']}",
    }
    program = [sys.executable, "-m", "tests.infra.emulator_program"]
    process = subprocess.Popen(program, env=told, stdout=subprocess.DEVNULL)  # noqa: S603 - ours
    try:
        _await(port, process)
        yield Emulator(port)
    finally:
        process.terminate()
        process.wait(20)


def _await(port: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 30
    while time.monotonic() < end and process.poll() is None:
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError("the emulator did not start")


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port
