"""From a verified payload to a LaunchMessage: every claim is type-checked, and nothing raw goes further.

Two rules throughout. What the specification requires, or what names somebody or something, is refused when it has the
wrong shape. What only decorates (a title, a name, a locale) is cut or left out instead. ``null`` and PHP's ``[]`` for
an empty object count as absent, because platforms send both for optional claims.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final

from lti_tool.lti import vocabulary
from lti_tool.lti.errors import LaunchRefused, RefusalCode
from lti_tool.lti.json_text import REPLACEMENT
from lti_tool.lti.values import AgsEndpoint, ContextClaim, LaunchMessage, PersonClaim, ResourceLinkClaim

Claims = Mapping[str, object]
Origin = tuple[str, str, int]

LONGEST_ID: Final = 255
LONGEST_TEXT: Final = 255
LONGEST_URL: Final = 2000
LONGEST_CUSTOM_VALUE: Final = 4000
MOST_CUSTOM_VALUES: Final = 200
MOST_ROLES: Final = 100
_NOTHING: Final[Claims] = MappingProxyType({})
_MESSAGE_TYPES: Final = frozenset({vocabulary.MESSAGE_RESOURCE_LINK, vocabulary.MESSAGE_DEEP_LINKING})
_DOCUMENT_TARGETS: Final = frozenset({"frame", "iframe", "window"})
# Browsers strip control characters, read a backslash as a slash, and hide the real host behind a user part: none of
# these can match.
_ADDRESS: Final = re.compile(
    r"(https?)://([a-z0-9._-]+|\[[0-9a-f:.]+\])(?::([0-9]{1,5}))?(?:[/?#][!-\[\]-~]*)?", re.IGNORECASE | re.ASCII
)
_UNFILLED_VARIABLE: Final = re.compile(r"\$[A-Za-z][\w.]*", re.ASCII)
# Control characters, line separators, and the marks that turn the reading direction round. Joiners and plain direction
# marks stay: emoji, Persian and Hebrew need them.
_UNSHOWABLE: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]+")


def read_message(claims: Claims, own_origin: Origin) -> LaunchMessage:
    """Read a payload into a message, checking V11 to V18 and V20 of the launch rules in a reader's order.

    Raises:
        LaunchRefused: with the code of the first rule that is broken.
    """
    message_type = _require_text(claims, vocabulary.CLAIM_MESSAGE_TYPE, RefusalCode.MISSING_MESSAGE_TYPE)
    if message_type not in _MESSAGE_TYPES:
        raise LaunchRefused(RefusalCode.UNKNOWN_MESSAGE_TYPE, f"message_type is {message_type[:80]!r}")
    version = _require_text(claims, vocabulary.CLAIM_VERSION, RefusalCode.MISSING_VERSION)
    if version != vocabulary.VERSION:
        raise LaunchRefused(RefusalCode.WRONG_VERSION, f"version is {version[:40]!r}, not {vocabulary.VERSION}")
    needs_link = message_type == vocabulary.MESSAGE_RESOURCE_LINK
    presentation = _read_object(claims, vocabulary.CLAIM_LAUNCH_PRESENTATION) or _NOTHING
    target = _read_text(presentation, "document_target")
    return LaunchMessage(
        message_type=message_type,
        subject=_read_subject(claims),
        deployment_id=_require_id(
            claims.get(vocabulary.CLAIM_DEPLOYMENT_ID), "deployment_id", RefusalCode.MISSING_DEPLOYMENT
        ),
        target_link_uri=_read_target_link(claims, own_origin),
        roles=_read_roles(claims),
        resource_link=_read_resource_link(claims) if needs_link else None,
        context=_read_context(claims),
        person=_read_person(claims),
        custom=_read_custom(claims),
        ags=_read_ags(claims),
        memberships_url=_read_url(
            _read_object(claims, vocabulary.CLAIM_NAMES_ROLES) or _NOTHING, "context_memberships_url"
        ),
        return_url=_read_link(presentation, "return_url"),
        locale=_read_text(presentation, "locale"),
        document_target=target if target in _DOCUMENT_TARGETS else None,
        platform_family=_read_text(
            _read_object(claims, vocabulary.CLAIM_TOOL_PLATFORM) or _NOTHING, "product_family_code"
        ),
        issued_at=_read_issue_time(claims),
    )


def read_return_url(claims: Claims) -> str | None:
    """Find the way back to the platform in a payload that may be wrong in every other respect; never raises."""
    presentation = claims.get(vocabulary.CLAIM_LAUNCH_PRESENTATION)
    url = presentation.get("return_url") if isinstance(presentation, dict) else None
    return url if isinstance(url, str) and read_origin(url) is not None else None


def read_origin(url: str) -> Origin | None:
    """Take scheme, host and port of an http(s) address; None for anything a browser could read differently."""
    match = _ADDRESS.fullmatch(url) if len(url) <= LONGEST_URL else None
    if match is None:
        return None
    scheme, host, stated_port = match.groups()
    scheme = scheme.lower()
    port = int(stated_port) if stated_port else (443 if scheme == "https" else 80)
    return (scheme, host.lower(), port) if port <= 65535 else None


def is_storable(text: str) -> bool:
    """Whether a database and a page can hold the text: no NUL, no half of a surrogate pair."""
    if "\0" in text:
        return False
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _require_text(claims: Claims, claim: str, missing: RefusalCode) -> str:
    value = claims.get(claim)
    if isinstance(value, str) and value:
        return value
    name = claim.rsplit("/", 1)[-1]
    if value is None or value == "":
        raise LaunchRefused(missing, f"there is no {name} claim")
    raise LaunchRefused(RefusalCode.BAD_CLAIM, f"{name} is a {type(value).__name__}, not text")


def _require_id(value: object, name: str, missing: RefusalCode, wrong: RefusalCode = RefusalCode.BAD_CLAIM) -> str:
    if value is None or value == "":
        raise LaunchRefused(missing, f"there is no {name}")
    # The replacement character stands where something was lost: two ids could become one.
    if not isinstance(value, str) or len(value) > LONGEST_ID or not value.isprintable() or REPLACEMENT in value:
        raise LaunchRefused(wrong, f"{name} is not a text of at most {LONGEST_ID} printable characters")
    if value.isspace():
        raise LaunchRefused(missing, f"{name} is blank")
    return value


def _read_subject(claims: Claims) -> str:
    # LTI Core §5.3.6.1 allows an anonymous launch without sub, 1EdTech's certification suite demands its refusal, and
    # there is nothing here for somebody whose work cannot be kept.
    subject = _require_id(claims.get("sub"), "sub", RefusalCode.MISSING_SUBJECT, RefusalCode.BAD_SUBJECT)
    if not subject.isascii():
        raise LaunchRefused(RefusalCode.BAD_SUBJECT, "sub is not ASCII")
    return subject


def _read_target_link(claims: Claims, own_origin: Origin) -> str:
    target = _require_text(claims, vocabulary.CLAIM_TARGET_LINK_URI, RefusalCode.MISSING_TARGET_LINK)
    if read_origin(target) != own_origin:
        raise LaunchRefused(RefusalCode.FOREIGN_TARGET_LINK, f"target_link_uri is not ours: {target[:200]!r}")
    return target


def _read_roles(claims: Claims) -> tuple[str, ...]:
    """Read V16: roles must be there, may be empty, and may hold what nobody has heard of."""
    roles = claims.get(vocabulary.CLAIM_ROLES)
    if roles is None:
        raise LaunchRefused(RefusalCode.MISSING_ROLES, "there is no roles claim")
    if not isinstance(roles, list) or len(roles) > MOST_ROLES:
        raise LaunchRefused(RefusalCode.BAD_CLAIM, f"roles is not a list of at most {MOST_ROLES}")
    for role in roles:
        if not isinstance(role, str) or len(role) > LONGEST_ID or not role.isprintable():
            raise LaunchRefused(RefusalCode.BAD_CLAIM, "roles holds something that is not a role's name")
    return tuple(roles)


def _read_resource_link(claims: Claims) -> ResourceLinkClaim:
    link = _read_object(claims, vocabulary.CLAIM_RESOURCE_LINK) or _NOTHING
    return ResourceLinkClaim(
        id_on_platform=_require_id(link.get("id"), "resource_link.id", RefusalCode.MISSING_RESOURCE_LINK),
        title=_read_text(link, "title"),
    )


def _read_context(claims: Claims) -> ContextClaim | None:
    context = _read_object(claims, vocabulary.CLAIM_CONTEXT)
    if context is None:
        return None
    return ContextClaim(
        id_on_platform=_require_id(context.get("id"), "context.id", RefusalCode.BAD_CLAIM),
        label=_read_text(context, "label"),
        title=_read_text(context, "title"),
    )


def _read_person(claims: Claims) -> PersonClaim:
    email = _read_text(claims, "email")
    return PersonClaim(
        name=_read_text(claims, "name"),
        given_name=_read_text(claims, "given_name"),
        family_name=_read_text(claims, "family_name"),
        # A cut address is somebody else's address.
        email=email if email is not None and "@" in email and len(email) < LONGEST_TEXT else None,
    )


def _read_custom(claims: Claims) -> Mapping[str, str]:
    """Read V20: text only; what the platform did not fill in (null, a literal ``$Variable``) counts as absent.

    Canvas sends some variables as numbers and booleans; they become text. Lists and objects are no values of a custom
    parameter (Core §5.4.4.1) and are left out.
    """
    custom = _read_object(claims, vocabulary.CLAIM_CUSTOM)
    if custom is None:
        return _NO_CUSTOM
    if len(custom) > MOST_CUSTOM_VALUES:
        raise LaunchRefused(RefusalCode.BAD_CLAIM, f"custom holds more than {MOST_CUSTOM_VALUES} values")
    read: dict[str, str] = {}
    for name, value in custom.items():
        if isinstance(value, str):
            if len(value) <= LONGEST_CUSTOM_VALUE and not (value[:1] == "$" and _UNFILLED_VARIABLE.fullmatch(value)):
                read[name] = value
        elif isinstance(value, bool):
            read[name] = "true" if value else "false"
        elif isinstance(value, int | float) and -1e15 < value < 1e15:
            read[name] = repr(value)
    return MappingProxyType(read)


def _read_ags(claims: Claims) -> AgsEndpoint | None:
    endpoint = _read_object(claims, vocabulary.CLAIM_AGS_ENDPOINT)
    if endpoint is None:
        return None
    scopes = endpoint.get("scope") or []
    if not isinstance(scopes, list) or not all(isinstance(scope, str) for scope in scopes):
        raise LaunchRefused(RefusalCode.BAD_CLAIM, "the ags endpoint's scope is not a list of texts")
    return AgsEndpoint(
        scopes=tuple(sorted(vocabulary.AGS_SCOPES.intersection(scopes))),
        line_items_url=_read_url(endpoint, "lineitems"),
        line_item_url=_read_url(endpoint, "lineitem"),
    )


def _read_object(claims: Claims, claim: str) -> Claims | None:
    value = claims.get(claim)
    if isinstance(value, dict):
        return value
    if value is None or value == []:
        return None
    name = claim.rsplit("/", 1)[-1]
    raise LaunchRefused(RefusalCode.BAD_CLAIM, f"{name} is a {type(value).__name__}, not an object")


def _read_url(holder: Claims, name: str) -> str | None:
    """Read an address we would call. Moodle sends ``""`` when a link has no column of its own."""
    value = holder.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str) or read_origin(value) is None:
        raise LaunchRefused(RefusalCode.BAD_CLAIM, f"{name} is not an http(s) address")
    return value


def _read_link(holder: Claims, name: str) -> str | None:
    """Read an address a person would follow; ``javascript:`` and the like count as absent."""
    value = holder.get(name)
    if isinstance(value, str):
        return value if read_origin(value) is not None else None
    if value is None:
        return None
    raise LaunchRefused(RefusalCode.BAD_CLAIM, f"{name} is a {type(value).__name__}, not text")


def _read_text(holder: Claims, name: str) -> str | None:
    """Read words for people to see: cleaned and cut, absent when nothing is left."""
    value = holder.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        raise LaunchRefused(RefusalCode.BAD_CLAIM, f"{name} is a {type(value).__name__}, not text")
    if not value.isprintable():
        value = _UNSHOWABLE.sub(" ", value[: LONGEST_TEXT * 4])
    return value.strip()[:LONGEST_TEXT].rstrip() or None


def _read_issue_time(claims: Claims) -> datetime:
    seconds = claims.get("iat")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds < 1e11:
        raise LaunchRefused(RefusalCode.BAD_CLAIM, "iat is not a time")
    return datetime.fromtimestamp(int(seconds), UTC)


_NO_CUSTOM: Final[Mapping[str, str]] = MappingProxyType({})
