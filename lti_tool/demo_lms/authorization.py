"""What has to be true of an authorization request before the LMS says who is there (LTI Core, OpenID Connect)."""

import re
from typing import Final

from werkzeug.datastructures import MultiDict

from lti_tool.demo_lms.passes import LaunchOrder, MessageHint
from lti_tool.demo_lms.people import Person, find_person
from lti_tool.demo_lms.platform import Platform
from lti_tool.demo_lms.registrations import RegisteredTool
from lti_tool.demo_lms.traffic import Exchange

_SAFE_VALUE: Final = re.compile(r"[A-Za-z0-9_-]{1,512}")
_FIXED_PARAMETERS: Final = (
    ("scope", "openid", "invalid_scope"),
    ("response_type", "id_token", "unsupported_response_type"),
    ("response_mode", "form_post", "invalid_request"),
    ("prompt", "none", "invalid_request"),
)


class AuthorizationRefusedError(Exception):
    """The authorization request is refused with an OpenID Connect error code and a reason."""

    def __init__(self, error: str, requirement: str) -> None:
        super().__init__(requirement)
        self.error = error
        self.reason = f"This has to be so and is not: {requirement}."


def list_address_problems(platform: Platform, exchange: Exchange, sent: MultiDict[str, str]) -> list[str]:
    """Return why nothing may be sent to the address in this request; nothing if it is a registered one's."""
    problems = []
    if not exchange.check("no parameter is there twice", all(len(sent.getlist(name)) == 1 for name in sent)):
        problems.append("A parameter of the tool's request is there twice.")
    client = sent.get("client_id", "")
    tool = platform.tools.find_active(client)
    if not exchange.check("client_id is registered", tool is not None, client or "nothing"):
        problems.append("The tool gave a client_id that is not registered here.")
    address = sent.get("redirect_uri", "")
    is_registered = tool is not None and address in tool.redirect_uris
    if not exchange.check("redirect_uri is exactly the registered one", is_registered, address or "nothing"):
        problems.append("The tool gave a redirect_uri that is not registered here.")
    return problems


def check_authorization(
    platform: Platform, exchange: Exchange, sent: MultiDict[str, str], tool: RegisteredTool, signed_in: str | None
) -> tuple[LaunchOrder, Person]:
    """Return for whom and what the launch is, and use its hint up.

    ``signed_in`` is the id of the person in the LMS's own session, if the browser brought it into the frame. The
    hint alone is enough, as in real platforms, because browsers may keep that session to themselves.

    Raises:
        AuthorizationRefusedError: something is missing or wrong; the hint can still be used.
    """
    _check_fixed_parameters(exchange, sent)
    text = sent.get("lti_message_hint", "")
    hint, person = _check_hints(platform, exchange, sent.get("login_hint", ""), text)
    requirement = "lti_message_hint was given to this tool"
    _require(exchange, requirement, hint.order.client_id == tool.client_id, "access_denied", hint.order.client_id)
    exchange.show(lms_session="came along" if signed_in else "did not come along; the hint says who it is")
    _require(
        exchange,
        "whoever is signed in to the LMS in this browser is the one the launch was started for",
        signed_in in {None, hint.order.sub},
        "access_denied",
        signed_in,
    )
    spent = platform.message_hints.spend(text, platform.read_clock())
    _require(exchange, "lti_message_hint is used by this request only", spent, "invalid_request")
    return hint.order, person


def _require(exchange: Exchange, requirement: str, passed: bool, error: str, found: object = "") -> None:
    if not exchange.check(requirement, passed, found):
        raise AuthorizationRefusedError(error, requirement)


def _check_fixed_parameters(exchange: Exchange, sent: MultiDict[str, str]) -> None:
    for name, expected, error in _FIXED_PARAMETERS:
        value = sent.get(name, "")
        _require(exchange, f"{name} is {expected}", value == expected, error, value or "nothing")
    for name in ("state", "nonce"):
        is_safe = _SAFE_VALUE.fullmatch(sent.get(name, "")) is not None
        _require(exchange, f"{name} is there and has only letters, digits, - and _", is_safe, "invalid_request")


def _check_hints(platform: Platform, exchange: Exchange, login_hint: str, text: str) -> tuple[MessageHint, Person]:
    _require(exchange, "login_hint is there", bool(login_hint), "invalid_request")
    hint = platform.message_hints.find(text) if text else None
    requirement = "lti_message_hint is one the LMS gave"
    if not exchange.check(requirement, hint is not None) or hint is None:
        raise AuthorizationRefusedError("invalid_request", requirement)
    _require(exchange, "lti_message_hint was not used before", not hint.is_used, "invalid_request")
    is_fresh = platform.read_clock() < hint.expires_at
    _require(exchange, "lti_message_hint has not expired", is_fresh, "invalid_request", hint.expires_at)
    belongs = login_hint == hint.order.sub
    _require(exchange, "login_hint and lti_message_hint belong together", belongs, "access_denied", login_hint)
    person = find_person(hint.order.sub)
    requirement = "the person has an account"
    if not exchange.check(requirement, person is not None) or person is None:
        raise AuthorizationRefusedError("access_denied", requirement)
    return hint, person
