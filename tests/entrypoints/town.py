"""A ward, its people, and how their dossiers come to where a test needs them."""

import hashlib
import json
import os
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any, Final

from standardwebhooks import Webhook

from chalicelib import bootstrap
from chalicelib.adapters import clients
from chalicelib.domain.dossier import Dossier
from chalicelib.domain.ids import AgencyCode, DossierCode
from chalicelib.use_cases.changing import context
from tests import aws
from tests.entrypoints.served import (
    WEBHOOK_SECRET,
    Client,
    Reply,
    Snapshot,
    anchor,
    forget,
)

CITIZEN, OTHER_CITIZEN = "CT-0001", "CT-0002"
DESK, OTHER_DESK = "OF-0014", "OF-0021"  # of the ward; of the neighbouring commune
OFFICER, HEAD, LEADER, AUDITOR = "OF-0016", "OF-0017", "OF-0013", "OF-0004"
LAND_OFFICER, LAND_LEADER, TAX_OFFICER = "OF-0011", "OF-0010", "OF-0035"
CATALOGUE, OPERATOR = "OF-0003", "OF-0005"  # of the province
OTHER_OFFICER = "OF-0023"  # of the neighbouring commune

WARD_DESK, WARD_OFFICE, LAND_OFFICE = "H15.50.05.13", "H15.50.05.02", "H15.11.05"
TAX, POLICE, INSURANCE = "G12.H15.01", "G01.H15.05", "G24.H15.01"
BIRTH, LAND, LINKED = "1.001193", "1.012785", "3.000722"
COPIES, MARRIAGE = "2.000815", "1.000894"
NEEDED: Final = {  # the papers without which a dossier is not taken
    BIRTH: ["birth_notification"],
    LAND: ["transfer_contract", "certificate"],
    LINKED: ["birth_notification"],
    COPIES: ["original"],
    MARRIAGE: ["identity_cards"],
}
PERSON: Final = {
    "kind": "citizen",
    "full_name": "Y Mẫu Niê",
    "number": "066090000001",
    "address": "Buôn Mẫu, phường Buôn Hồ",
    "phone": "0000000001",
}
SAMPLES: Final = Path(__file__).parents[2] / "catalogue" / "samples"


def answers(procedure: str) -> dict[str, Any]:
    """A form filled in well."""
    found: dict[str, Any] = json.loads((SAMPLES / f"{procedure}.json").read_text("utf-8"))
    return found


@dataclass(frozen=True)
class Filed:
    """What the citizen was given."""

    code: str
    secret: str


class Town:
    """Every call goes through the API; files reach the store as a browser would send them."""

    def __init__(self) -> None:
        self.client = Client()
        self._numbers = count(1)
        self._beginning = Snapshot()
        self._told: dict[Story, tuple[Filed, Snapshot]] = {}

    def begin(self) -> None:
        """Nothing has been filed yet."""
        self._beginning.restore()

    def at(self, story: "Story") -> Filed:
        """The town after one story and nothing else; each is played once and then remembered."""
        if story not in self._told:
            self.begin()
            filed = story(self)
            self._told[story] = (filed, Snapshot())
        filed, after = self._told[story]
        after.restore()
        return filed

    def restart(self) -> None:
        """A new process: nothing is cached."""
        forget()

    def clock(self, moment: str) -> None:
        """Service time stands there from now on."""
        os.environ["CLOCK_ANCHOR"] = anchor(moment)
        forget()

    # -- calls

    def key(self) -> dict[str, str]:
        """A fresh Idempotency-Key."""
        return {"Idempotency-Key": f"key-of-tests-{next(self._numbers):04d}"}

    def post(
        self, path: str, given: object, account: str, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """With a key of its own, unless `headers` has one."""
        return self.client.call(
            "POST", path, given, account=account, headers=self.key() if headers is None else headers
        )

    def get(self, path: str, account: str = "", secret: str = "") -> Reply:
        """Signed in, or with a dossier's secret, or neither."""
        headers = {"X-Dossier-Secret": secret} if secret else {}
        return self.client.call("GET", path, account=account, headers=headers)

    # -- files

    def promise(self, account: str = CITIZEN, **changed: object) -> Reply:
        """Ask for a place for a small PDF."""
        return self.post("/uploads", file_body() | changed, account)

    def upload(self, account: str = CITIZEN) -> str:
        """Promise a file and send it; its id."""
        return self.arrive(self.promise(account).body["file_id"])

    def arrive(self, file: str, content: bytes = b"%PDF-1.7 a file of tests") -> str:
        """The bytes reach the store."""
        clients.s3().put_object(
            Bucket=aws.FILES, Key=f"uploads/{file}", Body=content, ContentType="application/pdf"
        )
        return file

    # -- stories

    def submission(self, procedure: str = BIRTH, **changed: object) -> dict[str, Any]:
        """A body that is taken, with its papers in the store."""
        body: dict[str, Any] = {
            "procedure_code": procedure,
            "desk": WARD_DESK,
            "submitter": PERSON,
            "owner": PERSON,
            "answers": answers(procedure),
        }
        if "papers" not in changed:
            body["papers"] = [
                {"paper_code": paper, "file_id": self.upload()} for paper in NEEDED[procedure]
            ]
        return body | changed

    def submit(self, procedure: str = BIRTH, **changed: object) -> Filed:
        """A new dossier."""
        answer = self.post("/dossiers", self.submission(procedure, **changed), CITIZEN)
        assert answer.status == 201, answer.content
        return Filed(answer.body["code"], answer.body["secret"])

    def rev(self, code: str) -> int:
        """The one that a decision needs now."""
        return self.dossier(code).rev

    def dossier(self, code: str) -> Dossier:
        """As it is on record."""
        deps = bootstrap.deps()
        return deps.records.load(DossierCode(code), context(deps))

    def decide(
        self,
        filed: Filed,
        account: str,
        action: str,
        headers: Mapping[str, str] | None = None,
        **given: object,
    ) -> Reply:
        """On the dossier as it is now."""
        body = {"action": action, "rev": self.rev(filed.code), **given}
        return self.post(f"/dossiers/{filed.code}/decisions", body, account, headers)

    def decided(self, filed: Filed, account: str, action: str, **given: object) -> Any:
        """The same, and it must go well; answers the state."""
        answer = self.decide(filed, account, action, None, **given)
        assert answer.status == 200, (action, answer.content)
        return answer.body

    def at_unit(self, procedure: str = BIRTH) -> Filed:
        """Accepted: the first unit holds it and has not received it."""
        filed = self.submit(procedure)
        self.decided(filed, DESK, "accept")
        return filed

    def asked(self) -> Filed:
        """The one supplement slip is with the citizen: section `child` is faulty."""
        filed = self.submit()
        self.decided(filed, DESK, "request_supplement", checks=checks("section:child"))
        return filed

    def at_tax(self) -> Filed:
        """The land office has handed over; the tax office is asked, as leg 3."""
        filed = self.at_unit(LAND)
        self.decided(filed, LAND_OFFICER, "hand_over")
        return filed

    def at_payment(self) -> Filed:
        """The tax office has answered: the citizen owes 1,000,000 đồng."""
        filed = self.at_tax()
        answer = self.call_back(filed, outcome="completed", amount=1_000_000)
        assert answer.status == 200, answer.content
        return filed

    def settled(self) -> Filed:
        """Birth registered, the desk may hand the certificate out."""
        filed = self.at_unit()
        self.decided(filed, OFFICER, "complete", result=self.upload(OFFICER))
        return filed

    # -- agencies

    def callback(self, filed: Filed, leg: int = 3, agency: str = TAX) -> str:
        """The path that an agency was told to answer at."""
        keys = bootstrap.keys()
        return f"/callbacks/{keys.callback_id(DossierCode(filed.code), leg, AgencyCode(agency))}"

    def call_back(self, filed: Filed, leg: int = 3, agency: str = TAX, **given: object) -> Reply:
        """A signed answer with an id of its own."""
        return self.send(self.callback(filed, leg, agency), given)

    def send(self, path: str, given: object, **changed: Any) -> Reply:
        """A message signed by Standard Webhooks 1.0."""
        raw = json.dumps(given).encode()
        return self.client.call("POST", path, raw, headers=self.signed(raw, **changed))

    def signed(
        self,
        raw: bytes,
        *,
        message: str = "",
        at: float = 0,
        moment: datetime | None = None,
        secret: str = WEBHOOK_SECRET,
    ) -> dict[str, str]:
        """The three headers; `at` in seconds from now, unless `moment` says when."""
        name = message or f"msg_{next(self._numbers):04d}"
        moment = moment or seconds_from_now(at)
        return {
            "webhook-id": name,
            "webhook-timestamp": str(int(moment.timestamp())),
            "webhook-signature": Webhook(secret).sign(name, moment, raw.decode(errors="replace")),
        }


def seconds_from_now(seconds: float) -> datetime:
    """Whole seconds, as a message is signed with."""
    return datetime.fromtimestamp(int(datetime.now(UTC).timestamp() + seconds), UTC)


def file_body(content: bytes = b"%PDF-1.7 a file of tests") -> dict[str, object]:
    """What is said of a file before it is sent."""
    digest = b64encode(hashlib.sha256(content).digest()).decode()
    return {"name": "a.pdf", "type": "application/pdf", "size": len(content), "sha256": digest}


def checks(*faulty: str, procedure: str = BIRTH) -> dict[str, Any]:
    """Every paper and section marked, `faulty` ones with a reason and what to do."""
    bad = {"good": False, "reason_code": "unclear", "todo": "Viết lại cho rõ."}
    version = bootstrap.deps().reference.procedure(procedure)  # type: ignore[arg-type] # a code
    return {
        subject: bad if subject in faulty else {"good": True}
        for subject in sorted(version.subjects)
    }


Story = Callable[[Town], Filed]
