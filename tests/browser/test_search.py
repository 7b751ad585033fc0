"""Searching in a real browser: by keyboard from the series page, held against axe, and on paper."""

from playwright.sync_api import Frame, expect

from tests.support.browsing import Visitor, find_violations
from tests.support.series import find_visioning


def open_series(visitor: Visitor) -> Frame:
    visitor.be("Marisol Ortega")
    frame = visitor.open()
    frame.goto(frame.url.split("/modules/")[0] + "/")
    return frame


def test_from_the_series_page_to_a_reading_by_keyboard_alone(visitor: Visitor) -> None:
    reading = find_visioning().readings[0]
    frame = open_series(visitor)
    assert find_violations(frame) == []
    frame.get_by_role("searchbox", name="Search the readings").focus()
    visitor.page.keyboard.type(reading.title)
    visitor.page.keyboard.press("Enter")
    frame.wait_for_url("**/search?q=*")
    expect(frame.get_by_role("heading", level=1)).to_have_text("Search the readings")
    expect(frame.get_by_role("heading", level=2).first).to_contain_text(f"for “{reading.title}”")
    assert find_violations(frame) == []
    frame.get_by_role("link", name=reading.title, exact=True).focus()
    visitor.page.keyboard.press("Enter")
    frame.wait_for_url(f"**/readings/{reading.key}")
    expect(frame.get_by_role("heading", level=1)).to_have_text(reading.title)
    frame.get_by_role("list", name="Tags").get_by_role("link", name=reading.tags[0]).click()
    expect(frame.get_by_role("heading", level=2).first).to_contain_text(f"tagged “{reading.tags[0]}”")
    assert visitor.complaints == []


def test_every_answer_of_the_search_passes_axe_at_phone_width(visitor: Visitor) -> None:
    visitor.page.set_viewport_size({"width": 320, "height": 700})
    base = open_series(visitor).url
    frame = visitor.wait_for_frame()
    tag = find_visioning().readings[0].tags[0]
    long = "w" * 250
    for asked in ("", "?q=library", "?q=zebra", f"?q=library&tag={tag}", f"?q={long}"):
        frame.goto(f"{base}search{asked}")
        assert (asked, find_violations(frame)) == (asked, [])
        overflow = frame.evaluate("() => document.documentElement.scrollWidth - window.innerWidth")
        assert (asked, overflow <= 0) == (asked, True)


def test_on_paper_there_is_nothing_to_press(visitor: Visitor) -> None:
    base = open_series(visitor).url
    frame = visitor.wait_for_frame()
    visitor.page.emulate_media(media="print")
    for place in ("", "modules/visioning", "modules/visioning/readings/r1", "search?q=library"):
        frame.goto(base + place)
        expect(frame.get_by_role("heading", level=1)).to_be_visible()
        shown = frame.locator("nav, button, input, textarea, select, [role=search], .site-footer").locator(
            "visible=true"
        )
        assert (place, shown.count()) == (place, 0)
    frame.goto(f"{base}search?q=library")
    expect(frame.locator(".results mark").first).to_be_visible()
    frame.goto(f"{base}modules/visioning/readings/r1")
    expect(frame.get_by_text(find_visioning().readings[0].checks[0].question)).to_be_visible()
    frame.locator(".source-list li").first.evaluate(
        "item => { item.innerHTML = '<a href=\"https://example.org/paper\">A paper</a>' }"
    )
    written = frame.locator(".source-list a").first.evaluate("link => getComputedStyle(link, '::after').content")
    assert "https://example.org/paper" in written
