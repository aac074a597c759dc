"""Executions of a stage that ends: a state machine is only gone when none of them runs."""

from __future__ import annotations

from typing import Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

_PATIENT: Final = Config(retries={"mode": "adaptive", "total_max_attempts": 10})
_GONE: Final = {"StateMachineDoesNotExist", "ExecutionDoesNotExist"}
_WHY: Final = (
    "The stage's workflow is taken away; the record stays, and leads them on when it is back."
)


def stop_all(region: str, state_machine: str) -> int:
    """Stop what runs; answers how much. The reconciler starts successors where one is needed."""
    client: Any = boto3.client("stepfunctions", region_name=region, config=_PATIENT)
    pages = client.get_paginator("list_executions").paginate(
        stateMachineArn=state_machine, statusFilter="RUNNING"
    )
    try:
        running = [each["executionArn"] for page in pages for each in page["executions"]]
        for each in running:
            client.stop_execution(executionArn=each, error="StageEnds", cause=_WHY)
    except ClientError as error:
        if error.response["Error"]["Code"] not in _GONE:
            raise
        return 0
    return len(running)
