"""The real definition in moto's interpreter, in this process, led by the real adapters."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import boto3
import pytest
from moto import mock_aws
from moto.awslambda_simple.models import LambdaSimpleBackend

from chalicelib.adapters.table import Table
from chalicelib.adapters.tokens import DynamoTokens
from chalicelib.adapters.workflow import StepFunctions
from tests.state_machines.lead import Lead

DEFINITION: Final = Path(__file__).parents[2] / "state_machines" / "dossier.asl.json"
REGION: Final = "ap-southeast-1"
WAKE: Final = "motcua-test-wake"
ROLLOVER: Final = "motcua-test-rollover"
TOKENS: Final = "motcua-test-token"
NAMES: Final = {"WakeFunction": WAKE, "RolloverFunction": ROLLOVER, "TokenTable": TOKENS}
MOTO: Final[Any] = {
    "stepfunctions": {"execute_state_machine": True},
    "lambda": {"use_docker": False},
}
ROLE: Final = {"Version": "2012-10-17", "Statement": []}

Functions = Mapping[str, Callable[[Mapping[str, Any]], Any]]


@pytest.fixture(scope="session")
def definition() -> Any:
    """The definition as it is written, before names are filled in; not to be changed."""
    return json.loads(DEFINITION.read_text(encoding="utf-8"))


@pytest.fixture
def lead(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lead]:
    """A state machine, its token table, and its two functions as Python callables."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    with mock_aws(config=MOTO):
        made = _make()
        functions = {WAKE: made.wake, ROLLOVER: made.rollover}
        # moto starts a container for every Lambda function, or echoes its input: this is its seam.
        monkeypatch.setattr(LambdaSimpleBackend, "invoke", _invoke_from(functions))
        yield made


def _make() -> Lead:
    database, client = boto3.client("dynamodb"), boto3.client("stepfunctions")
    database.create_table(
        TableName=TOKENS,
        AttributeDefinitions=[{"AttributeName": "PK", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "PK", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    machine = client.create_state_machine(name="dossier", definition=_filled(), roleArn=_role())
    arn = machine["stateMachineArn"]
    return Lead(
        StepFunctions(lambda: client, arn), DynamoTokens(Table(database, TOKENS)), client, arn
    )


def _filled() -> str:
    text = DEFINITION.read_text(encoding="utf-8")
    for name, value in NAMES.items():
        text = text.replace(f"${{{name}}}", value)
    return text


def _role() -> str:
    made = boto3.client("iam").create_role(
        RoleName="test", AssumeRolePolicyDocument=json.dumps(ROLE)
    )
    return str(made["Role"]["Arn"])


def _invoke_from(functions: Functions) -> Callable[..., bytes]:
    def invoke(
        _: object, name: str, _qualifier: str, body: str, _sent: Any, answered: Any
    ) -> bytes:
        try:
            answer = functions[name](json.loads(body))
        except Exception as error:  # noqa: BLE001 - Lambda reports whatever a function raises
            answered["x-amz-function-error"] = "Unhandled"
            answer = {"errorType": type(error).__name__, "errorMessage": str(error)}
        return json.dumps(answer).encode()

    return invoke
