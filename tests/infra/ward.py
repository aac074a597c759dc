"""A ward's day in which every handler of production works under its own function's policy.

What the lives do not meet: the routes, cold caches, files that never came, repeated requests,
forms too large for the table, and deadlines that nobody came for in time.
"""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from catalogue.load import set_webhook
from chalicelib import bootstrap
from chalicelib.adapters import clients, table_keys
from chalicelib.domain.ids import DossierCode, ProcedureCode
from infra.local.handlers import context_for, load
from infra.policies import API
from tests import aws
from tests.entrypoints.functions import arrived
from tests.entrypoints.served import NOW, WEBHOOK_SECRET, WEBHOOKS, forget, stored
from tests.entrypoints.town import (
    BIRTH,
    CITIZEN,
    DESK,
    LINKED,
    NEEDED,
    OFFICER,
    PERSON,
    Filed,
    Town,
    answers,
)
from tests.infra.guard import Guard, acting
from tests.stories.crash_world import MACHINE

MUCH_LATER: Final = "2026-10-26T09:00:00+07:00"
CLOSED: Final = "http://127.0.0.1:9/"  # nobody answers there
LONG: Final = PERSON | {"address": "ậ" * 200}  # three bytes each


@dataclass
class Ward:
    """The town, its guard, and a workflow whose executions merely exist."""

    town: Town
    guard: Guard

    def __post_init__(self) -> None:
        os.environ["STATE_MACHINE_ARN"] = MACHINE
        forget()
        for agency in WEBHOOKS:
            set_webhook(agency, CLOSED, WEBHOOK_SECRET, aws.RECORD)
        self.workflow = clients.stepfunctions()
        self.workflow.create_state_machine(
            name=MACHINE.rpartition(":")[2],
            definition=json.dumps({"StartAt": "End", "States": {"End": {"Type": "Succeed"}}}),
            roleArn="arn:aws:iam::123456789012:role/workflow",
        )
        self.guard.attach(self.workflow)
        for service in ("dynamodb", "stepfunctions", "s3"):
            self.guard.attach(clients.impatient(service))

    def handles(self, function: str, event: Any) -> Any:
        """A cold start of the function, then the event."""
        forget()
        with acting(function):
            return load(function)(event, context_for(function))


def longest(procedure: str, given: Any, schema: Any = None) -> Any:
    """A form filled in to its limits: too much for the table, so it lies in the store."""
    if schema is None:
        schema = bootstrap.reference().procedure(ProcedureCode(procedure)).form
    if isinstance(given, dict):
        parts = schema["properties"]
        return {name: longest(procedure, value, parts[name]) for name, value in given.items()}
    if isinstance(given, str) and "pattern" not in schema:
        return given.ljust(schema.get("maxLength", 0), "ậ")
    return given


def long_dossier(town: Town) -> dict[str, Any]:
    """The body of a request, with its paper."""
    form = longest(LINKED, answers(LINKED))
    return town.submission(LINKED, owner=LONG, submitter=LONG, answers=form)


# -- requests to the API


def reads(ward: Ward) -> None:
    """What anyone, a citizen and an official look at, each in a process that has just begun."""
    filed = ward.town.at(Town.at_unit)
    for path in ("", f"/{BIRTH}", f"/{BIRTH}/versions", f"/{BIRTH}/versions/1"):
        forget()
        assert ward.town.get(f"/procedures{path}").status == 200, path
    assert ward.town.get("/health?deep=true").status == 200
    status = f"/dossiers/{filed.code}"
    assert ward.town.get(status, secret=filed.secret).status == 200
    assert ward.town.get(status, secret="x" * 22).status == 404
    assert ward.town.get("/worklist", OFFICER).status == 200
    assert ward.town.get(f"{status}/full", OFFICER).status == 200


def files(ward: Ward) -> None:
    """Filed, filed again, filed with a file that never came; the form as long as may be."""
    town, key = ward.town, ward.town.key()
    body = long_dossier(town)
    first = town.post("/dossiers", body, CITIZEN, key)
    assert first.status == 201, first.content
    assert town.post("/dossiers", body, CITIZEN, key).body["replayed"]
    assert town.get(f"/dossiers/{first.body['code']}/full", DESK).body["owner"] == LONG
    promised = town.promise().body
    papers = [{"paper_code": NEEDED[LINKED][0], "file_id": promised["file_id"]}]
    late = town.post("/dossiers", body | {"papers": papers}, CITIZEN)
    assert late.refusal == (422, "upload.not_ready")
    with acting(API):
        assert ward.guard.send_form(promised, aws.FILES)


def decides(ward: Ward) -> None:
    """A slip and its answer; an agency's answer; a decision that is sent twice."""
    town = ward.town
    filed = town.at(Town.asked)
    body = {"rev": town.rev(filed.code), "answers": {"child": answers(BIRTH)["child"]}}
    assert town.post(f"/dossiers/{filed.code}/supplement", body, CITIZEN).status == 200
    filed = town.at(Town.at_tax)
    forget()
    assert town.call_back(filed, outcome="completed", amount=1).status == 200
    filed = town.at(Town.at_unit)
    key, done = town.key(), {"action": "receive", "rev": town.rev(filed.code)}
    for _ in range(2):
        assert town.post(f"/dossiers/{filed.code}/decisions", done, OFFICER, key).status == 200


# -- what the other functions are woken for


def at_agencies(town: Town) -> Filed:
    """Police and insurance are to be told: of a long form, a paper and a result."""
    answer = town.post("/dossiers", long_dossier(town), CITIZEN)
    filed = Filed(answer.body["code"], answer.body["secret"])
    town.decided(filed, DESK, "accept")
    town.decided(filed, OFFICER, "complete", result=town.upload(OFFICER))
    return filed


def on_upload(ward: Ward, _: Filed) -> None:
    """A file arrived; another was announced, and is gone."""
    here, gone = ward.town.upload(), ward.town.promise().body["file_id"]
    records = [arrived(file)["Records"][0] for file in (here, gone)]
    assert ward.handles("on_upload", {"Records": records}) == {"batchItemFailures": []}
    assert stored()[f"F#{here}", "FILE"].get("present")


def wake(ward: Ward, filed: Filed) -> None:
    """A timer ran out."""
    assert ward.handles("wake", _asked(filed))["next"]["stage"] == "InterAgency"


def rollover(ward: Ward, filed: Filed) -> None:
    """The execution has become old."""
    assert ward.handles("rollover", _asked(filed))["generation"] == 2


def on_change(ward: Ward, filed: Filed) -> None:
    """The dossier's execution ended before it ever waited; its messages have not been sent."""
    run = ward.workflow.start_execution(
        stateMachineArn=MACHINE, name=f"{filed.code}.g1", input=json.dumps(_asked(filed))
    )
    ward.workflow.stop_execution(executionArn=run["executionArn"])
    items = [(table_keys.dossier(DossierCode(filed.code)), "CASE")]
    items += [key for key in stored() if key[1] == "DELIVERY"]
    assert len(items) > 2
    event = {"Records": [_record(*item) for item in items]}
    assert ward.handles("on_change", event) == {"batchItemFailures": []}
    assert ward.town.dossier(filed.code).generation == 2


def reconcile(ward: Ward, filed: Filed) -> None:
    """Nobody has done anything about it for weeks."""
    done = ward.handles("reconcile", {"all": True})
    assert (done["seen"], done["restarted"], done["failed"]) == (10, 1, 0)
    assert ward.town.dossier(filed.code).generation == 2


def measure(ward: Ward, _: Filed) -> None:
    """Counts what is late, weeks later: something is."""
    assert ward.handles("measure", {})["overdue"] > 0


def _asked(filed: Filed) -> dict[str, Any]:
    return {"dossier_id": filed.code, "generation": 1}


def _record(partition: str, sort: str) -> dict[str, Any]:
    keys = {"PK": {"S": partition}, "SK": {"S": sort}}
    return {"eventName": "INSERT", "dynamodb": {"SequenceNumber": partition, "Keys": keys}}


REQUESTS: Final[tuple[Callable[[Ward], None], ...]] = (reads, files, decides)
EVENTS: Final[tuple[Callable[[Ward, Filed], None], ...]] = (
    on_upload,
    wake,
    rollover,
    on_change,
    reconcile,
    measure,
)


def work(ward: Ward) -> None:
    """The whole day; each event meets the same dossier, weeks after its agencies were asked."""
    for ask in REQUESTS:
        ask(ward)
    for happen in EVENTS:
        filed = ward.town.at(at_agencies)
        ward.town.clock(MUCH_LATER)
        happen(ward, filed)
        ward.town.clock(NOW)
