"""Runs the real state machine's JSON on a virtual clock: just the parts of ASL that it uses.

Any state, field or intrinsic this does not know raises, so that the definition cannot grow past
what is simulated without somebody noticing.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chalicelib.ports import LateTokenError

DEFINITION = Path(__file__).parents[2] / "state_machines" / "dossier.asl.json"
FORMAT = re.compile(r"^States\.Format\('\{\}', ?(\$\S*)\)$")
RETRY_SECONDS = 2


class Crash(BaseException):
    """The process died here. Not an Exception: nothing in the code under test may catch it."""


class ConditionalCheckFailed(Exception):
    """DynamoDb.ConditionalCheckFailedException: a later generation has registered."""


@dataclass
class Execution:
    """One run; `token` is set while it waits, `entries` counts state entries as AWS bills them."""

    name: str
    state: str
    data: Any
    token: str = ""
    waits: int = 0
    entries: int = 0
    running: bool = True
    failed: str = ""
    visited: list[str] = field(default_factory=list)


class Machine:
    """All executions of one definition."""

    def __init__(
        self,
        functions: Mapping[str, Callable[[Mapping[str, Any]], Any]],
        put_token: Callable[[Mapping[str, Any], Execution], None],
        after: Callable[[float, Callable[[], None]], None],
        definition: str | None = None,
    ) -> None:
        self._states = json.loads(definition or DEFINITION.read_text())
        self._functions = functions
        self._put_token = put_token
        self._after = after
        self.executions: dict[str, Execution] = {}
        self._waiting: dict[str, Execution] = {}

    def start(self, name: str, data: Mapping[str, Any]) -> None:
        """As StartExecution: the same name again changes nothing."""
        if name in self.executions:
            return
        run = Execution(name, self._states["StartAt"], dict(data))
        self.executions[name] = run
        self._after(0, lambda: self._enter(run, run.state))

    def vanish(self, name: str) -> None:
        """The execution is lost, as when an emulator restarts."""
        run = self.executions[name]
        run.running, run.failed = False, "vanished"
        self._waiting.pop(run.token, None)

    def succeed(self, token: str, output: Any) -> None:
        """As SendTaskSuccess. Raise LateTokenError for a token nothing waits on."""
        run = self._waiting.pop(token, None)
        if run is None:
            raise LateTokenError(token)
        run.token = ""
        state = self._states["States"][run.state]
        run.data = _put(run.data, state.get("ResultPath", "$"), output)
        self._after(0, lambda: self._enter(run, state["Next"]))

    def _enter(self, run: Execution, name: str) -> None:
        if not run.running:
            return
        run.state = name
        run.entries += 1
        run.visited.append(name)
        state = self._states["States"][name]
        getattr(self, f"_{state['Type'].lower()}")(run, state)

    def _succeed(self, run: Execution, _: Mapping[str, Any]) -> None:
        run.running = False

    def _choice(self, run: Execution, state: Mapping[str, Any]) -> None:
        for choice in state["Choices"]:
            if _get(run.data, choice["Variable"]) == choice["StringEquals"]:
                return self._enter(run, choice["Next"])
        return self._enter(run, state["Default"])

    def _task(self, run: Execution, state: Mapping[str, Any]) -> None:
        if state["Resource"].endswith(":lambda:invoke"):
            self._invoke(run, state)
        elif state["Resource"].endswith(":dynamodb:putItem.waitForTaskToken"):
            self._wait(run, state)
        else:
            raise NotImplementedError(state["Resource"])

    def _invoke(self, run: Execution, state: Mapping[str, Any]) -> None:
        given = _build(state["Parameters"], run.data, {})
        try:
            answer = {"Payload": self._functions[given["FunctionName"]](given["Payload"])}
        except (Crash, Exception):  # noqa: BLE001 - Retry on States.ALL is what the definition says
            if "Retry" not in state:
                raise
            self._after(RETRY_SECONDS, lambda: self._invoke_again(run, state))
            return
        if "ResultSelector" in state:
            answer = _build(state["ResultSelector"], answer, {})
        run.data = _put(run.data, state.get("ResultPath", "$"), answer)
        self._enter(run, state["Next"])

    def _invoke_again(self, run: Execution, state: Mapping[str, Any]) -> None:
        if run.running:
            self._invoke(run, state)

    def _wait(self, run: Execution, state: Mapping[str, Any]) -> None:
        run.waits += 1
        token = run.token = f"{run.name}/{run.waits}"
        self._waiting[token] = run
        context = {"Task": {"Token": token}}
        seconds = _get(run.data, state["TimeoutSecondsPath"])
        if not 1 <= seconds <= 99_999_999:
            raise ValueError(f"AWS ends an execution on a timeout of {seconds}")
        self._after(seconds, lambda: self._fail(run, token, state, "States.Timeout"))
        self._register(run, token, state, _build(state["Parameters"], run.data, context))

    def _register(
        self, run: Execution, token: str, state: Mapping[str, Any], given: Mapping[str, Any]
    ) -> None:
        if not run.running or run.token != token:
            return
        try:
            self._put_token(given["Item"], run)
        except ConditionalCheckFailed:
            self._fail(run, token, state, "DynamoDb.ConditionalCheckFailedException")
        except Crash:
            self._after(RETRY_SECONDS, lambda: self._register(run, token, state, given))

    def _fail(self, run: Execution, token: str, state: Mapping[str, Any], error: str) -> None:
        if self._waiting.pop(token, None) is None:
            return
        run.token = ""
        (catch,) = [each for each in state["Catch"] if error in each["ErrorEquals"]]
        run.data = _put(run.data, catch["ResultPath"], {"Error": error})
        self._enter(run, catch["Next"])


def _get(data: Any, path: str) -> Any:
    for part in path.removeprefix("$").strip(".").split("."):
        if part:
            data = data[part]
    return data


def _put(data: Any, path: str | None, value: Any) -> Any:
    if path is None:
        return data
    if path == "$":
        return value
    (name,) = path.removeprefix("$.").split(".")
    return {**data, name: value}


def _build(template: Any, data: Any, context: Mapping[str, Any]) -> Any:
    if not isinstance(template, Mapping):
        return template
    return {
        key.removesuffix(".$"): _value(value, data, context)
        if key.endswith(".$")
        else _build(value, data, context)
        for key, value in template.items()
    }


def _value(text: str, data: Any, context: Mapping[str, Any]) -> Any:
    if found := FORMAT.match(text):
        return str(_get(data, found.group(1)))
    if text.startswith("$$."):
        return _get(context, text[1:])
    return _get(data, text)
