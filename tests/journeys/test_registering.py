"""An administrator registers the tool with her LMS through a one-time address, or reads why it did not work."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from lti_tool.lti.errors import PlatformUnreachable, Unreachability
from lti_tool.lti.http import HttpAnswer
from lti_tool.models import AuditFact, Deployment, Invite, Registration
from lti_tool.services.invites import create_invite
from lti_tool.web.tool import Tool
from tests.support.clock import Clock
from tests.support.front_door import TOOL, FrontDoor
from tests.support.pages import check_page
from tests.unit.lti.doubles import Asked, ScriptedClient, answer_json
from tests.unit.lti.test_registering import CONFIGURATION, SITE, TOKEN, configuration


class Platform:
    """A scripted LMS: its description, what it answers to a registration, and what it was asked."""

    def __init__(self, tool: Tool) -> None:
        self.tool = tool
        self.description: HttpAnswer | PlatformUnreachable = answer_json(configuration())
        self.answer: HttpAnswer | PlatformUnreachable = answer_json({"client_id": "client-1"})
        self.client = ScriptedClient(self._answer)

    @property
    def registrations(self) -> list[dict[str, Any]]:
        """What was sent to its registration address."""
        return [json.loads(asked.body or b"") for asked in self.client.asked if asked.method == "POST"]

    def _answer(self, asked: Asked) -> HttpAnswer | PlatformUnreachable:
        return self.answer if asked.method == "POST" else self.description


@pytest.fixture
def platform(door: FrontDoor) -> Platform:
    lms = Platform(door.tool)
    door.app.extensions["lti_tool"] = replace(door.tool, services=replace(door.tool.services, http=lms.client))
    return lms


@pytest.fixture
def address(door: FrontDoor, clock: Clock) -> str:
    made = create_invite(door.store, name=None, now=clock.now())
    return f"/lti/register/{made.secret}"


def show(door: FrontDoor, address: str, configuration: str = CONFIGURATION) -> TestResponse:
    query = {"openid_configuration": configuration, "registration_token": TOKEN} if configuration else {}
    return door.app.test_client().get(address, base_url=TOOL, query_string=query)


def press(door: FrontDoor, address: str, origin: str = TOOL, **changes: str) -> TestResponse:
    fields = {"openid_configuration": CONFIGURATION, "registration_token": TOKEN} | changes
    return door.app.test_client().post(address, base_url=TOOL, data=fields, headers={"Origin": origin})


def code_of(answer: TestResponse) -> str | None:
    tree = check_page(answer.text)
    return next((main.get("data-error-code") for main in tree.iter("main")), None)


def list_new(door: FrontDoor) -> list[Registration]:
    with door.store.reading() as session:
        return list(session.scalars(select(Registration).where(Registration.issuer == SITE)))


def test_looking_at_the_address_changes_nothing(door: FrontDoor, platform: Platform, address: str) -> None:
    answer = show(door, address)
    assert answer.status_code == 200
    assert "lms.example.org" in answer.text
    assert f"frame-ancestors 'self' {SITE}" in answer.headers["Content-Security-Policy"]
    bare = show(door, address, "")
    assert f"{TOOL}{address}" in bare.text, "opened without an LMS it says what it is for"
    check_page(bare.text)
    assert platform.client.asked == []


def test_one_press_registers_and_uses_the_address_up(door: FrontDoor, platform: Platform, address: str) -> None:
    platform.answer = answer_json(
        {
            "client_id": "client-1",
            "scope": "a b",
            "https://purl.imsglobal.org/spec/lti-tool-configuration": {"deployment_id": "7"},
        }
    )
    answer = press(door, address)
    assert answer.status_code == 200, answer.text
    check_page(answer.text)
    assert "Activate" in answer.text, "what to do next in Moodle"
    assert platform.registrations[0]["initiate_login_uri"] == f"{TOOL}/lti/login"
    (kept,) = list_new(door)
    assert (kept.client_id, kept.family, kept.was_invited, kept.origins) == ("client-1", "moodle", True, [SITE])
    with door.store.reading() as session:
        assert session.scalars(
            select(Deployment.id_on_platform).where(Deployment.registration_id == kept.id)
        ).all() == ["7"]
        invite = session.scalars(select(Invite)).one()
        assert invite.registration_id == kept.id
        assert invite.answer is not None
        assert TOKEN not in json.dumps(invite.answer)
        facts = session.scalars(select(AuditFact.verb).where(AuditFact.object_id == str(kept.id))).all()
        assert facts == ["registered_by_invite"]
    again = press(door, address)
    assert (again.status_code, code_of(again)) == (410, "invite_gone")
    assert len(platform.registrations) == 1


def test_platform_without_a_deployment_id_is_waited_for(door: FrontDoor, platform: Platform, address: str) -> None:
    answer = press(door, address)
    assert "We take it from the first launch" in answer.text
    assert list_new(door)


@pytest.mark.parametrize(
    ("description", "answer", "code"),
    [
        (PlatformUnreachable(Unreachability.TIMEOUT, "no answer"), None, "configuration_unreachable"),
        (HttpAnswer(200, {}, b"<html>", "OK"), None, "configuration_unreadable"),
        (answer_json(configuration(issuer="https://else.example.org")), None, "issuer_elsewhere"),
        (
            answer_json(configuration(jwks_uri="http://lms.example.org/keys", token_endpoint=7)),
            None,
            "bad_platform_address",
        ),
        (None, HttpAnswer(401, {}, b"token_already_used", "Unauthorized"), "platform_refused_tool"),
        (None, HttpAnswer(200, {}, b"", "OK"), "registration_unreadable"),
    ],
)
def test_refusals_are_readable_and_the_address_stays_good(
    door: FrontDoor,
    platform: Platform,
    address: str,
    description: HttpAnswer | PlatformUnreachable | None,
    answer: HttpAnswer | None,
    code: str,
) -> None:
    platform.description = description or platform.description
    platform.answer = answer or platform.answer
    refused = press(door, address)
    assert (refused.status_code, code_of(refused)) == (502, code)
    assert "Reference number" in refused.text
    assert list_new(door) == []
    platform.description, platform.answer = answer_json(configuration()), answer_json({"client_id": "client-1"})
    assert press(door, address).status_code == 200, "it can be tried again at once"


def test_existing_registration_is_never_overwritten(
    door: FrontDoor, platform: Platform, address: str, clock: Clock
) -> None:
    assert press(door, address).status_code == 200
    (before,) = list_new(door)
    second = create_invite(door.store, name="Somebody else", now=clock.now())
    refused = press(door, f"/lti/register/{second.secret}")
    assert (refused.status_code, code_of(refused)) == (409, "registration_exists")
    (after,) = list_new(door)
    assert (after.id, after.name, after.auth_url) == (before.id, before.name, before.auth_url)


def test_address_ends_with_its_days(door: FrontDoor, address: str, clock: Clock) -> None:
    clock.advance(timedelta(days=7))
    for answer in (show(door, address), press(door, address), show(door, "/lti/register/nobodys")):
        assert (answer.status_code, code_of(answer)) == (410, "invite_gone")


def test_press_from_another_site_is_refused(door: FrontDoor, platform: Platform, address: str) -> None:
    for origin in ("https://evil.example.org", "null"):
        assert code_of(press(door, address, origin)) == "form_not_ours"
    assert platform.client.asked == []


def test_two_presses_at_once_make_one_registration(
    door: FrontDoor, platform: Platform, address: str, clock: Clock
) -> None:
    with door.store.writing() as session:
        session.scalars(select(Invite)).one().begun_at = clock.now()
    busy = press(door, address)
    assert (busy.status_code, code_of(busy)) == (409, "invite_busy")
    clock.advance(timedelta(minutes=2))
    assert press(door, address).status_code == 200


@pytest.mark.parametrize(
    "odd", ["https://a;script-src *", "https://[", "javascript:alert(1)", "https://ü.example.org", "x" * 5000]
)
def test_odd_addresses_write_no_policy_of_their_own(
    door: FrontDoor, platform: Platform, address: str, odd: str
) -> None:
    answer = show(door, address, odd)
    assert answer.status_code == 200
    assert "script-src *" not in answer.headers["Content-Security-Policy"]
    check_page(answer.text)
    assert code_of(press(door, address, openid_configuration=odd)) == "bad_configuration_address"
    assert platform.client.asked == []
