"""`status`: is the stage well, and what is in force."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from chalicelib import bootstrap
from chalicelib.adapters import clients
from chalicelib.adapters import table_keys as keys
from chalicelib.adapters.item_codec import to_attributes
from chalicelib.domain.event import moment, stamp
from infra.local.failed_events import FailedEvents
from infra.operate import agencies, audit, callers, copies, reading
from infra.operate.screen import OK, WRONG, Screen, table

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from rich.table import Table

    from infra.operate.target import Target

Json = dict[str, Any]

LATE: Final = 15 * 60  # real seconds; the reconciler comes every five minutes
MOST_EXECUTIONS: Final = 1000  # that one call counts
BEGINS: Final = 5  # real seconds in which a dossier that was just filed gets its execution


@dataclass
class Status:
    """What was found, and what of it is wrong."""

    target: Target
    wrong: list[str] = field(default_factory=list)

    def report(self) -> Json:
        """Everything, as JSON."""
        found = self._found()
        if lacking := _still(_lacking(found["state_machine"], found["open"])):
            self.wrong.append(f"{lacking} open dossiers have no execution: `reconcile --all`")
        return {**found, "wrong": self.wrong}

    def _found(self) -> Json:
        return {
            "stage": self.target.stage,
            "at": stamp(reading.now()),
            "tables": [self._table(name) for name in _tables()],
            "queues": list(self._queues()),
            "state_machine": self._state_machine(),
            "functions": list(self._functions()),
            "callers": list(self._callers()),
            "open": _open(),
            "oldest_wake_up": self._oldest(),
            "export": self._export(),
            "catalogue": _catalogue(),
            "paused": _paused(),
            "operated": _latest(),
        }

    # -- parts

    def _table(self, name: str) -> Json:
        client = clients.dynamodb()
        found = client.describe_table(TableName=name)["Table"]
        if found["TableStatus"] not in {"ACTIVE", "UPDATING"}:
            self.wrong.append(f"table {name} is {found['TableStatus']}")
        stream = found.get("StreamSpecification", {}).get("StreamEnabled", False)
        recovery = _recovery(name)
        if not self.target.home and (not stream or recovery == "DISABLED"):
            self.wrong.append(f"table {name}: stream and point-in-time recovery must be on")
        return {
            "name": name,
            "status": found["TableStatus"],
            "items": found.get("ItemCount", 0),
            "bytes": found.get("TableSizeBytes", 0),
            "stream": stream,
            "recovery": recovery,
        }

    def _queues(self) -> Iterator[Json]:
        client = self.target.client("sqs")
        for what, name in self.target.queues.items():
            url = client.get_queue_url(QueueName=name)["QueueUrl"]
            wanted = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
            found = client.get_queue_attributes(QueueUrl=url, AttributeNames=wanted)["Attributes"]
            yield self._queue(what, name, *(int(found[each]) for each in wanted))
        if self.target.home:
            file = self.target.home.failed_events
            yield self._queue("dead letters", file.name, len(FailedEvents(file).lines()), 0)

    def _queue(self, what: str, name: str, waiting: int, in_work: int) -> Json:
        if what == "dead letters" and waiting + in_work:
            self.wrong.append(f"{waiting + in_work} dead letters: `replay dead-letters` sends them")
        return {"holds": what, "name": name, "waiting": waiting, "in_work": in_work}

    def _state_machine(self) -> Json:
        client, arn = clients.stepfunctions(), bootstrap.settings().state_machine_arn
        found = client.describe_state_machine(stateMachineArn=arn)
        if found["status"] != "ACTIVE":
            self.wrong.append(f"the state machine is {found['status']}")
        return {
            "name": found["name"],
            "status": found["status"],
            "since": _time(found["creationDate"]),
            **_running(),
        }

    def _functions(self) -> Iterator[Json]:
        if self.target.facts:
            for name, pid in self.target.facts["pids"].items():
                yield {"name": name, "state": f"process {pid}"}
            return
        client = self.target.client("lambda")
        for name in self.target.functions():
            try:
                found = client.get_function_configuration(FunctionName=name)
            except ClientError as error:
                self.wrong.append(f"function {name}: {error.response['Error']['Code']}")
                continue
            if found.get("State", "Active") not in {"Active", "Inactive"}:
                self.wrong.append(f"function {name} is {found['State']}")
            yield {
                "name": name,
                "state": found.get("State", "Active"),
                "code": found["CodeSha256"][:12],
                "aliases": _aliases(client, name),
                "since": found["LastModified"],
            }

    def _callers(self) -> Iterator[Json]:
        """The local cloud calls its functions itself."""
        for each in () if self.target.home else callers.callers(self.target):
            if callers.is_off(each):
                self.wrong.append("{called_by} does not call {function}: {state}".format(**each))
            yield each

    def _oldest(self) -> Json | None:
        """What should have been woken first; late by real time, however fast the clock runs."""
        pages = [_of_shard(shard, Limit=1)["Items"] for shard in range(keys.SHARDS)]
        found = [(item["wake_at"]["S"], item["PK"]["S"]) for items in pages for item in items]
        if not found:
            return None
        at, key = min(found)
        late = int((reading.now() - moment(at)).total_seconds() / reading.speed())
        if late > LATE:
            self.wrong.append(f"{key} waits since {at}: `reconcile` does what should have happened")
        return {"key": key, "wake_at": at, "late_seconds": max(late, 0)}

    def _export(self) -> Json:
        found = copies.copy()
        self.wrong += copies.wrong(found)
        return found


def _tables() -> tuple[str, str]:
    given = bootstrap.settings()
    return given.record_table, given.token_table


def _recovery(name: str) -> str:
    try:
        found = clients.dynamodb().describe_continuous_backups(TableName=name)
    except ClientError:  # an emulator without it, or no right to ask
        return "?"
    point_in_time = found["ContinuousBackupsDescription"].get("PointInTimeRecoveryDescription", {})
    return str(point_in_time.get("PointInTimeRecoveryStatus", ""))


def _aliases(client: Any, name: str) -> dict[str, str]:
    """Which version each points at; none where nobody may ask."""
    try:
        found = client.list_aliases(FunctionName=name)["Aliases"]
    except ClientError:
        return {}
    return {each["Name"]: each["FunctionVersion"] for each in found}


def _open() -> Json:
    """Counted on one page of each shard: of a large stage only "at least"."""
    dossiers = messages = 0
    more = False
    for shard in range(keys.SHARDS):
        page = _of_shard(
            shard,
            Select="COUNT",
            FilterExpression="begins_with(PK, :dossiers)",
            values={":dossiers": "D#"},
        )
        dossiers += page["Count"]
        messages += page["ScannedCount"] - page["Count"]
        more |= "LastEvaluatedKey" in page
    return {"dossiers": dossiers, "messages": messages, "more": more}


def _running() -> Json:
    """Executions; of a large stage as many as one call counts."""
    found = clients.stepfunctions().list_executions(
        stateMachineArn=bootstrap.settings().state_machine_arn,
        statusFilter="RUNNING",
        maxResults=MOST_EXECUTIONS,
    )
    return {"running": len(found["executions"]), "running_more": "nextToken" in found}


def _lacking(machine: Json, opened: Json) -> int:
    """How many open dossiers nothing leads; none where not all were counted."""
    if machine["running_more"] or opened["more"]:
        return 0
    return max(int(opened["dossiers"]) - int(machine["running"]), 0)


def _still(lacking: int) -> int:
    """Of these, after a moment: one may just have been filed, another may just have ended."""
    if lacking:
        time.sleep(BEGINS)
        lacking = min(lacking, _lacking(_running(), _open()))
    return lacking


def _of_shard(shard: int, values: Json | None = None, **more: Any) -> Any:
    return clients.dynamodb().query(
        TableName=bootstrap.settings().record_table,
        IndexName="open",
        KeyConditionExpression="#open = :open",
        ExpressionAttributeNames={"#open": "open"},
        ExpressionAttributeValues=to_attributes({":open": keys.shard(shard), **(values or {})}),
        **more,
    )


def _catalogue() -> list[Json]:
    lines = sorted(bootstrap.reference().procedures(), key=lambda line: line.code)
    return [{"code": each.code, "version": each.version, "name": each.name.vi} for each in lines]


def _paused() -> list[Json]:
    """Agencies whose messages wait."""
    return [{"agency": code, **why} for code, why in sorted(agencies.pauses().items())]


def _latest() -> list[Json]:
    """What operators did last, this month."""
    return audit.lines(audit.this_month())[-3:]


def _time(at: Any) -> str:
    return at.isoformat(timespec="seconds") if hasattr(at, "isoformat") else str(at)


# -- the command


def run(_given: argparse.Namespace, target: Target, screen: Screen) -> int:
    """0 all well, 1 something is wrong."""
    status = Status(target)
    report = status.report()
    screen.result(report, *_shown(report))
    return WRONG if status.wrong else OK


def _shown(report: Json) -> Iterator[Table | str]:
    machine, opened, oldest = report["state_machine"], report["open"], report["oldest_wake_up"]
    yield f"\n{report['stage']}, {report['at']}\n"
    yield _listed("Bảng · Tables", report["tables"])
    yield _listed("Hàng đợi · Queues", report["queues"])
    yield _listed("Hàm · Functions", report["functions"])
    if report["callers"]:
        yield _listed("Được gọi bởi · Called by", report["callers"])
    yield _listed("Thủ tục đang áp dụng · Catalogue in force", report["catalogue"])
    if report["paused"]:
        yield _listed("Cơ quan tạm ngừng nhận · Agencies paused", report["paused"])
    if report["operated"]:
        yield _listed("Thao tác gần đây · Latest by operators", report["operated"])
    plus = "+" if machine["running_more"] else ""
    yield f"{machine['name']}: {machine['status']}, {machine['running']}{plus} executions run"
    least = "at least " if opened["more"] else ""
    yield f"open: {least}{opened['dossiers']} dossiers, {least}{opened['messages']} messages"
    yield copies.shown(report["export"])
    if oldest:
        late = f"{oldest['late_seconds']} s late" if oldest["late_seconds"] else "in time"
        yield f"next wake-up: {oldest['key']} at {oldest['wake_at']}, {late}"
    for line in report["wrong"] or ["nothing is wrong"]:
        yield f"  {'✗' if report['wrong'] else '✓'} {line}"


def _listed(title: str, rows: list[Json]) -> Table:
    return table(title, list(rows[0]) if rows else [], [list(row.values()) for row in rows])
