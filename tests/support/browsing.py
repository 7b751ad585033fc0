"""Acting in a real browser: choose who you are in the LMS, open an activity in its frame, hold pages against axe."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Frame, Page, Playwright, expect

from tests.support.live import LiveDemo

# As root Chromium needs --no-sandbox; --disable-features replaces Playwright's own list, which would switch off the
# partitioning of third-party storage, and with it the way browsers really treat a framed tool.
BROWSER_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-features=Translate",
)
_FRAME = "activity"


class Visitor:
    """One tab of a person at the LMS."""

    def __init__(self, page: Page, live: LiveDemo) -> None:
        self.page = page
        self.live = live
        self.complaints: list[str] = []
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def be(self, name: str) -> None:
        """Choose a person on the course page, as the demo's visitor does."""
        self.page.goto(self.live.lms_url)
        self.page.get_by_role("radio", name=name).check()
        self.page.get_by_role("button", name="Be this person").click()
        expect(self.page.get_by_text(name).first).to_be_visible()

    def open(self, link: str = "visioning", course: str = "course-1") -> Frame:
        """Open an activity inside the LMS and return its frame once the tool's page is there."""
        self.page.goto(f"{self.live.lms_url}/courses/{course}")
        self.page.locator(f"a[href*='/{link}']", has_text="Open here").first.click()
        return self.wait_for_frame()

    def wait_for_frame(self) -> Frame:
        """The tool's frame, after its launch."""
        holder = self.page.wait_for_selector(f"iframe[name={_FRAME}]")
        frame = holder.content_frame() if holder else None
        assert frame is not None
        frame.wait_for_url("**/s/**")
        frame.wait_for_load_state("load")
        return frame

    def _hear(self, message: Any) -> None:
        # A refused save is answered with a status that the browser reports by itself.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.complaints.append(message.text)


@contextmanager
def open_browser_with(
    playwright: Playwright, chromium: Path, folder: Path, settings: Mapping[str, object], **options: Any
) -> Iterator[BrowserContext]:
    """A browser of its own whose profile has these settings (Chromium's ``profile`` preferences)."""
    profile = folder / "profile" / "Default"
    profile.mkdir(parents=True)
    (profile / "Preferences").write_text(json.dumps({"profile": settings}), encoding="utf-8")
    context = playwright.chromium.launch_persistent_context(
        str(profile.parent), executable_path=str(chromium), args=list(BROWSER_ARGUMENTS), **options
    )
    context.set_default_timeout(10_000)
    try:
        yield context
    finally:
        context.close()


@contextmanager
def open_forgetful_browser(
    playwright: Playwright, chromium: Path, folder: Path, live: LiveDemo, **options: Any
) -> Iterator[BrowserContext]:
    """A browser that keeps no cookie at all for the tool inside the LMS's frame, not even a partitioned one."""
    exceptions = {"cookies": {f"{live.tool_url},{live.lms_url}": {"setting": 2}}}
    settings = {"content_settings": {"exceptions": exceptions}}
    with open_browser_with(playwright, chromium, folder, settings, **options) as context:
        yield context


@cache
def read_axe() -> str:
    """The source of axe-core, from the package that ships it."""
    return (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")


def find_violations(place: Frame | Page) -> list[str]:
    """What axe finds on a page or in a frame, in one line each: the rule and the first element."""
    place.evaluate(read_axe())
    options = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
    result = place.evaluate("options => axe.run(document, options)", options)
    return [f"{item['id']}: {item['nodes'][0]['html'][:200]}" for item in result["violations"]]
