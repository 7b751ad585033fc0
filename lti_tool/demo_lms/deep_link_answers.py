"""Whether a Deep Linking answer may be believed: its signature, and every claim it has to have (4.5, 5.1.3)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import jwt

from lti_tool.demo_lms.content_items import ItemRefusedError, PlacedItem, read_items
from lti_tool.demo_lms.deep_link_requests import DeepLinkRequest
from lti_tool.demo_lms.fields import is_finite_number
from lti_tool.demo_lms.keys import SIGNATURE_ONLY, ToolKeysUnavailableError
from lti_tool.demo_lms.manners import Manner
from lti_tool.demo_lms.placements import accepts_several
from lti_tool.demo_lms.platform import Platform
from lti_tool.demo_lms.registrations import RegisteredTool
from lti_tool.demo_lms.traffic import Exchange
from lti_tool.lti import vocabulary as lti

_LEEWAY_SECONDS: Final = 60
_LONGEST_MESSAGE: Final = 1000


class AnswerRefusedError(Exception):
    """The answer is not taken; the message is what had to be so."""


@dataclass(frozen=True, slots=True)
class DeepLinkAnswer:
    """What a tool sent back: what to place (nothing: it was called off) and what to say."""

    items: tuple[PlacedItem, ...]
    message: str
    error: str


def read_answer(
    platform: Platform, exchange: Exchange, tool: RegisteredTool, request: DeepLinkRequest, token: str
) -> DeepLinkAnswer:
    """Return what the answer says, and use its nonce up.

    Raises:
        AnswerRefusedError: something about it is wrong.
    """
    claims = _verify_signature(platform, exchange, tool, token)
    exchange.show(claims=claims)
    _check_times(platform, exchange, claims)
    _check_claims(platform, exchange, tool, request, claims)
    answer = _read_contents(platform, exchange, tool, request, claims)
    nonce, ends = claims.get("nonce"), datetime.fromtimestamp(float(str(claims["exp"])), UTC)
    _require(exchange, "nonce is there", isinstance(nonce, str) and bool(nonce), nonce)
    is_new = platform.deep_links.note_nonce(tool.client_id, str(nonce), ends, platform.read_clock())
    _require(exchange, "nonce was not used before", is_new)
    return answer


def _require(exchange: Exchange, requirement: str, passed: bool, found: object = "") -> None:
    if not exchange.check(requirement, passed, found):
        raise AnswerRefusedError(requirement)


def _verify_signature(platform: Platform, exchange: Exchange, tool: RegisteredTool, token: str) -> Mapping[str, object]:
    try:
        header = jwt.get_unverified_header(token)
    except jwt.PyJWTError:
        header = {}
    _require(exchange, "JWT is a signed token", bool(header))
    _require(exchange, "it is signed with RS256", header.get("alg") == "RS256", header.get("alg"))
    kid = header.get("kid")
    _require(exchange, "it names its key (kid)", isinstance(kid, str) and bool(kid))
    try:
        key = platform.find_keys_of(tool).find(str(kid), platform.read_clock())
    except ToolKeysUnavailableError as error:
        exchange.check("the tool's keys can be fetched", False, error)
        raise AnswerRefusedError("the tool's keys can be fetched") from error
    _require(exchange, "the tool publishes that key", key is not None, kid)
    try:
        claims = jwt.decode(token, key or "", algorithms=["RS256"], options=SIGNATURE_ONLY)
    except jwt.PyJWTError as error:
        exchange.check("the signature is right", False, type(error).__name__)
        raise AnswerRefusedError("the signature is right") from error
    exchange.check("the signature is right", True)
    found: Mapping[str, object] = claims
    return found


def _check_times(platform: Platform, exchange: Exchange, claims: Mapping[str, object]) -> None:
    """Check exp and iat. Moodle forgives not one second of an ``iat`` in its future (measured)."""
    now, ends, began = platform.read_clock().timestamp(), claims.get("exp"), claims.get("iat")
    numbers = is_finite_number(ends) and is_finite_number(began)
    _require(exchange, "exp and iat are there as numbers", numbers, f"exp {ends}, iat {began}")
    leeway = 0 if platform.settings.manner is Manner.MOODLE else _LEEWAY_SECONDS
    ahead, left = float(str(began)) - now, float(str(ends)) - now
    _require(exchange, "exp is in the future", left > 0, f"{-left:.0f} seconds ago")
    words = "iat is not in the future" + (f" by more than {leeway} seconds" if leeway else "")
    _require(exchange, words, ahead <= leeway, f"{ahead:.0f} seconds ahead")


def _check_claims(
    platform: Platform,
    exchange: Exchange,
    tool: RegisteredTool,
    request: DeepLinkRequest,
    claims: Mapping[str, object],
) -> None:
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    _require(exchange, "iss is the client_id", claims.get("iss") == tool.client_id, claims.get("iss"))
    _require(exchange, "aud is the LMS's issuer", audiences == [platform.settings.base_url], audience)
    for name, expected in (
        (lti.CLAIM_MESSAGE_TYPE, lti.MESSAGE_DEEP_LINKING_RESPONSE),
        (lti.CLAIM_VERSION, lti.VERSION),
        (lti.CLAIM_DEPLOYMENT_ID, tool.deployment_id),
    ):
        short = name.rpartition("/")[2]
        _require(exchange, f"{short} is {expected}", claims.get(name) == expected, claims.get(name))
    if request.data:
        data = claims.get(lti.CLAIM_DATA)
        _require(exchange, "data is what the LMS sent, byte for byte", data == request.data, data)
    else:
        _require(exchange, "data is not there, because the LMS sent none", lti.CLAIM_DATA not in claims)


def _read_contents(
    platform: Platform,
    exchange: Exchange,
    tool: RegisteredTool,
    request: DeepLinkRequest,
    claims: Mapping[str, object],
) -> DeepLinkAnswer:
    manner = platform.settings.manner
    texts = {}
    for name in (lti.CLAIM_MESSAGE_SHOWN, lti.CLAIM_ERROR_SHOWN, lti.CLAIM_MESSAGE_LOGGED, lti.CLAIM_ERROR_LOGGED):
        value = claims.get(name)
        _require(exchange, f"{name.rpartition('/')[2]}, if it is there, is text", isinstance(value, str | None), value)
        texts[name] = str(value or "")[:_LONGEST_MESSAGE]
    try:
        items = read_items(manner, tool, request.course_id, claims.get(lti.CLAIM_CONTENT_ITEMS, []))
    except ItemRefusedError as error:
        exchange.check("every content item is as the LMS asked", False, error)
        raise AnswerRefusedError(f"every content item is as the LMS asked ({error})") from error
    exchange.check("every content item is as the LMS asked", True)
    is_right_number = len(items) <= 1 or accepts_several(manner, request.placement)
    _require(exchange, "there are no more items than the LMS asked for", is_right_number, len(items))
    return DeepLinkAnswer(tuple(items), texts[lti.CLAIM_MESSAGE_SHOWN], texts[lti.CLAIM_ERROR_SHOWN])
