"""No log has anything personal in it, whatever happens; and each line says what it is about."""

import json
import logging
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import pytest

from chalicelib import bootstrap, watch
from chalicelib.entrypoints.watched import FailedError
from chalicelib.watch import logger
from tests.entrypoints import functions
from tests.entrypoints.logs import Written, written
from tests.entrypoints.needles import Needles, found
from tests.entrypoints.scenes import SCENES
from tests.entrypoints.served import NOW, Client, Reply, served
from tests.entrypoints.town import (
    BIRTH,
    CITIZEN,
    DESK,
    OFFICER,
    PERSON,
    Filed,
    Town,
    answers,
    checks,
)

NOTE: Final = "Con tôi ốm nặng, xin gọi số 0905 000 001."  # what somebody writes into a note
LATER: Final = tuple(f"2026-{day}T09:00:00+07:00" for day in ("10-20", "11-20", "12-20"))


class Listening(Client):
    """A client that remembers what nobody else may read."""

    def __init__(self, needles: Needles) -> None:
        super().__init__()
        self._needles = needles

    def call(
        self,
        method: str,
        path: str,
        given: object = None,
        *,
        account: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        proof = {"authorization": f"Bearer {self.token(account)}"} if account else {}
        self._needles.sent(given, {**(headers or {}), **proof})
        reply = super().call(method, path, given, account=account, headers=headers)
        if reply.status < 300 and reply.headers["content-type"] == "application/json":
            self._needles.answered(reply.body)
        return reply


@dataclass
class Told:
    """What was said to the system, and what it wrote."""

    needles: Needles
    log: Written
    filed: Filed


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """Every decision on its own dossier; refusals, failures, and all functions in between."""
    needles = Needles()
    needles.officers()
    with served(tmp_path_factory.mktemp("keys")), written() as log:
        functions.make_state_machine()
        town = Town()
        town.client = Listening(needles)
        _decisions(town)
        _delays(town)
        filed = _whole_life(town, needles)
        _refusals(town, filed)
        _functions(town, filed)
        _failures(town, filed)
        needles.add(bootstrap.keys().person_ref(PERSON["number"]))
        yield Told(needles, log, filed)


def _decisions(town: Town) -> None:
    for scene in SCENES:
        filed = town.at(scene.story)
        reply = town.decide(filed, scene.account, scene.action, None, **scene.given(town))
        assert reply.status == 200, (scene, reply.content)


def _delays(town: Town) -> None:
    """Nobody works, no agency answers, no timer fires: only the reconciler is there."""
    town.at(Town.at_tax)
    for moment in LATER:
        town.clock(moment)
        functions.call("reconcile", {"all": True})
        functions.call("measure")
    town.clock(NOW)


def _whole_life(town: Town, needles: Needles) -> Filed:
    town.begin()
    filed = town.submit()
    needles.add(filed.secret)
    town.get(f"/dossiers/{filed.code}", secret=filed.secret)
    slip = checks("section:child")
    slip["section:child"] = {**slip["section:child"], "todo": NOTE}
    town.decided(filed, DESK, "request_supplement", checks=slip)
    body = {"rev": town.rev(filed.code), "answers": {"child": answers(BIRTH)["child"]}}
    assert town.post(f"/dossiers/{filed.code}/supplement", body, CITIZEN).status == 200
    town.decided(filed, DESK, "accept")
    town.decided(filed, OFFICER, "send_back", reason=NOTE)
    return filed


def _refusals(town: Town, filed: Filed) -> None:
    """People type the right thing into the wrong field."""
    number, name = PERSON["number"], PERSON["full_name"]
    wrong = [
        town.get(f"/dossiers/{number}", DESK),
        town.get(f"/dossiers/{filed.code}", secret="A-wrong-secret-0001"),
        town.get(f"/worklist?procedure={number}&queue={name}", DESK),
        town.post("/dossiers", {"procedure_code": number, "owner": PERSON}, CITIZEN),
        town.post("/dossiers", town.submission(answers={"child": {"x": NOTE}}), CITIZEN),
        town.decide(filed, DESK, "refuse", {"Idempotency-Key": number + "!"}, reason=NOTE),
        town.decide(filed, OFFICER, "complete", None, reason=NOTE, result=NOTE),
        town.decide(filed, OFFICER, "accept"),
        town.promise(CITIZEN, name=f"{name}.exe", type=name),
        town.client.call("POST", "/dev/token", {"account": name}),
        town.call_back(filed, leg=9, outcome="refused", note=NOTE),
    ]
    assert all(400 <= reply.status < 500 for reply in wrong), [reply.status for reply in wrong]


def _functions(town: Town, filed: Filed) -> None:
    assert functions.call("on_change", functions.records()) == {"batchItemFailures": []}
    file = town.promise(name=f"{PERSON['full_name']}.pdf").body["file_id"]
    functions.call("on_upload", functions.arrived(town.arrive(file)))
    asked = {"dossier_id": filed.code, "generation": 1}
    functions.call("wake", asked)
    functions.call("rollover", asked)


def _failures(town: Town, filed: Filed) -> None:
    """Bugs whose words repeat what is stored, and a table that is not there."""
    case = functions.spoil(filed.code, PERSON["full_name"])
    asked = {"dossier_id": filed.code, "generation": 2}
    assert town.get(f"/dossiers/{filed.code}", DESK).status == 500
    assert len(functions.call("on_change", functions.records([case]))["batchItemFailures"]) == 1
    assert functions.call("reconcile")["failed"] == 1
    with pytest.raises(FailedError, match=r"^ValueError$"):
        functions.call("wake", asked)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RECORD_TABLE", "motcua-test-gone")
        town.restart()
        assert town.post("/dossiers", town.submission(papers=[]), CITIZEN).status == 500
        with pytest.raises(FailedError, match=r"^ResourceNotFoundException$"):
            functions.call("measure")
    town.restart()


def test_nothing_personal_is_logged(told: Told) -> None:
    """Logs are read by more people than dossiers, and are kept apart from what the law erases."""
    assert len(told.needles) > 60
    assert told.needles >= {PERSON["number"], PERSON["full_name"], PERSON["phone"], NOTE}
    assert found(told.log.text, told.needles) == []


LEAKS: Final[dict[str, Callable[[], object]]] = {
    "in a message": lambda: logger.info("filed by " + PERSON["full_name"]),
    "in a field": lambda: logger.info("filed", extra={"by": {"number": PERSON["number"]}}),
    "in an argument": lambda: logger.warning("asked: %s", NOTE),
    "in an error's words": lambda: logger.error("bug", exc_info=ValueError(PERSON["address"])),
    "by a library": lambda: logging.getLogger("botocore").warning(PERSON["phone"]),
    "printed": lambda: sys.stdout.write(json.dumps(PERSON, ensure_ascii=False)),
    "printed in ASCII": lambda: sys.stderr.write(json.dumps({"by": PERSON["full_name"]})),
}


@pytest.mark.parametrize("leak", LEAKS.values(), ids=LEAKS)
def test_a_leak_is_seen(told: Told, leak: Callable[[], object]) -> None:
    """The search can fail, by whichever way something comes out."""
    with written() as log:
        leak()
    assert found(log.text, told.needles) != []


def test_a_leaked_secret_is_seen(told: Told) -> None:
    """Whoever has it reads the dossier's status; a token even decides."""
    assert found(f"#code=x&secret={told.filed.secret}", told.needles) != []
    assert sum(needle.count(".") == 2 and len(needle) > 100 for needle in told.needles) > 3


def test_every_line_says_what_it_is_about(told: Told) -> None:
    """An operator is given an id by a citizen or an alarm, and must find all of it by that."""
    lines = told.log.lines
    assert len(lines) > 50
    assert all(line["correlation_id"] and line["function_name"] for line in lines)
    assert all("dossier_id" in line for line in lines if line["message"] == "stored")


def test_a_dossier_is_followed_through_the_log(told: Told) -> None:
    """Its events in order, each once, with the request or the call that caused it."""
    code = told.filed.code
    mine = [line for line in told.log.lines if line.get("event_id", "").startswith(f"{code}#")]
    stored = [line for line in mine if line["message"] == "stored"]
    last = stored[-6:]  # the town's stories before had the same code
    assert [(line["event_id"], line["event_type"]) for line in last] == [
        (f"{code}#1", "submitted"),
        (f"{code}#2", "supplement_requested"),
        (f"{code}#3", "supplemented"),
        (f"{code}#4", "accepted"),
        (f"{code}#5", "sent_back"),
        (f"{code}#6", "generation_started"),
    ]
    assert [line.get("operation") for line in last] == [
        "submit",
        "decide_on",
        "supplement",
        "decide_on",
        "decide_on",
        None,
    ]
    assert last[-1]["function_name"] == "motcua-test-rollover"


def test_a_refusal_of_a_dossier_that_is_there_names_it(told: Told) -> None:
    """And of one that is not there nothing: whatever was typed instead may be anything."""
    refused = [line for line in told.log.lines if line["message"] == "refused"]
    about = {line["code"]: line.get("dossier_id") for line in refused}
    assert about["leg.not_found"] == told.filed.code
    assert about["dossier.not_found"] is None


def test_errors_say_where_they_come_from(told: Told) -> None:
    """Types, places and AWS's codes are enough to find a bug by; its words are held back."""
    errors = [line for line in told.log.lines if line["level"] == "ERROR"]
    named = {line["message"] for line in errors if line.get("dossier_id") == told.filed.code}
    assert named == {"failed", "stream record failed", "reconcile failed"}
    trails = [line["trail"] for line in errors if "trail" in line]
    assert {trail[0] for trail in trails} >= {"ValueError", "ResourceNotFoundException"}
    assert any("dossier_codec.py" in place for trail in trails for place in trail)
    assert any(
        "ResourceNotFoundException" in code for line in errors for code in line.get("aws", ())
    )


def test_the_first_call_of_a_process_is_marked() -> None:
    """Why was this one slow? One word, and only where it is true."""
    watch._cold.append(True)
    with written() as log:
        for _ in range(2):
            with watch.invocation("c-1"):
                logger.info("here")
    assert [line.get("cold_start") for line in log.lines] == [True, None]
