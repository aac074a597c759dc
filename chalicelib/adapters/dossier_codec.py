"""The dossier and its legs to and from stored items.

A case is written by every decision, and at most 1,024 bytes is one write unit; so its attributes
have short names, the settlement leg is a map in it, and what follows from something else is left
out: the desk where the code begins with it, the settlement's place, its start at acceptance.

    CASE  proc ver desk chan owner by filed_at status stage step seq rev ev head gen gen_seq gen_at
          wake_at accepted_at number promise appts task outcome conds fee dues paid
          keys settle
          open, wake_at: index `open` while not closed
          queue, due, row: index `worklist` while there is a task
    LEG   kind code step holder budget spent since epoch opened_at state … (see `_leg_data`)
          queue, due, row: index `worklist` while open and not the citizen's
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from chalicelib.adapters import table_keys as keys
from chalicelib.adapters.item_codec import Item, filled, to_item
from chalicelib.adapters.schema import Data
from chalicelib.domain.clock import Clock
from chalicelib.domain.control_slip import is_early
from chalicelib.domain.dossier import Context, Dossier
from chalicelib.domain.event import moment, stamp
from chalicelib.domain.ids import AgencyCode, DossierCode, OfficerId, PersonRef, ProcedureCode
from chalicelib.domain.leg import SETTLEMENT_LEG, Leg
from chalicelib.domain.terms import Channel, LegKind, LegState, ResultKind, Stage, Status


def _stamp(at: datetime | None) -> str | None:
    return stamp(at) if at else None


def _moment(text: str | None) -> datetime | None:
    return moment(text) if text else None


# -- the case


def case_to_item(dossier: Dossier) -> Item:
    """Without legs and events, which are items of their own."""
    data = {**_case_data(dossier), **_open_index(dossier)}
    if dossier.task:
        data |= _task_row(dossier)
    return to_item(keys.case(dossier.code), data)


def _case_data(dossier: Dossier) -> Data:
    return {
        "proc": dossier.procedure,
        "ver": dossier.version,
        "desk": None if dossier.desk == _desk_of(dossier.code) else dossier.desk,
        "chan": dossier.channel.value,
        "owner": dossier.owner,
        "by": dossier.submitter,
        "filed_at": stamp(dossier.submitted_at),
        "status": dossier.status.value,
        "stage": dossier.stage.value,
        "step": dossier.step,
        "seq": dossier.seq,
        "rev": dossier.rev,
        "ev": dossier.ev,
        "head": dossier.head,
        "gen": dossier.generation,
        "gen_seq": dossier.generation_seq,
        "gen_at": _stamp(dossier.generation_at),
        "wake_at": _stamp(dossier.wake_at),
        "accepted_at": _stamp(dossier.accepted_at),
        "number": dossier.number or None,
        "promise": dossier.promise,
        "appts": dossier.appointments or None,
        "task": dossier.task,
        "outcome": dossier.result_kind.value if dossier.result_kind else None,
        "conds": list(dossier.conditions),
        "fee": dossier.fee,
        "dues": dossier.dues or None,
        "paid": dossier.paid or None,
        "keys": list(dossier.keys),
        "settle": _settlement_data(dossier),
    }


def _desk_of(code: DossierCode) -> str:
    """`<desk>-<day>-<serial>`, as codes are made today."""
    return code.rsplit("-", 2)[0]


def _open_index(dossier: Dossier) -> Data:
    return {} if dossier.is_closed else {"open": keys.shard_of(dossier.code)}


def _task_row(dossier: Dossier) -> Data:
    row = {"procedure": dossier.procedure, "status": dossier.status.value, "kind": dossier.task}
    return {
        "queue": keys.task_queue(dossier.desk),
        "due": keys.due(dossier.due_at, dossier.code),
        "row": row,
    }


def _settlement_data(dossier: Dossier) -> Data:
    leg = dossier.settlement
    if leg is None:
        return {}
    data = _clock_data(leg)
    if leg.opened_at == dossier.accepted_at:
        del data["opened_at"]
    return filled(data)


# -- legs


def leg_to_item(dossier: Dossier, leg: Leg) -> Item:
    """One hop, with its row of the work-list."""
    data = {**_leg_data(leg), **_clock_data(leg)}
    if leg.is_open and not leg.is_citizens:
        data |= _work_row(dossier, leg)
    return to_item(keys.leg(dossier.code, leg.n), data)


def _leg_data(leg: Leg) -> Data:
    return {
        "kind": leg.kind.value,
        "code": None if leg.code == leg.kind.value else leg.code,
        "step": leg.step,
        "holder": leg.holder,
        "optional": None if leg.required else True,
        "giver": leg.giver,
        "waits": leg.waits,
        "assignee": leg.assignee,
        "received_at": _stamp(leg.received_at),
        "received_by": leg.received_by,
        "shares": list(leg.shares),
        "asked": list(leg.asked),
        "extended": leg.extended or None,
        "result": leg.result,
    }


def _clock_data(leg: Leg) -> Data:
    """What a hop and the settlement have in common."""
    return {
        "budget": leg.clock.budget,
        "spent": leg.clock.consumed or None,
        "since": _stamp(leg.clock.since),
        "epoch": leg.clock.epoch or None,
        "opened_at": stamp(leg.opened_at),
        "state": None if leg.is_running else leg.state.value,
        "closed_at": _stamp(leg.closed_at),
        "outcome": leg.outcome,
        "claimed": list(leg.claimed),
        "told": list(leg.told),
    }


def _work_row(dossier: Dossier, leg: Leg) -> Data:
    row = {
        "procedure": dossier.procedure,
        "status": dossier.status.value,
        "stage": dossier.stage.value,
        "state": leg.state.value,
        "kind": leg.kind.value,
        "code": leg.code,
        "assignee": leg.assignee,
        "opened_at": stamp(leg.opened_at),
        "early": True if leg.kind is LegKind.RETURN and is_early(dossier) else None,
    }
    return {
        "queue": keys.work_queue(leg.holder),
        "due": keys.due(dossier.due(leg), dossier.code, leg.n),
        "row": filled(row),
    }


# -- reading


def dossier_from_data(case: Data, legs: Iterable[Data], ctx: Context) -> Dossier:
    """`legs` in the order of their numbers."""
    code = keys.code_of(case["PK"])
    desk = AgencyCode(case.get("desk") or _desk_of(code))
    return Dossier(
        ctx=ctx,
        code=code,
        desk=desk,
        **_pinned(case),
        **_progress(case),
        **_counters(case),
        legs=[_leg_from_data(leg) for leg in legs],
        settlement=_settlement_from_data(case, desk),
    )


def procedure_of(case: Data) -> tuple[ProcedureCode, int]:
    """Which version the case has pinned: what its context is made from."""
    return ProcedureCode(case["proc"]), int(case["ver"])


def _pinned(case: Data) -> Data:
    procedure, version = procedure_of(case)
    return {
        "procedure": procedure,
        "version": version,
        "channel": Channel(case["chan"]),
        "owner": PersonRef(case["owner"]),
        "submitter": PersonRef(case["by"]),
        "submitted_at": moment(case["filed_at"]),
        "keys": tuple(case.get("keys", ())),
    }


def _progress(case: Data) -> Data:
    return {
        "status": Status(case["status"]),
        "stage": Stage(case["stage"]),
        "generation_at": _moment(case.get("gen_at")),
        "wake_at": _moment(case.get("wake_at")),
        "accepted_at": _moment(case.get("accepted_at")),
        "number": int(case.get("number", 0)),
        "promise": int(case["promise"]) if "promise" in case else None,
        "task": case.get("task", ""),
        "result_kind": ResultKind(case["outcome"]) if "outcome" in case else None,
        "head": case["head"],
        "conditions": tuple(case.get("conds", ())),
        "fee": int(case["fee"]) if "fee" in case else None,
    }


def _counters(case: Data) -> Data:
    return {
        "step": int(case["step"]),
        "seq": int(case["seq"]),
        "rev": int(case["rev"]),
        "ev": int(case["ev"]),
        "generation": int(case["gen"]),
        "generation_seq": int(case["gen_seq"]),
        "appointments": int(case.get("appts", 0)),
        "dues": int(case.get("dues", 0)),
        "paid": int(case.get("paid", 0)),
    }


def _leg_from_data(data: Data) -> Leg:
    return Leg(
        n=keys.number_of(data["SK"]),
        kind=LegKind(data["kind"]),
        code=str(data.get("code", data["kind"])),
        step=int(data["step"]),
        holder=AgencyCode(data["holder"]),
        required=not data.get("optional", False),
        giver=AgencyCode(data["giver"]) if "giver" in data else None,
        waits=int(data["waits"]) if "waits" in data else None,
        assignee=OfficerId(data["assignee"]) if "assignee" in data else None,
        received_at=_moment(data.get("received_at")),
        received_by=data.get("received_by", ""),
        shares=tuple(data.get("shares", ())),
        asked=tuple(data.get("asked", ())),
        extended=data.get("extended", False),
        result=data.get("result", ""),
        **_clock_from_data(data, moment(data["opened_at"])),
    )


def _settlement_from_data(case: Data, desk: AgencyCode) -> Leg | None:
    data = case.get("settle")
    if data is None:
        return None
    return Leg(
        n=SETTLEMENT_LEG,
        kind=LegKind.SETTLEMENT,
        code=LegKind.SETTLEMENT.value,
        step=-1,
        holder=desk,
        **_clock_from_data(data, moment(data.get("opened_at") or case["accepted_at"])),
    )


def _clock_from_data(data: Mapping[str, Any], opened_at: datetime) -> Data:
    return {
        "clock": Clock(
            int(data["budget"]),
            int(data.get("spent", 0)),
            _moment(data.get("since")),
            int(data.get("epoch", 0)),
        ),
        "opened_at": opened_at,
        "state": LegState(data.get("state", LegState.RUNNING)),
        "closed_at": _moment(data.get("closed_at")),
        "outcome": data.get("outcome", ""),
        "claimed": tuple(data.get("claimed", ())),
        "told": tuple(OfficerId(officer) for officer in data.get("told", ())),
    }
