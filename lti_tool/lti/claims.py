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
from lti_tool.lti.platforms import CANVAS_PLACEMENT
from lti_tool.lti.values import (
    AgsEndpoint,
    ContextClaim,
    DeepLinkingSettings,
    LaunchMessage,
    NoticeService,
    PersonClaim,
    ResourceLinkClaim,
)

Claims = Mapping[str, object]
Origin = tuple[str, str, int]

LONGEST_ID: Final = 255
LONGEST_TEXT: Final = 255
LONGEST_URL: Final = 2000
LONGEST_CUSTOM_VALUE: Final = 4000
MOST_CUSTOM_VALUES: Final = 200
MOST_ROLES: Final = 100
MOST_NAMES: Final = 50
LONGEST_DATA: Final = 20_000
LONGEST_RETURN_URL: Final = 8000
_NOTHING: Final[Claims] = MappingProxyType({})
_MESSAGE_TYPES: Final = frozenset(
    {vocabulary.MESSAGE_RESOURCE_LINK, vocabulary.MESSAGE_DEEP_LINKING, vocabulary.MESSAGE_SUBMISSION_REVIEW}
)
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


def read_message(claims: Claims, own_origin: Origin, *, allow_anonymous: bool = False) -> LaunchMessage:
    """Read a payload into a message, checking V11 to V20 of the launch rules in a reader's order.

    ``allow_anonymous`` lets a launch without ``sub`` through (LTI Core §5.3.6.1), as this registration wishes.

    Raises:
        LaunchRefused: with the code of the first rule that is broken.
    """
    message_type = _require_text(claims, vocabulary.CLAIM_MESSAGE_TYPE, RefusalCode.MISSING_MESSAGE_TYPE)
    if message_type not in _MESSAGE_TYPES:
        raise LaunchRefused(RefusalCode.UNKNOWN_MESSAGE_TYPE, f"message_type is {message_type[:80]!r}")
    version = _require_text(claims, vocabulary.CLAIM_VERSION, RefusalCode.MISSING_VERSION)
    if version != vocabulary.VERSION:
        raise LaunchRefused(RefusalCode.WRONG_VERSION, f"version is {version[:40]!r}, not {vocabulary.VERSION}")
    is_deep_linking = message_type == vocabulary.MESSAGE_DEEP_LINKING
    presentation = _read_object(claims, vocabulary.CLAIM_LAUNCH_PRESENTATION) or _NOTHING
    target = _read_text(presentation, "document_target")
    return LaunchMessage(
        message_type=message_type,
        subject=_read_subject(claims, allow_anonymous=allow_anonymous),
        deployment_id=_require_id(
            claims.get(vocabulary.CLAIM_DEPLOYMENT_ID), "deployment_id", RefusalCode.MISSING_DEPLOYMENT
        ),
        target_link_uri=_read_target_link(claims, own_origin),
        roles=_read_roles(claims),
        resource_link=None if is_deep_linking else _read_resource_link(claims),
        context=_read_context(claims),
        person=_read_person(claims),
        custom=_read_custom(claims),
        ags=_read_ags(claims),
        memberships_url=_read_memberships_url(claims),
        return_url=_read_link(presentation, "return_url"),
        locale=_read_text(presentation, "locale"),
        document_target=target if target in _DOCUMENT_TARGETS else None,
        platform_family=_read_text(
            _read_object(claims, vocabulary.CLAIM_TOOL_PLATFORM) or _NOTHING, "product_family_code"
        ),
        issued_at=_read_issue_time(claims),
        deep_linking=read_deep_linking(claims) if is_deep_linking else None,
        for_user=_read_for_user(claims) if message_type == vocabulary.MESSAGE_SUBMISSION_REVIEW else None,
        notices=_read_notices(claims),
    )


def read_deep_linking(claims: Claims) -> DeepLinkingSettings:
    """Read V19: what the platform takes as an answer (Deep Linking 2.0 §4.4.1).

    Raises:
        LaunchRefused: missing_deep_linking_settings, bad_deep_link_return or bad_claim.
    """
    settings = _read_object(claims, vocabulary.CLAIM_DEEP_LINKING_SETTINGS)
    if settings is None:
        raise LaunchRefused(RefusalCode.MISSING_DEEP_LINKING_SETTINGS, "there are no deep_linking_settings")
    return_url = settings.get("deep_link_return_url")
    # To the letter: Canvas signs its query, Moodle's holds the person's sesskey.
    if not isinstance(return_url, str) or read_origin(return_url, longest=LONGEST_RETURN_URL) is None:
        raise LaunchRefused(RefusalCode.BAD_DEEP_LINK_RETURN, "deep_link_return_url is not an http(s) address")
    data = settings.get("data")
    if data is not None and (not isinstance(data, str) or len(data) > LONGEST_DATA or REPLACEMENT in data):
        raise LaunchRefused(RefusalCode.BAD_CLAIM, "the deep linking data is not text that could be sent back")
    accepts_line_item = settings.get("accept_lineitem")
    return DeepLinkingSettings(
        return_url=return_url,
        accept_types=_read_names(settings, "accept_types"),
        document_targets=_read_names(settings, "accept_presentation_document_targets"),
        accepts_multiple=_read_flag(settings, "accept_multiple"),
        accepts_line_item=None if accepts_line_item is None else _read_flag(settings, "accept_lineitem"),
        is_auto_created=_read_flag(settings, "auto_create"),
        title=_read_text(settings, "title"),
        text=_read_text(settings, "text"),
        data=data,
        placement=_read_text(claims, CANVAS_PLACEMENT),
    )


def read_return_url(claims: Claims) -> str | None:
    """Find the way back to the platform in a payload that may be wrong in every other respect; never raises."""
    presentation = claims.get(vocabulary.CLAIM_LAUNCH_PRESENTATION)
    url = presentation.get("return_url") if isinstance(presentation, dict) else None
    return url if isinstance(url, str) and read_origin(url) is not None else None


def clean_words(value: str) -> str | None:
    """Take words for people to see: without what breaks a line or turns it round, cut; None when nothing is left."""
    if not value.isprintable():
        value = _UNSHOWABLE.sub(" ", value[: LONGEST_TEXT * 4])
    return value.strip()[:LONGEST_TEXT].rstrip() or None


def read_origin(url: str, *, longest: int = LONGEST_URL) -> Origin | None:
    """Take scheme, host and port of an http(s) address; None for anything a browser could read differently."""
    match = _ADDRESS.fullmatch(url) if len(url) <= longest else None
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


def _read_subject(claims: Claims, *, allow_anonymous: bool) -> str:
    if allow_anonymous and claims.get("sub") is None:
        return ""
    # LTI Core §5.3.6.1 allows an anonymous launch without sub; 1EdTech's certification suite demands its refusal.
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


def _read_for_user(claims: Claims) -> str | None:
    # Moodle's gradebook column sends none (measured), and then the whole queue is meant.
    for_user = _read_object(claims, vocabulary.CLAIM_FOR_USER) or _NOTHING
    user_id = for_user.get("user_id")
    return None if user_id is None or user_id == "" else _require_id(user_id, "for_user.user_id", RefusalCode.BAD_CLAIM)


def _read_notices(claims: Claims) -> NoticeService | None:
    service = _read_object(claims, vocabulary.CLAIM_NOTICE_SERVICE)
    if service is None:
        return None
    url = _read_url(service, "platform_notification_service_url")
    return None if url is None else NoticeService(url, _read_names(service, "notice_types_supported"))


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


def _read_memberships_url(claims: Claims) -> str | None:
    """Read where the course's people are listed; a service of another version only is none (NRPS 2.0 §3.6.1.1)."""
    service = _read_object(claims, vocabulary.CLAIM_NAMES_ROLES) or _NOTHING
    versions = service.get("service_versions")
    # Nobody leaves it out who offers another version: absent or odd, it says nothing.
    if isinstance(versions, list) and versions and "2.0" not in map(str, versions):
        return None
    return _read_url(service, "context_memberships_url")


def _read_names(holder: Claims, name: str) -> tuple[str, ...]:
    """Read a list of names; one alone counts as a list of one."""
    value = holder.get(name)
    values = [] if value is None else value if isinstance(value, list) else [value]
    if len(values) > MOST_NAMES or not all(isinstance(one, str) and len(one) <= LONGEST_ID for one in values):
        raise LaunchRefused(RefusalCode.BAD_CLAIM, f"{name} is not a list of names")
    return tuple(values)


def _read_flag(holder: Claims, name: str) -> bool:
    """Read a yes or no; some platforms write it as text, and absent means no."""
    value = holder.get(name)
    if value is None or isinstance(value, bool):
        return bool(value)
    if isinstance(value, str) and value.lower() in {"true", "false"}:
        return value.lower() == "true"
    raise LaunchRefused(RefusalCode.BAD_CLAIM, f"{name} is neither true nor false")


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
    return clean_words(value)


def _read_issue_time(claims: Claims) -> datetime:
    seconds = claims.get("iat")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds < 1e11:
        raise LaunchRefused(RefusalCode.BAD_CLAIM, "iat is not a time")
    return datetime.fromtimestamp(int(seconds), UTC)


_NO_CUSTOM: Final[Mapping[str, str]] = MappingProxyType({})
