"""Child `engine`: Step Functions, executed by moto's interpreter.

CloudFormation makes state machines in the other emulator, which cannot run them: they are copied.
"""

from __future__ import annotations

import os
import signal
import threading
import traceback
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from infra.local.guard import die_with_parent, ready
from infra.local.settings import ports_from_environment
from infra.local.workflow import serve

_LOOK_EVERY = 0.5  # seconds


class Mirror:
    """Follows the state machines of the data plane."""

    def __init__(self, source: str, target: str) -> None:
        make: Any = boto3.client
        self._source = make("stepfunctions", endpoint_url=source)
        self._target = make("stepfunctions", endpoint_url=target)
        self._known: dict[str, str] = {}

    def run(self, stop: threading.Event) -> None:
        """Until told to stop."""
        while not stop.wait(_LOOK_EVERY):
            try:
                self.look()
            except (BotoCoreError, ClientError):
                traceback.print_exc()

    def look(self) -> None:
        """Copy what is new or differs; running executions go on with what they began on."""
        for found in self._source.list_state_machines()["stateMachines"]:
            arn = found["stateMachineArn"]
            wanted = self._source.describe_state_machine(stateMachineArn=arn)
            definition = wanted["definition"]
            if self._known.get(arn) == definition:
                continue
            if arn in self._known:
                self._target.update_state_machine(stateMachineArn=arn, definition=definition)
            else:
                self._target.create_state_machine(
                    name=found["name"], definition=definition, roleArn=wanted["roleArn"]
                )
            self._known[arn] = definition
            print(f"state machine {found['name']} as deployed", flush=True)


def main() -> None:
    """Serve until SIGTERM."""
    die_with_parent()
    ports = ports_from_environment()
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    serve(None, ports)
    ready()
    Mirror(ports.data_url, os.environ["AWS_ENDPOINT_URL_SFN"]).run(stop)


if __name__ == "__main__":
    main()
