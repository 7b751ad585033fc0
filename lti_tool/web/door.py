"""The LTI addresses: login, the hop that proves the cookie, the new tab, launch, and our public keys (D2, D3)."""

import hmac
import re
from http import HTTPStatus

from flask import Blueprint, Response, jsonify, make_response, render_template, request
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as AnyResponse

from lti_tool.domain.roles import Standing
from lti_tool.lti.errors import LaunchRefused, RefusalCode
from lti_tool.lti.logins import digest, parse_login
from lti_tool.models.platforms import SERIES_LINK
from lti_tool.services.entries import (
    FLOW_LIFETIME,
    LoginStarted,
    SessionStarted,
    accept_launch,
    begin_login,
    continue_login,
    rebind_login,
)
from lti_tool.services.visits import SESSION_LIFETIME
from lti_tool.web.guards import (
    SESSION_COOKIE_PREFIX,
    ForgedRequestError,
    enters_publicly,
    find_tool,
    is_own_origin,
)
from lti_tool.web.security import allow_form_action, allow_frames_of, find_origin
from lti_tool.web.tool import Tool

blueprint = Blueprint("door", __name__, url_prefix="/lti")

FLOW_COOKIE_PREFIX = "__Host-lti_"
MOST_SESSIONS = 8
_SESSION_COOKIE = re.compile(re.escape(SESSION_COOKIE_PREFIX) + r"[\w-]{1,43}", re.ASCII)
_SAID_ONCE = frozenset(
    {
        *("iss", "login_hint", "target_link_uri", "client_id", "lti_message_hint", "lti_deployment_id"),
        *("deployment_id", "lti_storage_target", "state", "id_token", "error"),
    }
)


@blueprint.route("/login", methods=["GET", "POST"])
@enters_publicly
def login() -> AnyResponse:
    """Begin a login (Security Framework §5.1.1.1). A browser that already keeps our cookies skips the hop."""
    tool = find_tool()
    parameters = request.form if request.method == "POST" else request.args
    said = _read_once(parameters, RefusalCode.BAD_LOGIN_PARAMETER)
    started = begin_login(tool.store, parse_login(said), redirect_uri=_redirect_uri(tool), now=tool.clock())
    keeps_cookies = any(name.startswith((SESSION_COOKIE_PREFIX, FLOW_COOKIE_PREFIX)) for name in request.cookies)
    target = started.build_authentication_url() if keeps_cookies else _hop_address(started.flow_id)
    return _bind(_go_to(target, HTTPStatus.FOUND), started)


@blueprint.get("/login/<flow_id>")
@enters_publicly
def hop(flow_id: str) -> AnyResponse:
    """Go on to the platform if the cookie came back; else offer a new tab, where it is first-party."""
    tool = find_tool()
    started, binder_digest = continue_login(
        tool.store, flow_id=flow_id, redirect_uri=_redirect_uri(tool), now=tool.clock()
    )
    binder = request.cookies.get(_flow_cookie(flow_id))
    if binder is not None and hmac.compare_digest(digest(binder), binder_digest):
        return _go_to(started.build_authentication_url(), HTTPStatus.FOUND)
    allow_form_action(find_origin(started.registration.auth_url))
    allow_frames_of(started.registration.origins)
    return make_response(
        render_template(
            "lti/new_tab.html",
            flow_id=flow_id,
            was_opened_in_tab="tab" in request.args,
            platform_name=started.registration.name,
        )
    )


@blueprint.post("/login/<flow_id>/tab")
@enters_publicly
def open_in_tab(flow_id: str) -> AnyResponse:
    """Start the same flow again in the tab this form opened; the platform's single-use hint is still unspent."""
    tool = find_tool()
    if not is_own_origin(tool):
        raise ForgedRequestError
    started = rebind_login(tool.store, flow_id=flow_id, redirect_uri=_redirect_uri(tool), now=tool.clock())
    return _bind(_go_to(f"{_hop_address(flow_id)}?tab=1", HTTPStatus.SEE_OTHER), started)


@blueprint.post("/launch")
@enters_publicly
def launch() -> AnyResponse:
    """Check a launch completely and open its session (Security Framework §5.1.1.3, LTI Core §4)."""
    tool = find_tool()
    started = accept_launch(
        tool.store,
        tool.verifier,
        _read_once(request.form, RefusalCode.MALFORMED_TOKEN),
        series=tool.series,
        read_binder=lambda flow_id: request.cookies.get(_flow_cookie(flow_id)),
        now=tool.clock(),
    )
    response = _go_to(_first_page(started), HTTPStatus.SEE_OTHER)
    for name in _find_spent_cookies(started):
        _set_cookie(response, name, "", 0)
    _set_cookie(
        response, SESSION_COOKIE_PREFIX + started.session_id, started.secret, int(SESSION_LIFETIME.total_seconds())
    )
    return response


@blueprint.get("/launch")
@enters_publicly
def launch_by_address() -> AnyResponse:
    """Somebody opened the launch address itself, from a bookmark or by reloading."""
    raise LaunchRefused(RefusalCode.MISSING_TOKEN, "GET")


@blueprint.get("/jwks.json")
@enters_publicly
def jwks() -> Response:
    """Our public keys (RFC 7517). Platforms fetch them often, so they may be cached for a minute."""
    response = jsonify(find_tool().keys.public_jwks())
    response.headers["Cache-Control"] = "public, max-age=60"
    return response


def _read_once(parameters: MultiDict[str, str], code: RefusalCode) -> dict[str, str]:
    """What was sent, by name; of a thing said twice nobody knows which is meant (OAuth 2.0, RFC 6749 §3.1)."""
    for name, values in parameters.lists():
        if len(values) > 1 and name in _SAID_ONCE and len(set(values)) > 1:
            raise LaunchRefused(code, f"{name} came {len(values)} times")
    return parameters.to_dict()


def _redirect_uri(tool: Tool) -> str:
    return f"{tool.settings.base_url}{blueprint.url_prefix}/launch"


def _go_to(address: str, status: HTTPStatus) -> Response:
    # Without the page that Flask's own redirect writes for browsers of 1995: making it costs as much as a statement.
    return Response(status=int(status), headers=[("Location", address)])


def _hop_address(flow_id: str) -> str:
    return f"{blueprint.url_prefix}/login/{flow_id}"


def _flow_cookie(flow_id: str) -> str:
    return FLOW_COOKIE_PREFIX + flow_id[:8]


def _bind(response: AnyResponse, started: LoginStarted) -> AnyResponse:
    _set_cookie(response, _flow_cookie(started.flow_id), started.binder, int(FLOW_LIFETIME.total_seconds()))
    return response


def _set_cookie(response: AnyResponse, name: str, value: str, max_age: int) -> None:
    # Names and values are tokens of ours that need no quoting, so the header is written down rather than computed.
    response.headers.add(
        "Set-Cookie", f"{name}={value}; Max-Age={max_age}; Path=/; Secure; HttpOnly; SameSite=None; Partitioned"
    )


def _find_spent_cookies(started: SessionStarted) -> list[str]:
    """The flow cookie this launch used up, and the oldest sessions beyond the number we keep.

    A session's public id begins with its start in hexadecimal seconds, so names sort by age.
    """
    # A browser may send what it likes under our prefix; only a name that we could have given is answered.
    sessions = sorted(name for name in request.cookies if _SESSION_COOKIE.fullmatch(name))
    return [_flow_cookie(started.flow_id), *sessions[: max(0, len(sessions) - MOST_SESSIONS + 1)]]


def _first_page(started: SessionStarted) -> str:
    # Written down rather than asked of the router, which takes as long as a statement to say it.
    inside = f"/s/{started.session_id}"
    module_key = started.arrival.module_key
    if module_key is None and started.arrival.standing is Standing.STAFF and started.arrival.resource_link_id:
        return f"{inside}/link"
    if module_key is None or module_key == SERIES_LINK:
        return f"{inside}/"
    return f"{inside}/modules/{module_key}"
