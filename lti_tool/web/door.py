"""The LTI addresses: login, the hop that proves the cookie, the new tab, launch, and our public keys (D2, D3)."""

import hmac
from http import HTTPStatus

from flask import Blueprint, Response, jsonify, make_response, render_template, request
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as AnyResponse

from lti_tool.lti.errors import LaunchRefused, RefusalCode
from lti_tool.lti.logins import digest, parse_login
from lti_tool.lti.platforms import is_deep_linking_login
from lti_tool.services.entries import accept_launch
from lti_tool.services.flows import FLOW_LIFETIME, LoginStarted, begin_login, continue_login, rebind_login
from lti_tool.services.parking import LaunchParked
from lti_tool.web.entering import FLOW_COOKIE_PREFIX, enter, flow_cookie, go_to, set_cookie
from lti_tool.web.guards import (
    SESSION_COOKIE_PREFIX,
    enters_publicly,
    find_tool,
    require_own_origin,
)
from lti_tool.web.proving import show_proving, show_storing
from lti_tool.web.security import allow_form_action, allow_frames_of, find_origin
from lti_tool.web.tool import Tool

blueprint = Blueprint("door", __name__, url_prefix="/lti")

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
    return _bind(go_to(target, HTTPStatus.FOUND), started)


@blueprint.get("/login/<flow_id>")
@enters_publicly
def hop(flow_id: str) -> AnyResponse:
    """Go on to the platform if the cookie came back; else let the platform's page keep a binder, else a new tab.

    ``tab=1`` says that this is the new tab, ``storage=no`` that the platform's page kept nothing.
    """
    tool = find_tool()
    uri = _redirect_uri(tool)
    started, binder_digest = continue_login(tool.store, flow_id=flow_id, redirect_uri=uri, now=tool.clock())
    binder = request.cookies.get(flow_cookie(flow_id))
    if binder is not None and hmac.compare_digest(digest(binder), binder_digest):
        return go_to(started.build_authentication_url(), HTTPStatus.FOUND)
    if "tab" in request.args:
        raise _refuse(started, RefusalCode.COOKIES_REFUSED, "no cookie came back in a tab of its own")
    if started.login.storage_target and "storage" not in request.args:
        return show_storing(flow_id, redirect_uri=uri, otherwise=f"{_hop_address(flow_id)}?storage=no")
    return _offer_tab(started)


@blueprint.post("/login/<flow_id>/tab")
@enters_publicly
def open_in_tab(flow_id: str) -> AnyResponse:
    """Start the same flow again in the tab this form opened; the platform's single-use hint is still unspent."""
    tool = find_tool()
    require_own_origin(tool)
    started = rebind_login(tool.store, flow_id=flow_id, redirect_uri=_redirect_uri(tool), now=tool.clock())
    return _bind(go_to(f"{_hop_address(flow_id)}?tab=1", HTTPStatus.SEE_OTHER), started)


@blueprint.post("/launch")
@enters_publicly
def launch() -> AnyResponse:
    """Check a launch completely and open its session (Security Framework §5.1.1.3, LTI Core §4)."""
    tool = find_tool()
    answer = accept_launch(
        tool.store,
        tool.verifier,
        _read_once(request.form, RefusalCode.MALFORMED_TOKEN),
        series=tool.series,
        read_binder=lambda flow_id: request.cookies.get(flow_cookie(flow_id)),
        now=tool.clock(),
    )
    return show_proving(answer) if isinstance(answer, LaunchParked) else enter(answer)


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


def _offer_tab(started: LoginStarted) -> AnyResponse:
    """Offer a tab of its own, where cookies are first-party: never for a choice of content, whose answer would be lost.

    Where the login does not say which it is, the page does; a choice that comes back in a tab explains itself there.
    """
    asks_for_content = is_deep_linking_login(started.registration.family, started.login)
    if asks_for_content:
        raise _refuse(started, RefusalCode.DEEP_LINK_NEEDS_COOKIES, "neither cookie nor storage inside the platform")
    allow_form_action(find_origin(started.registration.auth_url))
    allow_frames_of(started.registration.origins)
    page = render_template(
        "lti/new_tab.html",
        flow_id=started.flow_id,
        platform_name=started.registration.name,
        may_ask_for_content=asks_for_content is None,
    )
    return make_response(page)


def _refuse(started: LoginStarted, code: RefusalCode, detail: str) -> LaunchRefused:
    refusal = LaunchRefused(code, detail)
    refusal.registration_id = started.registration.id
    return refusal


def _read_once(parameters: MultiDict[str, str], code: RefusalCode) -> dict[str, str]:
    """What was sent, by name; of a thing said twice nobody knows which is meant (OAuth 2.0, RFC 6749 §3.1)."""
    for name, values in parameters.lists():
        if len(values) > 1 and name in _SAID_ONCE and len(set(values)) > 1:
            raise LaunchRefused(code, f"{name} came {len(values)} times")
    return parameters.to_dict()


def _redirect_uri(tool: Tool) -> str:
    return f"{tool.settings.base_url}{blueprint.url_prefix}/launch"


def _hop_address(flow_id: str) -> str:
    return f"{blueprint.url_prefix}/login/{flow_id}"


def _bind(response: AnyResponse, started: LoginStarted) -> AnyResponse:
    set_cookie(response, flow_cookie(started.flow_id), started.binder, int(FLOW_LIFETIME.total_seconds()))
    return response
