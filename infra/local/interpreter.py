"""Mends moto's Step Functions interpreter where the system's load or races meet its limits.

Each change was measured or seen to fail; none alters what a definition means.
`install` is called once, before the server starts.
"""

from __future__ import annotations

import functools
import importlib
import sys
import threading
from types import ModuleType
from typing import Any

_PARSER = "moto.stepfunctions.parser"


def install() -> None:
    """Switch execution on and apply every mend."""
    config = importlib.import_module("moto.core.config").default_user_config
    config["stepfunctions"] = {"execute_state_machine": True}
    config["lambda"] = {"use_docker": False}
    _skip_batch()
    _parse_definitions_once()
    _parse_paths_once()
    _start_one_at_a_time()
    _wake_like_aws()


def _skip_batch() -> None:
    """A second of CPU: moto asks Batch for the states of a job, and its package brings EC2."""
    package = ModuleType("moto.batch")
    package.__path__ = [f"{folder}/batch" for folder in importlib.import_module("moto").__path__]
    sys.modules["moto.batch"] = package


def _parse_definitions_once() -> None:
    """120 ms of CPU each, and moto parses for every execution.

    A parsed program keeps no state of an execution (that is in its environment), so
    one serves all.
    """
    parser = importlib.import_module(f"{_PARSER}.asl.parse.asl_parser").AmazonStateLanguageParser
    parser.parse = staticmethod(functools.lru_cache(maxsize=16)(parser.parse))


def _parse_paths_once() -> None:
    """JSONPath expressions are immutable; building a parser for each costs 0.6 ms."""
    for name in ("asl.utils.json_path", "asl.component.common.path.result_path"):
        module: Any = importlib.import_module(f"{_PARSER}.{name}")
        module.parse = functools.lru_cache(maxsize=1024)(module.parse)


def _backend() -> Any:
    return importlib.import_module(f"{_PARSER}.models").StepFunctionsParserBackend


def _start_one_at_a_time() -> None:
    """Two starts of one name at the same time would both pass the check for the name."""
    backend, lock = _backend(), threading.Lock()
    start = backend.start_execution
    # moto collects every thread it ever made and never looks at the list again.
    threads = importlib.import_module(f"{_PARSER}.utils").TMP_THREADS

    @functools.wraps(start)
    def start_execution(self: Any, *arguments: Any, **named: Any) -> Any:
        with lock:
            threads.clear()
            return start(self, *arguments, **named)

    backend.start_execution = start_execution


def _wake_like_aws() -> None:
    """Answer TaskTimedOut for a token that is spent; moto takes it and does nothing.

    It also stumbles over any execution that is just starting and has no environment.
    """
    outcome_of = importlib.import_module(
        f"{_PARSER}.asl.eval.callback.callback"
    ).CallbackOutcomeSuccess
    api = importlib.import_module(f"{_PARSER}.api")
    lock = threading.Lock()

    def send_task_success(self: Any, task_token: str, outcome: str) -> None:
        endpoint = _endpoint(self, task_token)
        if endpoint is None:
            raise api.InvalidToken
        with lock:
            if endpoint._notify_event.is_set():  # noqa: SLF001 - moto asks nowhere else
                raise api.TaskTimedOut("Task Timed Out: the token is spent", "TaskTimedOut")
            endpoint.notify(outcome_of(callback_id=task_token, output=outcome))

    _backend().send_task_success = send_task_success


def _endpoint(backend: Any, token: str) -> Any:
    """Where an execution waits for this token, or None."""
    for machine in backend.state_machines:
        for execution in list(machine.executions):
            environment = execution.exec_worker and execution.exec_worker.env
            endpoint = environment and environment.callback_pool_manager.get(token)
            if endpoint:
                return endpoint
    return None
