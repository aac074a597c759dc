"""What moto's interpreter calls: our handlers for Lambda, the data plane for the rest.

moto asks one function for every client of a task (`boto_client_for`), with an
endpoint that is always itself and a new client each time, which costs 40 ms. That
function is the seam: it is replaced here, once, for every module that imported it.
"""

from __future__ import annotations

import importlib
import io
import json
import pkgutil
import threading
import traceback
from typing import Any

import boto3
from botocore.config import Config

from infra.local.handlers import Handler, context_for
from infra.local.settings import REGION, Ports

Json = dict[str, Any]


class LambdaClient:
    """The part of boto3's Lambda client that a Task state uses."""

    def __init__(self, handlers: dict[str, Handler]) -> None:
        self._handlers = handlers

    def invoke(self, FunctionName: str, Payload: bytes = b"{}", **_: Any) -> Json:  # noqa: N803 - boto3's names
        """Run the handler of that name; its exception becomes a function error."""
        handler = self._handlers[FunctionName.rpartition(":function:")[2]]
        answer: Json = {"StatusCode": 200, "ExecutedVersion": "$LATEST"}
        try:
            result = handler(json.loads(Payload), context_for(FunctionName))
        except Exception as error:  # noqa: BLE001 - Lambda reports whatever a handler raises
            traceback.print_exc()
            answer["FunctionError"] = "Unhandled"
            result = error_payload(error)
        return {**answer, "Payload": io.BytesIO(json.dumps(result).encode())}


def error_payload(error: Exception) -> Json:
    """The payload AWS Lambda answers for an exception: errorType is the class's name."""
    return {
        "errorType": type(error).__name__,
        "errorMessage": str(error),
        "stackTrace": traceback.format_tb(error.__traceback__),
    }


class Clients:
    """Stands in for moto's `boto_client_for`; clients are made once and shared."""

    def __init__(self, handlers: dict[str, Handler] | None, ports: Ports) -> None:
        self._made: dict[str, Any] = {"lambda": LambdaClient(handlers)} if handlers else {}
        self._lock = threading.Lock()
        self._ports = ports

    def __call__(self, region: str, service: str, state_credentials: Any = None) -> Any:
        """The client for a service; moto gives region and credentials, of which there is one."""
        del region, state_credentials
        with self._lock:  # boto3 must not make two at the same time
            if service not in self._made:
                self._made[service] = self._make(service)
            return self._made[service]

    def _make(self, service: str) -> Any:
        workflow = service in {"stepfunctions", "sfn"}
        make: Any = boto3.client  # its types want the service's name spelt out
        return make(
            service,
            region_name=REGION,
            endpoint_url=self._ports.workflow_url if workflow else self._ports.data_url,
            # The state machine's own Retry decides; parameters are checked by the service.
            config=Config(
                parameter_validation=False,
                retries={"total_max_attempts": 1},
                max_pool_connections=50,
            ),
        )


def install(handlers: dict[str, Handler] | None, ports: Ports) -> None:
    """Make every task of the interpreter use `Clients`.

    Without handlers, Lambda functions are called at the data plane, as they were deployed there.
    """
    original = importlib.import_module(
        "moto.stepfunctions.parser.asl.utils.boto_client"
    ).boto_client_for
    package = importlib.import_module("moto.stepfunctions.parser.asl.component.state.exec")
    clients = Clients(handlers, ports)
    for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        module: Any = importlib.import_module(found.name)
        if getattr(module, "boto_client_for", None) is original:
            module.boto_client_for = clients
