"""The tool and a demo LMS in one test process: launch as a person, then act on pages as a browser would.

The tool runs as a WSGI client and the LMS behind a real socket, because the tool fetches its keys and sends scores.
Every HTML page that comes by is held against the rules in ``pages.py``.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from xml.etree.ElementTree import Element

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.serving import make_server
from werkzeug.test import TestResponse

from lti_tool.app import create_app
from lti_tool.config import Settings
from lti_tool.content.schema import Series
from lti_tool.demo import FAMILIES
from lti_tool.demo_lms.app import create_demo_lms
from lti_tool.demo_lms.manners import Manner
from lti_tool.demo_lms.platform import Platform
from lti_tool.demo_lms.settings import CLIENT_ID, DemoLmsSettings
from lti_tool.lti.ags import GradebookClient
from lti_tool.lti.http import HttpClient
from lti_tool.lti.tool_keys import ToolKeys, rotate
from lti_tool.models import Registration, Store
from lti_tool.services.deliveries import deliver_due
from lti_tool.web.tool import Tool
from tests.support.clock import Clock
from tests.support.fake_tool import read_form
from tests.support.pages import check_page, find_text
from tests.support.series import load_real_series

TOOL = "http://127.0.0.1:5000"


@dataclass
class Page:
    """A page somebody got: its answer, its tree, and the words on it."""

    response: TestResponse
    tree: Element
    address: str

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.response.status_code

    @property
    def words(self) -> str:
        """Everything that can be read on it."""
        body = self.tree.find("body")
        return "" if body is None else find_text(body)

    @property
    def error_code(self) -> str | None:
        """The code of a refusal."""
        return next((main.get("data-error-code") for main in self.tree.iter("main")), None)

    def form(self, action: str = "") -> dict[str, Any]:
        """The fields of the first POST form whose action ends in ``action``, as a browser would send them."""
        for form in self.tree.iter("form"):
            if form.get("method", "").lower() == "post" and urlsplit(form.get("action") or "").path.endswith(action):
                return _read_fields(form)
        raise AssertionError(f"no form to {action!r} on {self.address}")


class Person:
    """One person's browser, for the LMS and the tool."""

    def __init__(self, door: "FrontDoor", sub: str) -> None:
        self.door = door
        self.sub = sub
        self.lms: FlaskClient = door.lms.test_client()
        self.tool: FlaskClient = door.app.test_client()
        self.session_id = ""

    def launch(self, link: str = "visioning", course: str = "course-1") -> Page:
        """Click a link of the course and follow the whole way to the first page."""
        answer = self.post_launch(self.authorize(self.start_login(link, course)))
        return self.follow(answer)

    def start_login(self, link: str = "visioning", course: str = "course-1") -> dict[str, str]:
        """What the LMS sends to the login address."""
        self.lms.post("/person", base_url=self.door.lms_url, data={"person": self.sub, "course": course})
        page = self.lms.get(f"/launch/{course}/{link}", base_url=self.door.lms_url)
        _, fields = read_form(page.text)
        return fields

    def login(self, fields: Mapping[str, str]) -> str:
        """Post the login and hop; returns the address of the authorization request."""
        answer = self.tool.post("/lti/login", base_url=TOOL, data=fields)
        for _ in range(2):
            assert answer.status_code == 302, answer.text
            if answer.location.startswith(self.door.lms_url):
                return answer.location
            answer = self.tool.get(answer.location, base_url=TOOL)
        assert answer.status_code == 302, answer.text
        return answer.location

    def authorize(self, fields: Mapping[str, str]) -> dict[str, str]:
        """Log in and return what the LMS posts back."""
        parts = urlsplit(self.login(fields))
        page = self.lms.get(parts.path, base_url=self.door.lms_url, query_string=dict(parse_qsl(parts.query)))
        action, posted = read_form(page.text)
        assert action == f"{TOOL}/lti/launch", page.text
        return posted

    def post_launch(self, fields: Mapping[str, str]) -> TestResponse:
        """Post a launch; remembers the session it opened."""
        answer = self.tool.post("/lti/launch", base_url=TOOL, data=fields, headers={"Origin": self.door.lms_url})
        found = re.match(r"/s/([^/]+)/", answer.location or "")
        if found:
            self.session_id = found[1]
        return answer

    def get(self, address: str) -> Page:
        """Open a page; an address that does not begin with ``/s/`` lies in this person's session."""
        return self.follow(self.tool.get(self.place(address), base_url=TOOL))

    def post(self, address: str, fields: Mapping[str, str | list[str]], *, do: str = "", **options: str) -> Page:
        """Send a form with our own origin."""
        return self.follow(self.send(address, fields, do=do, **options))

    def send(
        self,
        address: str,
        fields: Mapping[str, str | list[str]],
        *,
        do: str = "",
        origin: str = TOOL,
        accept: str = "text/html",
    ) -> TestResponse:
        """Send a form and return the bare answer."""
        data = {**fields, **({"do": do} if do else {})}
        headers = {"Origin": origin, "Accept": accept}
        return self.tool.post(self.place(address), base_url=TOOL, data=data, headers=headers)

    def place(self, address: str) -> str:
        """The whole path of an address of this session."""
        return address if address.startswith("/") else f"/s/{self.session_id}/{address}"

    def follow(self, answer: TestResponse) -> Page:
        """Follow redirects inside the tool and check the page they end at."""
        address = answer.request.path
        for _ in range(4):
            if answer.status_code not in {301, 302, 303}:
                break
            address = answer.location
            answer = self.tool.get(answer.location, base_url=TOOL)
        return Page(answer, check_page(answer.text, address), address)


class FrontDoor:
    """Both applications, sharing the test's clock and database."""

    def __init__(self, app: Flask, lms: Flask, lms_url: str, clock: Clock) -> None:
        self.app = app
        self.lms = lms
        self.lms_url = lms_url
        self.clock = clock
        self.tool: Tool = app.extensions["lti_tool"]
        self.platform: Platform = lms.extensions["demo_lms"]
        self._http = HttpClient(allow_http=True, user_agent="test")

    @property
    def store(self) -> Store:
        """The tool's database."""
        return self.tool.store

    def person(self, sub: str) -> Person:
        """Somebody of the demo LMS, with an empty browser."""
        return Person(self, sub)

    def deliver(self, rounds: int = 1) -> None:
        """Let a delivery worker do what is due."""
        services = replace(self.tool.services, http=self._http)
        client = GradebookClient(services)
        for _ in range(rounds):
            deliver_due(
                self.store,
                client,
                owner="test-worker",
                clock=self.clock,
                services=services,
                base_url=self.tool.settings.base_url,
            )


@contextmanager
def open_front_door(
    database_url: str, folder: Path, clock: Clock, series: Series | None = None, *, manner: Manner = Manner.STRICT
) -> Iterator[FrontDoor]:
    """Serve a demo LMS on a free port, register it, and make the tool's application (with the real series).

    ``manner`` is whose manners the LMS has; it is registered as that family.
    """
    keys = folder / "keys"
    rotate(keys, clock.now())
    settings = Settings(
        database_url=database_url, base_url=TOOL, secret_key="t" * 40, keys_dir=keys, is_development=True
    )
    with _served_lms(folder / "lms", keys, clock, manner) as (lms, lms_url):
        app = create_app(settings, clock=clock, series=series or load_real_series())
        door = FrontDoor(app, lms, lms_url, clock)
        register_lms(door)
        yield door
        door.store.engine.dispose()


@contextmanager
def open_door_of_another_lms(door: FrontDoor, folder: Path, *, manner: Manner = Manner.STRICT) -> Iterator[FrontDoor]:
    """Serve a second LMS with the same people and courses, registered with the same tool."""
    with _served_lms(folder, door.tool.settings.keys_dir, door.clock, manner) as (lms, lms_url):
        other = FrontDoor(door.app, lms, lms_url, door.clock)
        register_lms(other, name="Another demo LMS")
        yield other


def register_lms(door: FrontDoor, *, client_id: str = CLIENT_ID, **changes: Any) -> int:
    """Let the tool know the LMS behind this door, under this client id; returns the registration's id."""
    settings = door.platform.settings
    usual: dict[str, Any] = {
        "name": "Demo LMS",
        "issuer": door.lms_url,
        "client_id": client_id,
        "auth_url": settings.authorization_url,
        "token_url": settings.token_url,
        "jwks_url": settings.keys_url,
        "family": FAMILIES[settings.manner],
        "origins": [door.lms_url],
        "created_at": door.clock.now(),
    }
    with door.store.writing() as session:
        row = Registration(**usual | changes)
        session.add(row)
        session.flush()
        return row.id


@contextmanager
def _served_lms(folder: Path, keys: Path, clock: Clock, manner: Manner) -> Iterator[tuple[Flask, str]]:
    """A demo LMS on a free port, with its address."""
    held: dict[str, Flask] = {}

    def serve(environ: object, start_response: object) -> object:
        return held["lms"].wsgi_app(environ, start_response)  # type: ignore[arg-type]

    server = make_server("127.0.0.1", 0, serve, threaded=True)  # type: ignore[arg-type]
    lms_url = f"http://localhost:{server.server_port}"
    held["lms"] = create_demo_lms(
        DemoLmsSettings(
            base_url=lms_url,
            tool_url=TOOL,
            data_dir=folder,
            clock=clock,
            fetch_tool_keys=lambda: ToolKeys(keys).public_jwks(),
            manner=manner,
        )
    )
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield held["lms"], lms_url
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _read_fields(form: Element) -> dict[str, Any]:
    """A form's successful controls, without its buttons. A name sent several times holds a list."""
    fields: dict[str, Any] = {}

    def add(name: str, value: str) -> None:
        before = fields.get(name)
        if before is None:
            fields[name] = value
        else:
            fields[name] = [*(before if isinstance(before, list) else [before]), value]

    for control in form.iter():
        name = control.get("name")
        value = _read_control(control)
        if name and value is not None and control.get("disabled") is None:
            add(name, value)
    return fields


def _read_control(control: Element) -> str | None:
    """What a control sends, or None when it sends nothing."""
    if control.tag == "textarea":
        return control.text or ""
    if control.tag == "select":
        options = list(control.iter("option"))
        chosen = [option for option in options if option.get("selected") is not None] or options[:1]
        return chosen[0].get("value", find_text(chosen[0])) if chosen else None
    kind = control.get("type", "text")
    is_unchecked = kind in {"checkbox", "radio"} and control.get("checked") is None
    if control.tag != "input" or kind in {"submit", "button", "image"} or is_unchecked:
        return None
    return control.get("value", "on" if kind == "checkbox" else "")
