"""The main job in a real browser, inside the LMS's frame, with third-party cookies blocked."""

import re
from pathlib import Path

from playwright.sync_api import Frame, Page, Playwright, expect

from tests.support.browsing import Visitor, find_violations, open_forgetful_browser
from tests.support.live import LiveDemo

SAVED = re.compile(r"^Saved ")


def test_cookies_of_the_frame_are_really_blocked(visitor: Visitor) -> None:
    """What the other tests stand on: an unpartitioned cookie set inside the frame is not kept."""
    visitor.be("Priya Raman")
    frame = visitor.open()
    script = "() => { document.cookie = 'plain=1; SameSite=None; Secure; Path=/'; return document.cookie }"
    assert frame.evaluate(script) == ""
    partitioned = script.replace("plain=1;", "kept=1; Partitioned;")
    assert frame.evaluate(partitioned) == "kept=1"


def test_a_librarian_goes_on_where_she_stopped_and_never_presses_save(visitor: Visitor) -> None:
    visitor.be("Priya Raman")
    frame = visitor.open()
    expect(frame.get_by_text("You stopped")).to_be_visible()
    assert find_violations(frame) == []
    frame.get_by_role("link", name="Continue").click()
    frame.wait_for_url("**/plan*")
    mission = frame.get_by_label("Our library's mission", exact=False).first
    mission.fill("Every learner at our school leaves with a question worth keeping and a way to chase it.")
    expect(frame.locator("[data-save-status]")).to_have_text(SAVED, timeout=10_000)
    assert find_violations(frame) == []
    visitor.page.reload()
    frame = visitor.wait_for_frame()
    frame.get_by_role("link", name="Continue").click()
    expect(frame.get_by_label("Our library's mission", exact=False).first).to_have_value(re.compile("worth keeping"))
    assert visitor.complaints == []


def test_rows_by_keyboard(visitor: Visitor) -> None:
    visitor.be("Marisol Ortega")
    frame = open_plan(visitor)
    add = frame.get_by_role("button", name=re.compile("^Add a .*belief", re.IGNORECASE))
    rows = frame.locator("[id^='row-core_beliefs.']")
    before = rows.count()
    add.focus()
    visitor.page.keyboard.press("Enter")
    expect(rows).to_have_count(before + 1)
    focused = frame.evaluate("() => document.activeElement.name || ''")
    assert focused.startswith("a.core_beliefs.")
    visitor.page.keyboard.type("A belief typed without a mouse")
    expect(frame.locator("[data-save-status]")).to_have_text(SAVED, timeout=10_000)
    row = rows.nth(before)
    row.get_by_role("button", name=re.compile("Move up")).focus()
    visitor.page.keyboard.press("Enter")
    expect(rows.nth(before - 1).locator("[name$='.belief']")).to_have_value("A belief typed without a mouse")
    assert find_violations(frame) == []
    rows.nth(before - 1).get_by_role("button", name=re.compile("Remove")).focus()
    visitor.page.keyboard.press("Enter")
    expect(rows).to_have_count(before)
    assert visitor.complaints == []


def test_the_network_dies_and_comes_back(visitor: Visitor) -> None:
    visitor.be("Marisol Ortega")
    frame = open_plan(visitor)
    visitor.page.context.set_offline(True)
    frame.get_by_label("Campus", exact=False).first.fill("Mesa Verde")
    status = frame.locator("[data-save-status]")
    expect(status).to_contain_text("Not saved: no connection, trying again", timeout=15_000)
    visitor.page.context.set_offline(False)
    expect(status).to_have_text(SAVED, timeout=20_000)


def test_two_tabs_with_one_draft_keep_both_texts(visitor: Visitor, live: LiveDemo) -> None:
    visitor.be("Marisol Ortega")
    first = open_plan(visitor)
    other = Visitor(visitor.page.context.new_page(), live)
    second = open_plan(other)
    first.get_by_label("Campus", exact=False).first.fill("Typed in the first tab")
    expect(first.locator("[data-save-status]")).to_have_text(SAVED, timeout=10_000)
    second.get_by_label("Campus", exact=False).first.fill("Typed in the second tab")
    expect(second.get_by_text("Someone saved a newer version").first).to_be_visible(timeout=10_000)
    expect(second.get_by_text("Typed in the first tab").first).to_be_visible()
    expect(second.get_by_label("Campus", exact=False).first).to_have_value("Typed in the second tab")
    assert find_violations(second) == []


def test_two_courses_in_two_tabs_never_mix(visitor: Visitor, live: LiveDemo) -> None:
    visitor.be("Dana Whitfield")
    spring = visitor.open(course="course-2")
    other = Visitor(visitor.page.context.new_page(), live)
    demo = other.open(course="course-1")
    expect(spring.get_by_text("Leading Edge Cohort, spring").first).to_be_visible()
    expect(demo.get_by_text("Leading Edge Cohort, demo").first).to_be_visible()
    write_reflection(spring, "Written in spring")
    write_reflection_address = demo.url.split("/modules/")[0] + "/modules/visioning/reflections/a"
    demo.goto(write_reflection_address)
    expect(demo.get_by_text("Written in spring")).to_have_count(0)
    spring.goto(spring.url)
    expect(spring.locator("[name='a.text']")).to_have_value("Written in spring")


def test_from_review_to_gradebook(visitor: Visitor) -> None:
    visitor.be("Ruth Okafor")
    frame = visitor.open()
    frame.get_by_role("link", name="Reviews").first.click()
    frame.wait_for_url("**/reviews/")
    assert find_violations(frame) == []
    frame.get_by_role("link", name="Dana Whitfield").first.click()
    frame.wait_for_url(re.compile(r"/reviews/\d+"))
    assert find_violations(frame) == []
    rate_by_keys(visitor.page, frame)
    frame.get_by_label("Overall comment on the plan").fill("The reading night cards changed your mission: keep asking.")
    frame.get_by_role("button", name="Read it once more", exact=True).click()
    expect(frame.get_by_role("heading", level=1)).to_have_text("Read it once more")
    assert find_violations(frame) == []
    frame.get_by_role("radio", name=re.compile("^Accept")).check()
    frame.get_by_role("button", name="Release", exact=True).click()
    expect(frame.get_by_text("on its way to the gradebook").first).to_be_visible()
    assert find_violations(frame) == []
    visitor.page.goto(f"{visitor.live.lms_url}/courses/course-1/grades")
    cell = visitor.page.locator("[data-column='visioning'][data-person='101']")
    for _ in range(30):
        if "94" in cell.inner_text():
            break
        visitor.page.wait_for_timeout(500)
        visitor.page.reload()
    expect(cell).to_contain_text("94")
    visitor.be("Dana Whitfield")
    frame = visitor.open()
    expect(frame.get_by_text("In the gradebook: 94 of 100").first).to_be_visible()
    expect(frame.get_by_text("Your facilitator replied").first).to_be_visible()
    assert find_violations(frame) == []
    assert visitor.complaints == []


def test_every_page_of_the_journey_passes_axe_at_phone_width(visitor: Visitor) -> None:
    visitor.page.set_viewport_size({"width": 390, "height": 844})
    visitor.be("Priya Raman")
    frame = visitor.open()
    base = frame.url.split("/modules/")[0]
    places = ["/", "/modules/visioning", "/modules/relationships", "/modules/visioning/readings/r1"]
    places += ["/modules/visioning/reflections/a", "/modules/visioning/reflections/b", "/modules/visioning/plan"]
    for place in places:
        frame.goto(base + place)
        assert (place, find_violations(frame)) == (place, [])
        overflow = frame.evaluate("() => document.documentElement.scrollWidth - window.innerWidth")
        assert (place, overflow <= 0) == (place, True)


def test_where_nothing_is_kept_in_a_frame_a_new_tab_is_offered_and_works(
    playwright: Playwright, chromium: Path, tmp_path: Path, live: LiveDemo
) -> None:
    with open_forgetful_browser(playwright, chromium, tmp_path, live) as window:
        visitor = Visitor(window.new_page(), live)
        visitor.be("Priya Raman")
        visitor.page.goto(f"{live.lms_url}/courses/course-1")
        visitor.page.locator("a[href*='/visioning']", has_text="Open here").first.click()
        frame = visitor.page.frame_locator("iframe[name=activity]")
        button = frame.get_by_role("button", name="Open in a new tab")
        expect(button).to_be_visible()
        with window.expect_page() as opened:
            button.click()
        tab = opened.value
        tab.wait_for_url("**/s/**")
        expect(tab.get_by_role("heading", level=1)).to_have_text("On the Leading Edge of Visioning")
        assert find_violations(tab) == []


def open_plan(visitor: Visitor) -> Frame:
    frame = visitor.open()
    frame.goto(frame.url.split("/modules/")[0] + "/modules/visioning/plan")
    frame.wait_for_load_state("load")
    return frame


def write_reflection(frame: Frame, words: str) -> None:
    frame.goto(frame.url.split("/modules/")[0] + "/modules/visioning/reflections/a")
    frame.locator("[name='a.text']").fill(words)
    expect(frame.locator("[data-save-status]")).to_have_text(SAVED, timeout=10_000)


def rate_by_keys(page: Page, frame: Frame) -> None:
    """Every criterion at level 3, by the keyboard."""
    criteria = frame.locator("[data-criterion]")
    for index in range(criteria.count()):
        criteria.nth(index).locator("input[type=radio]").first.focus()
        page.keyboard.press("3")
        expect(criteria.nth(index).locator("input[value='3']")).to_be_checked()
