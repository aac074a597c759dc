"""What all stories share: the people, filing a dossier, waiting for what happens to it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from infra.demo.client import ApiError, Client, Dossier, Json, chain_holds
from infra.demo.clock import StoryError, moment
from infra.local.settings import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from infra.demo.agency import AgencyServer, Message
    from infra.demo.clock import Clock

# Demo accounts (catalogue/officers.yaml).
CITIZEN, CITIZEN_NAME, CITIZEN_NUMBER = "CT-0001", "Y Mẫu Niê", "066090000001"
DESK, LEADER = "OF-0014", "OF-0013"
OFFICER, HEAD = "OF-0016", "OF-0017"
LAND, SOCIAL = "OF-0011", "OF-0018"
PROVINCE, PROVINCE_LEADER = "OF-0009", "OF-0008"

# Agencies and units (catalogue/agencies.yaml).
DESK_UNIT, OFFICE_UNIT, PROVINCE_UNIT = "H15.50.05.13", "H15.50.05.02", "H15.18.04"
POLICE, TAX, INSURANCE = "G01.H15.05", "G12.H15.01", "G24.H15.01"
AGENCIES = (POLICE, TAX, INSURANCE)

FINAL = frozenset({"refused", "withdrawn", "stopped", "returned"})

LONG = timedelta(days=14)  # of service time: longer than any wait here, holidays included
_FILE = b"%PDF-1.7\n%MotCua demo\n%%EOF\n"


@dataclass(frozen=True)
class Check:
    """Something the story promises, and whether it came true."""

    promise: str
    kept: bool


@dataclass
class Play:
    """One story on its way: how it acts, and what it says meanwhile."""

    client: Client
    agencies: AgencyServer
    clock: Clock
    say: Callable[[str], None]
    dossiers: list[Dossier] = field(default_factory=list)

    def file(self, procedure: str) -> Dossier:
        """The citizen files a dossier with the catalogue's sample answers and required papers."""
        papers = self.client.get(f"/procedures/{procedure}")["papers"]
        person = {"kind": "citizen", "full_name": CITIZEN_NAME, "number": CITIZEN_NUMBER}
        sample = ROOT / "catalogue" / "samples" / f"{procedure}.json"
        body = {
            "procedure_code": procedure,
            "desk": DESK_UNIT,
            "submitter": person,
            "owner": person,
            "answers": json.loads(sample.read_text()),
            "papers": [self.paper(each["code"]) for each in papers if each["required"]],
        }
        dossier = Dossier(self.client, self.client.post("/dossiers", CITIZEN, body)["code"])
        self.dossiers.append(dossier)
        self.say("filed")
        return dossier

    def paper(self, code: str) -> Json:
        """One paper with its uploaded file."""
        return {"paper_code": code, "file_id": self.upload(CITIZEN)}

    def upload(self, who: str) -> str:
        """A small PDF file; answers its id."""
        return self.client.upload(who, _FILE)

    def accept(self, procedure: str) -> Dossier:
        """A filed dossier that the desk has found complete."""
        dossier = self.file(procedure)
        self.clock.work(1)
        dossier.decide(DESK, "accept")
        self.say("accepted by the desk")
        return dossier

    def complete(self, dossier: Dossier, who: str) -> None:
        """A unit ends its leg with a result."""
        dossier.decide(who, "complete", result=self.upload(who))
        self.say("completed with a result")

    def hand_out(self, dossier: Dossier) -> Json:
        """The desk hands out what is ready."""
        self.clock.work(1)
        answer = dossier.decide(DESK, "return")
        self.say("result handed out")
        return answer

    def pay(self, dossier: Dossier, receipt: str) -> int:
        """The citizen pays all that is due, in đồng, at the desk."""
        due = int(dossier.track(CITIZEN)["outstanding"])
        dossier.decide(DESK, "record_payment", amount=due, receipt=receipt)
        self.say(f"{due:,} đồng paid")
        return due

    def message(self, dossier: Dossier, kind: str, agency: str) -> Message:
        """The message an agency got about the dossier; waits for it. Raise StoryError."""
        found = self.clock.wait_for(
            lambda: self.agencies.received(dossier.code, kind, agency), LONG, f"{kind} to {agency}"
        )
        self.say(f"{agency} got {kind}")
        return found

    def agency_completes(self, asked: Message, **more: Any) -> str:
        """An agency answers with its result; what became of the answer."""
        result = self.agencies.upload(asked, _FILE)
        receipt = self.agencies.answer(asked, "completed", result=result, **more)
        self.say(f"{asked.agency} answered: {receipt}")
        return receipt

    def marks(self, procedure: str, faulty: str) -> Json:
        """The desk's marks: every paper and section is good but one."""
        version = self.client.get(f"/procedures/{procedure}")
        subjects = [f"section:{name}" for name in version["form"]["properties"]]
        subjects += [f"paper:{paper['code']}" for paper in version["papers"]]
        wrong = {"good": False, "reason_code": "unreadable", "todo": "Nộp lại bản rõ chữ."}
        return {each: wrong if each == faulty else {"good": True} for each in subjects}

    def until(self, dossier: Dossier, milestone: str) -> Json:
        """The event with which a holder's milestone passed; waits for it. Raise StoryError."""
        dues = [moment(each["due_at"]) for each in dossier.track(DESK)["holders"] if each["due_at"]]
        if milestone != "due_soon":
            self.say(f"nobody acts; due {min(dues):%d/%m %H:%M}")
            self.clock.sleep_until(min(dues))

        def look() -> Json | None:
            passed = milestones(dossier.full(DESK)["events"], milestone)
            return next((each for each in passed if each["leg"]), None)

        found = self.clock.wait_for(look, LONG, f"milestone {milestone}")
        self.say(f"{milestone} passed; told {', '.join(told(found)) or 'nobody'}")
        return found

    def record_checks(self) -> list[Check]:
        """What every story promises of its record."""
        full = self.dossiers[0].full(DESK)
        return [
            Check("the record's hash chain is whole", chain_holds(full["code"], full["events"])),
            Check("somebody held it every second of its life", _always_held(full)),
        ]


def _always_held(full: Json) -> bool:
    """Whether its periods go from the first event to its end without a gap, each with a holder."""
    ended = next(each["at"] for each in full["events"] if each["status"] in FINAL)
    reached = full["events"][0]["at"]
    for period in full["periods"]:
        if reached == ended:
            break
        if period["since"] != reached or not period["holders"]:
            return False
        reached = period["until"]
    return bool(reached == ended)


def hop(full: Json, key: str, value: str) -> Json:
    """The control slip's first line with that value. Raise StoryError when there is none."""
    for each in full["control_slip"]:
        if each[key] == value:
            return dict(each)
    raise StoryError(f"no hop of the control slip has {key} {value}")


def milestones(events: Sequence[Json], name: str = "") -> list[Json]:
    """Events of passed milestones, of all or of one name; leg 0 is the dossier as a whole."""
    passed = [event for event in events if event["type"] in {"milestone_passed", "expired"}]
    return [event for event in passed if name in {"", event["data"]["milestone"]}]


def told(event: Json) -> list[str]:
    """Accounts of those a milestone told."""
    return [each["officer"] for each in event["data"]["told"]]


def refusal_of(attempt: Callable[[], object]) -> str:
    """The problem code with which the API refuses; empty when it does not."""
    try:
        attempt()
    except ApiError as refused:
        return refused.code
    return ""
