"""Plans that build on one another, in a real browser: lists that follow, rows that are used, sources that change."""

import re

from playwright.sync_api import Frame, expect

from tests.support.browsing import Visitor, find_violations
from tests.support.series import load_real_series

NEW_MISSION = "Every child finishes a book she chose and tells somebody about it. We make time for that with families."


def test_the_four_lists_follow_what_is_typed(visitor: Visitor) -> None:
    visitor.be("Marisol Ortega")
    frame = open_plan(visitor, "relationships")
    expect(frame.get_by_text("You have not written “Our library's mission” in your Mission Plan yet")).to_be_visible()
    row = frame.locator("[id^='row-stakeholders.']").first
    row.locator("[name$='.who']").fill("The bus drivers")
    row.locator("[name$='.influence'][value='2']").check()
    row.locator("[name$='.interest'][value='5']").check()
    lists = frame.locator("[data-computed='grid_view']")
    expect(lists.locator(".quadrant", has_text="Keep informed")).to_contain_text("The bus drivers")
    lists.get_by_text("The same as a table").click()
    row.locator("[name$='.influence'][value='5']").check()
    expect(lists.locator(".quadrant", has_text="Keep close")).to_contain_text("The bus drivers")
    expect(lists.get_by_role("table")).to_be_visible()
    assert find_violations(frame) == []
    assert visitor.complaints == []


def test_a_pasted_list_makes_rows_and_drops_no_word(visitor: Visitor) -> None:
    visitor.be("Marisol Ortega")
    frame = open_plan(visitor, "relationships")
    rows = frame.locator("[id^='row-stakeholders.']")
    people = [f"Person {number}" for number in range(1, 18)]
    rows.first.locator("[name$='.who']").focus()
    frame.evaluate(
        """text => {
          const data = new DataTransfer();
          data.setData("text", text);
          const paste = new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true });
          document.activeElement.dispatchEvent(paste);
        }""",
        "\n".join(people),
    )
    expect(rows).to_have_count(15)
    expect(rows.nth(3).locator("[name$='.who']")).to_have_value("Person 4")
    expect(rows.nth(14).locator("[name$='.who']")).to_have_value("Person 15; Person 16; Person 17")
    with visitor.page.expect_response("**/plan/autosave"):
        rows.nth(14).locator("[name$='.who']").fill("The last one")
    visitor.page.reload()
    frame = open_plan(visitor, "relationships")
    expect(frame.locator("[id^='row-stakeholders.']")).to_have_count(15)
    assert visitor.complaints == []


def test_removing_a_row_that_is_used_asks_first_and_keeps_its_words(visitor: Visitor) -> None:
    visitor.be("Marisol Ortega")
    frame = open_plan(visitor, "relationships")
    row = frame.locator("[id^='row-stakeholders.']").first
    row.locator("[name$='.who']").fill("The bus drivers")
    pick = frame.locator("select[name$='.who']").first
    pick.select_option(label="The bus drivers")
    row.get_by_role("button", name=re.compile("^Remove")).click()
    expect(frame.get_by_role("heading", name="is used elsewhere. Remove it?")).to_be_visible()
    assert find_violations(frame) == []
    frame.get_by_role("link", name="Keep it").click()
    expect(frame.locator("[id^='row-stakeholders.']").first.locator("[name$='.who']")).to_have_value("The bus drivers")
    frame.get_by_role("button", name=re.compile("^Remove Person or group 1 .“The bus drivers”")).click()
    expect(frame.locator("[name^='typed.'][name$='.who']").first).to_have_value("The bus drivers")
    expect(frame.locator("[id^='row-stakeholders.'] [name$='.who']").first).not_to_have_value("The bus drivers")
    assert visitor.complaints == []


def test_a_source_that_changed_shows_both_and_takes_the_newer(visitor: Visitor) -> None:
    visitor.be("Dana Whitfield")
    frame = open_plan(visitor, "relationships")
    copied = frame.locator("#field-mission .copy")
    expect(copied).to_contain_text("From your Mission Plan: version 1, submitted")
    frame = open_plan(visitor, "visioning")
    frame.get_by_role("button", name="Take my plan back to change it").click()
    expect(frame.get_by_text("Your plan is a draft again.")).to_be_visible()
    frame.wait_for_load_state("load")
    with visitor.page.expect_response("**/plan/autosave"):
        frame.get_by_label("Our library's mission", exact=False).first.fill(NEW_MISSION)
    frame = open_plan(visitor, "relationships")
    change = frame.get_by_role("region", name="Our library's mission: changed in your Mission Plan")
    expect(change).to_contain_text("changed in your Mission Plan on")
    expect(change).to_contain_text(NEW_MISSION)
    assert find_violations(frame) == []
    change.get_by_role("button", name="Take the newer text").click()
    expect(frame.get_by_text("The newer text is in this plan now.")).to_be_visible()
    expect(frame.locator("#field-mission .copy")).to_contain_text(NEW_MISSION)
    expect(frame.locator(".source-change")).to_have_count(0)
    assert visitor.complaints == []


def test_all_eight_sessions_their_plans_and_examples_at_phone_width(visitor: Visitor) -> None:
    sessions = [f"/modules/{module.key}" for module in load_real_series().modules]
    places = [f"{start}{rest}" for start in sessions for rest in ("", "/plan", "/plan/example?show=yes")]
    check_at_phone_width(visitor, ["/", "/promises", *places])


def test_every_reading_at_phone_width(visitor: Visitor) -> None:
    modules = load_real_series().modules
    places = [f"/modules/{module.key}/readings/{reading.key}" for module in modules for reading in module.readings]
    check_at_phone_width(visitor, places)


def check_at_phone_width(visitor: Visitor, places: list[str]) -> None:
    """As Dana, on a phone: axe finds nothing, and nothing has to be pushed sideways."""
    visitor.page.set_viewport_size({"width": 390, "height": 844})
    visitor.be("Dana Whitfield")
    frame = visitor.open("series")
    base = frame.url.rstrip("/")
    for place in places:
        frame.goto(base + place)
        assert (place, find_violations(frame)) == (place, [])
        overflow = frame.evaluate("() => document.documentElement.scrollWidth - window.innerWidth")
        assert (place, overflow <= 0) == (place, True)
    assert visitor.complaints == []


def open_plan(visitor: Visitor, module: str) -> Frame:
    """A session's plan, in the frame of its own link."""
    frame = visitor.open(module)
    frame.goto(f"{frame.url.split('/modules/')[0]}/modules/{module}/plan")
    frame.wait_for_load_state("load")
    return frame
