"""One site and one browser for the module; a fresh profile for each test."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import sync_playwright

from tests.browser.citizen import Citizen
from tests.browser.site import Site

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

NAMES = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Running, and ended whatever became of the tests."""
    one = Site(tmp_path_factory.mktemp("site"))
    try:
        one.wait()
        yield one
    finally:
        one.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium, or the one that `$CHROMIUM` names."""
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if not found:
        pytest.fail("Chromium is missing: run .ci/install-chromium, or set CHROMIUM to its path")
    # A container has no user namespaces for Chromium's sandbox; all it opens is our own site.
    arguments = ["--no-sandbox", "--disable-dev-shm-usage"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def citizen(site: Site, browser: Browser, tmp_path: Path) -> Iterator[Callable[..., Citizen]]:
    """Makes a person with a phone of their own; at the end no page may have complained."""
    made: list[Citizen] = []

    def make(width: int = 360, height: int = 640) -> Citizen:
        made.append(Citizen(browser, site.url, (width, height), tmp_path))
        return made[-1]

    yield make
    complaints = [line for each in made for line in each.complaints]
    for each in made:
        each.page.context.close()
    assert not complaints
