"""One dossier on the real local cloud, whose supervisor is killed while two agencies hold it."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from infra.demo import cloud as demo_cloud
from infra.demo.agency import AgencyServer, new_secret
from infra.demo.client import Client, Dossier, chain_holds, session
from infra.demo.clock import moment
from infra.demo.play import (
    AGENCIES,
    CITIZEN_NAME,
    CITIZEN_NUMBER,
    DESK,
    INSURANCE,
    OFFICER,
    POLICE,
    Play,
    milestones,
)
from infra.local.clock import Anchor
from infra.local.settings import STATE_MACHINE_ARN
from tests.entrypoints.needles import Needles, found
from tests.local.cloud import Cloud, alive, eventually

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from requests import Response

    from infra.demo.client import Json

pytestmark = pytest.mark.slow

REAL_HANDLERS = "{}"  # nothing in the place of the application's own
START = "2026-10-05T07:00"  # a Monday
COUNTER = ("SEQ#H15.50.05.13#261005", "SEQ")
STEP = 100
# An agency is warned when 12 of its 16 working hours are over: from a Monday morning, with two
# hours of lunch and the night between, that is at most 28 hours later.
WARNED_AFTER = 28 * 3600
MARGIN = 6.0  # real seconds left then until the warning, if the second start takes no longer


@dataclass
class Told:
    """What was seen on the way."""

    code: str = ""
    messages: dict[str, Json] = field(default_factory=dict)  # by agency, as received
    before: Json = field(default_factory=dict)  # the dossier just before the kill
    survivors: list[int] = field(default_factory=list)
    restarted: Json = field(default_factory=dict)
    clocks: tuple[float, float] = (0.0, 0.0)
    serials: tuple[int, int] = (0, 0)
    warned: Json = field(default_factory=dict)
    paper: bytes = b""
    receipts: list[str] = field(default_factory=list)
    answered: Json = field(default_factory=dict)  # after the police's answer
    after: Json = field(default_factory=dict)
    generation: str = ""
    runs: dict[str, str] = field(default_factory=dict)
    states: list[str] = field(default_factory=list)
    left: list[int] = field(default_factory=list)
    needles: Needles = field(default_factory=Needles)  # what people and agencies sent
    logs: str = ""  # of all processes, of both runs


class Listening(Client):
    """Remembers what nobody but its callers may read."""

    def __init__(self, api: str, needles: Needles) -> None:
        super().__init__(api)
        self._needles = needles

    def _send(
        self, method: str, path: str, headers: Mapping[str, str], body: Mapping[str, Any] | None
    ) -> Response | None:
        self._needles.sent(body, headers)
        answer = super()._send(method, path, headers, body)
        if answer is not None and answer.ok:
            self._needles.answered(answer.json())
        return answer


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """The whole story, told once; each test below reads one chapter of it."""
    cloud = Cloud(tmp_path_factory.mktemp("story"))
    with AgencyServer({agency: new_secret() for agency in AGENCIES}) as agencies:
        try:
            yield _tell(cloud, agencies)
        finally:
            if cloud.process:
                cloud.stop()


def _tell(cloud: Cloud, agencies: AgencyServer) -> Told:
    told = Told()
    took = _start(cloud, SPEED="60", START=START)
    demo_cloud.register(demo_cloud.find(cloud.home), agencies)
    dossier = _until_agencies_have_it(_play(cloud, agencies, told), told)
    _until_saved(cloud, dossier, told)
    _kill_and_start_again(cloud, told, took)
    _to_its_end(cloud, _play(cloud, agencies, told), dossier, told)
    _look_at_executions(cloud, told)
    pids = cloud.facts()["pids"].values()
    cloud.stop()
    told.left = [pid for pid in pids if alive(pid)]
    told.needles.officers()
    told.needles.sent({**agencies.secrets, "key": cloud.home.dev_key.read_text()}, {})
    told.logs = "".join(file.read_text() for file in sorted(cloud.home.logs.glob("*.log*")))
    return told


def _start(cloud: Cloud, **settings: str) -> float:
    """Start with the application's own handlers; answers how many real seconds it took."""
    began = time.monotonic()
    cloud.start(MOTCUA_HANDLERS=REAL_HANDLERS, **settings)
    return time.monotonic() - began


def _play(cloud: Cloud, agencies: AgencyServer, told: Told) -> Play:
    running = demo_cloud.find(cloud.home)
    client = Listening(running.api, told.needles)
    return Play(client, agencies, running.clock, say=lambda _: None)


def _until_agencies_have_it(play: Play, told: Told) -> Dossier:
    """Filed with an upload, accepted, registered: police and insurance hear of it."""
    dossier = play.file("3.000722")
    dossier.decide(DESK, "accept")
    play.complete(dossier, OFFICER)
    told.code = dossier.code
    for agency in (POLICE, INSURANCE):
        message = eventually(partial(play.agencies.received, dossier.code, "leg.opened", agency))
        told.messages[agency] = message.data
        told.needles.add(message.data["callback_url"].rpartition("/")[2])
    return dossier


def _until_saved(cloud: Cloud, dossier: Dossier, told: Told) -> None:
    """Its execution waits for the agencies, and all of it is on disk."""
    eventually(lambda: "InterAgency" in _states(cloud, f"{dossier.code}.g1"))
    cloud.saved()
    told.before = dossier.full(DESK)


def _kill_and_start_again(cloud: Cloud, told: Told, took: float) -> None:
    """SIGKILL for the supervisor alone; the next clock runs so that the warning is ahead of it.

    `took` is how long a start takes here, in real seconds.
    """
    facts, serial = cloud.facts(), _serial(cloud)
    killed_at = Anchor(**facts["clock"]).at(time.time())
    cloud.kill()
    time.sleep(0.5)
    told.survivors = [pid for pid in facts["pids"].values() if alive(pid)]
    _start(cloud, SPEED=f"{WARNED_AFTER / (took + MARGIN):.0f}")
    told.clocks = (killed_at, cloud.facts()["clock"]["service"])
    told.serials = (serial, _serial(cloud))


def _serial(cloud: Cloud) -> int:
    counter = cloud.get(*COUNTER)
    assert counter is not None
    return int(counter["n"])


def _to_its_end(cloud: Cloud, play: Play, dossier: Dossier, told: Told) -> None:
    """The warning, the police's answer, what is ready, the insurance's answer, the rest."""
    told.restarted = dossier.full(DESK)
    eventually(lambda: milestones(dossier.full(DESK)["events"], "due_soon"), 40)
    told.warned = dossier.full(DESK)
    with session() as by:
        told.paper = by.get(told.messages[POLICE]["papers"][0]["url"], timeout=10).content
    _answer(play, dossier, POLICE, told)
    told.answered = dossier.full(DESK)
    _hand_out(cloud, dossier)
    _answer(play, dossier, INSURANCE, told)
    _hand_out(cloud, dossier)
    told.after = dossier.full(DESK)


def _hand_out(cloud: Cloud, dossier: Dossier) -> None:
    """Once the execution has come to where the record is: it skips what is over when it looks."""
    eventually(lambda: _states(cloud, f"{dossier.code}.g2")[-1] == "Return")
    dossier.decide(DESK, "return")


def _answer(play: Play, dossier: Dossier, agency: str, told: Told) -> None:
    asked = play.agencies.received(dossier.code, "leg.opened", agency)
    assert asked is not None
    told.receipts.append(play.agency_completes(asked))


def _look_at_executions(cloud: Cloud, told: Told) -> None:
    eventually(lambda: cloud.execution(told.code) == "SUCCEEDED")
    listed = cloud.client("stepfunctions").list_executions(stateMachineArn=STATE_MACHINE_ARN)
    told.runs = {run["name"]: run["status"] for run in listed["executions"]}
    told.states = _states(cloud, f"{told.code}.g2")
    told.generation = (cloud.token(told.code) or {}).get("generation", "")


def _states(cloud: Cloud, name: str) -> list[str]:
    """States that an execution entered, in order."""
    details = (event.get("stateEnteredEventDetails") for event in cloud.history(name))
    return [entered["name"] for entered in details if entered]


def test_agencies_are_told_what_their_leg_shares(told: Told) -> None:
    """The message is all an agency gets: the wrong sections would be a leak of personal data."""
    police, insurance = told.messages[POLICE], told.messages[INSURANCE]
    assert set(police["answers"]) == {"child", "mother", "father", "residence"}
    assert set(insurance["answers"]) == {"child", "insurance"}


def test_kill_in_the_middle_of_an_agency_leg_loses_nothing(told: Told) -> None:
    """What was acknowledged before the save mark is a citizen's right: it must be there again."""
    events = told.before["events"]
    assert told.before["stage"] == "InterAgency"
    assert told.restarted["events"][: len(events)] == events
    assert told.restarted["status"] == told.before["status"] == "processing"
    assert told.restarted["holders"] == told.before["holders"]
    assert told.restarted["control_slip"][0] == told.before["control_slip"][0]


def test_uploaded_paper_is_still_there_for_the_agency(told: Told) -> None:
    """The link was sent before the kill; a table without its files would be worth nothing."""
    assert told.paper.startswith(b"%PDF-")


def test_milestone_after_the_restart_is_claimed_once(told: Told) -> None:
    """Deadlines go on over a crash: each agency warned once, and after its time, not before."""
    passed = milestones(told.after["events"], "due_soon")
    codes = [_code(told.after, event["leg"]) for event in passed]
    assert sorted(codes) == ["insurance", "residence"]
    assert not milestones(told.restarted["events"])
    for event in passed:
        assert moment(event["at"]) >= moment(event["data"]["nominal_at"])


def _code(full: Json, leg: int) -> str:
    code: str = next(hop["code"] for hop in full["control_slip"] if hop["leg"] == leg)
    return code


def test_callback_after_the_restart_moves_it_on(told: Told) -> None:
    """An agency knows only the address it was sent before the crash: that address must hold."""
    assert told.receipts == ["applied", "applied"]
    assert (told.answered["stage"], told.answered["status"]) == ("Return", "settled")
    assert (told.after["stage"], told.after["status"]) == ("Closed", "returned")
    assert told.after["result_kind"] == "granted"


def test_serials_and_clock_move_on(told: Told) -> None:
    """A counter that fell back would give two citizens one code; so would a clock."""
    before, after = told.serials
    assert after == before + STEP
    assert told.clocks[1] >= told.clocks[0]


def test_events_are_one_chain_over_the_crash(told: Told) -> None:
    """The record is evidence: a lost or changed event would break the chain for anyone to see."""
    events = told.after["events"]
    assert chain_holds(told.code, events)
    assert not chain_holds(told.code, [*events[:2], *events[3:]])
    assert not chain_holds(told.code, [{**events[0], "actor": "citizen:other"}, *events[1:]])


def test_executions_really_led_it(told: Told) -> None:
    """The engine forgets its executions; the second generation must take over and do the rest."""
    started = [e for e in told.after["events"] if e["type"] == "generation_started"]
    assert [event["data"] for event in started] == [{"generation": 2}]
    assert told.runs == {f"{told.code}.g2": "SUCCEEDED"}
    assert told.generation == "2"
    for state in ("Locate", "InterAgency", "Escalate", "Return", "Closed"):
        assert state in told.states


def test_no_process_logged_anything_personal(told: Told) -> None:
    """Logs of the emulators included: whoever runs it on real data must not find that out late."""
    assert told.needles >= {CITIZEN_NAME, CITIZEN_NUMBER}
    assert found(told.logs, told.needles) == []


def test_every_event_is_in_the_logs(told: Told) -> None:
    """By its id, once, with the process that stored it: so a dossier can be followed."""
    lines = [json.loads(line) for line in told.logs.splitlines() if line.startswith('{"level"')]
    stored = sorted(line["event_id"] for line in lines if line["message"] == "stored")
    assert stored == sorted(f"{told.code}#{event['ev']}" for event in told.after["events"])
    assert all(line["correlation_id"] and line["function_name"] for line in lines)
    assert '"Name":"Overdue"' in told.logs


def test_no_process_is_left_behind(told: Told) -> None:
    """Left-over processes hold ports and overwrite the next run's state."""
    assert told.survivors == []
    assert told.left == []
