"""The record's contract: what the use cases and the simulator rely on, on the fake and on AWS."""

import hashlib
from base64 import b64encode
from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.adapters import clients, table_keys
from chalicelib.adapters.table import Table
from chalicelib.domain.errors import NotFoundError, RuleError
from chalicelib.domain.event import stamp
from chalicelib.domain.ids import DossierCode, FileId
from chalicelib.domain.terms import LegKind
from chalicelib.ports import (
    FileNotReadyError,
    Form,
    Late,
    Mark,
    PaperHandedIn,
    RaceError,
    SeenError,
    Upload,
)
from tests import aws
from tests.adapters import made
from tests.adapters.conftest import Ports, real
from tests.simulator import sample

CODE = DossierCode("S1.1-261005-0001")


def _loaded(ports: Ports, hours: int = 1) -> made.Dossier:
    return ports.records.load(CODE, made.context(made.NOW + timedelta(hours=hours)))


def test_unknown_dossier(ports: Ports) -> None:
    """A code that nobody was given is not found, rather than an empty dossier."""
    with pytest.raises(NotFoundError):
        ports.records.load(CODE, made.context())


def test_what_was_stored_is_loaded(ports: Ports) -> None:
    """A decision sees exactly what the last one left."""
    stored = made.submitted()
    ports.records.commit(made.change(stored))
    loaded = ports.records.load(CODE, made.context())
    assert loaded.legs == stored.legs
    assert (loaded.ev, loaded.rev, loaded.seq, loaded.head) == (1, 1, 1, stored.head)
    assert loaded.wake_at == stored.wake_at is not None


def test_of_two_decisions_on_one_state_the_second_loses(ports: Ports) -> None:
    """Optimistic lock: nobody overwrites a decision that was not seen."""
    ports.records.commit(made.change(made.submitted()))
    first, second = made.accepted(_loaded(ports)), made.accepted(_loaded(ports))
    ports.records.commit(made.change(first))
    with pytest.raises(RaceError):
        ports.records.commit(made.change(second))
    assert len(ports.records.events(CODE)) == 2


def test_a_wake_up_that_moved_is_a_race(ports: Ports) -> None:
    """A sleeper's new wake-up is stored without an event: a decision must not miss it."""
    ports.records.commit(made.change(made.submitted()))
    sleeper, decided = _loaded(ports), made.accepted(_loaded(ports))
    sleeper.ctx = made.context(made.NOW + timedelta(days=90))(sleeper.procedure, 1)
    sleeper.legs[0].claimed = ("due_soon",)
    ports.records.commit(made.change(sleeper))
    with pytest.raises(RaceError):
        ports.records.commit(made.change(decided))
    assert ports.records.load(CODE, made.context()).wake_at == sleeper.wake_at


def test_a_code_is_given_once(ports: Ports) -> None:
    """A serial that came back (restored from a backup) never overwrites a dossier."""
    ports.records.commit(made.change(made.submitted()))
    with pytest.raises(RaceError):
        ports.records.commit(made.change(made.submitted()))


def test_a_mark_is_made_once_and_answers_what_was_said(ports: Ports) -> None:
    """A repeated submission must get the first one's answer, and store nothing."""
    mark = Mark("key", {"code": CODE, "body": "x"}, 7)
    ports.records.commit(made.change(made.submitted(), mark=mark))
    other = made.submitted("S1.1-261005-0002")
    with pytest.raises(SeenError) as seen:
        ports.records.commit(made.change(other, mark=replace(mark, content={"code": "other"})))
    assert seen.value.content == {"code": CODE, "body": "x"}
    assert ports.records.mark("key") == {"code": CODE, "body": "x"}
    with pytest.raises(NotFoundError):
        ports.records.load(other.code, made.context())


def test_a_mark_says_more_than_a_race(ports: Ports) -> None:
    """A retry of a stored submission meets both: it is a repetition, not a conflict."""
    mark = Mark("key", {"code": CODE}, 7)
    ports.records.commit(made.change(made.submitted(), mark=mark))
    with pytest.raises(SeenError):
        ports.records.commit(made.change(made.submitted(), mark=mark))


def test_no_mark(ports: Ports) -> None:
    """A key that was never used is free."""
    assert ports.records.mark("key") is None


def test_events_notes_and_form_come_back_as_they_were(ports: Ports) -> None:
    """The chain is checked over what is read: order, null and numbers included."""
    stored = made.change(made.submitted(), form=made.FORM, notes={1: "vì lý do riêng"})
    ports.records.commit(stored)
    assert ports.records.events(CODE) == stored.events
    assert [event.digest() for event in ports.records.events(CODE)] == [stored.dossier.head]
    assert ports.records.notes(CODE) == {1: "vì lý do riêng"}
    assert ports.records.form(CODE) == made.FORM


def test_the_latest_form(ports: Ports) -> None:
    """After a supplement officials work on what the citizen sent last."""
    ports.records.commit(made.change(made.submitted(), form=made.FORM))
    later = Form(2, {}, {}, {"person": {"a": "b"}}, (PaperHandedIn("id", FileId("f-1")),))
    ports.records.commit(made.change(made.accepted(_loaded(ports)), form=later))
    assert ports.records.form(CODE) == later


def test_a_large_form(ports: Ports) -> None:
    """A form of any size is kept; the table holds a small item only."""
    large = replace(made.FORM, answers={"person": {"story": "ườ" * 20_000}})
    ports.records.commit(made.change(made.submitted(), form=large))
    assert ports.records.form(CODE) == large


def test_serials_count(ports: Ports) -> None:
    """No number twice; counters do not disturb each other."""
    numbers = [ports.records.next_serial("S1.1#261005") for _ in range(3)]
    assert numbers == [1, 2, 3]
    assert ports.records.next_serial("S1.1#261006") == 1


def test_a_file_must_be_there(ports: Ports) -> None:
    """Nobody files a paper that was never uploaded; nothing is stored then."""
    file = FileId("f-1")
    ports.files.promise(Upload(file, "a.pdf", "application/pdf", 8, "", "person-1"))
    with pytest.raises(FileNotReadyError) as missing:
        ports.records.commit(made.change(made.submitted(), files=(file,)))
    assert missing.value.file == file
    with pytest.raises(NotFoundError):
        ports.records.load(CODE, made.context())


def test_a_file_belongs_to_one_dossier(ports: Ports) -> None:
    """What was filed once cannot be filed as somebody else's paper."""
    file = _present(ports)
    ports.records.commit(made.change(made.submitted(), files=(file,)))
    other = made.submitted("S1.1-261005-0002")
    with pytest.raises(FileNotReadyError):
        ports.records.commit(made.change(other, files=(file,)))
    upload = ports.files.get(file)
    assert upload is not None
    assert upload.dossier == CODE


def _present(ports: Ports) -> FileId:
    file = FileId("f-1")
    digest = b64encode(hashlib.sha256(b"%PDF-1.7").digest()).decode()
    ports.files.promise(Upload(file, "a.pdf", "application/pdf", 8, digest, "person-1"))
    ports.arrive(file)
    assert ports.files.confirm(file)
    return file


def test_work_list_by_due_time(ports: Ports) -> None:
    """A unit sees its own legs, the most urgent first, page by page, each once."""
    for n in range(1, 6):
        ports.records.commit(made.change(made.submitted(f"S1.1-261005-000{n}")))
    queue = f"{sample.DESK}#work"
    first = ports.records.worklist(queue, 2, "", "")
    second = ports.records.worklist(queue, 2, first.next, "")
    third = ports.records.worklist(queue, 2, second.next, "")
    found = [row.dossier for page in (first, second, third) for row in page.items]
    assert found == [f"S1.1-261005-000{n}" for n in range(1, 6)]
    assert third.next == ""
    assert first.items[0].due == made.submitted().due(made.submitted().legs[0])
    assert ports.records.worklist("S1.2#work", 9, "", "").items == []


def test_work_list_up_to_a_due_time(ports: Ports) -> None:
    """The bound is exclusive: what is due at that very second comes later."""
    ports.records.commit(made.change(made.submitted()))
    queue, due = f"{sample.DESK}#work", "2026-10-06T02:00:00Z"
    row = ports.records.worklist(queue, 9, "", "").items[0]
    assert row.due is not None
    assert stamp(row.due) == "2026-10-06T01:00:00Z"
    assert len(ports.records.worklist(queue, 9, "", due).items) == 1
    assert ports.records.worklist(queue, 9, "", "2026-10-06T01:00:00Z").items == []


def test_work_moves_with_the_dossier(ports: Ports) -> None:
    """Accepted means: gone from the desk's list, on the department's."""
    ports.records.commit(made.change(made.submitted()))
    ports.records.commit(made.change(made.accepted(_loaded(ports))))
    assert ports.records.worklist(f"{sample.DESK}#work", 9, "", "").items == []
    (row,) = ports.records.worklist(f"{sample.OFFICE}#work", 9, "", "").items
    assert (row.dossier, row.leg) == (CODE, 2)


def test_what_is_late_in_a_queue(ports: Ports) -> None:
    """The gauges count it: legs past due, not those due this very second, and the first of each."""
    for n in range(1, 4):
        ports.records.commit(made.change(made.submitted(f"S1.1-261005-000{n}")))
    queue, due = f"{sample.DESK}#work", sample.at("2026-10-06T08:00:00")
    assert ports.records.late(queue, due) == Late()
    assert ports.records.late(queue, due + timedelta(seconds=1)) == Late(
        3, (due, CODE), (due, CODE)
    )
    ports.records.commit(made.change(made.accepted(_loaded(ports))))
    second = (due, DossierCode("S1.1-261005-0002"))
    assert ports.records.late(queue, due + timedelta(days=9)) == Late(2, second, second)
    there = f"{sample.OFFICE}#work"
    at_office = ports.records.worklist(there, 9, "", "").items[0].due
    assert at_office is not None
    assert ports.records.late(there, due + timedelta(days=9)) == Late(1, (at_office, CODE), None)
    assert ports.records.late("S1.2#task", due + timedelta(days=9)) == Late()


def test_a_result_that_nobody_collects_is_not_late(ports: Ports) -> None:
    """No unit can do anything about it, and an alarm must have somebody who can."""
    ports.records.commit(made.change(made.submitted(procedure="birth")))
    dossier = made.accepted(_loaded(ports))
    dossier.open_leg(LegKind.RETURN, sample.DESK, 3600)
    ports.records.commit(made.change(dossier))
    queue, later = f"{sample.DESK}#work", made.NOW + timedelta(days=99)
    kinds = [row.row["kind"] for row in ports.records.worklist(queue, 9, "", "").items]
    assert kinds == ["return"]
    assert ports.records.late(queue, later) == Late()


def test_a_leg_that_waits_for_the_citizen_is_not_late(ports: Ports) -> None:
    """The desk has answered: its clock stands, however long the citizen takes."""
    ports.records.commit(made.change(made.submitted()))
    dossier = _loaded(ports)
    subjects = {subject: made.desk.Check(good=True) for subject in dossier.ctx.procedure.subjects}
    faulty = made.desk.Check(good=False, reason_code="unclear", todo="-")
    subjects[min(subjects)] = faulty
    made.desk.request_supplement(dossier, made.OFFICIAL, checks=subjects)
    ports.records.commit(made.change(dossier))
    assert ports.records.late(f"{sample.DESK}#work", made.NOW + timedelta(days=20)) == Late()


def _waking(ports: Ports, hours: int | None) -> set[str]:
    before = None if hours is None else made.NOW + timedelta(hours=hours)
    return set(ports.records.overdue_for_waking(before))


def test_what_should_have_woken(ports: Ports) -> None:
    """The reconciler finds what is late, and everything when asked for it; nothing closed."""
    ports.records.commit(made.change(made.submitted()))
    assert _waking(ports, 1) == set()
    assert _waking(ports, 48) == {f"D#{CODE}"} == _waking(ports, None)
    dossier = _loaded(ports)
    made.desk.refuse(dossier, made.OFFICIAL, reason="")
    ports.records.commit(made.change(dossier))
    assert _waking(ports, None) == set()


def test_a_forged_cursor(table: Table) -> None:
    """Whatever a client sends as a cursor is refused or finds nothing of other units."""
    ports = real(table)
    ports.records.commit(made.change(made.submitted()))
    with pytest.raises(RuleError):
        ports.records.worklist(f"{sample.OFFICE}#work", 9, "_w", "")
    assert ports.records.worklist(f"{sample.OFFICE}#work", 9, "MA", "").items == []


def test_the_large_form_lies_in_the_store(table: Table) -> None:
    """Items stay small, and the object's name says nothing about the person."""
    ports = real(table)
    large = replace(made.FORM, owner={"full_name": "Nguyễn Văn A"}, answers={"a": "x" * 5000})
    ports.records.commit(made.change(made.submitted(), form=large))
    (found,) = clients.s3().list_objects_v2(Bucket=aws.FILES)["Contents"]
    assert found["Key"].startswith(f"forms/{CODE}/001-")
    data = table.get(table_keys.form(CODE, 1))
    assert data is not None
    assert "content" not in data
