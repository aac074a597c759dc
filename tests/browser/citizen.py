"""A citizen before the pages: what they read, type and press, in words instead of selectors."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from playwright.sync_api import Browser, ConsoleMessage, FilePayload, Page, expect

if TYPE_CHECKING:
    from pathlib import Path

NAME = "Y Mẫu Niê"
PHOTO = bytes.fromhex(  # a PNG of one pixel
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c626001000000ffff03000006000557bfabd40000000049454e44ae426082"
)
BIRTH = "/answers/child"
MOTHER = "/answers/mother"
TYPED = {
    f"{BIRTH}/full_name": "H' Mẫu Linh Niê",
    f"{BIRTH}/date_of_birth#day": "1",
    f"{BIRTH}/date_of_birth#month": "10",
    f"{BIRTH}/date_of_birth#year": "2026",
    f"{BIRTH}/ethnicity": "Ê Đê",
    f"{BIRTH}/nationality": "Việt Nam",
    f"{BIRTH}/place_of_birth": "Trạm Y tế phường Buôn Hồ",
    f"{BIRTH}/home_town": "Phường Buôn Hồ, tỉnh Đắk Lắk",
    f"{MOTHER}/full_name": "H' Mẫu Êban",
    f"{MOTHER}/birth_year": "1995",
    f"{MOTHER}/citizen_number": "066 195 000 002",
    f"{MOTHER}/ethnicity": "Ê Đê",
    f"{MOTHER}/nationality": "Việt Nam",
    f"{MOTHER}/residence": "Buôn Mẫu, phường Buôn Hồ",
    "/answers/request/copies": "2",
}
CHOSEN = {
    "/desk": "H15.50.05.13",
    f"{BIRTH}/gender": "female",
    "/answers/request/relationship": "father",
}

# Every control a person meets has a name that a screen reader can say.
NAMELESS = """() => [...document.querySelectorAll('input:not([type=hidden]), select, textarea')]
    .filter((each) => !each.labels.length && !each.getAttribute('aria-label'))
    .map((each) => each.outerHTML)"""
WIDTHS = "() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]"
KEPT = "() => [...Object.keys(localStorage)].filter((each) => each.includes('draft'))"


class Citizen:
    """One browser profile: an old phone, in Vietnamese."""

    def __init__(self, browser: Browser, url: str, size: tuple[int, int], pictures: Path) -> None:
        self._url = url
        self._pictures = pictures
        self.complaints: list[str] = []
        self.asked: list[str] = []
        width, height = size
        context = browser.new_context(
            viewport={"width": width, "height": height}, locale="vi-VN", has_touch=True
        )
        context.set_default_timeout(8000)
        self.page = context.new_page()
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(f"{message.text} ({message.location})")

    def open(self, fragment: str = "") -> Page:
        """The page of a fragment, loaded anew; answers once its heading stands."""
        self.page.goto("about:blank")
        self.page.goto(f"{self._url}/{fragment}")
        expect(self.page.locator("main h1")).to_be_visible()
        return self.page

    def picture(self, name: str) -> None:
        """The whole page as a picture in the test's temporary folder."""
        self.page.screenshot(path=self._pictures / f"{name}.png", full_page=True)

    def is_readable(self) -> None:
        """Every control has a label and nothing sticks out to the right."""
        assert self.page.evaluate(NAMELESS) == []
        scroll, client = self.page.evaluate(WIDTHS)
        assert scroll <= client, f"{scroll - client} px stick out at {self.page.url}"

    def sign_in(self) -> None:
        """As the first demo citizen."""
        self.page.get_by_role("button", name=NAME).click()
        expect(self.page.locator("#tools")).to_contain_text(NAME)

    def fill_in(self) -> None:
        """The birth form, without its paper."""
        for name, text in TYPED.items():
            self.page.locator(f'[name="{name}"]').fill(text)
        for name, value in CHOSEN.items():
            self.page.locator(f'[name="{name}"][value="{value}"]').check()

    def attach(self, paper: str, name: str = "giấy chứng sinh.png") -> None:
        """Choose a photo for a paper and wait until the store has it."""
        slot = self.page.locator(f"#f-papers-{paper.replace('_', '-')}")
        photo: FilePayload = {"name": name, "mimeType": "image/png", "buffer": PHOTO}
        slot.locator("input[type=file]").set_input_files(photo)
        expect(slot.locator(".done")).to_contain_text(name)

    def press(self, name: str) -> None:
        """The button that says this."""
        self.page.get_by_role("button", name=name, exact=True).click()

    def file(self) -> tuple[str, str]:
        """From the procedure's page to the receipt; answers code and secret."""
        self.open("#file=1.001193")
        self.sign_in()
        return self.file_again()

    def file_again(self) -> tuple[str, str]:
        """As `file`, by whoever is signed in."""
        self.open("#file=1.001193")
        self.fill_in()
        self.attach("birth_notification")
        self.press("Nộp hồ sơ")
        return self.receipt()

    def receipt(self) -> tuple[str, str]:
        """Code and secret, once the page shows them."""
        expect(self.page.locator("main h1")).to_have_text("Đã nộp hồ sơ")
        found = parse_qs(self.page.url.partition("#")[2])
        code, secret = found["code"][0], found["secret"][0]
        expect(self.page.locator("#receipt-code")).to_have_text(code)
        expect(self.page.locator("#receipt-secret")).to_have_text(secret)
        return code, secret

    def kept(self) -> list[str]:
        """Names of the drafts on the device."""
        names: list[str] = self.page.evaluate(KEPT)
        return names

    def look_again(self) -> None:
        """Come back to the tab: the page asks for news at once."""
        self.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
