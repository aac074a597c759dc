"""CloudFormation stacks: what would change, making it so, and refusing what would lose data."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import boto3
from botocore.exceptions import ClientError

from infra.templates import STACKS, load

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

FOLDER: Final = STACKS
DATA: Final = "data"
_LOOK_EVERY: Final = 2.0  # seconds
_NOTHING: Final = ("didn't contain changes", "No updates are to be performed")
_FAILED: Final = ("ROLLBACK", "FAILED")
_NEVER_MADE: Final = {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED"}  # its creation failed
_GONE: Final = "DELETE_COMPLETE"
_STUCK: Final = {"UPDATE_ROLLBACK_FAILED", "DELETE_FAILED"}
# Whoever loses one of these loses what is in it, or everybody's sign-in.
_KEEPS: Final = {
    "AWS::Cognito::UserPool",
    "AWS::DynamoDB::Table",
    "AWS::KMS::Key",
    "AWS::S3::Bucket",
    "AWS::SecretsManager::Secret",
}

Say = Callable[[str], None]


class StackError(Exception):
    """A stack did not come about, or must not; the message says why and what to do."""


@dataclass(frozen=True)
class Change:
    """One line of a plan: Add, Modify or Remove; `replaced` says that a new one takes its place."""

    action: str
    name: str
    type: str
    replaced: bool

    def __str__(self) -> str:
        return f"{self.action:7}{self.name} ({self.type}){', REPLACED' if self.replaced else ''}"


class Stacks:
    """The stacks of one stage. Outputs of one are parameters of those after it."""

    def __init__(self, stem: str, region: str, parameters: Mapping[str, str]) -> None:
        self._cloud: Any = boto3.client("cloudformation", region_name=region)
        self._stem = stem
        self._known = {"Stage": stem.partition("-")[2], **parameters}

    def outputs(self, name: str) -> dict[str, str]:
        """Of a stack that stands; empty where there is none yet."""
        found = self._described(name)
        return {each["OutputKey"]: each["OutputValue"] for each in (found or {}).get("Outputs", [])}

    def tell(self, **more: str) -> None:
        """Offer more parameters to the stacks that follow."""
        self._known.update(more)

    def stands(self, name: str) -> bool:
        """Whether there is one, be it half made."""
        return self._described(name) is not None

    def plan(self, name: str, same: Collection[str] = ()) -> list[Change]:
        """What deploying it would change; changes nothing. Raise StackError.

        Parameters that are the `same` as they are need not be told.
        """
        change_set = self._propose(name, same)
        self._withdraw(name, change_set)
        self._known.update(self.outputs(name))
        return change_set.changes

    def deploy(
        self, name: str, say: Say = lambda _line: None, folder: Path | None = None
    ) -> list[Change]:
        """Make it so; answers what changed. Raise StackError, also for what would lose data.

        `folder` is where its template lies, if not here.
        """
        self._settle(name, say)
        self._clear(name, say)
        change_set = self._propose(name, folder=folder)
        lost = [each for each in change_set.changes if _loses(name, each)]
        if lost or change_set.is_empty:
            self._withdraw(name, change_set)
        if lost:
            raise StackError(
                f"{self._full(name)} keeps data, and this change would take these out of it: "
                f"{', '.join(each.name for each in lost)}. Nothing was changed. Give the new "
                "resource another name in the template and move the data first (UPGRADING.md)."
            )
        if not change_set.is_empty:
            self._carry_out(name, change_set, say)
        if name == DATA:
            self._protect(name)
        self._known.update(self.outputs(name))
        return change_set.changes

    def delete(
        self,
        name: str,
        say: Say = lambda _line: None,
        meanwhile: Callable[[], object] = lambda: None,
    ) -> bool:
        """Answers whether there was one. Raise StackError, also for the data: never deleted.

        `meanwhile` is done at each look, until it is gone.
        """
        if name == DATA:
            raise StackError(f"{self._full(name)} holds the record: it is never deleted.")
        self._settle(name, say)
        found = self._described(name)
        if found is None:
            return False
        self._remove(found["StackId"], say, meanwhile)
        return True

    def _remove(self, stack: str, say: Say, meanwhile: Callable[[], object] = lambda: None) -> None:
        past = self._events(stack)
        self._cloud.delete_stack(StackName=stack)
        self._await(stack, past, say, meanwhile)

    # -- change sets

    def _propose(
        self, name: str, same: Collection[str] = (), folder: Path | None = None
    ) -> _ChangeSet:
        template = (folder or FOLDER) / f"{name}.yaml"
        wanted = load(template).get("Parameters", {})
        found = self._described(name)
        if found and found["StackStatus"] in _NEVER_MADE:
            raise StackError(f"{self._full(name)} was never whole: `deploy` makes it anew.")
        made = self._cloud.create_change_set(
            StackName=self._full(name),
            ChangeSetName=f"deploy-{time.time_ns()}",
            ChangeSetType="UPDATE" if found else "CREATE",
            TemplateBody=template.read_text("utf-8"),
            Parameters=[
                {"ParameterKey": key, "UsePreviousValue": True}
                if key in same
                else {"ParameterKey": key, "ParameterValue": self._known[key]}
                for key in wanted
                if key in self._known or key in same
            ],
            Capabilities=["CAPABILITY_NAMED_IAM"],
            Tags=[{"Key": "motcua:stage", "Value": self._known["Stage"]}],
        )
        return self._ready(made["Id"], name, is_new=found is None)

    def _settle(self, name: str, say: Say) -> None:
        """What a deployment that was killed began goes on without it: nothing can be done before.

        Raise StackError for a stack that needs somebody's hand.
        """
        while self._status(self._full(name)).endswith("_IN_PROGRESS"):
            if self._described(name) is None:  # only a plan
                return
            say(f"    {self._full(name)} is still being changed: waiting for that")
            time.sleep(_LOOK_EVERY)
        if (status := self._status(self._full(name))) in _STUCK:
            raise StackError(
                f"{self._full(name)}: {status}. See its events in the console, mend what they name "
                "and continue the update or the deletion there; then run this again."
            )

    def _clear(self, name: str, say: Say) -> None:
        """A stack whose creation failed can only be deleted; so it is, where it holds nothing."""
        found = self._described(name)
        if found is None or found["StackStatus"] not in _NEVER_MADE:
            return
        told = self._cloud.get_paginator("list_stack_resources").paginate(
            StackName=found["StackId"]
        )
        rows = [each for page in told for each in page["StackResourceSummaries"]]
        if left := [each["LogicalResourceId"] for each in rows if each["ResourceStatus"] != _GONE]:
            raise StackError(
                f"{self._full(name)} was never whole, and {', '.join(left)} of it still stand. "
                "Remove them by hand if they are empty, then the stack, and deploy again."
            )
        say(f"    {self._full(name)} was never whole and is empty: removed, to be made anew")
        self._remove(found["StackId"], say)

    def _ready(self, id: str, name: str, *, is_new: bool) -> _ChangeSet:  # noqa: A002 - CloudFormation's
        where = {"ChangeSetName": id, "StackName": self._full(name)}
        while True:
            seen = self._cloud.describe_change_set(**where)
            if seen["Status"] == "CREATE_COMPLETE":
                return _ChangeSet(id, is_new, list(self._changes(where, seen)))
            if seen["Status"] == "FAILED":
                why = seen.get("StatusReason", "")
                change_set = _ChangeSet(id, is_new, [], is_empty=True)
                if any(text in why for text in _NOTHING):
                    return change_set
                self._withdraw(name, change_set)
                raise StackError(f"{self._full(name)}: {why}")
            time.sleep(_LOOK_EVERY)

    def _changes(self, where: Mapping[str, str], seen: Any) -> Iterator[Change]:
        """Of all pages; none where only outputs change, which is a change all the same."""
        yield from (_change(each["ResourceChange"]) for each in seen["Changes"])
        while token := seen.get("NextToken"):
            seen = self._cloud.describe_change_set(**where, NextToken=token)
            yield from (_change(each["ResourceChange"]) for each in seen["Changes"])

    def _withdraw(self, name: str, change_set: _ChangeSet) -> None:
        self._cloud.delete_change_set(ChangeSetName=change_set.id, StackName=self._full(name))
        # A stack that only ever had a plan, unless somebody has begun to make it meanwhile.
        if change_set.is_new and self._status(self._full(name)) == "REVIEW_IN_PROGRESS":
            self._cloud.delete_stack(StackName=self._full(name))

    def _carry_out(self, name: str, change_set: _ChangeSet, say: Say) -> None:
        past = self._events(self._full(name))
        # What is new and retained would stand in the way of the next try, if this one fails.
        self._cloud.execute_change_set(
            ChangeSetName=change_set.id, StackName=self._full(name), RetainExceptOnCreate=True
        )
        self._await(self._full(name), past, say)

    def _protect(self, name: str) -> None:
        """Against a deletion in the console, too."""
        self._cloud.update_termination_protection(
            StackName=self._full(name), EnableTerminationProtection=True
        )

    # -- watching

    def _await(
        self,
        stack: str,
        past: Mapping[str, str],
        say: Say,
        meanwhile: Callable[[], object] = lambda: None,
    ) -> None:
        """`past` are events of earlier deployments. Raise StackError with what failed first."""
        faults: list[str] = []
        seen = dict(past)
        while True:
            meanwhile()
            status = self._status(stack)
            events = self._events(stack)
            news = [events[key] for key in reversed(events) if key not in seen and events[key]]
            for fault in news:
                say(f"    {fault}")
            faults += news
            seen |= events
            if not status.endswith("IN_PROGRESS") and seen.keys() != past.keys():
                break
            time.sleep(_LOOK_EVERY)
        if any(word in status for word in _FAILED):
            raise StackError(f"{stack}: {status}. {faults[0] if faults else ''}".strip())

    def _status(self, stack: str) -> str:
        try:
            return str(self._cloud.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"])
        except ClientError as error:
            if "does not exist" in str(error):
                return _GONE
            raise

    def _events(self, stack: str) -> dict[str, str]:
        """The latest events by their ids, newest first: what failed, empty for all others."""
        found = self._cloud.describe_stack_events(StackName=stack)["StackEvents"]
        return {event["EventId"]: _fault(event) for event in found}

    def _described(self, name: str) -> dict[str, Any] | None:
        try:
            (found,) = self._cloud.describe_stacks(StackName=self._full(name))["Stacks"]
        except ClientError as error:
            if "does not exist" in str(error):
                return None
            raise
        gone = found["StackStatus"] in {"REVIEW_IN_PROGRESS", _GONE}
        return None if gone else dict(found)

    def _full(self, name: str) -> str:
        return f"{self._stem}-{name}"


@dataclass(frozen=True)
class _ChangeSet:
    id: str
    is_new: bool
    changes: list[Change]
    is_empty: bool = False  # nothing to be done; without changes it may still be about outputs


def _change(found: Mapping[str, Any]) -> Change:
    replaced = found.get("Replacement") == "True" or any(map(_recreates, found.get("Details", ())))
    return Change(found["Action"], found["LogicalResourceId"], found["ResourceType"], replaced)


def _recreates(detail: Mapping[str, Any]) -> bool:
    """Known now, not only feared because something it refers to changes, too."""
    may = detail.get("Target", {}).get("RequiresRecreation", "Never") != "Never"
    return may and detail.get("Evaluation") == "Static"


def _fault(event: Mapping[str, Any]) -> str:
    if "FAILED" not in event["ResourceStatus"]:
        return ""
    return f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', 'failed')}"


def _loses(name: str, change: Change) -> bool:
    """Retained resources survive, but the deployment would go on without them."""
    return (name == DATA or change.type in _KEEPS) and (
        change.action == "Remove" or change.replaced
    )
