"""A citizen files a procedure with an upload on a small phone, and follows it to its end."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Route, expect

from tests.browser.site import Official, Site

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.browser.citizen import Citizen

DESK_OFFICIAL = "OF-0014"
MARKED_GOOD = ("section:child", "section:mother", "section:father", "paper:mandate")

NOTIFICATION = "Giấy chứng sinh, hoặc văn bản của người làm chứng, hoặc giấy cam đoan về việc sinh"
FORGOTTEN = [
    "Trẻ được khai sinh › Ngày sinh: Không có ngày này. Xin ghi đủ ngày, tháng và năm bốn chữ số.",
    "Người mẹ › Họ, chữ đệm, tên: Xin điền mục này.",
    f"Giấy tờ kèm theo › {NOTIFICATION}: Xin chọn tệp cho giấy tờ này.",
]

pytestmark = pytest.mark.slow


def test_files_and_follows(site: Site, citizen: Callable[..., Citizen]) -> None:
    """The whole point: search, sign in, fill in, upload, receipt, and see an official accept."""
    one = citizen()
    page = one.open()
    one.picture("start")
    page.get_by_label("Bạn cần làm thủ tục gì?").fill("dang ky khai sinh")
    page.get_by_role("link", name="Đăng ký khai sinh", exact=True).click()
    expect(page.locator("main h1")).to_have_text("Đăng ký khai sinh")
    one.sign_in()
    expect(page.get_by_label("Số định danh cá nhân").first).to_have_value("066090000001")
    one.fill_in()
    one.attach("birth_notification")
    one.picture("form")
    one.press("Nộp hồ sơ")
    code, secret = one.receipt()
    one.picture("receipt")
    assert one.kept() == []
    Official(site, DESK_OFFICIAL).decide(code, "accept")
    one.look_again()
    expect(page.locator("#status")).to_have_text("Được tiếp nhận")
    expect(page.locator(".timeline")).to_contain_text("Đã tiếp nhận hồ sơ")

    other = citizen()
    other.open(f"#code={code}&secret={secret}")
    expect(other.page.locator("#status")).to_have_text("Được tiếp nhận")
    other.picture("tracked")
    assert not [url for url in one.asked + other.asked if secret in url.partition("#")[0]]


def test_says_what_is_wrong(citizen: Callable[..., Citizen]) -> None:
    """Whoever forgets something must find it, also what only the server knows to be wrong."""
    one = citizen()
    page = one.open("#file=1.001193")
    one.sign_in()
    one.fill_in()
    page.locator('[name="/answers/child/date_of_birth#day"]').fill("31")
    page.locator('[name="/answers/child/date_of_birth#month"]').fill("2")
    mother = page.locator('[name="/answers/mother/full_name"]')
    mother.fill("")
    one.press("Nộp hồ sơ")
    summary = page.locator(".faults")
    expect(summary).to_be_focused()
    assert summary.locator("a").all_inner_texts() == FORGOTTEN
    one.picture("faults")
    summary.locator("a").nth(1).click()
    expect(mother).to_be_focused()
    expect(mother).to_have_attribute("aria-invalid", "true")
    one.is_readable()

    def spoil(route: Route) -> None:
        body = json.loads(route.request.post_data or "")
        body["answers"]["mother"]["birth_year"] = 1850
        route.continue_(post_data=body)

    one.fill_in()
    expect(page.locator(".field .fault")).to_have_count(1)  # corrected fields are forgiven
    one.attach("birth_notification")
    page.route("**/api/v1/dossiers", spoil)
    one.press("Nộp hồ sơ")
    expect(page.locator("#f-answers-mother-birth-year .fault")).to_contain_text("1900")
    expect(summary).to_be_focused()
    expect(summary.locator("a")).to_have_count(1)
    one.complaints.clear()  # Chromium reports the 422 that was wanted


def test_keeps_what_was_typed(citizen: Callable[..., Citizen]) -> None:
    """Phones drop pages and people change the language: typed once must be enough."""
    one = citizen()
    page = one.open("#file=1.001193")
    one.sign_in()
    one.fill_in()
    one.attach("birth_notification")
    page.reload()
    name = page.locator('[name="/answers/child/full_name"]')
    expect(name).to_have_value("H' Mẫu Linh Niê")
    page.get_by_role("button", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.get_by_text("Date of birth")).to_be_visible()
    expect(name).to_have_value("H' Mẫu Linh Niê")
    expect(page.locator(".done")).to_contain_text("giấy chứng sinh.png")
    assert one.kept() == ["motcua.draft.1.001193"]
    one.press("Sign out")
    one.press("Delete and sign out")
    expect(page.locator("main h1")).to_have_text("File and follow a dossier")
    assert one.kept() == []


def test_a_broken_line_files_once(site: Site, citizen: Callable[..., Citizen]) -> None:
    """The line breaks in an upload, and after the dossier arrived: pressing again is safe."""
    one = citizen()
    page = one.open("#file=1.001193")
    one.sign_in()
    one.fill_in()
    lost: list[str] = []

    def cut(route: Route) -> None:
        lost.append(route.request.method)
        route.abort()

    def lose(route: Route) -> None:
        lost.append(route.fetch().json()["code"])
        route.abort()

    page.route(lambda url: "-files" in url, cut, times=1)
    one.attach("birth_notification")
    page.route("**/api/v1/dossiers", lose, times=1)
    one.press("Nộp hồ sơ")
    expect(page.locator(".faults")).to_contain_text("Không kết nối được")
    page.locator('[name="/answers/request/copies"]').fill("3")
    one.press("Nộp hồ sơ")
    code, _ = one.receipt()
    assert lost == ["POST", code]
    expect(page.locator(".receipt")).to_contain_text("Lần gửi trước của bạn đã đến nơi")
    filed = Official(site, DESK_OFFICIAL).get(f"/dossiers/{code}/full")
    assert filed["answers"]["request"]["copies"] == 2
    one.complaints.clear()  # Chromium reports the two that were cut, and the 409


def test_supplements_and_withdraws(site: Site, citizen: Callable[..., Citizen]) -> None:
    """What the desk asks for is shown in its words and answered here; so is giving up."""
    one = citizen()
    code, _ = one.file()
    checks: dict[str, Any] = {subject: {"good": True} for subject in MARKED_GOOD}
    ask = {"good": False, "reason_code": "unreadable", "todo": "Chụp lại cho rõ chữ."}
    again = {"good": False, "reason_code": "wrong", "todo": "Ghi 5 bản sao."}
    checks |= {"paper:birth_notification": ask, "section:request": again}
    official = Official(site, DESK_OFFICIAL)
    official.decide(code, "request_supplement", checks=checks)
    one.look_again()
    slip = one.page.locator(".asked")
    expect(slip).to_contain_text("Chụp lại cho rõ chữ.")
    expect(slip).to_contain_text("Ghi 5 bản sao.")
    one.attach("birth_notification", "chụp lại.png")
    slip.locator('[name="/answers/request/copies"]').fill("5")
    slip.locator('[name="/answers/request/relationship"][value="father"]').check()
    one.picture("supplement")
    one.press("Gửi bổ sung")
    expect(one.page.locator("#status")).to_have_text("Mới đăng ký")
    expect(slip).to_have_count(0)
    assert official.get(f"/dossiers/{code}/full")["answers"]["request"]["copies"] == 5
    one.press("Rút hồ sơ này")
    one.picture("withdraw")
    one.press("Rút hồ sơ")
    expect(one.page.locator("#status")).to_have_text("Công dân yêu cầu rút hồ sơ")


def test_fits_the_smallest_phone(citizen: Callable[..., Citizen]) -> None:
    """At 320 px, which is also 1280 px at 400 % zoom, nothing may need sideways scrolling."""
    one = citizen(320, 568)
    page = one.open()
    one.is_readable()
    one.open("#procedure=1.012785")
    one.is_readable()
    one.sign_in()
    for procedure in ("1.012785", "3.000722"):
        one.open(f"#file={procedure}")
        one.is_readable()
    page.get_by_label("Của trẻ em").check()
    expect(page.get_by_text("Người đại diện của trẻ")).to_be_visible()
    one.is_readable()
    code, secret = one.file_again()
    one.open(f"#code={code}&secret={secret}")
    one.picture("tracked-320")
    one.is_readable()


def test_works_by_keyboard(citizen: Callable[..., Citizen]) -> None:
    """Without a pointer: the first stop skips to the content, and each page takes the focus."""
    one = citizen(1280, 800)
    page = one.open()
    page.keyboard.press("Tab")
    expect(page.locator("#skip")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.locator("#q")).to_be_focused()
    page.keyboard.type("khai sinh")
    page.keyboard.press("Enter")
    expect(page.locator(".cards li")).to_have_count(2)
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("main h1")).to_have_text("Đăng ký khai sinh")
    expect(page.locator("main h1")).to_be_focused()
    one.picture("desktop")
