"""The tool and the other library's platform, introduced to each other; a browser's steps between them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from lti_tool.app import create_app
from lti_tool.config import Settings
from lti_tool.lti.ags import GradebookClient
from lti_tool.lti.connector import MemoryTokenCache, Services
from lti_tool.lti.http import HttpClient
from lti_tool.lti.tool_keys import ToolKeys, rotate
from lti_tool.lti.values import Registration as RegistrationValue
from lti_tool.models import Registration
from lti_tool.services.registrations import RegistrationInput, add_registration, to_value
from lti_tool.web.tool import Tool
from tests.certification.oracle import CLIENT_ID, DEPLOYMENT_ID, Oracle
from tests.support.clock import Clock
from tests.support.databases import SqliteDatabases
from tests.support.fake_tool import read_form
from tests.support.series import load_real_series

TOOL = "http://127.0.0.1:5000"


@dataclass
class Meeting:
    """The tool, and the platform of the other library that knows it and its keys."""

    app: Flask
    oracle: Oracle
    clock: Clock
    folder: Path

    @property
    def tool(self) -> Tool:
        tool: Tool = self.app.extensions["lti_tool"]
        return tool

    def registration(self) -> RegistrationValue:
        with self.tool.store.reading() as session:
            return to_value(session.scalars(select(Registration)).one())

    def services(self, keys: ToolKeys | None = None) -> Services:
        http = HttpClient(allow_http=True, user_agent="test")
        return Services(http, keys or self.tool.keys, MemoryTokenCache(), self.clock)

    def gradebook(self, keys: ToolKeys | None = None) -> GradebookClient:
        services = self.services(keys)
        return GradebookClient(services)

    def ask_for_launch(self, sub: str, hint: str = "link-1") -> tuple[FlaskClient, str]:
        """Click a link and go as far as the platform's authorization address."""
        browser = self.app.test_client()
        address = self.oracle.begin_login(sub, hint)
        for _ in range(3):
            if address.startswith(self.oracle.url):
                return browser, address
            answer = browser.get(address, base_url=TOOL)
            assert answer.status_code == 302, answer.text
            address = answer.location
        raise AssertionError(address)

    def launch(self, sub: str, hint: str = "link-1") -> TestResponse:
        """Click a link and launch; returns the page where it ends."""
        browser, address = self.ask_for_launch(sub, hint)
        answer = self.post(browser, self.oracle.app.test_client().get(address, base_url=self.oracle.url).text)
        return browser.get(answer.location, base_url=TOOL) if answer.status_code == 303 else answer

    def post(self, browser: FlaskClient, form: str) -> TestResponse:
        action, fields = read_form(form)
        assert action == f"{TOOL}/lti/launch"
        return browser.post("/lti/launch", base_url=TOOL, data=fields, headers={"Origin": self.oracle.url})


@contextmanager
def open_meeting(databases: SqliteDatabases, folder: Path) -> Iterator[Meeting]:
    """Serve the oracle on a free port, and register it with a new tool."""
    clock = Clock(datetime.now(UTC))  # the library reads the real clock
    rotate(folder / "keys", clock.now())
    oracle = Oracle(TOOL)
    oracle.registration.set_tool_key_set(ToolKeys(folder / "keys").public_jwks())
    try:
        with databases.lend(folder) as address:
            app = create_app(
                Settings(
                    database_url=address,
                    base_url=TOOL,
                    secret_key="t" * 40,
                    keys_dir=folder / "keys",
                    is_development=True,
                ),
                clock=clock,
                series=load_real_series(),
            )
            meeting = Meeting(app, oracle, clock, folder)
            _register(meeting)
            yield meeting
            meeting.tool.store.engine.dispose()
    finally:
        oracle.close()


def _register(meeting: Meeting) -> None:
    address = meeting.oracle.url
    platform = RegistrationInput(
        name="Other library",
        issuer=address,
        client_id=CLIENT_ID,
        auth_url=f"{address}/authorize",
        token_url=f"{address}/token",
        jwks_url=f"{address}/jwks",
        deployment_ids=[DEPLOYMENT_ID],
    )
    add_registration(meeting.tool.store, platform, allow_http=True, now=meeting.clock.now())
