"""One dossier of the benchmark, step by step: the catalogue's land procedure, or a shorter cut.

Every step takes an hour of virtual time, so that all is on time unless a life says otherwise.
"""

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from bench.metered import MeteredCloud, MeteredWorld
from catalogue.load import load, set_webhook
from catalogue.read import Catalogue, read
from chalicelib.adapters import table_keys as keys
from chalicelib.adapters.item_codec import to_attributes
from chalicelib.adapters.reference_codec import procedure_to_data
from chalicelib.domain.actor import Actor
from chalicelib.domain.desk import Check
from chalicelib.domain.dossier import Dossier
from chalicelib.domain.event import digest_of
from chalicelib.domain.ids import AgencyCode, DossierCode, FileId, ProcedureCode
from chalicelib.domain.interagency import Answer
from chalicelib.domain.leg import Leg
from chalicelib.domain.procedure import ProcedureVersion
from chalicelib.domain.terms import Channel, LegKind
from chalicelib.ports import CallbackTarget, PaperHandedIn, Upload
from chalicelib.use_cases.answer_callback import Callback, answer_callback
from chalicelib.use_cases.changing import Idempotency
from chalicelib.use_cases.decide import Decision, decide
from chalicelib.use_cases.measure import measure
from chalicelib.use_cases.reconcile import reconcile, revive
from chalicelib.use_cases.submit_dossier import Submit, Submitted, submit_dossier
from chalicelib.use_cases.supplement_dossier import Supplement, supplement_dossier
from chalicelib.use_cases.track_dossier import Track, track_dossier
from chalicelib.use_cases.withdraw_dossier import Withdraw, withdraw_dossier
from tests import aws
from tests.simulator.people import citizen, official

LAND: Final = ProcedureCode("1.012785")
STEPS: Final = {
    3: ("appraise",),
    4: ("appraise", "register"),
    6: ("appraise", "tax", "pay", "register"),
}
DESK: Final = AgencyCode("H15.50.05.13")
TAX: Final = AgencyCode("G12.H15.01")
PAPERS: Final = ("transfer_contract", "certificate")
SAMPLE: Final = Path(__file__).parents[1] / "catalogue" / "samples" / "1.012785.json"
PERSON: Final = {
    "kind": "citizen",
    "full_name": "Y Mẫu Niê",
    "number": "066090000001",
    "address": "Buôn Mẫu, phường Buôn Hồ, tỉnh Đắk Lắk",
    "phone": "0000000001",
}
SECRET: Final = "whsec_" + base64.b64encode(b"a benchmark's secret, that is long enough").decode()
TAX_DUE: Final = 4_250_000  # đồng
_numbers = count(1)  # for names that differ and are of one length


@cache
def shipped() -> Catalogue:
    """The catalogue's files, read once."""
    return read()


def code_of(stages: int) -> ProcedureCode:
    """The procedure of a life with so many stages, the desk's two among them."""
    return LAND if stages == max(STEPS) else ProcedureCode(f"{LAND}.{stages}")


def _version(stages: int) -> ProcedureVersion:
    land = next(each for each in shipped().procedures if each.code == LAND)
    route = tuple(step for step in land.route if step.code in STEPS[stages])
    return replace(land, code=code_of(stages), route=route)


def fill(cloud: MeteredCloud) -> None:
    """Load the catalogue and the shorter procedures, and tell where the tax office is."""
    load(aws.RECORD)
    set_webhook(TAX, "https://tax.example/motcua", SECRET, aws.RECORD)
    for version in map(_version, STEPS):
        data = json.dumps(procedure_to_data(version), ensure_ascii=False)
        item = {**keys.version(version.code, version.version), "data": data}
        cloud.dynamodb.put_item(TableName=aws.RECORD, Item=to_attributes(item))


def official_of(agency: AgencyCode) -> Actor:
    """Somebody who works there and may do everything, under a name of the usual length."""
    return replace(official(agency), id="OF-0011")


@dataclass
class Life:
    """One dossier; each step is one piece of metered work, and the hour after it."""

    world: MeteredWorld
    stages: int = 6
    code: DossierCode = field(init=False)

    def __post_init__(self) -> None:
        if not self.world.cold:
            self.world.reference.warm(code_of(self.stages), [TAX])

    # -- the citizen

    def submits(self, name: str = "submit", padding: int = 0) -> None:
        """File it; `padding` makes the form longer by so many bytes."""
        person = {**PERSON, "address": PERSON["address"] + "x" * padding}
        command = Submit(
            procedure=code_of(self.stages),
            version=1,
            desk=DESK,
            channel=Channel.ONLINE,
            submitter=person,
            owner=person,
            answers=json.loads(SAMPLE.read_text("utf-8")),
            papers=tuple(PaperHandedIn(paper, self.uploads(paper)) for paper in PAPERS),
            key=self._key("submit"),
        )
        done: Submitted = self._does(
            name, lambda: submit_dossier(command, self._owner(), self.world.deps)
        )
        self.code = done.code

    def uploads(self, name: str) -> FileId:
        """Promise a file, send it, have the store's event confirm it."""
        content = name.encode()
        digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
        file = FileId(str(UUID(int=next(_numbers))))
        upload = Upload(file, f"{name}.pdf", "application/pdf", len(content), digest, "OF-0011")
        files = self.world.deps.files
        with self.world.metered("promise upload"):
            files.promise(upload)
        self.world.cloud.s3.put_object(
            Bucket=aws.FILES,
            Key=f"uploads/{file}",
            Body=content,
            ContentType=upload.type,
            ChecksumAlgorithm="SHA256",
        )
        with self.world.metered("confirm upload"):
            assert files.confirm(file)
        return file

    def tracks(self) -> None:
        """With the secret, as one who has not signed in."""
        secret = self.world.deps.keys.tracking_secret(self.code)
        command = Track(self.code, secret, self._key("caller"))
        self._does("track", lambda: track_dossier(command, None, self.world.deps))

    def supplements(self, paper: str) -> None:
        """Answer a slip that asks for one paper."""
        papers = (PaperHandedIn(paper, self.uploads(paper)),)
        command = Supplement(self.code, self.now.rev, {}, papers, self._idempotency("supplement"))
        self._does(
            "supplement", lambda: supplement_dossier(command, self._owner(), self.world.deps)
        )

    def withdraws(self) -> None:
        """Say no reason."""
        command = Withdraw(self.code, self.now.rev, "", self._idempotency("withdraw"))
        self._does("withdraw", lambda: withdraw_dossier(command, self._owner(), self.world.deps))

    # -- officials and agencies

    def decides(self, action: str, kind: LegKind | None = None, **given: Any) -> None:
        """Whoever holds the leg of this kind decides; the desk, where there is none."""
        leg = self._leg(kind) if kind else None
        holder = leg.holder if leg and not leg.is_citizens else DESK
        if leg and not leg.is_citizens:
            given["leg"] = leg.n
        key = self._idempotency(action)
        command = Decision(self.code, action, self.now.rev, given, key)
        actor = official_of(holder)
        self._does(f"decide {action}", lambda: decide(command, actor, self.world.deps))

    def agency_answers(self, answer: Answer, *, again: bool = False) -> None:
        """Once; and once more, as an agency does that missed the first receipt."""
        leg = self._leg(LegKind.AGENCY)
        target = CallbackTarget(self.code, leg.n, leg.holder)
        message = Callback(target, f"msg_{self._key('')}", "1", digest_of({}), answer)
        self._does("callback", lambda: answer_callback(message, self.world.deps))
        if again:
            late = replace(message, timestamp="2")
            self._does("callback, replayed", lambda: answer_callback(late, self.world.deps))

    def slips(self, paper: str) -> Mapping[str, Check]:
        """Everything is in order but one paper."""
        procedure = self.now.ctx.procedure
        subjects = [f"section:{name}" for name in procedure.form["properties"]]
        subjects += [f"paper:{each.code}" for each in procedure.papers]
        wrong = f"paper:{paper}"
        return {each: Check(each != wrong, "unreadable", "scan it again") for each in subjects}

    # -- the system

    def reconciled(self) -> None:
        """A pass that finds nothing due; then one dossier of a pass over all that is open."""
        self._does("reconcile: nothing due", lambda: reconcile(self.world.deps))
        again = "reconcile all: one idle dossier"
        self._does(again, lambda: revive(self.code, self.world.deps, everything=True))

    def measured(self) -> None:
        """The gauges: what every unit of the shipped directory is asked."""
        self._does("measure: all units", lambda: measure(self.world.deps))

    def later(self, **by: float) -> None:
        """Time passes."""
        self.world.run(self.world.clock.now() + timedelta(**by))

    @property
    def now(self) -> Dossier:
        """As it is stored; nobody pays for this look."""
        dossier: Dossier = self.world.records.stored[self.code].dossier
        return dossier

    @property
    def entries(self) -> int:
        """States entered by all executions of the dossier."""
        runs = self.world.machine.executions
        return sum(run.entries for name, run in runs.items() if name.startswith(f"{self.code}.g"))

    def _leg(self, kind: LegKind) -> Leg:
        return next(leg for leg in self.now.running() if leg.kind is kind)

    def _owner(self) -> Actor:
        return citizen(self.world.deps.keys.person_ref(PERSON["number"]))

    def _key(self, name: str) -> str:
        return self.world.deps.keys.opaque(name, str(next(_numbers)))

    def _idempotency(self, action: str) -> Idempotency:
        return Idempotency(self._key(action), digest_of({"action": action}))

    def _does(self, name: str, act: Callable[[], Any]) -> Any:
        with self.world.metered(name):
            answer = act()
        self.later(hours=1)
        return answer
