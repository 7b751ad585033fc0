"""The certification tables through the tool's own addresses: what a person sees, and what is kept, of each launch."""

import logging
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from lti_tool.app import create_app
from lti_tool.config import Settings
from lti_tool.lti.launches import LaunchVerifier
from lti_tool.lti.vocabulary import CLAIM_DEEP_LINKING_SETTINGS
from lti_tool.models import LaunchSession, LoginFlow, User
from lti_tool.services.registrations import RegistrationInput, add_registration
from lti_tool.web.tool import Tool
from tests.certification.payloads import BAD_PAYLOADS, VALID_LAUNCHES, BadPayload, ValidLaunch
from tests.certification.scene import CLIENT_ID, DEPLOYMENT_ID, ISSUER, RETURN_URL, TOOL, KeyPair, Scene
from tests.support.clock import Clock
from tests.support.databases import SqliteDatabases
from tests.support.pages import check_page
from tests.unit.lti.doubles import keys_that_serve

LAUNCH = "/lti/launch"
SESSION_COOKIE = "__Host-s_"


class Door:
    """The tool with one registered platform whose keys are invented."""

    def __init__(self, app: Flask, pair: KeyPair, stranger: KeyPair, clock: Clock) -> None:
        self.app = app
        self.pair = pair
        self.stranger = stranger
        self.clock = clock
        self.tool: Tool = app.extensions["lti_tool"]

    def open_browser(self) -> "Browser":
        return Browser(self)

    def count(self, model: type[LaunchSession | User]) -> int:
        with self.tool.store.reading() as session:
            return session.scalar(select(func.count()).select_from(model)) or 0

    def is_flow_used(self, state: str) -> bool:
        with self.tool.store.reading() as session:
            return session.scalars(select(LoginFlow.consumed_at).where(LoginFlow.state == state)).one() is not None


class Browser:
    """One browser, before and after the platform's part."""

    def __init__(self, door: Door) -> None:
        self.door = door
        self.client: FlaskClient = door.app.test_client()

    def log_in(self, *, method: str = "POST", with_hint: bool = True) -> tuple[str, str]:
        """Go through login and hop; returns the flow's state and nonce."""
        login = {
            "iss": ISSUER,
            "login_hint": "7",
            "target_link_uri": f"{TOOL}/lti/launch",
            "client_id": CLIENT_ID,
            **({"lti_deployment_id": DEPLOYMENT_ID} if with_hint else {}),
        }
        if method == "GET":
            answer = self.client.get("/lti/login", base_url=TOOL, query_string=login)
        else:
            answer = self.client.post("/lti/login", base_url=TOOL, data=login)
        while answer.status_code == 302 and not answer.location.startswith(ISSUER):
            answer = self.client.get(answer.location, base_url=TOOL)
        assert answer.status_code == 302
        asked = parse_qs(urlsplit(answer.location).query)
        return asked["state"][0], asked["nonce"][0]

    def wait_for_launch(self) -> tuple[str, Scene]:
        """Log in twice; returns the first flow's state, and the scene that both flows make."""
        state, nonce = self.log_in()
        _, other_nonce = self.log_in()
        door = self.door
        return state, Scene(
            door.pair, door.stranger, door.clock.now(), nonce=nonce, other_nonce=other_nonce, subject=uuid4().hex
        )

    def launch(self, state: str, token: str) -> TestResponse:
        return self.client.post(
            LAUNCH, base_url=TOOL, data={"state": state, "id_token": token}, headers={"Origin": ISSUER}
        )


@pytest.fixture(scope="module")
def door(
    sqlite_databases: SqliteDatabases,
    tmp_path_factory: pytest.TempPathFactory,
    platform_pair: KeyPair,
    stranger_pair: KeyPair,
) -> Iterator[Door]:
    folder: Path = tmp_path_factory.mktemp("front-door")
    clock = Clock(datetime.now(UTC))
    with sqlite_databases.lend(folder) as address:
        settings = Settings(
            database_url=address, base_url=TOOL, secret_key="t" * 40, keys_dir=folder, is_development=False
        )
        app = create_app(settings, clock=clock)
        tool: Tool = app.extensions["lti_tool"]
        verifier = LaunchVerifier(keys_that_serve(platform_pair, now=clock.now()), TOOL)
        app.extensions["lti_tool"] = replace(tool, verifier=verifier)
        platform = RegistrationInput(
            name="Example LMS",
            issuer=ISSUER,
            client_id=CLIENT_ID,
            auth_url=f"{ISSUER}/auth",
            token_url=f"{ISSUER}/token",
            jwks_url=f"{ISSUER}/jwks",
            deployment_ids=[DEPLOYMENT_ID],
        )
        add_registration(tool.store, platform, allow_http=False, now=clock.now())
        yield Door(app, platform_pair, stranger_pair, clock)
        tool.store.engine.dispose()


def by_name(row: BadPayload | ValidLaunch) -> str:
    return row.name


def assert_refused(answer: TestResponse, code: str, caplog: pytest.LogCaptureFixture) -> None:
    """A page in plain words with its code, a reference number found in the log, a way back, and no session."""
    assert 400 <= answer.status_code < 500
    assert answer.mimetype == "text/html"
    tree = check_page(answer.text, LAUNCH)
    assert [main.get("data-error-code") for main in tree.iter("main")] == [code]
    reference = re.search(r"Reference number</dt><dd><code>(\w+)</code>", answer.text)
    assert reference is not None
    assert f"code={code} " in caplog.text
    assert f"reference={reference[1]} " in caplog.text
    assert "way back" in answer.text or "Back to your course" in answer.text
    assert not any(SESSION_COOKIE in cookie for cookie in answer.headers.getlist("Set-Cookie"))


@pytest.mark.parametrize("payload", BAD_PAYLOADS, ids=by_name)
def test_bad_payload_gets_a_page_with_its_code(
    payload: BadPayload, door: Door, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    browser = door.open_browser()
    state, scene = browser.wait_for_launch()
    token = payload.make(scene)
    sessions, users = door.count(LaunchSession), door.count(User)
    answer = browser.launch(state, token)
    assert_refused(answer, payload.code.value, caplog)
    assert (door.count(LaunchSession), door.count(User)) == (sessions, users)
    assert (RETURN_URL in answer.text.replace("&amp;", "&")) == payload.has_return_url
    assert not door.is_flow_used(state)
    assert token not in caplog.text
    assert all(part not in caplog.text for part in token.split(".") if len(part) > 40)
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize("launch", VALID_LAUNCHES, ids=by_name)
def test_valid_launch_opens_a_session(launch: ValidLaunch, door: Door) -> None:
    browser = door.open_browser()
    state, scene = browser.wait_for_launch()
    answer = browser.launch(state, launch.make(scene))
    assert answer.status_code == 303
    assert any(SESSION_COOKIE in cookie for cookie in answer.headers.getlist("Set-Cookie"))
    page = browser.client.get(answer.location, base_url=TOOL)
    assert page.status_code == 200
    check_page(page.text, answer.location)
    assert door.is_flow_used(state)


STANDINGS = {
    "valid": ("staff", "participant"),
    "multiple roles": ("staff", "participant"),
    "short role": ("staff", "participant"),
    "unknown role": ("visitor", "visitor"),
    "no role": ("visitor", "visitor"),
    "email without context": ("visitor", "visitor"),
}


@pytest.mark.parametrize("row", sorted(STANDINGS))
@pytest.mark.parametrize(("who", "place"), [("teacher", 0), ("student", 1)])
def test_role_decides_who_enters_as_what(row: str, who: str, place: int, door: Door) -> None:
    launch = next(one for one in VALID_LAUNCHES if one.name == f"{who}, {row}")
    browser = door.open_browser()
    state, scene = browser.wait_for_launch()
    browser.launch(state, launch.make(scene))
    with door.tool.store.reading() as session:
        standing = session.scalars(
            select(LaunchSession.standing).join(User, User.id == LaunchSession.user_id).where(User.sub == scene.subject)
        ).one()
    assert standing == STANDINGS[row][place]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_login_comes_by_get_and_by_post(method: str, door: Door) -> None:
    state, nonce = door.open_browser().log_in(method=method)
    assert state
    assert nonce


def test_replay_is_refused(door: Door, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    browser = door.open_browser()
    state, scene = browser.wait_for_launch()
    token = scene.token()
    assert browser.launch(state, token).status_code == 303
    sessions = door.count(LaunchSession)
    assert_refused(browser.launch(state, token), "flow_used", caplog)
    assert_refused(browser.launch(state, scene.token(jti="another token")), "flow_used", caplog)
    assert door.count(LaunchSession) == sessions


def test_state_of_one_flow_with_the_nonce_of_another_is_refused(door: Door, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    browser = door.open_browser()
    first_state, first_nonce = browser.log_in()
    second_state, second_nonce = browser.log_in()
    scene = Scene(door.pair, door.stranger, door.clock.now(), subject=uuid4().hex)
    for state, nonce in ((first_state, second_nonce), (second_state, first_nonce)):
        assert_refused(browser.launch(state, scene.token(nonce=nonce)), "wrong_nonce", caplog)
    for state, nonce in ((second_state, second_nonce), (first_state, first_nonce)):
        assert browser.launch(state, scene.token(nonce=nonce)).status_code == 303


def test_launch_in_a_browser_that_did_not_log_in_is_refused(door: Door, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    attacker, victim = door.open_browser(), door.open_browser()
    state, scene = attacker.wait_for_launch()
    assert_refused(victim.launch(state, scene.token()), "wrong_browser", caplog)
    victim.log_in()
    assert_refused(victim.launch(state, scene.token()), "wrong_browser", caplog)
    assert attacker.launch(state, scene.token()).status_code == 303


def test_deployment_nobody_registered_is_refused(door: Door, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    browser = door.open_browser()
    state, nonce = browser.log_in(with_hint=False)
    scene = Scene(door.pair, door.stranger, door.clock.now(), nonce=nonce)
    answer = browser.launch(state, scene.token(deployment_id="unknown"))
    assert_refused(answer, "unknown_deployment", caplog)
    assert RETURN_URL in answer.text


def test_deep_linking_shows_the_picker_and_a_broken_request_its_code(
    door: Door, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    browser = door.open_browser()
    state, scene = browser.wait_for_launch()
    request = {"message_type": "LtiDeepLinkingRequest", "resource_link": None}
    assert_refused(browser.launch(state, scene.token(**request)), "missing_deep_linking_settings", caplog)
    settings = {"deep_link_return_url": f"{ISSUER}/placed", "accept_types": ["ltiResourceLink"]}
    answer = browser.launch(state, scene.token(**request, **{CLAIM_DEEP_LINKING_SETTINGS: settings}))
    assert answer.status_code == 200
    assert [form.get("action") for form in check_page(answer.text).iter("form")] == ["/lti/place"]


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({}, "missing_state"),
        ({"id_token": "a.b.c"}, "missing_state"),
        ({"state": "never-given", "id_token": "a.b.c"}, "flow_unknown"),
        ({"state": "not ours!", "id_token": "a.b.c"}, "flow_unknown"),
        ({"state": "nul\0", "id_token": "a.b.c"}, "flow_unknown"),
        ({"state": "never-given"}, "missing_token"),
        ({"state": "never-given", "error": "login_required", "error_description": "<b>\0\nno"}, "platform_error"),
    ],
)
def test_form_that_lacks_something_is_refused(
    form: dict[str, str], code: str, door: Door, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    answer = door.open_browser().client.post(LAUNCH, base_url=TOOL, data=form)
    assert_refused(answer, code, caplog)


def test_body_beyond_the_limit_is_refused(door: Door, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    data = {"state": "s", "id_token": "x" * 2_000_000}
    answer = door.open_browser().client.post(LAUNCH, base_url=TOOL, data=data)
    assert answer.status_code == 413
    assert_refused(answer, "body_too_large", caplog)
