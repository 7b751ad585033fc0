"""Dynamic Registration as a real Moodle answered it, replayed to our own registering and through its address."""

import json
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from lti_tool.lti import vocabulary
from lti_tool.lti.errors import RegistrationProblem, RegistrationRefused
from lti_tool.lti.http import HttpAnswer
from lti_tool.lti.platforms import MOODLE
from lti_tool.lti.registering import PlatformOffer, build_registration, read_offer, register_tool
from lti_tool.models import Deployment, Registration
from lti_tool.services.invites import create_invite
from lti_tool.web.tool import Tool
from tests.certification.moodle import CLIENT_ID, ISSUER, TOOL, Exchange, list_exchanges, load
from tests.certification.moodle_door import MoodleDoor
from tests.support.pages import check_page, find_text
from tests.unit.lti.doubles import Asked, ScriptedClient, answer_json

CONFIGURATION = f"{ISSUER}/mod/lti/openid-configuration.php"
ENDPOINT = f"{ISSUER}/mod/lti/openid-registration.php"
TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzY29wZSI6InJlZyJ9.c2lnbmF0dXJl"  # invented: a token's shape and nothing in it
ANSWERS = list_exchanges("dynamic-registration-errors")
WHOLE_TRIES = ("dynreg-success", "dynreg-failed-domain-without-port")


def read(document: Any) -> PlatformOffer:
    return read_offer(ScriptedClient(lambda _: answer_json(document)), CONFIGURATION, TOKEN, allow_http=False)


@pytest.fixture
def offer() -> PlatformOffer:
    return read(load("openid-configuration"))


@pytest.mark.parametrize("capture", ["openid-configuration", *WHOLE_TRIES])
def test_description_is_read(capture: str) -> None:
    captured = load(capture)
    offer = read(captured.get("openid_configuration", captured))
    assert (offer.issuer, offer.name, offer.family) == (ISSUER, "moodle.test", MOODLE)
    assert (offer.auth_url, offer.token_url) == (f"{ISSUER}/mod/lti/auth.php", f"{ISSUER}/mod/lti/token.php")
    assert (offer.jwks_url, offer.registration_url) == (f"{ISSUER}/mod/lti/certs.php", ENDPOINT)
    assert offer.version == "4.5.6 (Build: 20250811)"
    assert vocabulary.SCOPE_SCORE in offer.scopes
    assert offer.origins == (ISSUER,)
    assert offer.notice_types == ()


@pytest.mark.parametrize("exchange", [one for one in ANSWERS if one.status == 200], ids=str)
def test_registered_answer_is_read(exchange: Exchange, offer: PlatformOffer) -> None:
    registered = register_tool(ScriptedClient(lambda _: exchange.answer()), offer, TOKEN, base_url=TOOL)
    document = exchange.document()
    assert registered.client_id == document["client_id"]
    assert registered.deployment_id == document[vocabulary.TOOL_CONFIGURATION]["deployment_id"]
    assert registered.scopes == tuple(document["scope"].split())
    assert not [name for name in registered.answer if name.endswith("_token")]


@pytest.mark.parametrize("exchange", [one for one in ANSWERS if one.status != 200], ids=str)
def test_refusal_is_told_in_moodles_words(exchange: Exchange, offer: PlatformOffer) -> None:
    with pytest.raises(RegistrationRefused) as refusal:
        register_tool(ScriptedClient(lambda _: exchange.answer()), offer, TOKEN, base_url=TOOL)
    assert refusal.value.problem is RegistrationProblem.PLATFORM_REFUSED_TOOL
    assert str(exchange.status) in refusal.value.detail
    words = exchange.body.decode()
    assert (words if "<" not in words else "Error | ltilab") in refusal.value.said
    assert "<" not in refusal.value.said
    assert TOKEN not in refusal.value.said + refusal.value.detail


def test_we_send_everything_moodle_misses_otherwise(offer: PlatformOffer) -> None:
    wish = build_registration(offer, TOOL)
    missed = [one.body.decode().rsplit(" ", 1)[-1] for one in ANSWERS if one.note.startswith("missing ")]
    assert len(missed) == 7
    assert not [name for name in missed if not wish.get(name)]
    (taken,) = [load("dynreg-success")["registration_request"]]
    assert set(wish) <= set(taken), "nothing that Moodle was never asked"
    assert (wish["token_endpoint_auth_method"], wish["application_type"]) == ("private_key_jwt", "web")
    assert isinstance(wish["redirect_uris"], list), "as text it is invalid_redirect_uris"


@pytest.mark.parametrize("base", [TOOL, "https://tool.test:9443"])
def test_our_domain_has_the_port_moodle_wants(base: str, offer: PlatformOffer) -> None:
    """``domain_targetlinkuri_mismatch``: Moodle compares the domain with host and port of the address."""
    failed = load("dynreg-failed-domain-without-port")
    assert failed["registration_response_text"] == "domain_targetlinkuri_mismatch"
    assert failed["registration_request"][vocabulary.TOOL_CONFIGURATION]["domain"] == "127.0.0.1"
    wish: Any = build_registration(offer, base)[vocabulary.TOOL_CONFIGURATION]
    assert wish["domain"] == urlsplit(base).netloc
    assert urlsplit(wish["target_link_uri"]).netloc == wish["domain"]


@pytest.fixture
def door(moodle_door: MoodleDoor) -> MoodleDoor:
    return moodle_door


def press(door: MoodleDoor, answer: HttpAnswer) -> tuple[TestResponse, ScriptedClient]:
    """Open the address as Moodle's captured frame does, and press; Moodle answers as captured."""
    captured = load("dynreg-success")

    def respond(asked: Asked) -> HttpAnswer:
        return answer if asked.url == ENDPOINT else answer_json(captured["openid_configuration"])

    http = ScriptedClient(respond)
    tool: Tool = door.app.extensions["lti_tool"]
    door.app.extensions["lti_tool"] = replace(tool, services=replace(tool.services, http=http))
    address = f"/lti/register/{create_invite(door.store, name=None, now=door.clock.now()).secret}"
    query = {name: values[0] for name, values in captured["args"].items()} | {"registration_token": TOKEN}
    browser = door.app.test_client()
    page = browser.get(address, base_url=TOOL, query_string=query)
    assert "moodle.test" in find_text(check_page(page.text))
    assert f"frame-ancestors 'self' {ISSUER}" in page.headers["Content-Security-Policy"]
    fields = {name: query[name] for name in ("openid_configuration", "registration_token")}
    return browser.post(address, base_url=TOOL, data=fields, headers={"Origin": TOOL}), http


def read_code(answer: TestResponse) -> str | None:
    return next((main.get("data-error-code") for main in check_page(answer.text).iter("main")), None)


def test_captured_success_makes_a_registration(door: MoodleDoor) -> None:
    # Under an id of its own: the one that Moodle gave is the one whose launches the other captures hold.
    document = load("dynreg-success")["registration_response"] | {"client_id": "rBJ2BBCL1c73yW2"}
    answer, http = press(door, answer_json(document))
    assert (answer.status_code, read_code(answer)) == (200, None), answer.text
    with door.store.reading() as session:
        row = session.scalars(select(Registration).where(Registration.client_id == "rBJ2BBCL1c73yW2")).one()
        assert (row.issuer, row.family, row.was_invited) == (ISSUER, MOODLE, True)
        deployments = select(Deployment.id_on_platform).where(Deployment.registration_id == row.id)
        assert session.scalars(deployments).all() == ["1"]
    sent = next(asked for asked in http.asked if asked.method == "POST")
    assert sent.headers["Authorization"] == f"Bearer {TOKEN}"
    assert json.loads(sent.body or b"")["initiate_login_uri"] == f"{TOOL}/lti/login"


def test_captured_success_never_overwrites_what_is_there(door: MoodleDoor) -> None:
    document = load("dynreg-success")["registration_response"]
    assert document["client_id"] == CLIENT_ID
    answer, _ = press(door, answer_json(document))
    assert (answer.status_code, read_code(answer)) == (409, "registration_exists")


@pytest.mark.parametrize("capture", WHOLE_TRIES)
def test_captured_refusal_is_a_readable_page(capture: str, door: MoodleDoor) -> None:
    """The second use of Moodle's token, and the domain without its port."""
    refused = load(capture)["second_post_same_token"]
    answer, _ = press(door, HttpAnswer(refused["status"], {}, refused["text"].encode(), "Refused"))
    assert (answer.status_code, read_code(answer)) == (502, "platform_refused_tool")
    assert refused["text"] in find_text(check_page(answer.text))
    assert TOKEN not in answer.text
