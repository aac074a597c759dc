"""Runs the real state machine's JSON on a virtual clock: just the parts of ASL that it uses.

Any state, field or intrinsic this does not know raises, so that the definition cannot grow past
what is simulated without somebody noticing.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from json import loads
from pathlib import Path
from typing import Any, Final

from chalicelib.ports import LateTokenError

DEFINITION: Final = Path(__file__).parents[2] / "state_machines" / "dossier.asl.json"
FORMAT: Final = re.compile(r"^States\.Format\('\{\}', ?(\$\S*)\)$")
MOST_SECONDS: Final = 99_999_999
MOST_ENTRIES: Final = 400  # of one execution here: more means that it spins
REGISTER_AGAIN: Final = 2  # seconds until a registration that failed is tried again

After = Callable[[float, Callable[[], None], str], None]  # seconds, what to do, execution
Read = Callable[[Any, Mapping[str, Any]], Any]  # a template, ready to be filled


class Crash(BaseException):
    """The process died here. Not an Exception: nothing in the code under test may catch it."""


class ConditionalCheckFailedError(Exception):
    """DynamoDb.ConditionalCheckFailedException: a later generation has registered."""


@dataclass(slots=True)
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
    place: str = ""  # the latest state that waited
    escalated: int = 0


@dataclass(frozen=True, slots=True)
class State:
    """One state of the definition, read once."""

    raw: Mapping[str, Any]
    given: Read
    select: Read | None
    timeout: Read | None
    put: str | None
    choose: Callable[[Any], str] | None


class Machine:
    """All executions of a state machine, each on the definition that it began with."""

    def __init__(
        self,
        functions: Mapping[str, Callable[[Mapping[str, Any]], Any]],
        put_token: Callable[[Mapping[str, Any], Execution], None],
        after: After,
        definition: str | None = None,
    ) -> None:
        self._first, self._states = _read(definition or _shipped())
        self._functions = functions
        self._put_token = put_token
        self._after = after
        self.executions: dict[str, Execution] = {}
        self._began: dict[str, Mapping[str, State]] = {}
        self._waiting: dict[str, Execution] = {}

    def deploy(self, definition: str) -> None:
        """As UpdateStateMachine: for executions that start from now on."""
        self._first, self._states = _read(definition)

    def start(self, name: str, data: Mapping[str, Any]) -> bool:
        """As StartExecution: the same name again changes nothing, and is said."""
        if name in self.executions:
            return False
        run = self.executions[name] = Execution(name, self._first, dict(data))
        self._began[name] = self._states
        self._after(0, lambda: self._enter(run, run.state), name)
        return True

    def resume(self, run: Execution, seconds: float) -> None:
        """One that waits, as it was when a process ended; its timer fires in so many seconds."""
        token, state = run.token, self._states[run.state]
        self._began[run.name] = self._states
        self.executions[run.name] = self._waiting[token] = run
        self._after(seconds, lambda: self._fail(run, token, state, "States.Timeout"), run.name)

    def state(self, run: Execution) -> "State":
        """Where it is, as its definition says."""
        return self._began[run.name][run.state]

    def vanish(self, name: str, why: str = "vanished") -> None:
        """The execution is lost, as when an emulator restarts."""
        run = self.executions[name]
        run.running, run.failed = False, why
        self._waiting.pop(run.token, None)

    def succeed(self, token: str, output: Any) -> None:
        """As SendTaskSuccess. Raise LateTokenError for a token nothing waits on."""
        run = self._waiting.pop(token, None)
        if run is None:
            raise LateTokenError(token)
        run.token = ""
        state = self.state(run)
        run.data = _put(run.data, state.put, output)
        self._after(0, lambda: self._enter(run, state.raw["Next"]), run.name)

    def _enter(self, run: Execution, name: str) -> None:
        if not run.running:
            return
        run.state = name
        run.entries += 1
        if run.entries > MOST_ENTRIES:
            raise RuntimeError(f"{run.name} spins")
        state = self.state(run)
        if state.choose:
            self._enter(run, state.choose(run.data))
        elif state.timeout:
            self._wait(run, state, state.timeout)
        elif state.raw["Type"] == "Task":
            self._invoke(run, state, 0)
        else:
            run.running = False

    def _invoke(self, run: Execution, state: State, tries: int) -> None:
        run.escalated += run.state == "Escalate"
        given = state.given(run.data, {})
        try:
            answer = {"Payload": self._functions[given["FunctionName"]](given["Payload"])}
        except (Crash, Exception):  # noqa: BLE001 - Retry on States.ALL is what the definition says
            self._again(run, state, tries)
            return
        if state.select:
            answer = state.select(answer, {})
        run.data = _put(run.data, state.put, answer)
        self._enter(run, state.raw["Next"])

    def _again(self, run: Execution, state: State, tries: int) -> None:
        """As Retry says, without the jitter; beyond it the execution has failed."""
        (retry,) = state.raw["Retry"]
        if tries >= retry["MaxAttempts"]:
            self.vanish(run.name, "States.TaskFailed")
            return
        seconds = retry["IntervalSeconds"] * retry["BackoffRate"] ** tries

        def again() -> None:
            if run.running:
                self._invoke(run, state, tries + 1)

        self._after(min(seconds, retry["MaxDelaySeconds"]), again, run.name)

    def _wait(self, run: Execution, state: State, timeout: Read) -> None:
        run.waits += 1
        run.place = run.state
        token = run.token = f"{run.name}/{run.waits}"
        self._waiting[token] = run
        seconds = timeout(run.data, {})
        if not 1 <= seconds <= MOST_SECONDS:
            raise ValueError(f"AWS ends an execution on a timeout of {seconds}")
        self._after(seconds, lambda: self._fail(run, token, state, "States.Timeout"), run.name)
        given = state.given(run.data, {"Task": {"Token": token}})
        self._register(run, token, state, given)

    def _register(self, run: Execution, token: str, state: State, given: Mapping[str, Any]) -> None:
        if not run.running or run.token != token:
            return
        try:
            self._put_token(given, run)
        except ConditionalCheckFailedError:
            error = "DynamoDb.ConditionalCheckFailedException"
            self._after(0, lambda: self._fail(run, token, state, error), run.name)
        except Crash:
            again = REGISTER_AGAIN
            self._after(again, lambda: self._register(run, token, state, given), run.name)

    def _fail(self, run: Execution, token: str, state: State, error: str) -> None:
        if self._waiting.pop(token, None) is None:
            return
        run.token = ""
        (catch,) = [each for each in state.raw["Catch"] if error in each["ErrorEquals"]]
        run.data = _put(run.data, catch["ResultPath"], {"Error": error})
        self._enter(run, catch["Next"])


# -- reading the definition, once


@cache
def _shipped() -> str:
    return DEFINITION.read_text()


@cache
def _read(definition: str) -> tuple[str, dict[str, State]]:
    whole = loads(definition)
    return whole["StartAt"], {name: _state(raw) for name, raw in whole["States"].items()}


def _state(raw: Mapping[str, Any]) -> State:
    resource = raw.get("Resource", "")
    waits = resource.endswith(":dynamodb:putItem.waitForTaskToken")
    if not waits and (resource and not resource.endswith(":lambda:invoke")):
        raise NotImplementedError(resource)
    if raw["Type"] not in ("Task", "Choice", "Succeed"):
        raise NotImplementedError(raw["Type"])
    given = raw.get("Parameters", {})
    return State(
        raw,
        _template(given["Item"] if waits else given),
        _template(raw["ResultSelector"]) if "ResultSelector" in raw else None,
        _value(raw["TimeoutSecondsPath"]) if waits else None,
        raw.get("ResultPath", "$"),
        _choice(raw) if raw["Type"] == "Choice" else None,
    )


def _choice(raw: Mapping[str, Any]) -> Callable[[Any], str]:
    (variable,) = {_parts(each["Variable"]) for each in raw["Choices"]}
    ways = {each["StringEquals"]: each["Next"] for each in raw["Choices"]}
    return lambda data: str(ways.get(_follow(data, variable), raw["Default"]))


def _template(raw: Any) -> Read:
    if not isinstance(raw, Mapping):
        return lambda _data, _context: raw
    parts = [
        (key.removesuffix(".$"), _value(value) if key.endswith(".$") else _template(value))
        for key, value in raw.items()
    ]
    return lambda data, context: {key: read(data, context) for key, read in parts}


def _value(text: str) -> Read:
    if found := FORMAT.match(text):
        inner = _parts(found.group(1))
        return lambda data, _context: str(_follow(data, inner))
    if text.startswith("$$."):
        outer = _parts(text[1:])
        return lambda _data, context: _follow(context, outer)
    parts = _parts(text)
    return lambda data, _context: _follow(data, parts)


@cache
def _parts(path: str) -> tuple[str, ...]:
    if not path.startswith("$") or "[" in path:
        raise NotImplementedError(path)
    return tuple(part for part in path[1:].split(".") if part)


def _follow(data: Any, parts: tuple[str, ...]) -> Any:
    for part in parts:
        data = data[part]
    return data


def _put(data: Any, path: str | None, value: Any) -> Any:
    if path is None:
        return data
    if path == "$":
        return value
    (name,) = _parts(path)
    return {**data, name: value}
