"""Platform notices (Platform Notification Service 1.0): asking for them, and believing one that comes.

Canvas offers them; a notice is a JWT signed like a launch, posted by the platform itself, and never repeated.
"""

import json
import math
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from lti_tool.lti import vocabulary
from lti_tool.lti.claims import LONGEST_ID, Claims
from lti_tool.lti.connector import Services, ToolServiceConnector
from lti_tool.lti.errors import LaunchRefused, RefusalCode
from lti_tool.lti.json_text import BadJsonError, parse_json
from lti_tool.lti.launches import LEEWAY_SECONDS
from lti_tool.lti.platform_keys import PlatformKeys
from lti_tool.lti.tokens import take_token_apart, verify_signature
from lti_tool.lti.values import ContextClaim, Registration

MOST_NOTICES: Final = 100
OLDEST_SECONDS: Final = 24 * 3600
MEDIA_JSON: Final = "application/json"


@dataclass(frozen=True, slots=True)
class UnprovedNotice:
    """What a notice says of whom it is from and for; nothing of it is believed yet."""

    token: str
    issuer: str
    client_id: str


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice whose signature and audience were verified. ``origin_contexts``: the courses a copy was made from."""

    id: str
    notice_type: str
    deployment_id: str
    context: ContextClaim | None
    origin_contexts: tuple[str, ...]


def read_notices(content: bytes) -> tuple[UnprovedNotice, ...]:
    """Take a posted batch apart.

    Raises:
        LaunchRefused: malformed_token, or one does not say whom it is from and for.
    """
    try:
        document = parse_json(content)
    except BadJsonError as error:
        raise LaunchRefused(RefusalCode.MALFORMED_TOKEN, f"the notices are not JSON: {error}") from None
    listed = document.get("notices") if isinstance(document, dict) else None
    if not isinstance(listed, list) or len(listed) > MOST_NOTICES:
        raise LaunchRefused(RefusalCode.MALFORMED_TOKEN, "there is no list of notices")
    return tuple(_peek(item.get("jwt") if isinstance(item, dict) else None) for item in listed)


def verify_notice(unproved: UnprovedNotice, registration: Registration, keys: PlatformKeys, *, now: datetime) -> Notice:
    """Check a notice as a launch is checked (V3 to V9, V12, V13) and read it.

    Raises:
        LaunchRefused: with the code of the first rule that is broken.
    """
    parts = take_token_apart(unproved.token)
    verify_signature(parts, keys.key(registration, parts.key_id))
    claims = parts.claims
    _check_audience(claims, registration)
    _check_times(claims, now.timestamp())
    if claims.get(vocabulary.CLAIM_VERSION) != vocabulary.VERSION:
        raise LaunchRefused(RefusalCode.WRONG_VERSION, "the notice's version is not 1.3.0")
    notice = claims.get(vocabulary.CLAIM_NOTICE)
    said = notice if isinstance(notice, dict) else {}
    context = claims.get(vocabulary.CLAIM_CONTEXT)
    course = context if isinstance(context, dict) else {}
    course_id = _read_name(course.get("id"))
    origins = claims.get(vocabulary.CLAIM_ORIGIN_CONTEXTS)
    return Notice(
        id=_require_name(said.get("id"), "notice.id"),
        notice_type=_require_name(said.get("type"), "notice.type"),
        deployment_id=_require_name(claims.get(vocabulary.CLAIM_DEPLOYMENT_ID), "deployment_id"),
        context=None if course_id is None else ContextClaim(course_id, title=_read_name(course.get("title"))),
        origin_contexts=tuple(one for one in map(_read_name, origins[:50]) if one) if isinstance(origins, list) else (),
    )


def ask_for_notices(
    services: Services, registration: Registration, service_url: str, *, notice_type: str, handler: str
) -> None:
    """Tell a platform where one kind of notice goes; the latest wish counts.

    Raises:
        ServiceError: it was not reached, or said no.
        NoKeyError: the tool has no key to sign with.
    """
    wish = json.dumps({"notice_type": notice_type, "handler": handler})
    ToolServiceConnector(registration, services).send(
        "PUT",
        service_url,
        scope=vocabulary.SCOPE_NOTICE_HANDLERS,
        body=wish,
        content_type=MEDIA_JSON,
        accept=MEDIA_JSON,
    )


def _peek(token: object) -> UnprovedNotice:
    if not isinstance(token, str):
        raise LaunchRefused(RefusalCode.MALFORMED_TOKEN, "a notice has no jwt")
    claims = take_token_apart(token).claims
    audience = claims.get("aud")
    client_id = audience[0] if isinstance(audience, list) and audience else audience
    issuer = claims.get("iss")
    if not isinstance(issuer, str) or not isinstance(client_id, str):
        raise LaunchRefused(RefusalCode.WRONG_AUDIENCE, "a notice does not say whom it is from and for")
    return UnprovedNotice(token, issuer, client_id)


def _check_audience(claims: Claims, registration: Registration) -> None:
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    if claims.get("iss") != registration.issuer:
        raise LaunchRefused(RefusalCode.WRONG_ISSUER, "the notice's iss is not this registration's")
    if any(one != registration.client_id for one in audiences):
        raise LaunchRefused(RefusalCode.WRONG_AUDIENCE, "the notice is for others too")
    if claims.get("azp", registration.client_id) != registration.client_id:
        raise LaunchRefused(RefusalCode.WRONG_AZP, "the notice's azp is not ours")


def _check_times(claims: Claims, now: float) -> None:
    expires = _read_time(claims.get("exp"), RefusalCode.MISSING_EXPIRY)
    issued = _read_time(claims.get("iat"), RefusalCode.MISSING_ISSUED_AT)
    if expires < now - LEEWAY_SECONDS:
        raise LaunchRefused(RefusalCode.EXPIRED, "the notice is over")
    if issued > now + LEEWAY_SECONDS:
        raise LaunchRefused(RefusalCode.ISSUED_IN_FUTURE, "the notice is from the future")
    if issued < now - OLDEST_SECONDS:
        raise LaunchRefused(RefusalCode.ISSUED_TOO_LONG_AGO, "the notice is more than a day old")


def _read_time(value: object, missing: RefusalCode) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not -1e15 < value < 1e15:
        raise LaunchRefused(missing, "the notice does not say when it is from, or until when")
    if not math.isfinite(value):
        raise LaunchRefused(RefusalCode.BAD_CLAIM, "the notice's time is none")
    return float(value)


def _require_name(value: object, name: str) -> str:
    read = _read_name(value)
    if read is None:
        raise LaunchRefused(RefusalCode.BAD_CLAIM, f"the notice has no {name}")
    return read


def _read_name(value: object) -> str | None:
    is_name = isinstance(value, str) and 0 < len(value) <= LONGEST_ID and value.isprintable() and not value.isspace()
    return str(value) if is_name else None
