"""The executions in Step Functions, one per dossier and generation, by a name that is derived."""

import json
from collections.abc import Callable
from typing import Final

from botocore.exceptions import ClientError

from chalicelib.adapters.clients import Client
from chalicelib.domain.ids import DossierCode
from chalicelib.ports import LateTokenError, Next

# AWS says TaskTimedOut, moto InvalidToken; of both only the record knows what they mean.
_LATE: Final = frozenset({"TaskTimedOut", "InvalidToken", "TaskDoesNotExist"})


class StepFunctions:
    """`client` is asked for when first needed: a function that never wakes pays nothing."""

    def __init__(self, client: Callable[[], Client], state_machine: str) -> None:
        self._client = client
        self._state_machine = state_machine

    def start(self, code: DossierCode, generation: int) -> bool:
        content = {"dossier_id": code, "generation": generation}
        try:
            self._client().start_execution(
                stateMachineArn=self._state_machine,
                name=_name(code, generation),
                input=json.dumps(content),
            )
        except ClientError as error:
            if _code(error) != "ExecutionAlreadyExists":
                raise
            return False
        return True

    def wake(self, token: str, next: Next) -> None:  # noqa: A002 - the port's own name
        try:
            self._client().send_task_success(taskToken=token, output=json.dumps(next.as_output()))
        except ClientError as error:
            if _code(error) in _LATE:
                raise LateTokenError from error
            raise

    def is_running(self, code: DossierCode, generation: int) -> bool:
        name = _name(code, generation)
        arn = f"{self._state_machine.replace(':stateMachine:', ':execution:')}:{name}"
        try:
            answer = self._client().describe_execution(executionArn=arn)
        except ClientError as error:
            if _code(error) == "ExecutionDoesNotExist":
                return False
            raise
        return bool(answer["status"] == "RUNNING")


def _name(code: DossierCode, generation: int) -> str:
    return f"{code}.g{generation}"


def _code(error: ClientError) -> str:
    return str(error.response["Error"]["Code"])
