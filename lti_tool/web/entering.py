"""Stepping in after a launch: the cookies that are kept and those that are spent, and the first page (D3)."""

import re
from collections.abc import Iterable
from http import HTTPStatus

from flask import Response, request
from werkzeug.wrappers import Response as AnyResponse

from lti_tool.domain.roles import Standing
from lti_tool.models.platforms import SERIES_LINK
from lti_tool.services.arrival_work import WantedWork
from lti_tool.services.arrivals import Arrival
from lti_tool.services.deep_links import DeepLinkOpened
from lti_tool.services.entries import SessionStarted
from lti_tool.services.visits import SESSION_LIFETIME
from lti_tool.web.guards import SESSION_COOKIE_PREFIX
from lti_tool.web.placing import show_picker

FLOW_COOKIE_PREFIX = "__Host-lti_"
MOST_SESSIONS = 8
_SESSION_COOKIE = re.compile(re.escape(SESSION_COOKIE_PREFIX) + r"[\w-]{1,43}", re.ASCII)


def enter(started: SessionStarted | DeepLinkOpened) -> AnyResponse:
    """Go to the first page of an open session, or show the picker; cookies that are spent go."""
    if isinstance(started, DeepLinkOpened):
        response = show_picker(started.handle)
        forget_cookies(response, [flow_cookie(started.flow_id)])
        return response
    response = go_to(find_first_page(started.session_id, started.arrival), HTTPStatus.SEE_OTHER)
    keep_session(response, started.session_id, started.secret, spent=[flow_cookie(started.flow_id)])
    return response


def keep_session(response: AnyResponse, session_id: str, secret: str, *, spent: Iterable[str] = ()) -> None:
    """Give the browser a session's secret, and take back what is spent and the oldest sessions beyond eight.

    A session's public id begins with its start in hexadecimal seconds, so names sort by age.
    """
    own = SESSION_COOKIE_PREFIX + session_id
    # A browser may send what it likes under our prefix; only a name that we could have given is answered.
    others = sorted(name for name in request.cookies if _SESSION_COOKIE.fullmatch(name) and name != own)
    forget_cookies(response, [*spent, *others[: max(0, len(others) - MOST_SESSIONS + 1)]])
    set_cookie(response, own, secret, int(SESSION_LIFETIME.total_seconds()))


def find_first_page(session_id: str, arrival: Arrival) -> str:
    """Where this arrival begins."""
    # Written down rather than asked of the router, which takes as long as a statement to say it.
    inside = f"/s/{session_id}"
    if arrival.wants_self_check:
        return f"{inside}/self-check/"
    if arrival.wanted_work is not None:
        return inside + _place_of_work(arrival.wanted_work)
    module_key = arrival.module_key
    if module_key is None and arrival.standing is Standing.STAFF and arrival.resource_link_id:
        return f"{inside}/link"
    if module_key is None or module_key == SERIES_LINK:
        return f"{inside}/"
    return f"{inside}/modules/{module_key}"


def go_to(address: str, status: HTTPStatus) -> Response:
    """Redirect to an address."""
    # Without the page that Flask's own redirect writes for browsers of 1995: making it costs as much as a statement.
    return Response(status=int(status), headers=[("Location", address)])


def flow_cookie(flow_id: str) -> str:
    """The name of the cookie that carries a flow's binder; each flow has its own, so tabs do not mix."""
    return FLOW_COOKIE_PREFIX + flow_id[:8]


def set_cookie(response: AnyResponse, name: str, value: str, max_age: int) -> None:
    """Set one of our cookies, for this host alone and apart for every site that frames us (CHIPS)."""
    # Names and values are tokens of ours that need no quoting, so the header is written down rather than computed.
    response.headers.add(
        "Set-Cookie", f"{name}={value}; Max-Age={max_age}; Path=/; Secure; HttpOnly; SameSite=None; Partitioned"
    )


def forget_cookies(response: AnyResponse, names: Iterable[str]) -> None:
    """Take cookies of ours back."""
    for name in names:
        set_cookie(response, name, "", 0)


def _place_of_work(wanted: WantedWork) -> str:
    if not wanted.is_own:
        return "/reviews/" if wanted.submission_id is None else f"/reviews/{wanted.submission_id}"
    return "/" if wanted.module_key is None else f"/modules/{wanted.module_key}/plan"
