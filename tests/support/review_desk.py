"""A facilitator's browser in front of the scene of ``review_scene``: opens pages, sends their forms as they are."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from threading import Thread
from wsgiref.types import StartResponse, WSGIEnvironment
from xml.etree.ElementTree import Element

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.serving import make_server
from werkzeug.test import TestResponse

from lti_tool.app import create_app
from lti_tool.config import Settings
from lti_tool.services.visits import Visit
from tests.support.pages import check_page, find_text
from tests.support.review_scene import ReviewScene

TOOL = "http://127.0.0.1:5000"
SECRET = "desk-secret"


def make_review_app(scene: ReviewScene, database_url: str, folder: Path, base_url: str = TOOL) -> Flask:
    """The tool on the scene's database and clock."""
    settings = Settings(
        database_url=database_url, base_url=base_url, secret_key="t" * 40, keys_dir=folder, is_development=True
    )
    return create_app(settings, clock=scene.clock, series=scene.series)


@contextmanager
def serve_review_app(scene: ReviewScene, database_url: str, folder: Path) -> Iterator[str]:
    """The same behind a socket, for a real browser; gives its address."""
    held: dict[str, Flask] = {}

    def serve(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return held["app"](environ, start_response)

    server = make_server("127.0.0.1", 0, serve, threaded=True)
    address = f"http://127.0.0.1:{server.server_port}"
    held["app"] = make_review_app(scene, database_url, folder, address)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield address
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        held["app"].extensions["lti_tool"].store.engine.dispose()


def open_session(scene: ReviewScene, visit: Visit, standing: str = "staff") -> str:
    """A launch session of this facilitator; its secret is ``SECRET``."""
    session_id = f"desk-{visit.user_id}-{standing}"
    scene.make.launch_session(
        scene.dana,
        id=session_id,
        user_id=visit.user_id,
        secret_digest=sha256(SECRET.encode()).hexdigest(),
        cohort_id=visit.cohort_id,
        standing=standing,
    )
    return session_id


class Desk:
    """One facilitator at work. Every HTML page that comes by is held against the rules of ``pages``."""

    def __init__(self, app: Flask, scene: ReviewScene, visit: Visit, standing: str = "staff") -> None:
        self.client: FlaskClient = app.test_client()
        self.session_id = open_session(scene, visit, standing)
        self.client.set_cookie(f"__Host-s_{self.session_id}", SECRET, domain="127.0.0.1")
        self.answer: TestResponse
        self.tree: Element

    @property
    def words(self) -> str:
        """Everything that can be read on the page."""
        body = self.tree.find("body")
        return "" if body is None else find_text(body)

    def get(self, address: str) -> str:
        """Open a page of the session and return its words."""
        return self._arrive(self.client.get(f"/s/{self.session_id}/{address}", base_url=TOOL), address)

    def post(self, address: str, fields: Mapping[str, str | list[str]], *, do: str = "") -> str:
        """Send fields beside the hidden ones of the page's form to this address."""
        data = {**self.hidden(address), **fields, **({"do": do} if do else {})}
        answer = self.client.post(f"/s/{self.session_id}/{address}", base_url=TOOL, data=data, headers={"Origin": TOOL})
        return self._arrive(answer, address)

    def send(self, address: str, fields: Mapping[str, str | list[str]], *, form: str) -> TestResponse:
        """Send fields as the page's script does, with the hidden ones of ``form``; the bare answer."""
        return self.client.post(
            f"/s/{self.session_id}/{address}",
            base_url=TOOL,
            data={**self.hidden(form), **fields},
            headers={"Origin": TOOL, "Accept": "application/json"},
        )

    def hidden(self, address: str) -> dict[str, str]:
        """The hidden fields of the form of this page that ends at ``address``: the one with most of them."""
        found = [
            {
                field.get("name", ""): field.get("value", "")
                for field in form.iter("input")
                if field.get("type") == "hidden"
            }
            for form in self.tree.iter("form")
            if (form.get("action") or "").endswith(f"/{address}")
        ]
        assert found, f"no form to {address}"
        return max(found, key=len)

    def find(self, name: str, value: str | None = None) -> Element:
        """The first control of the page with this name (and value)."""
        for element in self.tree.iter():
            if element.get("name") == name and (value is None or element.get("value") == value):
                return element
        raise AssertionError(f"no control {name}={value}")

    def has(self, name: str) -> bool:
        """Whether the page has a control of this name."""
        return any(element.get("name") == name for element in self.tree.iter())

    def _arrive(self, answer: TestResponse, address: str) -> str:
        while answer.status_code in {302, 303}:
            address = answer.location
            answer = self.client.get(address, base_url=TOOL)
        self.answer = answer
        self.tree = check_page(answer.text, address)
        return self.words
