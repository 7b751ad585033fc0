"""The picker in a real browser, inside an LMS's frame of another site: small windows, no JavaScript, one click each."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from html import escape
from http import HTTPStatus
from pathlib import Path
from threading import Thread
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import pytest
from playwright.sync_api import Browser, BrowserContext, Frame, Page, expect
from sqlalchemy import select
from werkzeug import Request, Response
from werkzeug.serving import WSGIRequestHandler, make_server

from lti_tool.lti import vocabulary
from lti_tool.models import Cohort
from tests.certification.scene import CLIENT_ID, INSTRUCTOR, KeyPair
from tests.support.browsing import find_violations
from tests.support.clock import Clock
from tests.support.databases import SqliteDatabases
from tests.support.placing import PlacingScene, make_settings, open_placing_scene

DIALOG = (800, 340)
PHONE = (320, 640)
WIDE = (1280, 800)


class Lms:
    """An LMS of another site: a page with a frame of this size, its sign-on, and the address where answers go."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.size = DIALOG
        self.settings: dict[str, object] = {}
        self.answers: list[dict[str, Any]] = []
        self.origins: list[str] = []
        self.scene: PlacingScene

    @property
    def return_url(self) -> str:
        """Where answers go, with a query that must come back to the letter."""
        return f"{self.url}/deep_links?data=eyJ0.a-b_c&sesskey=km%2Fru53bIO6"

    def answer(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        asked = Request(environ)
        if asked.path == "/course":
            body = self._show_course()
        elif asked.path == "/auth":
            body = self._sign_on(asked.args["nonce"], asked.args["state"])
        elif asked.method == "GET":
            return Response("Not here", HTTPStatus.NOT_FOUND)(environ, start_response)
        else:
            # As it came over the wire: a framework would show it decoded.
            address = f"{self.url}{environ['PATH_INFO']}?{environ['QUERY_STRING']}"
            assert (address, list(asked.form)) == (self.return_url, ["JWT"])
            self.origins.append(asked.headers["Origin"])
            self.answers.append(self.scene.verify(asked.form["JWT"]))
            body = "<p>Back in the LMS</p>"
        page = f"<!doctype html><html lang=en><title>LMS</title><body>{body}"
        return Response(page, mimetype="text/html")(environ, start_response)

    def _show_course(self) -> str:
        width, height = self.size
        login = f"{self.scene.base_url}/lti/login?iss={self.url}&login_hint=7&client_id={CLIENT_ID}"
        source = escape(f"{login}&target_link_uri={self.scene.base_url}/lti/launch")
        return f'<style>body {{ margin: 0 }}</style><iframe width={width} height={height} src="{source}"></iframe>'

    def _sign_on(self, nonce: str, state: str) -> str:
        token = self.scene.make_token(
            nonce,
            "ruth",
            message_type=vocabulary.MESSAGE_DEEP_LINKING,
            roles=[INSTRUCTOR],
            resource_link=None,
            **{vocabulary.CLAIM_DEEP_LINKING_SETTINGS: self.settings},
        )
        fields = "".join(
            f'<input type="hidden" name="{name}" value="{escape(value)}">'
            for name, value in (("state", state), ("id_token", token))
        )
        action = f"{self.scene.base_url}/lti/launch"
        button = "<button>Send</button></form><script>document.forms[0].submit()</script>"
        return f'<form method="post" action="{action}">{fields}{button}'


class Facilitator:
    """Somebody at that LMS who adds content."""

    def __init__(self, page: Page, lms: Lms) -> None:
        self.page = page
        self.lms = lms
        self.complaints: list[str] = []
        page.on("console", lambda message: self._hear(message.type, message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def open_picker(self, size: tuple[int, int] = DIALOG, **settings: object) -> Frame:
        """Click "add content"; the frame with the picker."""
        self.go_to_course(size, **settings)
        return self.wait_for("button[value=place], button[value=explain]")

    def go_to_course(self, size: tuple[int, int] = DIALOG, **settings: object) -> None:
        """Open the page with the frame."""
        self.lms.size = size
        self.lms.settings = make_settings(deep_link_return_url=self.lms.return_url, **settings)
        self.page.goto(f"{self.lms.url}/course")

    def wait_for(self, selector: str) -> Frame:
        """The frame, once it shows this."""
        self.page.frame_locator("iframe").locator(selector).wait_for()
        holder = self.page.query_selector("iframe")
        frame = holder.content_frame() if holder else None
        assert frame is not None
        return frame

    def wait_for_answer(self) -> dict[str, Any]:
        """What came back to the LMS."""
        expect(self.page.frame_locator("iframe").get_by_text("Back in the LMS")).to_be_visible()
        return self.lms.answers[-1]

    def _hear(self, kind: str, text: str) -> None:
        # A refused form is answered with a status that the browser reports by itself.
        if kind == "error" and "Failed to load resource" not in text:
            self.complaints.append(text)


@contextmanager
def serve(host: str) -> Iterator[tuple[str, dict[str, WSGIApplication]]]:
    """A server on a free port; its address, and where its application is put."""
    held: dict[str, WSGIApplication] = {}

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return held["app"](environ, start_response)

    server = make_server("127.0.0.1", 0, answer, threaded=True, request_handler=Quiet)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://{host}:{server.server_port}", held
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Quiet(WSGIRequestHandler):
    """Writes no log."""

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - werkzeug's own name
        """Say nothing."""


@pytest.fixture
def lms(sqlite_databases: SqliteDatabases, tmp_path: Path) -> Iterator[Lms]:
    """The LMS on localhost and the tool on 127.0.0.1: two sites."""
    clock, keys = Clock(datetime.now(UTC)), KeyPair.invent("lms-key")
    with (
        serve("localhost") as (url, platform),
        serve("127.0.0.1") as (base_url, tool),
        sqlite_databases.lend(tmp_path) as database,
        open_placing_scene(database, tmp_path, clock, keys, base_url=base_url, issuer=url) as scene,
    ):
        opened = Lms(url)
        opened.scene = scene
        platform["app"], tool["app"] = opened.answer, scene.app
        yield opened


@pytest.fixture
def ruth(window: BrowserContext, lms: Lms) -> Facilitator:
    return Facilitator(window.new_page(), lms)


@pytest.fixture
def scriptless(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(java_script_enabled=False)
    context.set_default_timeout(10_000)
    yield context
    context.close()


def list_modules(answer: dict[str, Any]) -> list[str]:
    return [item["custom"]["module"] for item in answer[vocabulary.CLAIM_CONTENT_ITEMS]]


def end_cohort(scene: PlacingScene) -> None:
    with scene.store.writing() as session:
        for cohort in session.scalars(select(Cohort)):
            cohort.closes_on = scene.clock.now().date() + timedelta(days=180)


def test_the_series_by_keyboard_in_a_small_window(ruth: Facilitator) -> None:
    frame = ruth.open_picker()
    expect(frame.get_by_role("radio", name="All eight sessions")).to_be_checked()
    expect(frame.get_by_role("checkbox", name="On the Leading Edge of Coaching")).to_be_hidden()
    add = frame.get_by_role("button", name="Add to your course")
    expect(add).to_be_in_viewport(ratio=1)
    add.focus()
    ruth.page.keyboard.press("Enter")
    frame = ruth.wait_for("button[value=confirm]")
    confirm = frame.get_by_role("button", name="Place them now")
    expect(confirm).to_be_in_viewport(ratio=1)
    confirm.focus()
    ruth.page.keyboard.press("Enter")
    assert len(list_modules(ruth.wait_for_answer())) == 8
    # Sent by itself, once, and the LMS is told from where.
    assert ruth.lms.origins == [ruth.lms.scene.base_url]
    assert ruth.complaints == []


def test_single_sessions_appear_when_they_are_wanted(ruth: Facilitator) -> None:
    frame = ruth.open_picker()
    frame.get_by_role("radio", name="Only what I choose").check()
    frame.get_by_role("checkbox", name="On the Leading Edge of Coaching").check()
    frame.get_by_role("button", name="Add to your course").click()
    assert list_modules(ruth.wait_for_answer()) == ["coaching"]
    assert ruth.complaints == []


def test_a_double_click_places_once_and_arrives(ruth: Facilitator) -> None:
    ruth.open_picker(accept_multiple=False).get_by_role("button", name="Add to your course").dblclick()
    assert list_modules(ruth.wait_for_answer()) == ["visioning"]
    assert len(ruth.lms.answers) == 1


def test_without_javascript_every_step_has_its_button(scriptless: BrowserContext, lms: Lms) -> None:
    ruth = Facilitator(scriptless.new_page(), lms)
    ruth.go_to_course()
    inside = ruth.page.frame_locator("iframe")
    inside.get_by_role("button", name="Send").click()
    inside.get_by_role("button", name="Add to your course").click()
    inside.get_by_role("button", name="Place them now").click()
    inside.get_by_role("button", name="Go on to Example LMS").click()
    assert len(list_modules(ruth.wait_for_answer())) == 8


def test_cancel_and_a_place_that_takes_no_links_lead_back(ruth: Facilitator) -> None:
    ruth.open_picker().get_by_role("button", name="Add nothing").click()
    assert ruth.wait_for_answer()[vocabulary.CLAIM_MESSAGE_SHOWN] == "Nothing was placed."
    frame = ruth.open_picker(accept_types=["file"])
    frame.get_by_role("button", name="Back to your course").click()
    assert vocabulary.CLAIM_ERROR_SHOWN in ruth.wait_for_answer()


@pytest.mark.parametrize("size", [DIALOG, PHONE, WIDE], ids=["dialog", "phone", "wide"])
def test_every_page_of_it_fits_and_passes_axe(size: tuple[int, int], ruth: Facilitator, tmp_path: Path) -> None:
    ruth.page.set_viewport_size({"width": size[0], "height": size[1]})

    def check(frame: Frame, name: str) -> None:
        assert (name, find_violations(frame)) == (name, [])
        overflow = frame.evaluate("() => document.documentElement.scrollWidth - window.innerWidth")
        assert (name, overflow <= 0) == (name, True)
        ruth.page.screenshot(path=tmp_path / f"{name}.png")

    check(ruth.open_picker(size, accept_types=["file"]), "cannot")
    end_cohort(ruth.lms.scene)
    frame = ruth.open_picker(size)
    check(frame, "all")
    frame.get_by_role("radio", name="Only what I choose").check()
    check(frame, "named")
    frame.get_by_role("button", name="Add to your course").click()
    frame = ruth.wait_for("[role=alert]")
    check(frame, "problem")
    for name in ("Visioning", "Coaching"):
        frame.get_by_role("checkbox", name=f"On the Leading Edge of {name}").check()
    frame.get_by_role("button", name="Add to your course").click()
    check(ruth.wait_for("button[value=confirm]"), "confirm")
    ruth.page.frame_locator("iframe").get_by_role("button", name="Place them now").click()
    ruth.wait_for_answer()
    frame = ruth.open_picker(size, accept_multiple=False)
    frame.get_by_text("Already in your course: 2").click()
    check(frame, "one")
    ruth.open_picker(size, accept_lineitem=False).get_by_role("button", name="Add to your course").click()
    check(ruth.wait_for("button[value=confirm]"), "confirm-rest")
    assert ruth.complaints == []
