"""The pages for administrators in a real browser: accessible at both widths, and a button that copies."""

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.support.browsing import find_violations
from tests.support.live import LiveDemo

PAGES = ("setup", "setup?kind=cloud&school=http%3A%2F%2F&client_id=abc", "privacy", "agreement", "accessibility")


@pytest.mark.parametrize("width", [1280, 320])
def test_no_page_keeps_anybody_out(window: BrowserContext, live: LiveDemo, width: int) -> None:
    page = window.new_page()
    page.set_viewport_size({"width": width, "height": 800})
    for address in PAGES:
        page.goto(f"{live.tool_url}/lti/{address}")
        page.evaluate("document.querySelectorAll('details').forEach(fold => { fold.open = true; })")
        assert find_violations(page) == [], address
        assert page.evaluate("document.documentElement.scrollWidth") <= width, address


def test_a_value_is_copied_with_one_press(window: BrowserContext, live: LiveDemo) -> None:
    window.grant_permissions(["clipboard-read", "clipboard-write"], origin=live.tool_url)
    page = window.new_page()
    page.goto(f"{live.tool_url}/lti/setup")
    page.get_by_role("button", name="Copy Public keyset").click()
    expect(page.get_by_role("button", name="Copied Public keyset")).to_be_focused()
    assert page.evaluate("navigator.clipboard.readText()") == f"{live.tool_url}/lti/jwks.json"


def test_where_the_clipboard_is_closed_the_value_stands_selected(window: BrowserContext, live: LiveDemo) -> None:
    page = window.new_page()
    page.add_init_script("navigator.clipboard.writeText = () => Promise.reject(new Error('closed'));")
    page.goto(f"{live.tool_url}/lti/setup")
    page.get_by_role("button", name="Copy JSON URL").click()
    expect(page.get_by_role("button", name="Selected: press Ctrl+C JSON URL")).to_be_visible()
    assert page.evaluate("document.getSelection().toString()") == f"{live.tool_url}/lti/canvas.json"
