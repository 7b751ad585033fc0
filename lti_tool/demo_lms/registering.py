"""Dynamic registration: what the LMS says of itself, and the endpoint at which a tool registers (1.0, 3 and 4).

What is checked, in which order and in which words is Moodle's (captured): plain text, 400, or 401 for the token.
"""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from flask import Blueprint, Response, json, request

from lti_tool.demo_lms.manners import Manner
from lti_tool.demo_lms.placements import PLACEMENTS
from lti_tool.demo_lms.platform import OFFERED_SCOPES, Platform, current_platform
from lti_tool.demo_lms.registration_tokens import RegistrationToken
from lti_tool.demo_lms.registrations import RegisteredTool
from lti_tool.demo_lms.traffic import Exchange, current_exchange, shorten_secret
from lti_tool.lti import vocabulary as lti

registering = Blueprint("registering", __name__)

CONFIGURATION_PATH: Final = "/.well-known/openid-configuration"
_REGISTRATION_PATH: Final = "/api/lti/registration"
_REQUIRED: Final = (
    "response_types",
    "initiate_login_uri",
    "redirect_uris",
    "client_name",
    "jwks_uri",
    "token_endpoint_auth_method",
    lti.TOOL_CONFIGURATION,
)
_VARIABLES: Final = ("Context.id", "Context.title", "ResourceLink.id", "ResourceLink.title", "User.id")
_OWN_VARIABLES: Final = {
    Manner.STRICT: ("Context.id.history",),
    Manner.MOODLE: ("Context.id.history", "User.username", "Person.address.timezone", "Moodle.Person.userGroupIds"),
    Manner.CANVAS: ("Canvas.course.id", "Canvas.course.previousContextIds", "Canvas.course.sectionIds"),
}

Body = Mapping[str, object]


class RegistrationRefusedError(Exception):
    """The registration is refused with this status and this word."""

    def __init__(self, status: int, word: str) -> None:
        super().__init__(word)
        self.status = status
        self.word = word


@registering.get(CONFIGURATION_PATH)
def describe_platform() -> Response:
    """Return the LMS's configuration. Canvas shows it only to whoever has a registration token; Moodle to everybody."""
    platform, exchange = current_platform(), current_exchange()
    try:
        if platform.settings.manner is Manner.CANVAS:
            _require_token(platform, exchange, is_spent_allowed=True)
    except RegistrationRefusedError as refusal:
        return _refuse(exchange, refusal)
    settings = platform.settings
    body = {
        "issuer": settings.base_url,
        "authorization_endpoint": settings.authorization_url,
        "token_endpoint": settings.token_url,
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ["RS256"],
        "jwks_uri": settings.keys_url,
        "registration_endpoint": f"{settings.base_url}{_REGISTRATION_PATH}",
        "scopes_supported": [*_list_scopes(platform), "openid"],
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public", "pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "claims_supported": ["sub", "iss", "name", "given_name", "family_name", "email"],
        lti.PLATFORM_CONFIGURATION: _describe_lti(platform),
    }
    exchange.outcome = "sent"
    return Response(json.dumps(body), content_type="application/json")


@registering.post(_REGISTRATION_PATH)
def register_tool() -> Response:
    """Keep a new tool under the client id its token was made for. Moodle's stay closed until an administrator opens."""
    platform, exchange = current_platform(), current_exchange()
    try:
        text, token = _require_token(platform, exchange)
        body = _read_body(exchange)
        tool = _read_tool(platform, token, body)
        exchange.check("the registration is as it has to be", True)
        _spend_token(platform, text)
    except RegistrationRefusedError as refusal:
        return _refuse(exchange, refusal)
    kept = platform.tools.add(tool, platform.settings.manner)
    exchange.outcome = f"{kept.name} is registered as {kept.client_id}" + ("" if kept.is_active else ", not yet active")
    return Response(json.dumps(_describe_tool(platform, kept, body)), content_type="application/json")


def _refuse(exchange: Exchange, refusal: RegistrationRefusedError) -> Response:
    exchange.check("the registration is as it has to be", False, refusal.word)
    exchange.outcome = f"refused: {refusal.word}"
    return Response(refusal.word, refusal.status, content_type="text/html; charset=utf-8")


def _require_token(
    platform: Platform, exchange: Exchange, *, is_spent_allowed: bool = False
) -> tuple[str, RegistrationToken]:
    kind, _, text = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not text:
        raise RegistrationRefusedError(401, "missing_registration_token")
    exchange.show(registration_token=shorten_secret(text))
    token = platform.registration_tokens.find(text)
    if token is None:
        raise RegistrationRefusedError(401, "invalid_registration_token")
    if token.is_used and not is_spent_allowed:
        raise RegistrationRefusedError(401, "token_already_used")
    if platform.read_clock() >= token.expires_at:
        raise RegistrationRefusedError(401, "expired_registration_token")
    return text, token


def _spend_token(platform: Platform, text: str) -> None:
    if not platform.registration_tokens.spend(text, platform.read_clock()):
        raise RegistrationRefusedError(401, "token_already_used")


def _read_body(exchange: Exchange) -> Body:
    if request.mimetype != "application/json":
        raise RegistrationRefusedError(400, "invalid_content_type")
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise RegistrationRefusedError(400, "invalid_registration_request")
    exchange.show(body=body)
    return body


def _read_tool(platform: Platform, token: RegistrationToken, body: Body) -> RegisteredTool:
    for name in _REQUIRED:
        if not body.get(name):
            raise RegistrationRefusedError(400, f"missing required attribute {name}")
    configuration = body[lti.TOOL_CONFIGURATION]
    if not isinstance(configuration, dict) or not configuration.get("domain"):
        raise RegistrationRefusedError(400, "missing_domain")
    # Moodle was seen to take a domain with a scheme before it, and to want the port in it.
    domain = str(configuration["domain"]).partition("://")[2] or str(configuration["domain"])
    target = str(configuration.get("target_link_uri") or f"{urlsplit(_read_url(body, 'jwks_uri')).scheme}://{domain}")
    if urlsplit(target).netloc != domain:
        raise RegistrationRefusedError(400, "domain_targetlinkuri_mismatch")
    _check_kinds(platform, body)
    redirect_uris = body["redirect_uris"]
    if not isinstance(redirect_uris, list) or not all(_is_url(uri) for uri in redirect_uris):
        raise RegistrationRefusedError(400, "invalid_redirect_uris")
    offered = _list_scopes(platform)
    return RegisteredTool(
        client_id=token.client_id,
        deployment_id="",
        name=str(body["client_name"])[:255],
        login_url=_read_url(body, "initiate_login_uri"),
        redirect_uris=tuple(redirect_uris),
        keys_url=_read_url(body, "jwks_uri"),
        target_url=target,
        domain=domain,
        deep_linking_url=_find_deep_linking_url(configuration, target),
        scopes=tuple(scope for scope in offered if scope in str(body.get("scope", "")).split()),
        custom=_read_custom(configuration),
        is_active=platform.settings.manner is not Manner.MOODLE,
    )


def _check_kinds(platform: Platform, body: Body) -> None:
    types, grants = body["response_types"], body.get("grant_types", [])
    if not isinstance(types, list) or "id_token" not in types:
        raise RegistrationRefusedError(400, "invalid_response_types")
    method = body["token_endpoint_auth_method"]
    if method != "private_key_jwt":
        raise RegistrationRefusedError(400, "invalid_token_endpoint_auth_method")
    if body.get("application_type", "web") != "web":
        raise RegistrationRefusedError(400, "invalid_application_type")
    has_grants = isinstance(grants, list) and {"implicit", "client_credentials"} <= {str(one) for one in grants}
    if platform.settings.manner is Manner.STRICT and not has_grants:
        raise RegistrationRefusedError(400, "invalid_grant_types")


def _read_url(body: Body, name: str) -> str:
    value = body[name]
    if not _is_url(value):
        raise RegistrationRefusedError(400, f"invalid_{name}")
    return str(value)


def _is_url(value: object) -> bool:
    try:
        parts = urlsplit(value) if isinstance(value, str) else None
    except ValueError:
        return False
    return parts is not None and parts.scheme in {"http", "https"} and bool(parts.netloc)


def _find_deep_linking_url(configuration: Body, target: str) -> str:
    messages = configuration.get("messages", [])
    for message in messages if isinstance(messages, list) else []:
        if isinstance(message, dict) and message.get("type") == lti.MESSAGE_DEEP_LINKING:
            return str(message.get("target_link_uri") or target)
    return ""


def _read_custom(configuration: Body) -> dict[str, str]:
    custom = configuration.get("custom_parameters", {})
    if not isinstance(custom, dict):
        raise RegistrationRefusedError(400, "invalid_custom_parameters")
    return {str(name): str(value) for name, value in custom.items()}


def _list_scopes(platform: Platform) -> list[str]:
    return [*OFFERED_SCOPES, *([lti.SCOPE_NOTICE_HANDLERS] if platform.settings.manner is Manner.CANVAS else [])]


def _describe_lti(platform: Platform) -> dict[str, object]:
    manner = platform.settings.manner
    places = [one.canvas_name for one in PLACEMENTS] if manner is Manner.CANVAS else ["ContentArea"]
    canvas = {
        "https://canvas.instructure.com/lti/account_name": "Demo",
        "notice_types_supported": [lti.NOTICE_CONTEXT_COPY],
    }
    return {
        "product_family_code": platform.settings.traits.product,
        "version": {Manner.CANVAS: "OpenSource", Manner.MOODLE: "4.5.6 (Build: 20250811)"}.get(manner, "1"),
        "messages_supported": [
            {"type": lti.MESSAGE_RESOURCE_LINK},
            {"type": lti.MESSAGE_DEEP_LINKING, "placements": places},
        ],
        "variables": [*_VARIABLES, *_OWN_VARIABLES[manner]],
        **(canvas if manner is Manner.CANVAS else {}),
    }


def _describe_tool(platform: Platform, tool: RegisteredTool, body: Body) -> dict[str, object]:
    """Return the registration as it was kept. Canvas does not say a deployment id: the first launch does."""
    configuration: dict[str, object] = {
        "version": lti.VERSION,
        "target_link_uri": tool.target_url,
        "domain": tool.domain,
        "custom_parameters": dict(tool.custom),
        "messages": [{"type": lti.MESSAGE_DEEP_LINKING, "target_link_uri": tool.deep_linking_url}]
        if tool.deep_linking_url
        else [],
        "claims": ["sub", "iss", "name", "given_name", "family_name", "email"],
    }
    if platform.settings.manner is not Manner.CANVAS:
        configuration["deployment_id"] = tool.deployment_id
    return {
        "client_id": tool.client_id,
        "application_type": "web",
        "response_types": ["id_token"],
        "grant_types": ["client_credentials", "implicit"],
        "initiate_login_uri": tool.login_url,
        "redirect_uris": list(tool.redirect_uris),
        "client_name": tool.name,
        "jwks_uri": tool.keys_url,
        "logo_uri": str(body.get("logo_uri", "")),
        "token_endpoint_auth_method": "private_key_jwt",
        "scope": " ".join(tool.scopes or ()),
        lti.TOOL_CONFIGURATION: configuration,
    }
