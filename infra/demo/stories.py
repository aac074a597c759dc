"""The seven stories. Each drives one dossier to its end and says which of its promises held."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from infra.demo.clock import CLOSES, moment, within_office_hours
from infra.demo.play import (
    CITIZEN,
    DESK,
    HEAD,
    INSURANCE,
    LAND,
    LEADER,
    OFFICE_UNIT,
    OFFICER,
    POLICE,
    PROVINCE,
    PROVINCE_LEADER,
    SOCIAL,
    TAX,
    Check,
    hop,
    milestones,
    refusal_of,
    told,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.demo.client import Json
    from infra.demo.play import Play

TAXES = 17_000_000  # đồng
FEE = 314_000  # đồng: charge and fee of 1.012785, filed online


def on_time(play: Play) -> list[Check]:
    """A transfer of land: appraised, taxed, paid and registered, each leg within its limit."""
    dossier = play.accept("1.012785")
    play.clock.work(3)
    dossier.decide(LAND, "receive")
    play.clock.work(2)
    dossier.decide(LAND, "hand_over", note="Hồ sơ hợp lệ.")
    asked = play.message(dossier, "leg.opened", TAX)
    play.clock.work(3)
    play.agency_completes(asked, amount=TAXES)
    play.clock.work(2)
    taxes = play.pay(dossier, "BL-0001")
    play.clock.work(5)
    play.complete(dossier, LAND)
    fee = play.pay(dossier, "BL-0002")
    play.hand_out(dossier)
    full = dossier.full(DESK)
    late = [each for each in full["control_slip"] if each["punctuality"] == "late"]
    return [
        Check("returned, granted", _ended(full) == ("returned", "granted")),
        Check("no leg was late and nobody was warned", not late and not _rungs(full)),
        Check("taxes and the online fee of 314,000 đồng paid", (taxes, fee) == (TAXES, FEE)),
    ]


def supplemented(play: Play) -> list[Check]:
    """A birth registration with an unreadable paper: asked for once, and only once."""
    dossier = play.file("1.001193")
    play.clock.work(1)
    paper = "paper:birth_notification"
    marks = play.marks("1.001193", paper)
    dossier.decide(DESK, "request_supplement", checks=marks, reason="Giấy chứng sinh bị mờ.")
    play.say("supplement requested")
    play.clock.work(2)
    asked = [item["subject"] for item in dossier.track(CITIZEN)["open_request"]["items"]]
    dossier.supplement(CITIZEN, [play.paper(subject.partition(":")[2]) for subject in asked])
    play.say("supplemented by the citizen")
    again = play.marks("1.001193", "section:child")
    refused = refusal_of(lambda: dossier.decide(DESK, "request_supplement", checks=again))
    play.clock.work(1)
    dossier.decide(DESK, "accept")
    play.clock.work(1)
    play.complete(dossier, OFFICER)
    play.hand_out(dossier)
    full = dossier.full(DESK)
    slips = [each for each in full["control_slip"] if each["kind"] == "supplement"]
    return [
        Check("returned, granted", _ended(full) == ("returned", "granted")),
        Check("one slip, for exactly the faulty paper", len(slips) == 1 and asked == [paper]),
        Check("a second request was refused (supplement.once)", refused == "supplement.once"),
    ]


def overdue(play: Play) -> list[Check]:
    """A birth registration that nobody works on: warned, escalated to the leader, apologised."""
    dossier = play.accept("1.001193")
    appointed = dossier.track(CITIZEN)["due_at"]
    play.until(dossier, "overdue_8h")
    tomorrow = within_office_hours(play.clock.now() + timedelta(days=1))
    promised = tomorrow.replace(hour=CLOSES, minute=0, second=0, microsecond=0)
    dossier.decide(
        DESK,
        "apologise",
        reason="Cán bộ được giao vắng mặt, chưa bố trí người thay.",
        unit=OFFICE_UNIT,
        promised_at=promised.isoformat(),
    )
    play.say(f"apology sent, new date {promised:%d/%m %H:%M}")
    dossier.decide(HEAD, "assign", officer=OFFICER)
    after = dossier.track(CITIZEN)
    play.clock.work(2)
    play.complete(dossier, OFFICER)
    play.hand_out(dossier)
    full = dossier.full(DESK)
    late = hop(full, "code", "register")["punctuality"] == "late"
    ladder = [
        ("due_soon", "officer", [OFFICER]),
        ("due", "head", [HEAD]),
        ("overdue_8h", "leader", [LEADER]),
    ]
    kept = (after["due_at"], moment(after["promised_at"])) == (appointed, promised)
    return [
        Check("returned, granted", _ended(full) == ("returned", "granted")),
        Check("official, head and leader told in turn (rungs 1, 2, 3)", _rungs(full) == ladder),
        Check("the citizen was told who holds it", _citizen_told(full)),
        Check("the apology set a new date; the due date did not move", kept),
        Check("the control slip lays the delay on the office", late),
    ]


def parallel(play: Play) -> list[Check]:
    """A child's birth, residence and insurance: police and insurance side by side."""
    dossier = play.accept("3.000722")
    play.clock.work(2)
    play.complete(dossier, OFFICER)
    police = play.message(dossier, "leg.opened", POLICE)
    insurer = play.message(dossier, "leg.opened", INSURANCE)
    both = {each["unit"] for each in dossier.track(CITIZEN)["holders"]}
    play.clock.work(2)
    play.agencies.answer(police, "progress", note="Đã tiếp nhận.")
    play.clock.work(3)
    play.agency_completes(police)
    part = play.hand_out(dossier)
    play.clock.work(3)
    play.agency_completes(insurer)
    play.hand_out(dossier)
    full = dossier.full(DESK)
    shared = (set(police.data["answers"]), set(insurer.data["answers"]))
    sections = ({"child", "mother", "father", "residence"}, {"child", "insurance"})
    waiting = (part["status"], [each["unit"] for each in part["holders"]])
    return [
        Check("returned, granted", _ended(full) == ("returned", "granted")),
        Check("both agencies held it at once", both == {POLICE, INSURANCE}),
        Check("every message bore a valid signature", play.agencies.refused == 0),
        Check("each agency read only what its leg shares", shared == sections),
        Check("the residence did not wait for the card", waiting == ("settled", [INSURANCE])),
    ]


def refused(play: Play) -> list[Check]:
    """A transfer of land that the land office refuses on the merits."""
    dossier = play.accept("1.012785")
    play.clock.work(5)
    dossier.decide(LAND, "refuse", reason="Thửa đất đang có tranh chấp, Tòa án đã thụ lý.")
    play.say("refused on the merits")
    play.hand_out(dossier)
    full = dossier.full(DESK)
    reasons = [event["note"] for event in full["events"] if event["type"] == "refused"]
    return [
        Check("returned with a refusal", _ended(full) == ("returned", "refusal")),
        Check("the reason is on record", len(reasons) == 1 and bool(reasons[0])),
        Check("no fee was asked for", full["dues"] == 0),
        Check("tax never heard of it", not play.agencies.received(dossier.code, "leg.opened", TAX)),
    ]


def withdrawn(play: Play) -> list[Check]:
    """A transfer of land that the citizen takes back while the tax office has it."""
    dossier = play.accept("1.012785")
    play.clock.work(2)
    dossier.decide(LAND, "hand_over")
    asked = play.message(dossier, "leg.opened", TAX)
    play.clock.work(2)
    dossier.withdraw(CITIZEN, "Hai bên đã thỏa thuận hủy hợp đồng.")
    play.say("withdrawn by the citizen")
    play.message(dossier, "leg.cancelled", TAX)
    before = dossier.track(DESK)
    play.clock.work(1)
    receipt = play.agency_completes(asked, amount=TAXES)
    full = dossier.full(DESK)
    cancelled = hop(full, "receiver", TAX)["state"] == "cancelled"
    same = all(full[key] == before[key] for key in ("status", "stage", "holders", "outstanding"))
    return [
        Check("withdrawn", full["status"] == "withdrawn"),
        Check("the tax leg was cancelled and the office told", cancelled),
        Check("the late callback was filed", receipt == "filed"),
        Check("and changed nothing", same and full["events"][-1]["type"] == "callback_filed"),
    ]


def vacancy(play: Play) -> list[Check]:
    """An allowance that becomes overdue at a division whose head's post is vacant."""
    dossier = play.accept("X-BTXH05")
    play.clock.work(4)
    dossier.decide(SOCIAL, "hand_over", note="Đã xác minh nơi cư trú mới.")
    play.say("handed over to the province")
    event = play.until(dossier, "due")
    play.clock.work(2)
    play.complete(dossier, PROVINCE)
    play.hand_out(dossier)
    full = dossier.full(DESK)
    late = hop(full, "code", "province_decision")["punctuality"] == "late"
    ladder = [("due_soon", "officer", [PROVINCE]), ("due", "leader", [PROVINCE_LEADER])]
    return [
        Check("returned, granted", _ended(full) == ("returned", "granted")),
        Check("the vacancy is on record", event["data"]["vacant"] == ["head"]),
        Check("the leader was told at once in the head's place", _rungs(full)[:2] == ladder),
        Check("the control slip says late", late),
    ]


@dataclass(frozen=True)
class Story:
    """A story with its name in both languages."""

    tell: Callable[[Play], list[Check]]
    vi: str
    en: str

    @property
    def title(self) -> str:
        """Its number and name."""
        return f"{STORIES.index(self) + 1}  {self.vi} · {self.en}"


STORIES = (
    Story(on_time, "Đúng hạn", "On time"),
    Story(supplemented, "Bổ sung một lần", "Supplemented once"),
    Story(overdue, "Trễ hạn, báo đến lãnh đạo", "Overdue, escalated to the leader"),
    Story(parallel, "Hai cơ quan song song", "Two agencies in parallel"),
    Story(refused, "Từ chối giải quyết", "Refused on the merits"),
    Story(withdrawn, "Rút khi đang ở cơ quan khác", "Withdrawn while at an agency"),
    Story(vacancy, "Trễ hạn, khuyết trưởng phòng", "Overdue, the head's post vacant"),
)


def _ended(full: Json) -> tuple[str, str]:
    return full["status"], full["result_kind"]


def _rungs(full: Json) -> list[tuple[str, str, list[str]]]:
    """Milestones of officials' legs as (milestone, rung that heard, who), in order."""
    return [
        (event["data"]["milestone"], event["data"]["told"][0]["rung"], told(event))
        for event in milestones(full["events"])
        if event["leg"] and event["data"]["told"]
    ]


def _citizen_told(full: Json) -> bool:
    return any(event["data"]["effect"] == "tell_citizen" for event in milestones(full["events"]))
