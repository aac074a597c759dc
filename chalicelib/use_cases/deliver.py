"""Send one message of the outbox to its agency: at least once, with the same id every time."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from chalicelib.domain.delivery import Delivery, DeliveryState, Message, next_try, postponed
from chalicelib.domain.dossier import Dossier
from chalicelib.domain.event import stamp
from chalicelib.domain.ids import DeliveryId, FileId
from chalicelib.domain.leg import Leg
from chalicelib.ports import Deps, Endpoint, RaceError, Sent
from chalicelib.use_cases.changing import context
from chalicelib.use_cases.sharing import shared_form, shared_results

DAY: Final = timedelta(days=1)  # the longest an agency may ask us to wait
MOST_BYTES: Final = 20_000  # of a message (API.md, "Webhooks")
WITH_CONTENT: Final = frozenset({Message.LEG_OPENED, Message.SUPPLEMENTED})


def deliver(id: DeliveryId, deps: Deps) -> bool:  # noqa: A002
    """One try, if one is due; True when the agency has taken it.

    Whoever loses the race to note the outcome leaves it to the winner: the message may then have
    been sent twice, under one id. While the agency is paused it waits, which is no try.
    """
    delivery = deps.deliveries.get(id)
    now = deps.clock.now()
    if delivery is None or delivery.state is not DeliveryState.PENDING or delivery.next_at > now:
        return False
    if deps.reference.is_paused(delivery.agency):
        return _note(postponed(delivery, now), delivery, deps, taken=False)
    dossier = deps.records.load(delivery.dossier, context(deps))
    sent = _send(delivery, deps.reference.endpoint(delivery.agency), dossier, deps)
    return _note(_after(delivery, sent, deps), delivery, deps, taken=not sent.error)


def _note(after: Delivery, before: Delivery, deps: Deps, *, taken: bool) -> bool:
    try:
        deps.deliveries.update(after, before.tries)
    except RaceError:
        return False
    return taken


def _send(delivery: Delivery, endpoint: Endpoint | None, dossier: Dossier, deps: Deps) -> Sent:
    if endpoint is None:
        return Sent(error="no endpoint is registered")
    body = _body(message(delivery, dossier, deps))
    return deps.webhooks.send(endpoint.url, delivery.id, endpoint.secrets, body)


def _body(content: Mapping[str, Any]) -> str:
    """Within what agencies take: one that is too long goes without links; `/full` has them."""
    body = json.dumps(content, ensure_ascii=False)
    if len(body.encode()) <= MOST_BYTES:
        return body
    papers = [{**paper, "url": None} for paper in content["data"]["papers"]]
    data = {**content["data"], "papers": papers}
    return json.dumps({**content, "data": data}, ensure_ascii=False)


def _after(delivery: Delivery, sent: Sent, deps: Deps) -> Delivery:
    tries = delivery.tries + 1
    if not sent.error:
        return replace(delivery, tries=tries, state=DeliveryState.DELIVERED, last_error="")
    jitter = int(deps.keys.opaque(delivery.id, str(tries))[:4].encode().hex(), 16) % 100 / 100
    again = None if sent.gone else next_try(tries, deps.clock.now(), jitter)
    if again and sent.retry_after:
        again = max(again, deps.clock.now() + min(timedelta(seconds=sent.retry_after), DAY))
    if again is None:
        return replace(delivery, tries=tries, state=DeliveryState.DEAD, last_error=sent.error)
    return replace(delivery, tries=tries, next_at=again, last_error=sent.error)


def message(delivery: Delivery, dossier: Dossier, deps: Deps) -> Mapping[str, Any]:
    """What the agency reads: of answers, papers and results only what its leg needs."""
    leg = dossier.leg(delivery.leg)
    due = dossier.due(leg)
    content: dict[str, Any] = {
        "dossier_code": dossier.code,
        "procedure_code": dossier.procedure,
        "leg": leg.n,
        "leg_code": leg.code,
        "due_at": stamp(due) if due else None,
        "callback_url": _callback(dossier, leg, deps),
    }
    if delivery.message in WITH_CONTENT and leg.is_open:
        content |= _shared(dossier, leg, deps)
        content["note"] = deps.records.notes(dossier.code).get(delivery.event, "")
    return {
        "type": delivery.message.value,
        "timestamp": stamp(delivery.created_at),
        "data": content,
    }


def _callback(dossier: Dossier, leg: Leg, deps: Deps) -> str:
    name = deps.keys.callback_id(dossier.code, leg.n, leg.holder)
    return f"{deps.public_url}/api/v1/callbacks/{name}"


def _shared(dossier: Dossier, leg: Leg, deps: Deps) -> dict[str, Any]:
    form = shared_form(deps.records.form(dossier.code), dossier, [leg])
    return {
        "answers": form.answers,
        "papers": [
            {"paper_code": paper.paper, "url": deps.files.link(paper.file)} for paper in form.papers
        ],
        "results": [
            {"leg_code": each.code, "url": deps.files.link(FileId(each.result))}
            for each in shared_results(dossier, [leg])
        ],
    }
