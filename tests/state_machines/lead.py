"""One dossier's execution of the real definition, and the record that it follows."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from chalicelib.adapters.tokens import DynamoTokens
from chalicelib.adapters.workflow import StepFunctions
from chalicelib.domain.ids import DossierCode
from chalicelib.domain.terms import Stage
from chalicelib.ports import Next, Token

CODE: Final = DossierCode("H15.50.05.13-261008-0975")
HOUR: Final = 3_600  # a timer that does not fire while a test runs
PATIENCE: Final = 5.0  # real seconds until a test gives up waiting

Asked = Mapping[str, Any]
Found = TypeVar("Found")


@dataclass
class Lead:
    """What the record says, and everything a test does to the execution or asks of it."""

    workflow: StepFunctions
    tokens: DynamoTokens
    client: Any  # boto3, of Step Functions
    machine: str
    going: Mapping[str, Any] = field(default_factory=lambda: _going("Intake", 1))
    generation: int = 1
    outages: int = 0  # how many calls of `wake` fail from now on
    asked: list[Asked] = field(default_factory=list)  # of `wake`
    rolled: list[Asked] = field(default_factory=list)  # of `rollover`

    # -- the two functions that the definition calls

    def wake(self, event: Asked) -> Asked:
        """As the entrypoint: the record as it is now, or Closed for what has a successor."""
        self.asked.append(event)
        if self.outages:
            self.outages -= 1
            raise TimeoutError("an outage")
        old = event["generation"] < self.generation
        return {**event, "next": {**self.going, "stage": "Closed"} if old else self.going}

    def rollover(self, event: Asked) -> Asked:
        """As the entrypoint."""
        self.rolled.append(event)
        return {**event, "generation": event["generation"] + 1}

    # -- what happens

    def start(self, generation: int = 1) -> None:
        """As the stream, or as Rollover for its successor."""
        self.generation = generation
        self.workflow.start(CODE, generation)

    def record(self, stage: str, seq: int, timeout: int = HOUR) -> None:
        """The dossier moves; `stage` may be one that no version knows yet; `timeout` in seconds."""
        self.going = _going(stage, seq, timeout)

    def send(self, token: Token) -> None:
        """The stream wakes the execution: it goes where the record is now."""
        going = self.going
        self.workflow.wake(
            token.token, Next(Stage(going["stage"]), going["seq"], going["timeout_seconds"])
        )

    def move(self, stage: str, seq: int, timeout: int = HOUR) -> None:
        """One leg that ends on time, after its wait was registered."""
        token = self.waits(seq - 1)
        self.record(stage, seq, timeout)
        self.send(token)

    # -- what came of it

    def waits(self, seq: int) -> Token:
        """The token of that wait, as soon as it is registered."""

        def found() -> Token | None:
            token = self.tokens.get(CODE)
            same = token and (token.seq, token.generation) == (seq, self.generation)
            return token if same else None

        registered = soon(found)
        assert registered, f"wait {seq} was not registered"
        return registered

    def ended(self, generation: int = 1) -> list[str]:
        """The states it entered, in order, once it has succeeded."""
        assert soon(lambda: self._status(generation) != "RUNNING"), self.entered(generation)
        assert self._status(generation) == "SUCCEEDED"
        return self.entered(generation)

    def entered(self, generation: int = 1) -> list[str]:
        """The states entered so far: what AWS bills, retries apart."""
        pages = self.client.get_paginator("get_execution_history").paginate(
            executionArn=self.arn(generation)
        )
        events = [event for page in pages for event in page["events"]]
        return [
            event["stateEnteredEventDetails"]["name"]
            for event in events
            if event["type"].endswith("StateEntered")
        ]

    def arn(self, generation: int = 1) -> str:
        """Of the execution, by its derived name."""
        return f"{self.machine.replace(':stateMachine:', ':execution:')}:{CODE}.g{generation}"

    def _status(self, generation: int) -> str:
        answer = self.client.describe_execution(executionArn=self.arn(generation))
        return str(answer["status"])


def soon(look: Callable[[], Found | None]) -> Found | None:
    """What `look` finds, as soon as it finds something; None when patience ends."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if found := look():
            return found
        time.sleep(0.01)
    return None


def _going(stage: str, seq: int, timeout: int = HOUR) -> Mapping[str, Any]:
    """The entrypoint's own shape, for any name of a stage."""
    return {**Next(Stage.INTAKE, seq, timeout).as_output(), "stage": stage}
