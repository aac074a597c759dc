"""Versions of the functions, and how the next one takes over.

Streams, schedules and the workflow call the alias `live` of each function, which shifts from one
version to the next. The API always runs the newest code: Chalice's API has no aliases.
"""

from __future__ import annotations

import json
import re
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from infra import templates

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

    from infra.deploy.stacks import Say
    from infra.deploy.stages import Shift

ALIAS: Final = "live"
_LOOK_EVERY: Final = 10.0  # seconds
_ONCE: Final = Config(read_timeout=900, retries={"total_max_attempts": 1})
_TARGET: Final = re.compile(r"function:(motcua-\S+):live")
_TAKEN_BACK: Final = (
    "Runbooks: docs/runbooks/. The API runs the new code; `rollback` takes that back, too."
)

Numbers = dict[str, str]  # of versions, by the functions' names in AWS


class ShiftError(Exception):
    """The new code was taken back; the message says why."""


class Versions:
    """Those of the functions of one stage; `stem` is what their names begin with."""

    def __init__(self, region: str, stem: str) -> None:
        self._lambda: Any = boto3.client("lambda", region_name=region)
        self._caller: Any = boto3.client("lambda", region_name=region, config=_ONCE)
        self._watch: Any = boto3.client("cloudwatch", region_name=region)
        self._stem = stem

    def publish(self, functions: Iterable[str]) -> Numbers:
        """A version of each function as it is now; unchanged ones keep theirs."""
        return {
            name: str(self._lambda.publish_version(FunctionName=name)["Version"])
            for name in functions
        }

    def live(self, function: str) -> str | None:
        """The version behind the alias; None before the first release."""
        try:
            found = self._lambda.get_alias(FunctionName=function, Name=ALIAS)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
            return None
        return str(found["FunctionVersion"])

    def shift(
        self, numbers: Numbers, shift: Shift, say: Say, scheduled: Collection[str] = ()
    ) -> None:
        """Let the versions take over, a few calls first; what is `scheduled` is called once.

        Raise ShiftError after going back, when the new code failed or an alarm rose meanwhile:
        one that rang before says nothing of the new code, and may be why it comes.
        """
        live = {name: self.live(name) for name in numbers}
        old = {name: was for name, was in live.items() if was and was != numbers[name]}
        for name in [name for name, was in live.items() if was is None]:
            self._lambda.create_alias(FunctionName=name, Name=ALIAS, FunctionVersion=numbers[name])
        if old and shift.percent:
            self._call_once({name: numbers[name] for name in scheduled if name in old})
            self._try_out(numbers, old, shift, say)
        for name in numbers:
            self._point(name, numbers[name])

    def _try_out(self, numbers: Numbers, old: Numbers, shift: Shift, say: Say) -> None:
        before, began = self._alarms(), datetime.now(UTC)
        say(f"    {shift.percent} % of the calls for {shift.minutes:g} minutes")
        until = time.monotonic() + shift.minutes * 60
        try:
            for name, was in old.items():
                self._point(name, was, {numbers[name]: shift.percent / 100})
            while (left := until - time.monotonic()) > 0:
                self._require_well(numbers, old, before, began)
                time.sleep(min(_LOOK_EVERY, left))
            self._require_well(numbers, old, before, began)
        except BaseException:  # also Ctrl-C: nobody would watch what is left half way
            for name, was in old.items():
                self._point(name, was)
            raise

    def _require_well(
        self, numbers: Numbers, old: Numbers, before: set[str], began: datetime
    ) -> None:
        wrong = [f"{name} rose" for name in sorted(self._alarms() - before)]
        failed = {name: self._errors(name, numbers[name], began) for name in old}
        wrong += [f"{name} failed {count} times" for name, count in failed.items() if count]
        if wrong:
            raise ShiftError(
                f"Taken back: {', '.join(wrong)} while the new code got a part of the calls. "
                f"{_TAKEN_BACK}"
            )

    def _call_once(self, numbers: Numbers) -> None:
        """What runs by the clock would not come by within the shift. Raise ShiftError."""
        for name, number in numbers.items():
            try:
                answer = self._caller.invoke(FunctionName=name, Qualifier=number, Payload=b"{}")
            except self._caller.exceptions.TooManyRequestsException:
                continue  # it runs at this moment, and may only once
            if "FunctionError" in answer:
                why = json.loads(answer["Payload"].read()).get("errorMessage", "no reason given")
                raise ShiftError(
                    f"{name} failed when its new code was called once: {why}. Nothing was "
                    f"shifted. {_TAKEN_BACK}"
                )

    def _errors(self, function: str, version: str, since: datetime) -> int:
        """Of its calls by the alias, as far as they are counted by now."""
        said = {"FunctionName": function, "Resource": f"{function}:{ALIAS}"}
        said["ExecutedVersion"] = version
        found = self._watch.get_metric_statistics(
            Namespace="AWS/Lambda",
            MetricName="Errors",
            Dimensions=[{"Name": name, "Value": value} for name, value in said.items()],
            StartTime=since.replace(second=0, microsecond=0),
            EndTime=datetime.now(UTC) + timedelta(minutes=1),
            Period=60,
            Statistics=["Sum"],
        )
        return int(sum(each["Sum"] for each in found["Datapoints"]))

    def _point(self, name: str, version: str, weights: dict[str, float] | None = None) -> None:
        self._lambda.update_alias(
            FunctionName=name,
            Name=ALIAS,
            FunctionVersion=version,
            RoutingConfig={"AdditionalVersionWeights": weights or {}},
        )

    def _alarms(self) -> set[str]:
        found = self._watch.describe_alarms(AlarmNamePrefix=f"{self._stem}-", StateValue="ALARM")
        return {str(each["AlarmName"]) for each in found["MetricAlarms"]}


def scheduled(workflow: Path, stem: str) -> list[str]:
    """Names of the functions that schedules call, by the template of the workflow stack."""
    template = templates.load(workflow)
    targets = (
        each["Properties"]["Target"]["Arn"]["Fn::Sub"]
        for _, each in templates.resources(template, "AWS::Scheduler::Schedule")
    )
    return sorted(
        found[1].replace("motcua-${Stage}", stem)
        for target in targets
        if (found := _TARGET.search(target))
    )
