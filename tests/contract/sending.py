"""From a generated case to a request, in part made good; and its answer."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import requests
from hypothesis import note
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode, Response

from chalicelib.adapters import clients
from infra.local.wire import Request
from tests.contract.callers import CALLERS, CODES, GOOD, QUERIES, SEEN, Good
from tests.entrypoints.served import Snapshot
from tests.entrypoints.town import Filed, Town

HOST = "http://motcua.test"


@dataclass(frozen=True)
class Plan:
    """What was drawn: who calls, after what, and which parts of the case are made good."""

    case: Case[Any]
    caller: str
    good: Good
    path: bool  # of a dossier, a leg or a procedure that exists
    key: bool  # a well-formed Idempotency-Key, a right signature, a right secret
    body: bool  # the good one, `kept` of the generated fields laid over it
    kept: frozenset[str]

    @property
    def account(self) -> str:
        """The one of the scene, where it has the caller's role."""
        return self.good.account if self.good.caller == self.caller else CALLERS[self.caller]


def goods(name: str, caller: str) -> Sequence[Good]:
    """Those that this caller may make; others' where there are none."""
    known = GOOD.get(name) or [Good(story, caller, CALLERS[caller], _no_body) for story in SEEN]
    return [good for good in known if good.caller == caller] or known


def _no_body(_town: Town, _filed: Filed) -> dict[str, Any]:
    return {}


@st.composite
def plans(draw: st.DrawFn, operation: Any, caller: str) -> Plan:
    """Mostly well-formed, often good throughout."""
    mode = draw(st.sampled_from([GenerationMode.POSITIVE] * 3 + [GenerationMode.NEGATIVE]))
    if not _can_be_wrong(operation):
        mode = GenerationMode.POSITIVE
    case = draw(operation.as_strategy(generation_mode=mode))
    names = sorted(case.body) if isinstance(case.body, dict) else sorted(case.query or {})
    kept = st.frozensets(st.sampled_from(names), max_size=1) if names else st.just(frozenset())
    return Plan(
        case=case,
        caller=caller,
        good=draw(st.sampled_from(goods(operation.definition.raw["operationId"], caller))),
        path=draw(_mostly),
        key=draw(_mostly),
        body=draw(_mostly),
        kept=draw(kept),
    )


_mostly = st.sampled_from([True, True, True, False])


def _can_be_wrong(operation: Any) -> bool:
    parts = (operation.path_parameters, operation.query, operation.headers)
    return bool(operation.body) or any(part and len(part) for part in parts)


@dataclass(frozen=True)
class Sent:
    """The answer, and what was put into the tables meanwhile."""

    response: Response
    written: list[str]


class Stage:
    """A town that is set up for a good request once, and then as often as it is asked for."""

    def __init__(self) -> None:
        self.town = Town()
        self._set: dict[Good, tuple[Filed, dict[str, Any], Snapshot]] = {}

    def set(self, good: Good) -> tuple[Filed, dict[str, Any]]:
        """The dossier, and the body; files that it names are in the store."""
        if good not in self._set:
            filed = self.town.at(good.story)
            body = good.body(self.town, filed)
            self._set[good] = (filed, body, Snapshot())
        filed, body, snapshot = self._set[good]
        snapshot.restore()
        return filed, body


def send(plan: Plan, stage: Stage) -> Sent:
    """Make the request and call; other cases leave nothing behind."""
    town, (filed, body) = stage.town, stage.set(plan.good)
    _graft(plan, town, filed, body)
    prepared = requests.Request(**plan.case.as_transport_kwargs(base_url=HOST)).prepare()
    headers = {str(name).lower(): _text(value) for name, value in prepared.headers.items()}
    raw = prepared.body or b""
    raw = raw if isinstance(raw, bytes) else str(raw).encode("utf-8", "surrogatepass")
    headers |= _who(plan, town, filed, raw)
    url = urlsplit(str(prepared.url))
    target = url.path + (f"?{url.query}" if url.query else "")
    asked = Request(str(prepared.method), target, list(headers.items()), raw)
    with watched(clients.dynamodb()) as written:
        reply = town.client.gateway.answer(asked)
    note(f"{plan.caller}: {asked.method} {target} {raw!r} -> {reply.status} {reply.body!r}")
    answered: dict[str, list[str]] = {}
    for name, value in reply.headers:
        answered.setdefault(name.lower(), []).append(value)
    response = Response(reply.status, answered, reply.body, prepared, 0.0, verify=False)
    return Sent(response, written)


@contextmanager
def watched(client: Any) -> Iterator[list[str]]:
    """Names of the calls that stored something.

    Single updates are left out: serials, wrong tries, and that a file has arrived.
    """
    found: list[str] = []
    storing = {"PutItem", "DeleteItem", "TransactWriteItems", "BatchWriteItem"}

    def see(http_response: Any, model: Any, **_more: Any) -> None:
        if model.name in storing and http_response.status_code < HTTPStatus.BAD_REQUEST:
            found.append(model.name)

    client.meta.events.register("after-call.dynamodb", see)
    try:
        yield found
    finally:
        client.meta.events.unregister("after-call.dynamodb", see)


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("latin-1")


def _graft(plan: Plan, town: Town, filed: Filed, body: dict[str, Any]) -> None:
    """Ids that exist, so that the code behind the checks is reached."""
    case, name = plan.case, plan.case.operation.definition.raw["operationId"]
    if plan.path and case.path_parameters:
        case.path_parameters = {**case.path_parameters, **_ids(name, plan, town, filed)}
    if plan.body and name in QUERIES:
        case.query = {**QUERIES[name], **_kept(plan, case.query)}
    if plan.body and name in GOOD:
        case.body = {**body, **_kept(plan, case.body)}


def _kept(plan: Plan, drawn: object) -> dict[str, Any]:
    return {key: drawn[key] for key in plan.kept if key in drawn} if isinstance(drawn, dict) else {}


def _ids(name: str, plan: Plan, town: Town, filed: Filed) -> Mapping[str, Any]:
    if name in CODES:
        return CODES[name]
    if "callback_id" in plan.case.path_parameters:
        return {"callback_id": town.callback(filed).removeprefix("/callbacks/")}
    return {"code": filed.code}


def _who(plan: Plan, town: Town, filed: Filed, raw: bytes) -> dict[str, str]:
    """Sign-in, key, secret and signature; what is not made good stays as it was generated."""
    found: dict[str, str] = {}
    if plan.account:
        found["authorization"] = f"Bearer {town.client.token(plan.account)}"
    if plan.key:
        found |= {name.lower(): value for name, value in town.key().items()}
    if plan.key and plan.caller == "anonymous":
        found["x-dossier-secret"] = filed.secret
    if plan.key and plan.caller == "agency":
        found |= town.signed(raw)
    return found
