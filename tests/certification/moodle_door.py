"""The tool with the captured Moodle registered (its two external tools), and browsers that send what was captured."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from lti_tool.app import create_app
from lti_tool.config import Settings
from lti_tool.lti import vocabulary
from lti_tool.lti.launches import LaunchVerifier
from lti_tool.lti.tool_keys import rotate
from lti_tool.models import LaunchSession, Store, User
from lti_tool.services.registrations import RegistrationInput, add_registration
from lti_tool.web.tool import Tool
from tests.certification.moodle import CLIENT_ID, ISSUER, TOOL, bring_forward, load, load_claims, load_form
from tests.certification.scene import KeyPair
from tests.support.clock import Clock
from tests.support.series import load_real_series
from tests.unit.lti.doubles import keys_that_serve

PRIVATE_CLIENT_ID = "al2wUBjP0SluHXC"


@dataclass(frozen=True)
class Flow:
    """A login that waits for its launch in this browser."""

    browser: FlaskClient
    state: str
    nonce: str


@dataclass(frozen=True)
class MoodleDoor:
    """The tool's addresses as the captured Moodle's browsers use them."""

    app: Flask
    keys: KeyPair
    clock: Clock

    @property
    def store(self) -> Store:
        """The tool's database."""
        tool: Tool = self.app.extensions["lti_tool"]
        return tool.store

    def log_in(self, login: str, **changes: str) -> Flow:
        """Send a captured login initiation and hop on to Moodle."""
        browser = self.app.test_client()
        headers = {"Origin": ISSUER, "Referer": f"{ISSUER}/"}
        answer = browser.post("/lti/login", base_url=TOOL, data=load_form(login) | changes, headers=headers)
        while answer.status_code == 302 and not answer.location.startswith(ISSUER):
            answer = browser.get(answer.location, base_url=TOOL)
        assert answer.status_code == 302, answer.text
        asked = parse_qs(urlsplit(answer.location).query)
        return Flow(browser, asked["state"][0], asked["nonce"][0])

    def launch(self, capture: str, **changes: object) -> tuple[FlaskClient, TestResponse]:
        """Log in and post a captured launch: its payload with the time and nonce of this flow, its own headers."""
        claims = load_claims(capture)
        is_placing = claims[vocabulary.CLAIM_MESSAGE_TYPE] == vocabulary.MESSAGE_DEEP_LINKING
        flow = self.log_in(
            "login-initiation-deep-linking" if is_placing else "login-initiation-resource-link",
            client_id=claims["aud"],
            lti_deployment_id=claims[vocabulary.CLAIM_DEPLOYMENT_ID],
            login_hint=claims["sub"],
        )
        return flow.browser, self.post(flow, capture, **changes)

    def post(self, flow: Flow, capture: str, **changes: object) -> TestResponse:
        """Post a captured launch into a flow."""
        seconds = int(self.clock.now().timestamp())
        token = self.keys.sign(bring_forward(capture, seconds, nonce=flow.nonce) | changes)
        return flow.browser.post(
            "/lti/launch",
            base_url=TOOL,
            data={"id_token": token, "state": flow.state},
            headers=browser_headers(capture),
        )

    def standing_of(self, sub: str) -> str:
        """As what somebody entered last."""
        with self.store.reading() as session:
            return (
                session.scalars(
                    select(LaunchSession.standing)
                    .join(User, User.id == LaunchSession.user_id)
                    .where(User.sub == sub)
                    .order_by(LaunchSession.created_at.desc(), LaunchSession.id.desc())
                ).first()
                or "nobody"
            )


def browser_headers(capture: str) -> dict[str, str]:
    """What the captured browser sent beside its form; the connection is our own."""
    headers: dict[str, Any] = load(capture)["headers"]
    own = {"Host", "Connection", "Content-Length", "Content-Type", "X-Forwarded-Proto", "Accept-Encoding"}
    return {name: value for name, value in headers.items() if name not in own}


@contextmanager
def open_moodle_door(database_url: str, folder: Path, keys: KeyPair, clock: Clock) -> Iterator[MoodleDoor]:
    """Make the tool, with the captured Moodle registered as its administrator would."""
    rotate(folder, clock.now())
    settings = Settings(
        database_url=database_url, base_url=TOOL, secret_key="t" * 40, keys_dir=folder, is_development=False
    )
    app = create_app(settings, clock=clock, series=load_real_series())
    tool: Tool = app.extensions["lti_tool"]
    verifier = LaunchVerifier(keys_that_serve(keys, now=clock.now()), TOOL)
    app.extensions["lti_tool"] = replace(tool, verifier=verifier)
    for client_id, deployment in ((CLIENT_ID, "1"), (PRIVATE_CLIENT_ID, "2")):
        platform = RegistrationInput(
            name="Moodle",
            issuer=ISSUER,
            client_id=client_id,
            auth_url=f"{ISSUER}/mod/lti/auth.php",
            token_url=f"{ISSUER}/mod/lti/token.php",
            jwks_url=f"{ISSUER}/mod/lti/certs.php",
            family="moodle",
            deployment_ids=[deployment],
        )
        add_registration(tool.store, platform, allow_http=False, now=clock.now())
    yield MoodleDoor(app, keys, clock)
    tool.store.engine.dispose()
