"""The token endpoint: an access token for a signed assertion (Security Framework 4.1, RFC 6749, RFC 7523)."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

import jwt
from flask import Blueprint, Response, json, request

from lti_tool.demo_lms.fields import is_finite_number
from lti_tool.demo_lms.keys import SIGNATURE_ONLY, ToolKeysUnavailableError
from lti_tool.demo_lms.manners import Manner
from lti_tool.demo_lms.moodle_tokens import check_assertion_as_moodle
from lti_tool.demo_lms.platform import Platform, current_platform
from lti_tool.demo_lms.refusals import ServiceRefusedError, require, require_found
from lti_tool.demo_lms.registrations import RegisteredTool
from lti_tool.demo_lms.settings import ACCESS_TOKEN_SECONDS
from lti_tool.demo_lms.traffic import Exchange, current_exchange, shorten_secret
from lti_tool.lti.vocabulary import CLIENT_ASSERTION_TYPE

tokens = Blueprint("tokens", __name__)

_FORM_TYPE: Final = "application/x-www-form-urlencoded"
_LONGEST_LIFE_SECONDS: Final = 3600


@tokens.post("/api/lti/token")
def grant_token() -> Response:
    """Give an hour's access token for those of the asked scopes that are allowed.

    As strict as the specification and as Moodle where it is the stricter one: the media type bare, ``scope`` there,
    and no leeway for an ``iat`` in the LMS's future. In Moodle's manner an assertion may say less and be used again.
    """
    platform, exchange = current_platform(), current_exchange()
    is_moodle, now = platform.settings.manner is Manner.MOODLE, platform.read_clock()
    _check_form(exchange)
    assertion = request.form["client_assertion"]
    tool = _find_asserting_tool(platform, assertion)
    if is_moodle:
        check_assertion_as_moodle(platform, exchange, tool, assertion)
    else:
        expires_at, assertion_id = _check_assertion(platform, exchange, tool, assertion)
    asked = request.form["scope"].split()
    granted = [scope for scope in dict.fromkeys(asked) if scope in platform.list_allowed_scopes(tool)]
    exchange.show(asked_for=asked, granted=granted)
    require(exchange, "at least one of the asked scopes is allowed", bool(granted), error="invalid_scope")
    if not is_moodle:
        is_new = platform.access_tokens.note_assertion(assertion_id, expires_at, now)
        require(exchange, "the assertion's jti was never seen before", is_new, error="invalid_client")
    token = platform.access_tokens.make(granted, now, tool.client_id)
    exchange.outcome = f"{len(granted)} of {len(asked)} scopes granted for an hour"
    exchange.show(access_token=shorten_secret(token))
    body = {
        "access_token": token,
        "token_type": "Bearer",
        "expires_in": ACCESS_TOKEN_SECONDS,
        "scope": " ".join(granted),
    }
    content_type = "text/html; charset=utf-8" if is_moodle else "application/json"  # Moodle says so (captured)
    answer = Response(json.dumps(body), content_type=content_type)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _check_form(exchange: Exchange) -> None:
    def check(requirement: str, passed: bool, found: object = "", error: str = "invalid_request") -> None:
        require(exchange, requirement, passed, error=error, found=found)

    form, media_type = request.form, request.headers.get("Content-Type", "")
    check(f"Content-Type is exactly {_FORM_TYPE}", media_type == _FORM_TYPE, media_type or "nothing")
    check("no parameter is there twice", all(len(form.getlist(name)) == 1 for name in form))
    grant, kind = form.get("grant_type", ""), form.get("client_assertion_type", "")
    check("grant_type is there", bool(grant))
    check("grant_type is client_credentials", grant == "client_credentials", grant, "unsupported_grant_type")
    check(f"client_assertion_type is {CLIENT_ASSERTION_TYPE}", kind == CLIENT_ASSERTION_TYPE, kind or "nothing")
    check("client_assertion is there", bool(form.get("client_assertion")))
    check("scope is there", bool(form.get("scope", "").split()))


def _find_asserting_tool(platform: Platform, assertion: str) -> RegisteredTool:
    """Return the tool the assertion says it comes from, yet unproved; the built-in one where it says none we know."""
    try:
        claims = jwt.decode(assertion, options={"verify_signature": False})
    except jwt.PyJWTError:
        claims = {}
    return platform.tools.find_active(str(claims.get("sub"))) or platform.tools.built_in


def _check_assertion(
    platform: Platform, exchange: Exchange, tool: RegisteredTool, assertion: str
) -> tuple[datetime, str]:
    """Return when the assertion ends and its id.

    Raises:
        ServiceRefusedError: it is not a fresh statement of the registered tool for this endpoint.
    """

    def check(requirement: str, passed: bool, found: object = "") -> None:
        require(exchange, requirement, passed, error="invalid_client", found=found)

    claims = _verify_signature(platform, exchange, tool, assertion)
    for name in ("iss", "sub"):
        check(f"{name} is the client_id", claims.get(name) == tool.client_id, claims.get(name))
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    check("aud is the token endpoint", platform.settings.token_url in audiences, audience)
    expires, issued = claims.get("exp"), claims.get("iat")
    are_numbers = is_finite_number(expires) and is_finite_number(issued)
    check("exp and iat are there as numbers", are_numbers, f"exp {expires}, iat {issued}")
    now, ends, began = platform.read_clock().timestamp(), float(str(expires)), float(str(issued))
    check("exp is in the future", ends > now, f"{now - ends:.0f} seconds ago")
    check("iat is not in the future", began <= now, f"{began - now:.0f} seconds ahead")
    check("the assertion lives no longer than an hour", ends - began <= _LONGEST_LIFE_SECONDS, f"{ends - began:.0f} s")
    assertion_id = claims.get("jti")
    check("jti is there", isinstance(assertion_id, str) and bool(assertion_id), assertion_id)
    return datetime.fromtimestamp(ends, UTC), str(assertion_id)


def _verify_signature(
    platform: Platform, exchange: Exchange, tool: RegisteredTool, assertion: str
) -> Mapping[str, object]:
    def check(requirement: str, passed: bool, found: object = "") -> None:
        require(exchange, requirement, passed, error="invalid_client", found=found)

    try:
        header = jwt.get_unverified_header(assertion)
    except jwt.PyJWTError:
        header = {}
    check("the assertion is a signed token", bool(header))
    check("it is signed with RS256", header.get("alg") == "RS256", header.get("alg"))
    kid = header.get("kid")
    check("it names its key (kid)", isinstance(kid, str) and bool(kid))
    try:
        published = platform.find_keys_of(tool).find(str(kid), platform.read_clock())
    except ToolKeysUnavailableError as error:
        exchange.check("the tool's keys can be fetched", False, error)
        raise ServiceRefusedError(503, "temporarily_unavailable", f"The LMS could not check this: {error}.") from error
    key = require_found(exchange, "the tool publishes that key", published, error="invalid_client", found=kid)
    exchange.show(assertion_signed_with=f"RS256, key {kid}")
    try:
        claims: Mapping[str, object] = jwt.decode(assertion, key, algorithms=["RS256"], options=SIGNATURE_ONLY)
    except jwt.PyJWTError as error:
        exchange.check("the signature is right", False, type(error).__name__)
        raise ServiceRefusedError(400, "invalid_client", "The assertion's signature is not right.") from error
    exchange.check("the signature is right", True)
    return claims
