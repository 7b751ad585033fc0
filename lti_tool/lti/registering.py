"""Dynamic Registration 1.0: read what a platform offers, register this tool there, read what it answered.

Every address here comes from a stranger with an invitation: it is called through the client that refuses private
addresses, without redirects, within its limits of time and size.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from lti_tool.lti import vocabulary
from lti_tool.lti.answer_words import describe_answer
from lti_tool.lti.claims import read_origin
from lti_tool.lti.configuration import (
    CHOOSING,
    CUSTOM_FIELDS,
    DESCRIPTION,
    SCOPES,
    TITLE,
    TOOL_ID,
    ToolAddresses,
    list_addresses,
)
from lti_tool.lti.errors import PlatformUnreachable, RegistrationProblem, RegistrationRefused
from lti_tool.lti.http import HttpAnswer, HttpClient
from lti_tool.lti.json_text import BadJsonError, parse_json
from lti_tool.lti.platforms import CANVAS, detect_family, list_frame_origins, speaks_for_issuer

LONGEST_NAME: Final = 255
LONGEST_ADDRESS: Final = 1000
_CLAIMS: Final = ("iss", "sub", "name", "given_name", "family_name")
_CANVAS_EXTENSION: Final = "https://canvas.instructure.com/lti/"


@dataclass(frozen=True, slots=True)
class PlatformOffer:
    """A platform's own description, checked: who it is, where its doors are, what it lets a tool do."""

    name: str
    issuer: str
    auth_url: str
    token_url: str
    jwks_url: str
    registration_url: str
    family: str
    version: str | None
    scopes: tuple[str, ...]
    notice_types: tuple[str, ...]
    origins: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ToolRegistered:
    """What a platform answered. Without a deployment id, the first launch brings it (Canvas)."""

    client_id: str
    deployment_id: str | None
    scopes: tuple[str, ...]
    answer: Mapping[str, Any]


def read_offer(http: HttpClient, configuration_url: str, token: str | None, *, allow_http: bool) -> PlatformOffer:
    """Fetch a platform's OpenID configuration and check it (Dynamic Registration 1.0 §3.4, §3.5.1).

    The registration token goes with the request because Canvas asks for it; Moodle's configuration is public.

    Raises:
        RegistrationRefused: with the first thing that is wrong.
    """
    if len(configuration_url) > LONGEST_ADDRESS or not _is_allowed(configuration_url, allow_http=allow_http):
        raise RegistrationRefused(
            RegistrationProblem.BAD_CONFIGURATION_ADDRESS, f"not an address we may call: {configuration_url[:200]!r}"
        )
    answer = _ask(http, "GET", configuration_url, token, None, RegistrationProblem.CONFIGURATION_UNREACHABLE)
    if not answer.is_ok:
        raise RegistrationRefused(
            RegistrationProblem.CONFIGURATION_UNREACHABLE,
            f"it answered {answer.status}",
            describe_answer(answer.status, answer.reason, answer.body, token or ""),
        )
    document = _read_object(answer.body, RegistrationProblem.CONFIGURATION_UNREADABLE)
    return _read_offer(document, configuration_url, allow_http=allow_http)


def register_tool(http: HttpClient, offer: PlatformOffer, token: str | None, *, base_url: str) -> ToolRegistered:
    """Register this tool with the platform (Dynamic Registration 1.0 §3.6, §3.7).

    Raises:
        RegistrationRefused: platform_refused_tool or registration_unreadable.
    """
    wish = build_registration(offer, base_url)
    body = json.dumps(wish).encode("utf-8")
    answer = _ask(http, "POST", offer.registration_url, token, body, RegistrationProblem.PLATFORM_REFUSED_TOOL)
    if not answer.is_ok:
        raise RegistrationRefused(
            RegistrationProblem.PLATFORM_REFUSED_TOOL,
            f"it answered {answer.status}",
            describe_answer(answer.status, answer.reason, answer.body, token or ""),
        )
    document = _read_object(answer.body, RegistrationProblem.REGISTRATION_UNREADABLE)
    client_id = _read_name(document.get("client_id"))
    if client_id is None:
        raise RegistrationRefused(RegistrationProblem.REGISTRATION_UNREADABLE, "there is no client_id in the answer")
    tool = document.get(vocabulary.TOOL_CONFIGURATION)
    granted = document.get("scope")
    return ToolRegistered(
        client_id=client_id,
        deployment_id=_read_name(tool.get("deployment_id")) if isinstance(tool, dict) else None,
        scopes=tuple(granted.split()) if isinstance(granted, str) else (),
        answer=_keep_answer(document, token),
    )


def build_registration(offer: PlatformOffer, base_url: str) -> dict[str, object]:
    """Write what we ask of this platform: the least that every page needs, and nothing it does not offer."""
    own = list_addresses(base_url)
    wanted = [*SCOPES, *([vocabulary.SCOPE_NOTICE_HANDLERS] if offer.notice_types else [])]
    scopes = [scope for scope in wanted if not offer.scopes or scope in offer.scopes]
    is_canvas = offer.family == CANVAS
    tool: dict[str, object] = {
        "domain": own.domain,
        "description": DESCRIPTION,
        "target_link_uri": own.launch,
        "custom_parameters": dict(CUSTOM_FIELDS),
        "claims": list(_CLAIMS),
        "messages": _list_canvas_messages(own) if is_canvas else _list_messages(own),
    }
    if is_canvas:
        tool |= {f"{_CANVAS_EXTENSION}privacy_level": "name_only", f"{_CANVAS_EXTENSION}tool_id": TOOL_ID}
    return {
        "application_type": "web",
        "response_types": ["id_token"],
        "grant_types": ["implicit", "client_credentials"],
        "initiate_login_uri": own.login,
        "redirect_uris": [own.launch],
        "client_name": TITLE,
        "jwks_uri": own.keys,
        "logo_uri": own.icon,
        "policy_uri": f"{base_url}/lti/privacy",
        "token_endpoint_auth_method": "private_key_jwt",
        "scope": " ".join(scopes),
        vocabulary.TOOL_CONFIGURATION: tool,
    }


def _list_messages(own: ToolAddresses) -> list[dict[str, object]]:
    return [
        {
            "type": vocabulary.MESSAGE_DEEP_LINKING,
            "target_link_uri": own.choosing,
            "label": TITLE,
            "icon_uri": own.icon,
            "placements": ["ContentArea"],
        },
        {"type": vocabulary.MESSAGE_RESOURCE_LINK, "target_link_uri": own.launch, "label": TITLE},
        {"type": vocabulary.MESSAGE_SUBMISSION_REVIEW, "target_link_uri": own.launch, "label": TITLE},
    ]


def _list_canvas_messages(own: ToolAddresses) -> list[dict[str, object]]:
    def describe(message: str, placement: str, label: str, **more: object) -> dict[str, object]:
        target = own.choosing if message == vocabulary.MESSAGE_DEEP_LINKING else own.launch
        shown = {"type": message, "target_link_uri": target, "label": label, "icon_uri": own.icon}
        return {**shown, "placements": [placement], **more}

    choosing = [describe(vocabulary.MESSAGE_DEEP_LINKING, place, label) for place, label in CHOOSING.items()]
    return [
        *choosing,
        describe(
            vocabulary.MESSAGE_RESOURCE_LINK,
            "course_navigation",
            TITLE,
            custom_parameters={"module": "series"},
            **{
                f"{_CANVAS_EXTENSION}course_navigation/default_enabled": False,
                f"{_CANVAS_EXTENSION}visibility": "members",
            },
        ),
        describe(
            vocabulary.MESSAGE_RESOURCE_LINK,
            "account_navigation",
            f"{TITLE}: self-check",
            custom_parameters={"page": "self_check"},
            **{f"{_CANVAS_EXTENSION}visibility": "admins"},
        ),
    ]


def _read_offer(document: Mapping[str, Any], configuration_url: str, *, allow_http: bool) -> PlatformOffer:
    issuer = _require_address(document, "issuer", allow_http=allow_http)
    own_host, issuer_host = (urlsplit(url).hostname or "" for url in (configuration_url, issuer))
    if not speaks_for_issuer(own_host, issuer_host):
        raise RegistrationRefused(
            RegistrationProblem.ISSUER_ELSEWHERE, f"{own_host} names an issuer at {issuer_host[:100]!r}"
        )
    platform = document.get(vocabulary.PLATFORM_CONFIGURATION)
    described: Mapping[str, Any] = platform if isinstance(platform, dict) else {}
    family = detect_family(issuer, _read_name(described.get("product_family_code")))
    auth_url = _require_address(document, "authorization_endpoint", allow_http=allow_http)
    names = (described.get(f"{_CANVAS_EXTENSION}account_name"), described.get("account_name"))
    return PlatformOffer(
        name=next((name for name in map(_read_name, names) if name), own_host),
        issuer=issuer,
        auth_url=auth_url,
        token_url=_require_address(document, "token_endpoint", allow_http=allow_http),
        jwks_url=_require_address(document, "jwks_uri", allow_http=allow_http),
        registration_url=_require_address(document, "registration_endpoint", allow_http=allow_http),
        family=family,
        version=_read_name(described.get("version")),
        scopes=_read_names(document.get("scopes_supported")),
        notice_types=_read_notice_types(described),
        origins=list_frame_origins(family, issuer, auth_url, configuration_url),
    )


def _ask(
    http: HttpClient, method: str, url: str, token: str | None, body: bytes | None, problem: RegistrationProblem
) -> HttpAnswer:
    headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    if body is not None:
        headers["Content-Type"] = "application/json"
    try:
        return http.request(method, url, headers=headers, body=body)
    except PlatformUnreachable as error:
        raise RegistrationRefused(problem, str(error)[:500]) from error


def _read_object(content: bytes, problem: RegistrationProblem) -> Mapping[str, Any]:
    try:
        document = parse_json(content)
    except BadJsonError as error:
        raise RegistrationRefused(problem, f"the answer is not JSON: {error}") from None
    if not isinstance(document, dict):
        raise RegistrationRefused(problem, f"the answer is a {type(document).__name__}, not an object")
    return document


def _require_address(document: Mapping[str, Any], name: str, *, allow_http: bool) -> str:
    value = document.get(name)
    longest = LONGEST_NAME if name == "issuer" else LONGEST_ADDRESS
    if not isinstance(value, str) or len(value) > longest or not _is_allowed(value, allow_http=allow_http):
        shown = repr(value[:200]) if isinstance(value, str) else type(value).__name__
        raise RegistrationRefused(RegistrationProblem.BAD_PLATFORM_ADDRESS, f"{name} is {shown}")
    return value


def _is_allowed(url: str, *, allow_http: bool) -> bool:
    origin = read_origin(url)
    return origin is not None and (allow_http or origin[0] == "https")


def _read_name(value: object) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST_NAME or not value.isprintable():
        return None
    return value


def _read_names(value: object) -> tuple[str, ...]:
    return tuple(one for one in value[:200] if isinstance(one, str)) if isinstance(value, list) else ()


def _read_notice_types(platform: Mapping[str, Any]) -> tuple[str, ...]:
    listed = platform.get("notice_types_supported") or platform.get(f"{_CANVAS_EXTENSION}notice_types_supported")
    return _read_names(listed)


def _keep_answer(document: Mapping[str, Any], token: str | None) -> dict[str, Any]:
    """The answer without what opens doors: its tokens, and ours wherever it is repeated."""
    text = json.dumps(
        {name: value for name, value in document.items() if "token" not in name or name.endswith("_method")}
    )
    kept: dict[str, Any] = json.loads(text.replace(token, "…") if token else text)
    return kept
