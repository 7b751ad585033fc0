"""Where no cookie comes back inside a platform's page: known by what that page keeps for us, and on in a new tab.

LTI platform storage (lti-cs-oidc 0.1, lti-cs-pm 0.1, lti-pm-s 0.1): the page around our frame keeps a binder during the
login and gives it back at the launch. Whom that proves still has no cookie: a choice of content needs none, and a
visit moves to a tab of its own (D2, D3). No answer is never taken for a good one.
"""

import hmac
import re
from http import HTTPStatus

from flask import Blueprint, make_response, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from lti_tool.lti.errors import LaunchRefused, RefusalCode
from lti_tool.lti.values import Registration
from lti_tool.services.deep_links import DeepLinkOpened
from lti_tool.services.entries import SessionStarted, accept_parked_launch
from lti_tool.services.flows import bind_to_storage
from lti_tool.services.parking import LaunchParked
from lti_tool.services.tickets import TICKET_LIFETIME, make_ticket, redeem_ticket
from lti_tool.services.visits import SessionEndedError, Visit, find_visit
from lti_tool.web.entering import enter, find_first_page, go_to, keep_session, set_cookie
from lti_tool.web.guards import SESSION_COOKIE_PREFIX, enters_publicly, find_tool, require_own_origin
from lti_tool.web.security import allow_frames_of, find_origin

blueprint = Blueprint("proving", __name__, url_prefix="/lti")

TICKET_COOKIE_PREFIX = "__Host-t_"
_SESSION_ID = re.compile(r"[\w-]{1,43}", re.ASCII)
_INSIDE = re.compile(r"[\w/-]*", re.ASCII)


def show_storing(flow_id: str, *, redirect_uri: str, otherwise: str) -> AnyResponse:
    """Show the page that has the platform's page keep a binder, and goes on to the platform, or else to ``otherwise``.

    Raises:
        LaunchRefused: the flow is unknown, used or too old.
    """
    tool = find_tool()
    bound = bind_to_storage(tool.store, flow_id=flow_id, redirect_uri=redirect_uri, now=tool.clock())
    allow_frames_of(bound.registration.origins)
    page = render_template(
        "lti/storing.html",
        platform_name=bound.registration.name,
        storage=_describe_storage(bound.registration, bound.login.storage_target or "", bound.state),
        binder=bound.binder,
        onward=bound.build_authentication_url(),
        otherwise=otherwise,
    )
    return make_response(page)


def show_proving(parked: LaunchParked) -> AnyResponse:
    """Show the page that asks the platform's page for the binder, and sends it here with the launch's handle."""
    allow_frames_of(parked.registration.origins)
    page = render_template(
        "lti/proving.html",
        platform_name=parked.registration.name,
        storage=_describe_storage(parked.registration, parked.storage_target, parked.state),
        handle=parked.handle,
    )
    return make_response(page)


@blueprint.post("/launch/proof")
@enters_publicly
def prove() -> AnyResponse:
    """Take the binder that the platform's page gave back, and open what the launch is for."""
    tool = find_tool()
    # What another site sends could hold that site's own launch, for somebody else to work in.
    require_own_origin(tool)
    started = accept_parked_launch(
        tool.store,
        handle=request.form.get("handle", ""),
        binder=request.form.get("binder", ""),
        series=tool.series,
        now=tool.clock(),
    )
    return enter(started) if isinstance(started, DeepLinkOpened) else _try_cookie(started)


@blueprint.post("/arrive")
@enters_publicly
def arrive() -> AnyResponse:
    """Go on in the frame if the session's cookie came back after all; else offer a tab of its own.

    Raises:
        SessionEndedError: it is over, or its secret is wrong.
    """
    require_own_origin(find_tool())
    session_id, secret, place = _read_session_form()
    visit = _find_visit(session_id, secret)
    cookie = request.cookies.get(SESSION_COOKIE_PREFIX + session_id, "")
    if hmac.compare_digest(cookie.encode(errors="replace"), secret.encode(errors="replace")):
        return go_to(place, HTTPStatus.SEE_OTHER)
    allow_frames_of(visit.frame_origins)
    page = render_template(
        "lti/continue.html", platform_name=visit.platform_name, session_id=session_id, secret=secret, place=place
    )
    return make_response(page)


@blueprint.post("/continue")
@enters_publicly
def leave_frame() -> AnyResponse:
    """Make a ticket now that its button was pressed, in the tab which that has opened, and use it there."""
    require_own_origin(find_tool())
    session_id, secret, place = _read_session_form()
    tool = find_tool()
    made = make_ticket(tool.store, session_id=session_id, secret=secret, now=tool.clock())
    response = go_to(url_for("proving.take_ticket", ticket=made.ticket, to=place), HTTPStatus.SEE_OTHER)
    set_cookie(response, _ticket_cookie(made.ticket), made.binder, int(TICKET_LIFETIME.total_seconds()))
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


@blueprint.get("/continue/<ticket>")
@enters_publicly
def take_ticket(ticket: str) -> AnyResponse:
    """Use a ticket: the visit goes on in this tab, where its cookie is first-party."""
    tool = find_tool()
    cookie = _ticket_cookie(ticket)
    binder = request.cookies.get(cookie)
    if binder is None:
        raise LaunchRefused(RefusalCode.COOKIES_REFUSED, "a ticket came without its cookie")
    moved = redeem_ticket(tool.store, ticket=ticket, binder=binder, now=tool.clock())
    place = _read_place(moved.session_id, request.args.get("to", ""))
    response = go_to(place, HTTPStatus.SEE_OTHER)
    keep_session(response, moved.session_id, moved.secret, spent=[cookie])
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def _try_cookie(started: SessionStarted) -> AnyResponse:
    """Give the session's cookie, and see at once whether it comes back: it may, where only the login's was lost."""
    visit = _find_visit(started.session_id, started.secret)
    allow_frames_of(visit.frame_origins)
    page = render_template(
        "lti/arriving.html",
        platform_name=visit.platform_name,
        session_id=started.session_id,
        secret=started.secret,
        place=find_first_page(started.session_id, started.arrival),
    )
    response = make_response(page)
    keep_session(response, started.session_id, started.secret)
    return response


def _describe_storage(registration: Registration, target: str, state: str) -> dict[str, str]:
    """Which window to ask, at which origin exactly, and under which key (lti-cs-oidc 0.1 §3)."""
    return {"target": target, "origin": find_origin(registration.auth_url), "key": f"lti_state_{state}"}


def _find_visit(session_id: str, secret: str) -> Visit:
    tool = find_tool()
    return find_visit(tool.store, session_id=session_id, secret=secret, now=tool.clock())


def _read_session_form() -> tuple[str, str, str]:
    """The session that a page of ours was made for, its secret, and where it begins."""
    session_id = request.form.get("session", "")
    if not _SESSION_ID.fullmatch(session_id):
        raise SessionEndedError
    return session_id, request.form.get("secret", ""), _read_place(session_id, request.form.get("place", ""))


def _read_place(session_id: str, place: str) -> str:
    """An address inside this session; the series page for anything else."""
    inside = f"/s/{session_id}/"
    return place if place.startswith(inside) and _INSIDE.fullmatch(place) else inside


def _ticket_cookie(ticket: str) -> str:
    return TICKET_COOKIE_PREFIX + ticket[:8]
