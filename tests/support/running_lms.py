"""A demo LMS that listens on a real port, can be stopped and started, and can hold a score between two moments."""

import threading
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from werkzeug.serving import BaseWSGIServer, make_server

from lti_tool.demo_lms.app import create_demo_lms
from lti_tool.demo_lms.gradebook import Column, Grade
from lti_tool.demo_lms.platform import Platform
from lti_tool.demo_lms.settings import CLIENT_ID, DemoLmsSettings
from lti_tool.lti.tool_keys import ToolKeys
from lti_tool.models import LineItem
from tests.support.clock import Clock
from tests.support.factories import Factory

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

HELD_AT_MOST_SECONDS = 20


class Gate:
    """Stands before the LMS: counts requests, and holds one score before or after the LMS has taken it."""

    def __init__(self, app: "WSGIApplication") -> None:
        self._app = app
        self.requests: list[tuple[str, str]] = []
        self.hold: str | None = None
        self.is_held = threading.Event()
        self.let_go = threading.Event()

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        self.requests.append((environ["REQUEST_METHOD"], environ["PATH_INFO"]))
        moment = self.hold if environ["PATH_INFO"].endswith("/scores") else None
        if moment is None:
            return self._app(environ, start_response)
        self.hold = None
        if moment == "after":
            answer = list(self._app(environ, start_response))
            self._wait()
            return answer
        self._wait()
        start_response("503 Service Unavailable", [("Content-Type", "text/plain")])
        return [b"This request never got in."]

    def _wait(self) -> None:
        self.is_held.set()
        self.let_go.wait(HELD_AT_MOST_SECONDS)


class RunningLms:
    """The demo LMS as a server of its own, for a tool whose keys lie in ``keys_dir``."""

    def __init__(self, folder: Path, port: int, keys_dir: Path, clock: Clock | None = None) -> None:
        clocked: dict[str, Any] = {} if clock is None else {"clock": clock}
        self.settings = DemoLmsSettings(
            data_dir=folder,
            base_url=f"http://localhost:{port}",
            fetch_tool_keys=ToolKeys(keys_dir).public_jwks,
            **clocked,
        )
        self._port = port
        self._server: BaseWSGIServer | None = None
        self._thread = threading.Thread()

    def start(self) -> None:
        """Listen."""
        app = create_demo_lms(self.settings)
        self.platform: Platform = app.extensions["demo_lms"]
        self.gate = Gate(app)
        self._server = make_server("localhost", self._port, self.gate, threaded=True)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Be gone, as a machine that is switched off; what was stored stays."""
        if self._server is not None:
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()
            self._server = None

    def register(self, make: Factory, **registration: Any) -> LineItem:
        """Let the tool know this LMS, its first course and the column of Visioning."""
        base = self.settings.base_url
        row = make.registration(
            issuer=base,
            client_id=CLIENT_ID,
            auth_url=self.settings.authorization_url,
            token_url=self.settings.token_url,
            jwks_url=self.settings.keys_url,
            **registration,
        )
        context = make.context(make.deployment(row), id_on_platform="course-1")
        return make.line_item(context, url=self.platform.build_line_item_url(self._column))

    def list_scores(self, sub: str) -> list[Grade]:
        """Every score that was ever taken for this person in the column of Visioning."""
        return self.platform.gradebook.list_history(self._column, sub)

    @property
    def _column(self) -> Column:
        return self.platform.gradebook.list_columns("course-1", resource_id="visioning")[0]
