"""The tables' streams: any change of a case or a token only says "look"."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from chalice.app import Blueprint

from chalicelib.bootstrap import deps, given_up
from chalicelib.domain.ids import DeliveryId, DossierCode
from chalicelib.entrypoints.watched import ids_of, watched
from chalicelib.ports import Deps
from chalicelib.use_cases.deliver import deliver
from chalicelib.use_cases.lead import look
from chalicelib.watch import Metric, about, count, unexpected

stream = Blueprint(__name__)

Event = Mapping[str, Any]


@stream.lambda_function(name="on_change")
@watched
def on_change(event: Event, _context: object) -> dict[str, Any]:
    """Handle a batch; answers the records to send again (ReportBatchItemFailures).

    Several records of one dossier are one look. All that failed are named: each is safe to repeat.
    A batch that was given up on comes back as the letter that says where it lies
    (`DDBStreamBatchInfo`); `gone` answers that it lies there no more.
    """
    if "DDBStreamBatchInfo" in event:
        event = {"Records": given_up(event["DDBStreamBatchInfo"])}
        if not event["Records"]:
            return {"batchItemFailures": [], "gone": True}
    failed: list[dict[str, str]] = []
    for act, name, numbers in _work(event):
        with about(**ids_of(name)):
            try:
                act(deps())
            except Exception as error:  # noqa: BLE001 - reported, and sent again by the stream
                unexpected("stream record failed", error)
                failed.extend({"itemIdentifier": number} for number in numbers)
    count(Metric.RECORDS_FAILED, len(failed))
    return {"batchItemFailures": failed}


def _work(event: Event) -> Iterator[tuple[Callable[[Deps], object], str, list[str]]]:
    grouped: dict[str, list[str]] = {}
    for record in event["Records"]:
        if record["eventName"] != "REMOVE" and (key := _key(record)):
            grouped.setdefault(key, []).append(record["dynamodb"]["SequenceNumber"])
    # What agencies are told comes last: one that hangs must not keep dossiers waiting.
    for key, numbers in sorted(grouped.items(), key=lambda item: item[0].startswith("DEL#")):
        yield _act(key), key, numbers


def _key(record: Mapping[str, Any]) -> str:
    """`D#…` of a case or a token, `DEL#…` of a new delivery; empty for what nobody waits for."""
    keys = record["dynamodb"]["Keys"]
    partition = str(keys["PK"]["S"])
    if "SK" not in keys:
        return f"D#{partition}"
    sort = keys["SK"]["S"]
    if sort == "CASE" or (sort == "DELIVERY" and record["eventName"] == "INSERT"):
        return partition
    return ""


def _act(key: str) -> Callable[[Deps], object]:
    kind, _, name = key.partition("#")
    if kind == "DEL":
        return lambda ports: deliver(DeliveryId(name), ports)
    return lambda ports: look(DossierCode(name), ports)
