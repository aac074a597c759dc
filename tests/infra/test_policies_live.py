"""Over the wire: roles with our policies, on an emulator that checks signatures and permissions."""

from collections.abc import Iterator
from typing import Any, Final

import boto3
import pytest

from chalicelib.adapters import table_keys
from chalicelib.domain.ids import DossierCode
from tests import aws
from tests.entrypoints.functions import arrived
from tests.entrypoints.town import DESK, OFFICER, Filed
from tests.infra import grid
from tests.infra.live import BUCKET, Stage, send, staged
from tests.infra.ward import at_agencies

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("emulator")) as stage:
        yield stage


def test_a_dossier_goes_its_way_with_the_roles_of_the_functions(stage: Stage) -> None:
    """Credentials, signed forms and transactions meet the policies as in AWS, and pass."""
    with stage.acting("api"):
        file = stage.town.upload(OFFICER)
        filed = at_agencies(stage.town)
    assert stage.handles("on_upload", arrived(file)) == {"batchItemFailures": []}
    assert stage.handles("on_change", _changes(filed)) == {"batchItemFailures": []}
    asked = {"dossier_id": filed.code, "generation": 1}
    going = stage.handles("wake", asked)["next"]
    _waits(stage, filed, going["seq"] - 1)
    assert stage.handles("on_change", _changes(filed)) == {"batchItemFailures": []}
    assert stage.handles("rollover", asked)["generation"] == 2
    done = stage.handles("reconcile", {"all": True})
    assert (done["seen"], done["failed"]) == (3, 0)
    with stage.acting("api"):
        full = stage.town.get(f"/dossiers/{filed.code}/full", DESK)
    assert [each["type"] for each in full.body["events"]][-1] == "generation_started"


def _changes(filed: Filed) -> dict[str, Any]:
    """Everything of the table that the stream handler acts on, as of now."""
    items = boto3.client("dynamodb").scan(TableName=aws.RECORD)["Items"]
    keys = [{name: item[name] for name in ("PK", "SK")} for item in items]
    case = table_keys.dossier(DossierCode(filed.code))
    named = [key for key in keys if key["PK"]["S"] == case and key["SK"]["S"] == "CASE"]
    named += [key for key in keys if key["SK"]["S"] == "DELIVERY"]
    assert len(named) > 2
    return {
        "Records": [
            {"eventName": "INSERT", "dynamodb": {"SequenceNumber": str(number), "Keys": key}}
            for number, key in enumerate(named)
        ]
    }


def _waits(stage: Stage, filed: Filed, seq: int) -> None:
    """The state machine registers its token, as its role."""
    item = {"PK": {"S": filed.code}, "seq": {"N": str(seq)}, "generation": {"N": "1"}}
    with stage.acting("workflow"):
        boto3.client("dynamodb").put_item(
            TableName=aws.TOKEN, Item={**item, "token": {"S": "of an execution that is gone"}}
        )


RECORD: Final = {"TableName": aws.RECORD}
CASE: Final = {"PK": {"S": "D#x"}, "SK": {"S": "CASE"}}
TOKEN: Final = {"TableName": aws.TOKEN, "Key": {"PK": {"S": "x"}}}
DENIED: Final = (
    ("api", "dynamodb", "scan", RECORD),
    ("api", "dynamodb", "delete_table", RECORD),
    ("api", "dynamodb", "delete_item", RECORD | {"Key": CASE}),
    ("api", "dynamodb", "get_item", TOKEN),
    ("api", "stepfunctions", "start_execution", {"stateMachineArn": grid.machine()}),
    ("api", "s3", "list_objects_v2", {"Bucket": BUCKET, "Prefix": "uploads/"}),
    ("api", "s3", "delete_object", {"Bucket": BUCKET, "Key": "uploads/x"}),
    ("wake", "dynamodb", "put_item", RECORD | {"Item": CASE}),  # outside a transaction
    ("wake", "dynamodb", "get_item", TOKEN),
    ("wake", "s3", "get_object", {"Bucket": BUCKET, "Key": "uploads/x"}),
    ("rollover", "stepfunctions", "send_task_success", {"taskToken": "x", "output": "{}"}),
    ("rollover", "stepfunctions", "stop_execution", {"executionArn": grid.execution()}),
    ("on_upload", "dynamodb", "put_item", RECORD | {"Item": CASE}),
    ("on_upload", "s3", "put_object", {"Bucket": BUCKET, "Key": "uploads/x"}),
    ("on_change", "s3", "put_object", {"Bucket": BUCKET, "Key": "forms/x"}),
    ("reconcile", "dynamodb", "put_item", TOKEN | {"Item": {"PK": {"S": "x"}}, "Key": None}),
    ("measure", "dynamodb", "put_item", RECORD | {"Item": CASE}),
    ("measure", "s3", "get_object", {"Bucket": BUCKET, "Key": "uploads/x"}),
    ("export", "dynamodb", "scan", RECORD),
    ("export", "dynamodb", "put_item", RECORD | {"Item": CASE}),
    ("export", "s3", "put_object", {"Bucket": BUCKET, "Key": "uploads/x"}),
    ("export", "s3", "list_objects_v2", {"Bucket": BUCKET, "Prefix": "uploads/"}),
    ("export", "secretsmanager", "get_secret_value", {"SecretId": "motcua-test-key"}),
    ("observer", "dynamodb", "put_item", RECORD | {"Item": CASE}),
    ("observer", "dynamodb", "scan", RECORD),  # of anything but keys
    ("observer", "s3", "get_object", {"Bucket": BUCKET, "Key": "forms/x"}),
    ("observer", "secretsmanager", "get_secret_value", {"SecretId": "motcua-test-key"}),
    ("operator", "dynamodb", "delete_item", RECORD | {"Key": CASE}),
    ("operator", "dynamodb", "put_item", TOKEN | {"Item": {"PK": {"S": "x"}}, "Key": None}),
    ("operator", "dynamodb", "scan", RECORD | {"ProjectionExpression": "#data"}),
    ("operator", "s3", "get_object", {"Bucket": BUCKET, "Key": "forms/x"}),
    ("operator", "stepfunctions", "start_execution", {"stateMachineArn": grid.machine()}),
    ("operator", "stepfunctions", "send_task_success", {"taskToken": "x", "output": "{}"}),
    ("operator", "iam", "delete_role", {"RoleName": "motcua-test-api"}),
    ("workflow", "dynamodb", "put_item", RECORD | {"Item": CASE}),
    ("scheduler", "dynamodb", "get_item", RECORD | {"Key": CASE}),
)


@pytest.mark.parametrize(("who", "service", "call", "given"), DENIED, ids=str)
def test_what_is_not_its_work_is_refused(
    stage: Stage, who: str, service: str, call: str, given: dict[str, Any]
) -> None:
    """Not by our reading of a policy, but by somebody else's."""
    wanted = {name: value for name, value in given.items() if value is not None}
    assert stage.error(who, service, call, **wanted).startswith("AccessDenied")


@pytest.mark.parametrize(("who", "status"), [("api", 204), ("on_upload", 403), ("reconcile", 403)])
def test_a_form_is_worth_what_its_signer_may(stage: Stage, who: str, status: int) -> None:
    """What lets strangers store files is signed by one function only."""
    form = stage.client(who, "s3").generate_presigned_post(BUCKET, f"uploads/{grid.FILE}")
    assert send(form) == status
