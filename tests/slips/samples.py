"""One slip of each kind, of a ward in Đắk Lắk; names as long and as local as they come."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any, Final

from chalicelib.adapters.slip_forms import form_sets
from chalicelib.domain.desk import (
    Check,
    accept,
    apologise,
    record_payment,
    refuse,
    request_supplement,
    return_result,
)
from chalicelib.domain.directory import Agency, Directory
from chalicelib.domain.event import Event
from chalicelib.domain.procedure import Fee, FeeKind, Paper, PaperKind, ProcedureVersion, Text
from chalicelib.domain.register import Book
from chalicelib.domain.slips import internal, to_citizen
from chalicelib.domain.slips.case import Case
from chalicelib.domain.slips.forms import FormSet, in_force
from chalicelib.domain.slips.slip import Slip, SlipKind
from chalicelib.domain.suspension import stop
from chalicelib.domain.terms import Channel, EventType
from chalicelib.domain.unit import complete, hand_over, receive
from tests.domain.builders import (
    CALENDARS,
    CHAIR,
    CLERK,
    COMMUNE,
    DESK,
    LAND,
    OFFICE,
    PROVINCE,
    SURVEYOR,
    WORKER,
    at,
    both,
    days,
    procedure,
    step,
    unit_leg,
)
from tests.domain.story import Story

FORMS: Final = in_force(form_sets(), date(2026, 10, 5))
SITE: Final = "https://dichvucong.daklak.gov.vn"
SUBMITTER: Final[Mapping[str, Any]] = {
    "kind": "citizen",
    "full_name": "H'Ƀlŏ Niê Kđăm Ê̆ban",
    "number": "066190000123",
    "address": "Buôn Ƀŏ, phường Buôn Hồ, tỉnh Đắk Lắk",
    "phone": "0905000123",
    "email": "hblo@example.vn",
}
OWNER: Final[Mapping[str, Any]] = {
    "kind": "child",
    "full_name": "Y Nguyễn Phước Bảo Đăng Khoa Niê Kđăm Mlô Duôn Du Hđơk Ayŭn",
    "representative": {"full_name": SUBMITTER["full_name"], "number": "066190000123"},
    "address": "Số 123 đường Nguyễn Thị Minh Khai, tổ dân phố 7, phường Buôn Hồ, tỉnh Đắk Lắk",
}
VERSION: Final[ProcedureVersion] = replace(
    procedure(
        step(unit_leg("appraise", amount=3)),
        step(unit_leg("settle", "land", 2)),
        limit=both(days(8)),
        papers=(
            Paper(
                "id",
                Text("Giấy chứng sinh hoặc giấy tờ thay giấy chứng sinh", ""),
                PaperKind.ORIGINAL,
            ),
            Paper("proof", Text("Bản sao văn bản ủy quyền được chứng thực theo quy định", "")),
        ),
        form={
            "properties": {
                "person": {"title": "Thông tin người yêu cầu"},
                "matter": {"title": "Nội dung đề nghị"},
            }
        },
        fees=(
            Fee(
                "copy", Text("Phí cấp bản sao trích lục hộ tịch", ""), FeeKind.CHARGE, 8_000, 8_000
            ),
            Fee("birth", Text("Lệ phí đăng ký hộ tịch", ""), FeeKind.FEE, 75_000, 37_500),
        ),
    ),
    name=Text("Đăng ký khai sinh cho trẻ em sinh tại nhà, chưa có giấy chứng sinh", ""),
)


def town() -> Directory:
    """The units of the story, by the names of a real ward."""

    def agency(code: str, name: str, kind: str, area: str, **more: Any) -> Agency:
        return Agency(code, Text(name, name), kind, area, "ordinary", **more)  # type: ignore[arg-type]

    ward = "phường Buôn Hồ"
    return Directory(
        [
            agency(PROVINCE, "Ủy ban nhân dân tỉnh Đắk Lắk", "province", "H15"),
            agency(COMMUNE, f"Ủy ban nhân dân {ward}", "committee", "H15.50.05", parent=PROVINCE),
            agency(
                DESK,
                f"Trung tâm Phục vụ hành chính công {ward}",
                "commune",
                "H15.50.05",
                parent=COMMUNE,
                desk=True,
                address=f"Trụ sở Ủy ban nhân dân {ward}",
                phone="0262 000 1513",
            ),
            agency(OFFICE, f"Phòng Văn hóa - Xã hội {ward}", "office", "H15.50.05", parent=COMMUNE),
            agency(LAND, "Văn phòng Đăng ký đất đai tỉnh Đắk Lắk", "land", "H15", parent=PROVINCE),
        ],
        CALENDARS,
        {"H15.50.05": "H15"},
    )


def case_of(story: Story) -> Case:
    """As the record has it now."""
    notes = {event.ev: note for event, note in zip(story.events, story.notes, strict=True)}
    papers = {"id": 1, "proof": 2}
    return Case(story.loaded(), SUBMITTER, OWNER, {}, papers, notes, SITE, "Xk3-vT9q_0aB7sLm2PdQ")


def event_of(story: Story, kind: EventType) -> Event:
    """The last of its kind."""
    return [event for event in story.events if event.type is kind][-1]


def filed() -> Story:
    """Submitted online on a Monday morning."""
    return Story(VERSION, channel=Channel.ONLINE, who=town())


def taken() -> Story:
    """Accepted an hour later, as number 7 of the register."""
    story = filed().wait(hours=1)
    story.do(accept, CLERK, number=7)
    return story


def paid() -> Story:
    """Settled by two units, paid for and returned."""
    story = taken()
    story.wait(hours=1).do(receive, WORKER)
    story.wait(days=1).do(hand_over, WORKER)
    story.wait(hours=2).do(receive, SURVEYOR)
    story.wait(days=7).do(complete, SURVEYOR, result="R-1")
    story.wait(hours=1).do(record_payment, CLERK, amount=45_500, receipt="0001234")
    story.wait(hours=1).do(return_result, CLERK)
    return story


def receipt(forms: FormSet = FORMS) -> Slip:
    story = taken()
    return to_citizen.receipt(case_of(story), event_of(story, EventType.ACCEPTED), forms)


def supplement(forms: FormSet = FORMS) -> Slip:
    story, todo = filed().wait(hours=1), "Chụp lại cả hai mặt, đủ sáng, thấy rõ bốn góc."
    checks = {
        "paper:id": Check(good=False, reason_code="unreadable", todo=todo),
        "section:matter": Check(
            good=False,
            reason_code="incomplete",
            todo="Ghi nơi sinh của trẻ:\nxã, phường; tỉnh, thành phố.",
        ),
        "paper:proof": Check(good=True),
        "section:person": Check(good=True),
    }
    story.do(request_supplement, CLERK, checks=checks, reason="Kiểm tra lần đầu")
    event = event_of(story, EventType.SUPPLEMENT_REQUESTED)
    return to_citizen.supplement(case_of(story), event, forms)


def refusal(forms: FormSet = FORMS) -> Slip:
    story = filed().wait(hours=1)
    story.do(refuse, CLERK, reason="Việc này thuộc thẩm quyền của Ủy ban nhân dân xã Krông Pắc.")
    return to_citizen.refusal(case_of(story), event_of(story, EventType.REFUSED), forms)


def apology(forms: FormSet = FORMS) -> Slip:
    story = taken().wait(days=9)
    story.do(
        apologise,
        CLERK,
        reason="Phải xác minh nơi cư trú tại địa phương khác.",
        promised_at=at("2026-10-19 16:30"),
        unit=OFFICE,
    )
    return to_citizen.apology(case_of(story), event_of(story, EventType.APOLOGISED), forms)


def stopped(forms: FormSet = FORMS) -> Slip:
    story = taken().wait(days=1)
    story.do(stop, CHAIR, reason="Người yêu cầu đã qua đời; không có người thừa kế quyền yêu cầu.")
    return to_citizen.stop(case_of(story), event_of(story, EventType.STOPPED), forms)


def control(forms: FormSet = FORMS) -> Slip:
    story = paid()
    return internal.control(case_of(story), story.events[-1], forms)


def fee_receipt(forms: FormSet = FORMS) -> Slip:
    story = paid()
    event = event_of(story, EventType.PAYMENT_RECORDED)
    return to_citizen.fee_receipt(case_of(story), event, forms)


def register(forms: FormSet = FORMS) -> Slip:
    done, new = case_of(paid()), case_of(taken())
    entries = [internal.Entry(n, done if n % 2 else new) for n in range(1, 13)]
    entries[3] = internal.Entry(4, new, note="Ghi nhầm ngày hẹn; đã gạch, xem số 5")
    return internal.register(Book(DESK, 2026), entries, forms)


SAMPLES: Final = {
    SlipKind.RECEIPT: receipt,
    SlipKind.SUPPLEMENT: supplement,
    SlipKind.REFUSAL: refusal,
    SlipKind.APOLOGY: apology,
    SlipKind.STOP: stopped,
    SlipKind.CONTROL: control,
    SlipKind.REGISTER: register,
    SlipKind.FEE_RECEIPT: fee_receipt,
}
