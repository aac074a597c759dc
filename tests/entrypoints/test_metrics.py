"""Every figure of our own, from what causes it to the line that CloudWatch reads."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from catalogue.load import set_webhook
from chalicelib import bootstrap
from chalicelib.domain.ids import DossierCode
from chalicelib.watch import Metric, unexpected
from tests import aws
from tests.entrypoints import functions
from tests.entrypoints.logs import written
from tests.entrypoints.served import NOW, WEBHOOK_SECRET, served
from tests.entrypoints.town import DESK, TAX, WARD_DESK, WARD_OFFICE, Town

MUCH_LATER = "2026-12-20T09:00:00+07:00"


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with served(tmp_path_factory.mktemp("keys")):
        functions.make_state_machine()
        yield Town()


@pytest.fixture
def town(founded: Town) -> Iterator[Town]:
    founded.begin()
    yield founded
    founded.clock(NOW)


def test_gauges(town: Town) -> None:
    """Ten working hours after its answer was due, on the calendar and not on the clock."""
    town.submit()
    town.submit()  # both are due on Wednesday at nine
    late = town.at_unit()
    town.clock("2026-10-08T11:00:00+07:00")
    with written() as log, functions.calls() as made:
        answer = functions.call("measure")
    due = town.dossier(late.code).due(town.dossier(late.code).running()[0])
    assert due is not None
    assert log.metrics == {
        Metric.OVERDUE: 3,
        Metric.OLDEST_OVERDUE: answer["oldest_overdue"],
        Metric.OLDEST_UNDECIDED: 10,
    }
    assert answer["oldest_overdue"] > 10  # the ward's was due on the day it was handed over
    assert set(made) == {"Query"}


def test_who_is_late(town: Town) -> None:
    """An operator who is told of 24 hours asks at once which dossier it is, and where it lies."""
    waiting, late = town.submit(), town.at_unit()
    town.clock("2026-10-08T11:00:00+07:00")
    with written() as log:
        functions.call("measure")
    (line,) = log.lines
    assert line["message"] == "late"
    assert (line["overdue"]["dossier"], line["overdue"]["unit"]) == (late.code, WARD_OFFICE)
    assert (line["undecided"]["dossier"], line["undecided"]["unit"]) == (waiting.code, WARD_DESK)
    assert line["units"][WARD_OFFICE] == line["units"][WARD_DESK] == 1


def test_gauges_of_a_province_in_time(town: Town) -> None:
    """Told although all are 0: their absence is the alarm for a measurement that is not made."""
    town.submit()
    with written() as log:
        functions.call("measure")
    zeros = dict.fromkeys((Metric.OVERDUE, Metric.OLDEST_OVERDUE, Metric.OLDEST_UNDECIDED), 0)
    assert log.metrics == zeros


@pytest.mark.parametrize("dossiers", [0, 5])
def test_a_measurement_costs_one_question_a_unit(town: Town, dossiers: int) -> None:
    """It grows with the units of the province, never with what they have done."""
    for _ in range(dossiers):
        town.submit()
    town.clock(MUCH_LATER)
    units = len(list(bootstrap.deps().reference.directory()))
    with functions.calls() as made:
        functions.call("measure")
    assert made == ["Query"] * units


def test_escalations_and_repairs(town: Town) -> None:
    """No timer fired: the reconciler claims what passed, and leaders hear of it."""
    filed = town.at_unit()
    town.clock(MUCH_LATER)
    with written() as log:
        done = functions.call("reconcile")
    events = bootstrap.deps().records.events(DossierCode(filed.code))
    high = [event for event in events if event.data.get("rung") in {"leader", "focal_point"}]
    assert log.metrics[Metric.ESCALATIONS] == len(high) > 0
    assert log.metrics[Metric.REPAIRS] == done["late"] + done["restarted"] == 2
    assert Metric.RECONCILE_FAILED not in log.metrics


def test_a_pass_that_finds_nothing_says_nothing(town: Town) -> None:
    """Every five minutes, for years: a line has to say something."""
    town.submit()
    with written() as log:
        functions.call("reconcile")
    assert log.text == ""


def test_what_cannot_be_repaired(town: Town) -> None:
    """One spoilt dossier fails alone, in the stream as in the reconciler, and is counted."""
    filed = town.submit()
    town.submit()
    case = functions.spoil(filed.code, "unheard of")
    with written() as log:
        answer = functions.call("on_change", functions.records())
        functions.call("reconcile")
    assert len(answer["batchItemFailures"]) == 1
    assert log.metrics == {Metric.RECORDS_FAILED: 1, Metric.RECONCILE_FAILED: 1}
    named = [line["dossier_id"] for line in log.lines if line["level"] == "ERROR"]
    assert named == [filed.code, filed.code]
    assert case[0] == f"D#{filed.code}"


def test_a_message_that_no_agency_takes(town: Town) -> None:
    """410: it wants no more. The dossier waits for an agency that was never told."""
    with functions.answering(410) as url:
        set_webhook(TAX, f"{url}/hooks", WEBHOOK_SECRET, aws.RECORD)
        town.restart()
        filed = town.at_tax()
        with written() as log:
            functions.call("on_change", functions.records())
    assert log.metrics == {Metric.DELIVERIES_GIVEN_UP: 1}
    (line,) = [line for line in log.lines if line["message"] == "delivery given up"]
    assert (line["dossier_id"], line["agency"], line["error"]) == (filed.code, TAX, "HTTP 410")
    assert line["event_id"].startswith(f"{filed.code}#")


@pytest.mark.parametrize(
    ("code", "counted"),
    [
        ("AccessDenied", True),
        ("AccessDeniedException", True),
        ("KMSInvalidStateException", True),
        ("KmsAccessDeniedException", True),
        ("ThrottlingException", False),
        ("ConditionalCheckFailedException", False),
    ],
)
def test_what_counts_as_denied(code: str, counted: bool) -> None:  # noqa: FBT001 - a case
    """Somebody must mend a policy or a key; being slowed down is something else."""
    with written() as log:
        unexpected("failed", _refused(code))
    assert log.metrics == ({Metric.ACCESS_DENIED: 1} if counted else {})


def _refused(code: str) -> Exception:
    """As botocore raises it, wrapped once."""
    cause = ClientError({"Error": {"Code": code, "Message": "of somebody"}}, "PutItem")
    error = LookupError()
    error.__cause__ = cause
    return error


def test_metrics_are_of_the_stage(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two stages in one account must not hide each other's alarms."""
    monkeypatch.setitem(os.environ, "STAGE", "staging")
    with written() as log:
        unexpected("failed", _refused("AccessDenied"))
    assert '"service":"staging"' in log.text
    assert town


def test_a_request_that_goes_well_writes_only_what_it_stored(town: Town) -> None:
    """Lines cost money and hide each other: reading writes none, a decision one."""
    filed = town.submit()
    with written() as log:
        town.get(f"/dossiers/{filed.code}", DESK)
        town.get("/worklist", DESK)
        town.decided(filed, DESK, "accept")
    assert [line["message"] for line in log.lines] == ["stored"]


def test_every_metric_is_tested() -> None:
    """A metric that nothing emits is an alarm that can never ring."""
    export = Path(__file__).parents[1] / "backup" / "test_command.py"
    text = Path(__file__).read_text("utf-8") + export.read_text("utf-8")
    assert all(f"Metric.{metric.name}" in text for metric in Metric)
