"""The tool in an LMS's frame with cookies allowed, blocked, and kept not at all, with storage and without it.

The demo LMS is another site than the tool; its page stores for tools as Canvas's does, or in the ways that go wrong.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

import pytest
from playwright.sync_api import BrowserContext, FrameLocator, Page, Playwright, Route, expect
from sqlalchemy import select, update

from lti_tool.demo_lms.manners import Manner
from lti_tool.demo_lms.storage import StorageHabit, StorageTarget
from lti_tool.models import LaunchSession, LoginFlow, Registration
from tests.support.browsing import Visitor, find_violations, open_browser_with, open_forgetful_browser
from tests.support.databases import SqliteDatabases
from tests.support.live import LiveDemo, run_live_demo
from tests.support.waiting import wait_for

HEAR = "window.said = []; addEventListener('message', ({ data }) => said.push(data?.subject));"
VISIONING = "On the Leading Edge of Visioning"
THIRD_PARTY_ALLOWED = {"cookie_controls_mode": 0, "block_third_party_cookies": False}
THIRD_PARTY_BLOCKED = {"cookie_controls_mode": 1, "block_third_party_cookies": True}
STORING = [StorageTarget.FRAME, StorageTarget.PARENT]
UNHELPFUL = [StorageHabit.SILENT, StorageHabit.SLOW, StorageHabit.ERRORS, StorageHabit.WRONG_ORIGIN]


@pytest.fixture
def forgetful(playwright: Playwright, chromium: Path, tmp_path: Path, live: LiveDemo) -> Iterator[BrowserContext]:
    with open_forgetful_browser(playwright, chromium, tmp_path, live) as window:
        yield window


@pytest.fixture
def priya(forgetful: BrowserContext, live: LiveDemo) -> Visitor:
    visitor = Visitor(forgetful.new_page(), live)
    visitor.be("Priya Raman")
    return visitor


def click_activity(visitor: Visitor) -> FrameLocator:
    """Open Visioning as she would; the frame, wherever it is on its way."""
    visitor.page.goto(f"{visitor.live.lms_url}/courses/course-1/links/visioning")
    return visitor.page.frame_locator("iframe[name=activity]")


def add_content(visitor: Visitor) -> FrameLocator:
    """Open the picker as a facilitator does."""
    visitor.page.goto(f"{visitor.live.lms_url}/courses/course-3/add/one")
    return visitor.page.frame_locator("iframe[name=activity]")


def press(window: BrowserContext, frame: FrameLocator, name: str) -> Page:
    """Press a button that opens a tab; the tab."""
    button = frame.get_by_role("button", name=name)
    expect(button).to_be_visible()
    with window.expect_page() as opened:
        button.click()
    return opened.value


def check_visit(tab: Page) -> None:
    """The whole visit is there, and the next page still knows her."""
    tab.wait_for_url("**/s/**")
    expect(tab.get_by_role("heading", level=1)).to_have_text(VISIONING)
    tab.get_by_role("link", name="On the Leading Edge", exact=True).click()
    expect(tab.get_by_role("heading", level=1)).to_be_visible()
    assert tab.locator("[data-error-code]").count() == 0


def has_third_party_cookies(visitor: Visitor) -> bool:
    """Whether this browser gives the tool its own cookies inside the frame, as it says itself."""
    frame = visitor.wait_for_frame()
    return bool(frame.evaluate("document.hasStorageAccess()"))


@pytest.mark.parametrize("allowed", [True, False])
def test_with_third_party_cookies_allowed_or_blocked_everything_stays_in_the_frame(
    playwright: Playwright, chromium: Path, tmp_path: Path, live: LiveDemo, *, allowed: bool
) -> None:
    settings = THIRD_PARTY_ALLOWED if allowed else THIRD_PARTY_BLOCKED
    with open_browser_with(playwright, chromium, tmp_path, settings) as window:
        visitor = Visitor(window.new_page(), live)
        visitor.be("Priya Raman")
        frame = click_activity(visitor)
        expect(frame.get_by_role("heading", level=1)).to_have_text(VISIONING)
        # Blocked, it is the partitioned cookie that does it.
        assert has_third_party_cookies(visitor) is allowed
        frame.get_by_role("link", name="On the Leading Edge", exact=True).click()
        expect(frame.get_by_role("heading", level=1)).not_to_have_text(VISIONING)
        assert len(window.pages) == 2
        visitor.be("Ruth Okafor")
        picker = add_content(visitor)
        picker.get_by_role("button", name="Add to your course").click()
        expect(picker.get_by_text("1 activity added").first).to_be_visible()
        assert visitor.complaints == []


@pytest.mark.parametrize("target", STORING)
def test_without_any_cookie_storage_proves_her_and_the_visit_goes_on_in_a_tab(
    priya: Visitor, live: LiveDemo, target: StorageTarget
) -> None:
    live.platform.browsers.treat(target)
    frame = click_activity(priya)
    expect(frame.get_by_role("heading", name="One more click")).to_be_visible()
    holder = priya.page.query_selector("iframe[name=activity]")
    inner = holder.content_frame() if holder else None
    assert inner is not None
    assert find_violations(inner) == []
    tab = press(priya.page.context, frame, "Continue in a new tab")
    check_visit(tab)
    assert find_violations(tab) == []
    with live.store.reading() as session:
        assert session.scalars(select(LaunchSession.came_by_storage)).all()[-1] is True
    # Used, it opens no second one.
    expect(press(priya.page.context, frame, "Continue in a new tab").get_by_text("ticket_gone")).to_be_visible()
    assert priya.complaints == []


@pytest.mark.parametrize("target", STORING)
def test_storage_that_does_not_help_ends_in_a_new_tab_after_a_second(
    priya: Visitor, live: LiveDemo, target: StorageTarget
) -> None:
    for habit in UNHELPFUL:
        live.platform.browsers.treat(target, habit)
        begun = monotonic()
        frame = click_activity(priya)
        expect(frame.get_by_role("button", name="Open in a new tab")).to_be_visible()
        assert (habit, monotonic() - begun < 5) == (habit, True)
    check_visit(press(priya.page.context, frame, "Open in a new tab"))


@pytest.mark.parametrize("target", STORING)
def test_in_a_tab_that_the_lms_opened_the_page_behind_it_is_asked(
    playwright: Playwright, chromium: Path, tmp_path: Path, live: LiveDemo, target: StorageTarget
) -> None:
    """It has no page around it, and a browser may keep no cookie there either."""
    live.platform.browsers.treat(target)
    exceptions = {"cookies": {f"{live.tool_url},*": {"setting": 2}}}
    settings = {"content_settings": {"exceptions": exceptions}}
    with open_browser_with(playwright, chromium, tmp_path, settings) as window:
        priya = Visitor(window.new_page(), live)
        priya.be("Priya Raman")
        expect(click_activity(priya).get_by_role("heading", name="One more click")).to_be_visible()
        with window.expect_page() as opened:
            priya.page.evaluate("void open(document.getElementById('main').dataset.launch + '?target=window')")
        tab = opened.value
        expect(tab.get_by_role("button", name="Continue in a new tab")).to_be_visible()
        # Whom nothing can help is told so, and not sent round and round.
        with window.expect_page() as last:
            tab.get_by_role("button", name="Continue in a new tab").click()
        expect(last.value.get_by_text("cookies_refused")).to_be_visible()


def test_a_frame_that_is_not_there_ends_in_a_new_tab(priya: Visitor, live: LiveDemo) -> None:
    live.platform.browsers.treat(StorageTarget.FRAME)
    # As where the LMS names a frame that its page does not have.
    priya.page.add_init_script("""
        if (location.pathname.includes("/links/")) {
          new MutationObserver(() => document.querySelector("iframe[name=post_message_forwarding]")?.remove())
            .observe(document, { childList: true, subtree: true });
        }
    """)
    frame = click_activity(priya)
    check_visit(press(priya.page.context, frame, "Open in a new tab"))


def test_every_page_on_the_way_is_accessible_and_fits_a_phone(priya: Visitor, live: LiveDemo) -> None:
    """Each is there for a moment only; held by keeping its script back."""
    live.platform.browsers.treat(StorageTarget.PARENT)
    priya.page.set_viewport_size({"width": 320, "height": 640})
    scripts = ("storing.js", "proving.js", "arriving.js", None)
    for number, script in enumerate(scripts):
        if script is not None:
            priya.page.route(f"**/static/js/{script}", lambda route: route.abort())
        click_activity(priya)
        frame = priya.page.frame(name="activity")
        assert frame is not None
        marks = ["[data-storing]", "[data-proving]", "[data-arriving]", "form[action='/lti/continue']"]
        frame.wait_for_selector(marks[number], state="attached")
        assert (script, find_violations(frame)) == (script, [])
        overflow = frame.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert (script, overflow <= 0) == (script, True)
        priya.page.unroute_all()


def test_a_frame_that_comes_late_is_asked_again(priya: Visitor, live: LiveDemo) -> None:
    live.platform.browsers.treat(StorageTarget.FRAME)

    def answer_late(route: Route) -> None:
        sleep(0.6)
        route.continue_()

    # All other requests are handled meanwhile: the LMS's page and the tool's are there before that frame is.
    priya.page.route("**/static/storage-frame.js", answer_late)
    frame = click_activity(priya)
    expect(frame.get_by_role("button", name="Continue in a new tab")).to_be_visible()


@pytest.mark.parametrize(
    "reply",
    [
        '{ ...right, message_id: "another" }',
        "{ ...right, message_id: undefined }",
        '{ ...right, subject: "lti.get_data.response" }',
        '{ ...right, subject: "lti.put_data" }',
        '{ ...right, error: { code: "storage_exhaustion", message: "" } }',
        '{ ...right, value: "something else" }',
        "JSON.stringify(right)",
        "null",
        "right",
    ],
)
def test_only_the_answer_to_its_own_question_counts(priya: Visitor, live: LiveDemo, reply: str) -> None:
    live.platform.browsers.treat(StorageTarget.PARENT, StorageHabit.SILENT)
    priya.page.add_init_script(f"""
        addEventListener("message", ({{ data, source, origin }}) => {{
          if (data?.subject !== "lti.put_data") return;
          const right = {{ subject: "lti.put_data.response", message_id: data.message_id, value: data.value }};
          source.postMessage({reply}, origin);
        }});
    """)
    frame = click_activity(priya)
    if reply == "right":
        # It went on to the LMS; what was not really kept does not come back at the launch.
        expect(frame.get_by_text("browser_not_proved")).to_be_visible()
    else:
        expect(frame.get_by_role("button", name="Open in a new tab")).to_be_visible()


def test_the_right_answer_from_another_window_does_not_count(priya: Visitor, live: LiveDemo) -> None:
    """A frame of the same origin beside ours, as a page that somebody put into the course."""
    live.platform.browsers.treat(StorageTarget.PARENT, StorageHabit.SILENT)
    priya.page.add_init_script("""
        if (window === top) addEventListener("message", ({ data, origin }) => {
          if (data?.subject !== "lti.put_data") return;
          const reply = { subject: "lti.put_data.response", message_id: data.message_id, value: data.value };
          const beside = document.body.appendChild(document.createElement("iframe"));
          beside.src = "/storage";
          beside.onload = () => beside.contentWindow.postMessage({ reply, to: origin }, location.origin);
        });
        else addEventListener("message", ({ data }) => {
          if (data?.reply) parent.frames["activity"].postMessage(data.reply, data.to);
        });
    """)
    frame = click_activity(priya)
    expect(frame.get_by_role("button", name="Open in a new tab")).to_be_visible()


def test_the_right_answer_from_another_origin_does_not_count(priya: Visitor, live: LiveDemo) -> None:
    """Even where whoever frames us had guessed the number of our question."""
    live.platform.browsers.treat(StorageTarget.PARENT, StorageHabit.SILENT)
    with live.store.writing() as session:
        other = live.lms_url.replace("localhost", "lms.localhost")
        session.execute(update(Registration).values(auth_url=f"{other}/authorize"))
    priya.page.add_init_script("""
        crypto.getRandomValues = (array) => array;
        if (window === top) setInterval(() => {
          frames["activity"]?.postMessage({ subject: "lti.put_data.response", message_id: "0-0-0-0" }, "*");
        }, 50);
    """)
    frame = click_activity(priya)
    expect(frame.get_by_role("button", name="Open in a new tab")).to_be_visible()


def test_storage_at_another_origin_than_the_login_is_not_asked(priya: Visitor, live: LiveDemo) -> None:
    """The page around the frame is not the one the LMS is registered with, so it is not told and not believed."""
    live.platform.browsers.treat(StorageTarget.PARENT)
    other = live.lms_url.replace("localhost", "lms.localhost")
    with live.store.writing() as session:
        session.execute(update(Registration).values(auth_url=f"{other}/authorize"))
    frame = click_activity(priya)
    expect(frame.get_by_role("button", name="Open in a new tab")).to_be_visible()
    kept = priya.page.evaluate("Object.keys(localStorage).filter((key) => key.includes('lti_state_')).length")
    assert kept == 0


def test_a_binder_lost_on_the_way_explains_itself_and_lets_nobody_in(priya: Visitor, live: LiveDemo) -> None:
    live.platform.browsers.treat(StorageTarget.PARENT)
    priya.page.add_init_script("Storage.prototype.getItem = () => null;")
    frame = click_activity(priya)
    expect(frame.get_by_text("browser_not_proved")).to_be_visible()
    with live.store.reading() as session:
        assert session.scalars(select(LoginFlow.consumed_at).order_by(LoginFlow.created_at.desc())).first() is None


@pytest.mark.parametrize("target", STORING)
def test_without_any_cookie_the_picker_works_inside_the_frame(
    forgetful: BrowserContext, live: LiveDemo, target: StorageTarget
) -> None:
    live.platform.browsers.treat(target)
    ruth = Visitor(forgetful.new_page(), live)
    ruth.be("Ruth Okafor")
    picker = add_content(ruth)
    tabs = len(forgetful.pages)
    picker.get_by_role("button", name="Add to your course").click()
    expect(picker.get_by_text("1 activity added").first).to_be_visible()
    assert len(forgetful.pages) == tabs
    assert ruth.complaints == []


def test_without_cookies_and_storage_the_picker_explains_itself(
    playwright: Playwright, chromium: Path, tmp_path: Path, sqlite_databases: SqliteDatabases
) -> None:
    with (
        sqlite_databases.lend(tmp_path) as url,
        run_live_demo(url, tmp_path, manner=Manner.MOODLE) as live,
        open_forgetful_browser(playwright, chromium, tmp_path, live) as window,
    ):
        ruth = Visitor(window.new_page(), live)
        ruth.be("Ruth Okafor")
        ruth.page.goto(f"{live.lms_url}/courses/course-3/add/several")
        frame = ruth.page.frame_locator("iframe[name=activity]")
        expect(frame.get_by_text("deep_link_needs_cookies")).to_be_visible()
        expect(frame.get_by_text(live.tool_url.removeprefix("http://"))).to_be_visible()
        assert frame.get_by_role("button").count() == 0


def test_a_picker_opened_in_a_tab_explains_itself(forgetful: BrowserContext, live: LiveDemo) -> None:
    ruth = Visitor(forgetful.new_page(), live)
    ruth.be("Ruth Okafor")
    frame = add_content(ruth)
    expect(frame.get_by_text("Are you adding sessions to a course?")).to_be_visible()
    tab = press(forgetful, frame, "Open in a new tab")
    expect(tab.get_by_text("deep_link_in_tab")).to_be_visible()
    assert find_violations(tab) == []


def test_without_javascript_a_new_tab_is_offered(
    playwright: Playwright, chromium: Path, tmp_path: Path, live: LiveDemo
) -> None:
    live.platform.browsers.treat(StorageTarget.FRAME)
    with open_forgetful_browser(playwright, chromium, tmp_path, live, java_script_enabled=False) as window:
        visitor = Visitor(window.new_page(), live)
        visitor.be("Priya Raman")
        frame = click_activity(visitor)
        frame.get_by_role("button").click()  # the LMS's own, which its script would press
        tab = press(window, frame, "Open in a new tab")
        tab.get_by_role("button").click()
        check_visit(tab)


@contextmanager
def canvas_demo(sqlite_databases: SqliteDatabases, folder: Path) -> Iterator[LiveDemo]:
    with sqlite_databases.lend(folder) as url, run_live_demo(url, folder, manner=Manner.CANVAS) as live:
        yield live


def test_in_canvas_the_frame_grows_with_its_page(
    window: BrowserContext, sqlite_databases: SqliteDatabases, tmp_path: Path
) -> None:
    with canvas_demo(sqlite_databases, tmp_path) as live:
        visitor = Visitor(window.new_page(), live)
        visitor.be("Priya Raman")
        frame = visitor.open()
        holder = visitor.page.locator("iframe.activity")

        def is_whole() -> bool:
            box = holder.bounding_box()
            inner = frame.evaluate("document.body.getBoundingClientRect().height")
            return box is not None and abs(box["height"] - inner) < 6

        wait_for("the frame to be as high as its page", is_whole)
        before = holder.bounding_box()
        frame.goto(frame.url.split("/modules/")[0] + "/modules/visioning/plan")
        wait_for("the frame to be as high as the plan", is_whole)
        after = holder.bounding_box()
        assert before is not None
        assert after is not None
        assert after["height"] > before["height"] + 500
        assert visitor.complaints == []


def test_in_canvas_only_a_new_page_begins_at_the_top(
    window: BrowserContext, sqlite_databases: SqliteDatabases, tmp_path: Path
) -> None:
    with canvas_demo(sqlite_databases, tmp_path) as live:
        visitor = Visitor(window.new_page(), live)
        visitor.be("Priya Raman")
        visitor.page.add_init_script(HEAR)
        frame = visitor.open()

        def count_tops() -> int:
            # What is said at once is said before what is said of the height.
            wait_for("the height", lambda: visitor.page.evaluate("said.at(-1)") == "lti.frameResize")
            visitor.page.wait_for_timeout(250)  # until the page has done growing
            tops: int = visitor.page.evaluate("said.splice(0).filter((one) => one === 'lti.scrollToTop').length")
            return tops

        assert count_tops() == 1
        frame.get_by_role("link", name="On the Leading Edge", exact=True).click()
        assert count_tops() == 1
        series = frame.url
        frame.evaluate("history.back()")
        assert count_tops() == 0
        frame.goto(series)
        assert count_tops() == 1
        frame.evaluate("location.assign(location.href.split('#')[0] + '?again')")
        assert count_tops() == 0
        frame.goto(f"{series}modules/visioning#main")
        assert count_tops() == 0


def test_elsewhere_nobody_is_told_how_high_a_page_is(visitor: Visitor) -> None:
    visitor.be("Priya Raman")
    visitor.page.add_init_script(HEAR)
    visitor.open()
    visitor.page.wait_for_timeout(300)
    assert visitor.page.evaluate("said") == []
