"""`show`: everything about one dossier that helps to see why it stands where it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from chalicelib import bootstrap
from chalicelib.adapters import clients
from chalicelib.domain.control_slip import control_slip
from chalicelib.domain.event import stamp
from chalicelib.domain.ids import DossierCode
from infra.operate import reading
from infra.operate.audit import audited
from infra.operate.find import summary
from infra.operate.proof import chain_faults
from infra.operate.screen import OK, WRONG, Screen, table

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from rich.table import Table

    from chalicelib.domain.dossier import Dossier
    from chalicelib.domain.event import Event
    from infra.operate.target import Target

Json = dict[str, Any]

_GONE: Final = frozenset({"ExecutionDoesNotExist"})


def run(given: argparse.Namespace, target: Target, screen: Screen) -> int:
    """0 shown, 1 when something about it is wrong. Raise NotFoundError."""
    code = DossierCode(given.code.strip().upper())
    dossier = reading.dossier(code)
    events = bootstrap.records().events(code)
    execution = _execution(dossier)
    data: Json = {
        "dossier": summary(dossier),
        "events": [_event(each) for each in events],
        "legs": _legs(dossier),
        "messages": _messages(dossier, events),
        "execution": execution,
        "token": _token(dossier),
    }
    data["wrong"] = chain_faults(dossier, events) + _stuck(dossier, data)
    if given.execution:
        data["history"] = list(_history(dossier))
    if given.personal:
        data["personal"] = _personal(code, target, screen)
    screen.result(data, *_shown(data))
    return WRONG if data["wrong"] else OK


# -- the parts


def _event(event: Event) -> Json:
    """Without the reference of a citizen: who knows the key could find the person by it."""
    actor = event.actor if not event.actor.startswith("citizen:") else "citizen"
    return {
        "ev": event.ev,
        "at": stamp(event.at),
        "type": event.type.value,
        "actor": actor,
        "leg": event.leg,
        "status": event.status.value,
        "stage": event.stage.value,
        "holders": sorted({holder for _, holder in event.holders}),
        "data": dict(event.data),
    }


def _legs(dossier: Dossier) -> list[Json]:
    return [
        {
            "leg": hop.leg,
            "kind": hop.kind.value,
            "code": hop.code,
            "holder": hop.receiver,
            "state": hop.state.value,
            "handed_over_at": stamp(hop.handed_over_at),
            "received_at": _stamp(hop.received_at),
            "due_at": _stamp(hop.due_at),
            "closed_at": _stamp(hop.closed_at),
            "hours": f"{hop.consumed / 3600:.1f}/{hop.budget / 3600:.1f}",
            "outcome": hop.outcome,
        }
        for hop in control_slip(dossier)
    ]


def _messages(dossier: Dossier, events: Sequence[Event]) -> list[Json]:
    return [
        {
            "id": each.id,
            "agency": each.agency,
            "message": each.message.value,
            "state": each.state.value,
            "tries": each.tries,
            "next_at": stamp(each.next_at) if each.state.value == "pending" else None,
            "error": each.last_error,
        }
        for each in reading.messages(dossier, list(events))
    ]


def _execution(dossier: Dossier) -> Json:
    name = f"{dossier.code}.g{dossier.generation}"
    try:
        found = clients.stepfunctions().describe_execution(executionArn=_arn(dossier))
    except ClientError as error:
        if error.response["Error"]["Code"] not in _GONE:
            raise
        return {"name": name, "status": "GONE", "since": None}
    return {"name": name, "status": found["status"], "since": found["startDate"].isoformat()}


def _arn(dossier: Dossier) -> str:
    machine = bootstrap.settings().state_machine_arn.replace(":stateMachine:", ":execution:")
    return f"{machine}:{dossier.code}.g{dossier.generation}"


def _token(dossier: Dossier) -> Json | None:
    """What the execution waits on; the token itself lets anybody move it, so it is not shown."""
    token = bootstrap.tokens().get(dossier.code)
    if token is None:
        return None
    behind = dossier.seq - token.seq
    return {"seq": token.seq, "generation": token.generation, "behind": behind}


def _stuck(dossier: Dossier, data: Json) -> list[str]:
    if dossier.is_closed:
        return []
    found = []
    if data["execution"]["status"] != "RUNNING":
        found.append(f"its execution is {data['execution']['status']}: `redrive {dossier.code}`")
    elif data["token"] is None or data["token"]["behind"] > 0:
        found.append(f"its execution has not followed the record yet: `redrive {dossier.code}`")
    dead = [each["id"] for each in data["messages"] if each["state"] == "dead"]
    if dead:
        found.append(f"{len(dead)} messages were given up: `replay messages {dossier.code}`")
    return found


def _history(dossier: Dossier) -> Iterator[Json]:
    """States and times only; AWS keeps it for 90 days."""
    pages = clients.stepfunctions().get_paginator("get_execution_history")
    for page in pages.paginate(executionArn=_arn(dossier)):
        for event in page["events"]:
            details: Json = next((v for k, v in event.items() if k.endswith("Details")), {})
            yield {
                "id": event["id"],
                "at": event["timestamp"].isoformat(),
                "type": event["type"],
                "name": details.get("name", ""),
                "error": details.get("error", ""),
            }


def _personal(code: DossierCode, target: Target, screen: Screen) -> Json:
    """Who filed what, in their own words; that it was looked at is on the operators' log."""
    screen.aside("! PERSONAL DATA of the applicant follows; that you read it is on the log.")
    with audited(target, "show --personal", dossier=code):
        form = bootstrap.records().form(code)
        notes = bootstrap.records().notes(code)
    return {
        "owner": form.owner,
        "submitter": form.submitter,
        "answers": form.answers,
        "notes": {str(ev): text for ev, text in notes.items()},
    }


def _stamp(at: datetime | None) -> str | None:
    return stamp(at) if at else None


# -- for people


def _shown(data: Json) -> Iterator[Table | str]:
    yield _facts("Hồ sơ · Dossier", data["dossier"])
    yield _rows("Diễn biến · Timeline", data["events"])
    yield _rows("Chặng · Legs", data["legs"])
    if data["messages"]:
        yield _rows("Thông báo gửi cơ quan · Messages to agencies", data["messages"])
    yield _facts("Lượt chạy · Execution", {**data["execution"], **_waits(data["token"])})
    if "history" in data:
        yield _rows("Lịch sử lượt chạy · Its history", data["history"])
    if "personal" in data:
        yield _facts("Dữ liệu cá nhân · Personal data", data["personal"])
    yield from (f"  ✗ {line}" for line in data["wrong"])


def _waits(token: Json | None) -> Json:
    if token is None:
        return {"waits": "nowhere: no token"}
    behind = f", {token['behind']} behind the record" if token["behind"] > 0 else ""
    return {"waits": f"seq {token['seq']} of generation {token['generation']}{behind}"}


def _rows(title: str, rows: list[Json]) -> Table:
    return table(title, list(rows[0]) if rows else [], [[*row.values()] for row in rows])


def _facts(title: str, facts: Json) -> Table:
    return table(title, ["", ""], [[name, value] for name, value in facts.items()])
