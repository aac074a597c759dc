"""Agencies answer for their legs: signed by Standard Webhooks 1.0, never signed in (R5, R26)."""

import hashlib
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints
from standardwebhooks import Webhook, WebhookVerificationError

from chalicelib.bootstrap import deps
from chalicelib.domain.actor import Actor, ActorKind
from chalicelib.domain.ids import AgencyCode
from chalicelib.domain.interagency import Answer, Outcome
from chalicelib.entrypoints.api.uploads import PromisedAnswer, UploadBody, promise
from chalicelib.entrypoints.api.wire import Dong, FileIdText, Note, Subject
from chalicelib.entrypoints.http.auth import SIGNATURE_HEADERS, unauthenticated, webhook
from chalicelib.entrypoints.http.route import Request, Wire
from chalicelib.entrypoints.http.router import Routes
from chalicelib.ports import CallbackTarget
from chalicelib.use_cases.answer_callback import Callback, Receipt, answer_callback

callbacks = Routes("callbacks")

CallbackId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{8,200}\.[A-Za-z0-9_-]{22}$")]
CALLBACK = {"callback_id": CallbackId}


class CallbackBody(Wire):
    """What became of the leg; `items` are the subjects at fault, `result` an uploaded file."""

    outcome: Outcome
    note: Note = ""
    items: Annotated[list[Subject], Field(max_length=100)] = []
    amount: Annotated[Dong, Field(description="What the citizen owes, in đồng.")] = 0
    result: FileIdText | Literal[""] = ""


class ReceiptAnswer(Wire):
    """`filed` means that the leg was over: it was kept and changed nothing."""

    receipt: Receipt


@callbacks.post(
    "/callbacks/{callback_id}",
    auth=webhook(),
    types=CALLBACK,
    body=CallbackBody,
    answer=ReceiptAnswer,
    errors=(409,),
)
def answer_for_leg(request: Request[CallbackBody]) -> ReceiptAnswer:
    """An agency's answer for the leg it was asked about."""
    target, body = _verified(request), request.body
    given = Answer(body.outcome, body.note, tuple(body.items), body.amount, body.result)
    command = Callback(
        target,
        message_id=request.headers["webhook-id"],
        timestamp=request.headers["webhook-timestamp"],
        body=hashlib.sha256(request.raw).hexdigest(),
        answer=given,
    )
    return ReceiptAnswer(receipt=answer_callback(command, deps()))


@callbacks.post(
    "/callbacks/{callback_id}/uploads",
    auth=webhook(),
    types=CALLBACK,
    body=UploadBody,
    answer=PromisedAnswer,
    status=201,
)
def upload_for_leg(request: Request[UploadBody]) -> PromisedAnswer:
    """A place for the file of an agency's result."""
    agency = _verified(request).agency
    return promise(request.body, Actor(ActorKind.AGENCY, agency, agency))


def _verified(request: Request[Any]) -> CallbackTarget:
    """Raise NotFoundError for an id that was not made here, RefusedError for a bad signature."""
    target = deps().keys.callback_of(request.path["callback_id"])
    if not any(_is_signed(request, secret) for secret in _secrets(target.agency)):
        raise unauthenticated("callback.signature_invalid")
    return target


def _secrets(agency: AgencyCode) -> tuple[str, ...]:
    endpoint = deps().reference.endpoint(agency)
    return endpoint.secrets if endpoint else ()


def _is_signed(request: Request[Any], secret: str) -> bool:
    """In real time: a signature older than five minutes is none."""
    headers = {name: request.headers[name] for name in SIGNATURE_HEADERS}
    try:
        Webhook(secret).verify(request.raw, headers)
    except (WebhookVerificationError, ValueError):  # the second: what is no base64 at all
        return False
    return True
