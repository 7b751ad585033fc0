"""The demo LMS's own scripts in a real browser: storage in each way, and Canvas's messages about the frame."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Frame, Page, Route
from werkzeug.serving import make_server

from lti_tool.demo_lms.app import create_demo_lms
from lti_tool.demo_lms.platform import Platform
from lti_tool.demo_lms.settings import DemoLmsSettings
from lti_tool.demo_lms.storage import StorageHabit, StorageTarget
from tests.support.waiting import find_free_port, wait_for

TOOL = "http://tool.localhost:5999"
EMPTY_PAGE = "<!doctype html><title>Tool</title><h1>Tool</h1>"
LISTEN = """
window.heard = [];
addEventListener("message", (event) => heard.push({ ...event.data, from: event.origin }));
"""
EMBED = "address => { document.body.append(Object.assign(document.createElement('iframe'), { src: address })); }"
SAY = """
([target, message, origin]) => {
  const place = target === "_parent" ? parent : parent.frames[target];
  place.postMessage(message, origin);
}
"""


@dataclass
class Stage:
    """A demo LMS on a port, and a window that takes every page of the tool for an empty one."""

    url: str
    platform: Platform
    page: Page

    def open(self, target: StorageTarget, habit: StorageHabit = StorageHabit.ANSWERS) -> Frame:
        """Open an activity with browsers treated like this, and return the tool's frame."""
        self.platform.browsers.treat(target, habit)
        self.page.goto(f"{self.url}/courses/course-1/links/visioning")
        frame = self.page.frame(name="activity")
        assert frame is not None
        frame.wait_for_url(f"{TOOL}/**")
        frame.evaluate(LISTEN)
        return frame

    def say(self, frame: Frame, message: object, target: str = "_parent") -> None:
        """Let the tool send this to the LMS."""
        frame.evaluate(SAY, [target, message, self.url])

    def ask(self, frame: Frame, message: object, target: str = "_parent", wait: int = 5000) -> dict[str, Any]:
        """Let the tool send this to the LMS, and return what comes back."""
        before = frame.evaluate("heard.length")
        self.say(frame, message, target)
        frame.wait_for_function("count => heard.length > count", arg=before, timeout=wait)
        return dict(frame.evaluate("heard.at(-1)"))


@pytest.fixture
def stage(window: BrowserContext, tmp_path: Path) -> Iterator[Stage]:
    url = f"http://localhost:{find_free_port()}"
    app = create_demo_lms(DemoLmsSettings(data_dir=tmp_path, base_url=url, tool_url=TOOL))
    server = make_server("127.0.0.1", int(url.rpartition(":")[2]), app, threaded=True)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    page = window.new_page()
    page.route(f"{TOOL}/**", _answer_as_tool)
    page.goto(url)
    page.get_by_label("Ruth Okafor").check()
    page.get_by_role("button", name="Be this person").click()
    try:
        yield Stage(url, app.extensions["demo_lms"], page)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _answer_as_tool(route: Route) -> None:
    route.fulfill(content_type="text/html", body=EMPTY_PAGE)


def put(key: str, value: object = "v", message_id: str = "m1") -> dict[str, object]:
    return {"subject": "lti.put_data", "message_id": message_id, "key": key, "value": value}


def get(key: str, message_id: str = "m2") -> dict[str, object]:
    return {"subject": "lti.get_data", "message_id": message_id, "key": key}


@pytest.mark.parametrize("target", [StorageTarget.PARENT, StorageTarget.FRAME])
def test_what_was_put_can_be_got(stage: Stage, target: StorageTarget) -> None:
    frame = stage.open(target)
    known = stage.ask(frame, {"subject": "lti.capabilities", "message_id": "c"})
    assert (known["subject"], known["message_id"], known["from"]) == ("lti.capabilities.response", "c", stage.url)
    place = {} if target is StorageTarget.PARENT else {"frame": "post_message_forwarding"}
    assert {"subject": "lti.put_data", **place} in known["supported_messages"]
    assert {"subject": "lti.get_data", **place} in known["supported_messages"]
    answer = stage.ask(frame, put("lti_state_1", "abc"), target.value)
    assert answer == {
        "subject": "lti.put_data.response",
        "message_id": "m1",
        "key": "lti_state_1",
        "value": "abc",
        "from": stage.url,
    }
    assert stage.ask(frame, get("lti_state_1"), target.value)["value"] == "abc"
    assert stage.ask(frame, get("other"), target.value)["value"] is None
    stored = json.loads(stage.page.evaluate("JSON.stringify(localStorage)"))
    assert stored == {f"lti|platform_storage|{TOOL}|lti_state_1": "abc"}
    assert stage.ask(frame, put("lti_state_1", None), target.value)["value"] is None
    assert stage.ask(frame, get("lti_state_1"), target.value)["value"] is None


def test_without_storage_it_is_no_known_subject(stage: Stage) -> None:
    frame = stage.open(StorageTarget.NONE)
    subjects = [one["subject"] for one in stage.ask(frame, {"subject": "lti.capabilities"})["supported_messages"]]
    assert "lti.put_data" not in subjects
    assert "lti.frameResize" in subjects
    assert stage.ask(frame, put("k"))["error"]["code"] == "unsupported_subject"


def test_the_page_does_not_store_what_belongs_to_the_frame(stage: Stage) -> None:
    frame = stage.open(StorageTarget.FRAME)
    assert stage.ask(frame, put("k"))["error"]["code"] == "unsupported_subject"
    other = {"subject": "lti.showAlert", "message_id": "a"}
    assert stage.ask(frame, other, "post_message_forwarding")["error"]["code"] == "unsupported_subject"


@pytest.mark.parametrize("message", [
    {"subject": "lti.put_data", "key": "k", "value": "v"},
    {"subject": "lti.put_data", "message_id": "m", "value": "v"},
    {"subject": "lti.put_data", "message_id": "m", "key": "k", "value": 5},
    {"subject": "lti.get_data", "message_id": "m"},
])  # fmt: skip
def test_a_message_that_says_too_little_is_a_bad_request(stage: Stage, message: dict[str, object]) -> None:
    error = stage.ask(stage.open(StorageTarget.PARENT), message)["error"]
    assert error["code"] == "bad_request"
    assert error["message"]


def test_there_is_room_for_500_keys_of_4096_characters(stage: Stage) -> None:
    frame = stage.open(StorageTarget.PARENT)
    assert stage.ask(frame, put("long", "x" * 4097))["error"]["code"] == "storage_exhaustion"
    assert "error" not in stage.ask(frame, put("k0", "x" * 4096))
    name = f"lti|platform_storage|{TOOL}|k"
    stage.page.evaluate(f"for (let i = 1; i < 500; i++) localStorage.setItem('{name}' + i, 'v')")
    assert stage.ask(frame, put("one-more"))["error"]["code"] == "storage_exhaustion"
    assert "error" not in stage.ask(frame, put("k1", "changed"))


def test_a_stranger_gets_nothing(stage: Stage) -> None:
    frame = stage.open(StorageTarget.PARENT)
    stage.ask(frame, put("lti_state_1", "abc"))
    stage.page.route("http://evil.localhost:5999/**", _answer_as_tool)
    frame.evaluate(EMBED, "http://evil.localhost:5999/")
    wait_for("the stranger", lambda: len(frame.child_frames) == 1)
    (stranger,) = frame.child_frames
    stranger.wait_for_url("http://evil.localhost:5999/")
    stranger.evaluate(LISTEN)
    stranger.evaluate("message => top.postMessage(message, '*')", get("lti_state_1"))
    stranger.wait_for_function("heard.length === 1")
    answer = stranger.evaluate("heard[0]")
    assert answer["error"]["code"] == "wrong_origin"
    assert "value" not in answer


@pytest.mark.parametrize("target", [StorageTarget.PARENT, StorageTarget.FRAME])
def test_the_lms_can_answer_badly(stage: Stage, target: StorageTarget) -> None:
    frame = stage.open(target, StorageHabit.ERRORS)
    assert stage.ask(frame, put("k"), target.value)["error"]["code"] == "storage_exhaustion"
    assert stage.ask(frame, get("k"), target.value)["error"]["code"] == "bad_request"
    frame = stage.open(target, StorageHabit.WRONG_ORIGIN)
    answer = stage.ask(frame, put("k"), target.value)
    assert (answer["from"], answer["value"]) == (stage.url.replace("localhost", "127.0.0.1"), "v")
    frame = stage.open(target, StorageHabit.SLOW)
    stage.say(frame, put("k"), target.value)
    frame.wait_for_timeout(1000)
    assert frame.evaluate("heard.length") == 0
    frame.wait_for_function("heard.length === 1")
    frame = stage.open(target, StorageHabit.SILENT)
    stage.say(frame, put("k"), target.value)
    stage.say(frame, {"subject": "lti.capabilities"})
    frame.wait_for_timeout(1800)
    assert frame.evaluate("heard.length") == 0


def test_the_frame_grows_and_the_page_scrolls(stage: Stage) -> None:
    frame = stage.open(StorageTarget.NONE)
    assert "error" not in stage.ask(frame, {"subject": "lti.frameResize", "height": 3000})
    box = stage.page.locator("iframe.activity").bounding_box()
    assert box is not None
    assert box["height"] == pytest.approx(3000, abs=3)
    stage.page.evaluate("scrollTo({ top: 2000, behavior: 'instant' })")
    stage.ask(frame, {"subject": "lti.scrollToTop"})
    wait_for("the top", lambda: stage.page.evaluate("scrollY") == 0)
    assert stage.ask(frame, {"subject": "lti.frameResize", "height": "tall"})["error"]["code"] == "bad_request"
    assert stage.ask(frame, {"subject": "lti.sing"})["error"]["code"] == "unsupported_subject"


def test_the_tool_can_be_closed_and_opened_in_the_whole_window(stage: Stage) -> None:
    frame = stage.open(StorageTarget.NONE)
    stage.say(frame, {"subject": "lti.close"})
    stage.page.wait_for_url(f"{stage.url}/courses/course-1")
    frame = stage.open(StorageTarget.NONE)
    data = {"url": f"{TOOL}/lti/launch?page=2", "launchType": "same_window"}
    stage.say(frame, {"subject": "lti.requestFullWindowLaunch", "data": data})
    stage.page.wait_for_url(f"{TOOL}/**")
    (login, *_) = stage.platform.traffic.list_newest(1)
    assert f"{TOOL}/lti/launch?page=2" in dict(login.facts)["sent"]


def test_a_tool_that_registers_itself_closes_its_frame(stage: Stage) -> None:
    page = stage.page
    page.get_by_label("Lee Sandoval").check()
    page.get_by_role("button", name="Be this person").click()
    page.get_by_role("link", name="Tools").click()
    page.get_by_role("textbox", name="Registration address").fill(f"{TOOL}/lti/register/abc")
    page.get_by_role("button", name="Open it").click()
    holder = page.wait_for_selector("iframe[name=registration]")
    frame = holder.content_frame() if holder else None
    assert frame is not None
    frame.wait_for_url(f"{TOOL}/lti/register/abc?openid_configuration=*")
    assert not page.get_by_role("heading", name="The tool says it is done").is_visible()
    frame.evaluate("parent.postMessage({ subject: 'org.imsglobal.lti.close' }, '*')")
    page.get_by_role("heading", name="The tool says it is done").wait_for()
    assert page.locator("iframe").count() == 0
