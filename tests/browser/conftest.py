"""One Chromium for all browser tests, and a live demo for each module."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Playwright, sync_playwright

from tests.support.browsing import BROWSER_ARGUMENTS, Visitor
from tests.support.databases import SqliteDatabases
from tests.support.live import LiveDemo, run_live_demo


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def browser(playwright: Playwright, chromium: Path) -> Iterator[Browser]:
    opened = playwright.chromium.launch(executable_path=str(chromium), args=list(BROWSER_ARGUMENTS))
    yield opened
    opened.close()


@pytest.fixture
def live(sqlite_databases: SqliteDatabases, tmp_path: Path) -> Iterator[LiveDemo]:
    with sqlite_databases.lend(tmp_path) as url, run_live_demo(url, tmp_path) as demo:
        yield demo


@pytest.fixture
def window(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(10_000)
    yield context
    context.close()


@pytest.fixture
def visitor(window: BrowserContext, live: LiveDemo) -> Visitor:
    """Somebody at the LMS, in the first tab of a browser."""
    return Visitor(window.new_page(), live)
