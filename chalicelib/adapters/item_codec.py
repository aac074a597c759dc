"""Domain objects to and from stored items; dossiers and legs have a module of their own.

An item holds `v`, the number of its schema, its keys, and what is not empty: an attribute that is
not there means the domain's default. Times are `stamp`s. Event data and forms are JSON text, so
that what was hashed reads back exactly.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from chalicelib.adapters import schema
from chalicelib.adapters import table_keys as keys
from chalicelib.adapters.schema import Data
from chalicelib.domain.delivery import Delivery, DeliveryState, Message
from chalicelib.domain.event import Event, moment, stamp
from chalicelib.domain.ids import AgencyCode, DeliveryId, DossierCode, FileId
from chalicelib.domain.terms import EventType, Stage, Status
from chalicelib.ports import Form, PaperHandedIn, Upload

Item = dict[str, dict[str, Any]]  # attribute name -> {"S": …}

_write: Any = TypeSerializer().serialize
_read: Any = TypeDeserializer().deserialize


def to_attributes(data: Mapping[str, Any]) -> Item:
    """Every value in DynamoDB's notation."""
    return {name: _write(value) for name, value in data.items()}


def to_item(key: Mapping[str, str], data: Mapping[str, Any]) -> Item:
    """An item of the schema that is written, without its empty attributes."""
    return to_attributes({**key, "v": schema.WRITTEN, **filled(data)})


def filled(data: Mapping[str, Any]) -> Data:
    """What is not empty; 0 and False count as something."""
    return {name: value for name, value in data.items() if value not in (None, "", (), [], {})}


def from_item(item: Mapping[str, Any]) -> Data:
    """Plain values in the present schema; numbers are Decimal. Raise NewerSchemaError."""
    return schema.present({name: _read(value) for name, value in item.items()})


def to_json(value: Any) -> str:
    """Short JSON, as text that people can read."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


# -- events


def event_to_item(event: Event) -> Item:
    """`data` as JSON: null, numbers and order must come back as they were hashed."""
    return to_item(
        keys.event(event.dossier, event.ev),
        {
            "type": event.type.value,
            "at": stamp(event.at),
            "actor": event.actor,
            "leg": event.leg,
            "status": event.status.value,
            "stage": event.stage.value,
            "holders": [list(holder) for holder in event.holders],
            "data": to_json(dict(event.data)) if event.data else None,
            "prev": event.prev,
            "idempotency": event.idempotency,
        },
    )


def event_from_data(data: Mapping[str, Any]) -> Event:
    """The inverse: its digest is the one it was stored with."""
    return Event(
        dossier=keys.code_of(data["PK"]),
        ev=keys.number_of(data["SK"]),
        type=EventType(data["type"]),
        at=moment(data["at"]),
        actor=data["actor"],
        leg=int(data["leg"]) if "leg" in data else None,
        status=Status(data["status"]),
        stage=Stage(data["stage"]),
        holders=tuple((int(leg), holder) for leg, holder in data.get("holders", ())),
        data=json.loads(data.get("data", "{}")),
        prev=data["prev"],
        idempotency=data.get("idempotency", ""),
    )


def note_to_item(code: DossierCode, ev: int, text: str) -> Item:
    """A person's own words, apart from the event, so that they can be erased by law."""
    return to_item(keys.note(code, ev), {"text": text})


# -- deliveries


def delivery_to_item(delivery: Delivery) -> Item:
    """In the open index while it is pending; `tries` is always there, for the condition on it."""
    pending = delivery.state is DeliveryState.PENDING
    return to_item(
        keys.delivery(delivery.id),
        {
            "dossier": delivery.dossier,
            "leg": delivery.leg,
            "agency": delivery.agency,
            "message": delivery.message.value,
            "created_at": stamp(delivery.created_at),
            "next_at": stamp(delivery.next_at),
            "tries": delivery.tries,
            "state": delivery.state.value,
            "error": delivery.last_error,
            "open": keys.shard_of(delivery.id) if pending else None,
            "wake_at": stamp(delivery.next_at) if pending else None,
        },
    )


def delivery_from_data(data: Mapping[str, Any]) -> Delivery:
    """The inverse."""
    return Delivery(
        id=DeliveryId(data["PK"].removeprefix("DEL#")),
        dossier=DossierCode(data["dossier"]),
        leg=int(data["leg"]),
        agency=AgencyCode(data["agency"]),
        message=Message(data["message"]),
        created_at=moment(data["created_at"]),
        next_at=moment(data["next_at"]),
        tries=int(data["tries"]),
        state=DeliveryState(data["state"]),
        last_error=data.get("error", ""),
    )


# -- files


def upload_to_item(upload: Upload) -> Item:
    """`present` and `dossier` come later, each by an update of its own."""
    return to_item(
        keys.file(upload.file),
        {
            "name": upload.name,
            "type": upload.type,
            "size": upload.size,
            "sha256": upload.sha256,
            "uploader": upload.uploader,
            "present": upload.present or None,
            "dossier": upload.dossier,
        },
    )


def upload_from_data(data: Mapping[str, Any]) -> Upload:
    """The inverse."""
    return Upload(
        file=FileId(data["PK"].removeprefix("F#")),
        name=data.get("name", ""),
        type=data["type"],
        size=int(data["size"]),
        sha256=data["sha256"],
        uploader=data["uploader"],
        present=data.get("present", False),
        dossier=data.get("dossier", ""),
    )


# -- forms


def form_to_json(form: Form) -> str:
    """Everything but the number, which is in the key."""
    return to_json(
        {
            "submitter": form.submitter,
            "owner": form.owner,
            "answers": form.answers,
            "papers": [[paper.paper, paper.file] for paper in form.papers],
        }
    )


def form_from_json(number: int, text: str) -> Form:
    """The inverse."""
    data = json.loads(text)
    return Form(number, data["submitter"], data["owner"], data["answers"], _papers(data["papers"]))


def _papers(pairs: Iterable[tuple[str, str]]) -> tuple[PaperHandedIn, ...]:
    return tuple(PaperHandedIn(paper, FileId(file)) for paper, file in pairs)
