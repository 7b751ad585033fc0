"""What happens around every LTI message and service call: it is recorded, and it may be disturbed by a fault."""

import contextlib
import socket
import time
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from lti_tool.demo_lms.faults import Interference, Service, Spoiling
from lti_tool.demo_lms.platform import Platform, current_platform
from lti_tool.demo_lms.refusals import ServiceRefusedError, answer_refusal
from lti_tool.demo_lms.traffic import Exchange, find_exchange

_BROWSER_TO_TOOL: Final = "LMS to tool, through the browser"
_BROWSER_TO_LMS: Final = "Tool to LMS, through the browser"
_TOOL_TO_LMS: Final = "Tool to LMS"

_TITLES: Final = {
    "launching.start_login": ("Login initiation", _BROWSER_TO_TOOL),
    "launching.start_review": ("Login initiation, submission review", _BROWSER_TO_TOOL),
    "deep_linking.start_choosing": ("Login initiation, Deep Linking", _BROWSER_TO_TOOL),
    "deep_linking.take_answer": ("Deep Linking answer", _BROWSER_TO_LMS),
    "registering.describe_platform": ("Registration: the LMS's configuration", _TOOL_TO_LMS),
    "registering.register_tool": ("Registration", _TOOL_TO_LMS),
    "noticing.list_handlers": ("Notice handlers read", _TOOL_TO_LMS),
    "noticing.change_handler": ("Notice handler", _TOOL_TO_LMS),
    "launching.authorize": ("Authorization request", _BROWSER_TO_LMS),
    "launching.publish_keys": ("The LMS's keys", _TOOL_TO_LMS),
    "tokens.grant_token": ("Access token", _TOOL_TO_LMS),
    "line_items.list_line_items": ("Gradebook columns read", _TOOL_TO_LMS),
    "line_items.add_line_item": ("Gradebook column made", _TOOL_TO_LMS),
    "line_items.show_line_item": ("Gradebook column read", _TOOL_TO_LMS),
    "line_items.replace_line_item": ("Gradebook column changed", _TOOL_TO_LMS),
    "line_items.remove_line_item": ("Gradebook column removed", _TOOL_TO_LMS),
    "scores.receive_score": ("Score", _TOOL_TO_LMS),
    "scores.list_results": ("Results read", _TOOL_TO_LMS),
    "roster.list_members": ("List of people read", _TOOL_TO_LMS),
}
_SERVICES: Final = {
    "tokens.grant_token": Service.TOKEN,
    "line_items.list_line_items": Service.LINE_ITEMS,
    "line_items.add_line_item": Service.LINE_ITEMS,
    "line_items.show_line_item": Service.LINE_ITEMS,
    "line_items.replace_line_item": Service.LINE_ITEMS,
    "line_items.remove_line_item": Service.LINE_ITEMS,
    "scores.receive_score": Service.SCORES,
    "scores.list_results": Service.RESULTS,
    "roster.list_members": Service.ROSTER,
}


def install_recording(app: Flask) -> None:
    """Record every request to an LTI address of this app, and let the planned faults happen to service calls."""
    app.before_request(_begin_exchange)
    app.after_request(_end_exchange)
    app.register_error_handler(ServiceRefusedError, answer_refusal)


def refuse_unroutable_call(error: HTTPException) -> Response:
    """Return an LTI address's answer to a wrong path, method or size."""
    status = error.code or 500
    reasons = {
        404: "There is nothing at this address.",
        405: f"{request.method} is not possible here. "
        "The addresses of scores and results are made by adding /scores or /results before the query string.",
        413: "The body is too large.",
    }
    reason = reasons.get(status, error.description or error.name)
    answer = answer_refusal(ServiceRefusedError(status, error.name.lower().replace(" ", "_"), reason))
    allowed = getattr(error, "valid_methods", None)
    if allowed:
        answer.headers["Allow"] = ", ".join(sorted(allowed))
    return answer


def is_lti_address(path: str) -> bool:
    """Whether requests to this path are messages or service calls, not pages."""
    return path.startswith(("/api/lti/", "/launch/", "/.well-known/"))


def follow_with(exchange: Exchange) -> None:
    """Record this exchange right after the present one, as the LMS's own next message."""
    g.follow_up = exchange


def _begin_exchange() -> Response | None:
    if not is_lti_address(request.path):
        return None
    endpoint = request.endpoint or ""
    title, route = _TITLES.get(endpoint, ("Unknown address", _TOOL_TO_LMS))
    address = request.path
    if endpoint in _SERVICES and request.query_string:
        address += "?" + request.query_string.decode("latin-1")
    g.exchange = Exchange(title, route, request.method, address)
    service = _SERVICES.get(endpoint)
    if service is None:
        return None
    return _disturb_call(current_platform().faults.take_next(service))


def _disturb_call(interference: Interference) -> Response | None:
    g.interference = interference
    if interference.wait_seconds:
        g.exchange.show(fault=f"The LMS was told to wait {interference.wait_seconds:g} seconds first.")
        time.sleep(interference.wait_seconds)
    if interference.answer_status is None:
        return None
    g.exchange.show(fault=f"The LMS was told to answer {interference.answer_status} to this call.")
    g.exchange.outcome = "not treated: a fault was planned"
    answer = Response(interference.answer_body, interference.answer_status, content_type=interference.answer_type)
    answer.headers.extend(dict(interference.answer_headers))
    return answer


def _end_exchange(response: Response) -> Response:
    exchange = find_exchange()
    if exchange is None:
        return response
    platform = current_platform()
    interference = g.get("interference", Interference())
    if interference.lose_answer:
        exchange.show(fault=f"The LMS was told to lose its answer ({response.status_code}) after recording.")
        response = Response("The answer was lost.", 504, content_type="text/plain; charset=utf-8")
    _disturb_answer(exchange, response, interference)
    exchange.status = response.status_code
    _record_with_follow_up(platform, exchange)
    if interference.lose_answer:
        _break_connection()
    return response


def _disturb_answer(exchange: Exchange, response: Response, interference: Interference) -> None:
    if interference.spoiling is not None and response.status_code < 300:
        exchange.show(fault=f"The LMS was told to spoil its answer: {interference.spoiling}.")
        _spoil(response, interference)
    if interference.drip_seconds:
        exchange.show(fault=f"The LMS was told to send a byte every {interference.drip_seconds:g} seconds.")
        body = response.get_data()
        response.response = _drip(body, interference.drip_seconds)
        response.headers["Content-Length"] = str(len(body))


def _spoil(response: Response, interference: Interference) -> None:
    """Make a good answer one that no tool can use, in the way that was planned."""
    own = f"{current_platform().settings.base_url}{request.full_path.removesuffix('?')}"
    match interference.spoiling:
        case Spoiling.TRUNCATED:
            response.set_data(response.get_data()[: len(response.get_data()) // 2])
        case Spoiling.WRONG_TYPE:
            response.set_data(b"{}" if response.get_data()[:1] == b"[" else b"[]")
        case Spoiling.LOOP:
            response.headers["Link"] = f'<{own}>; rel="next"'
        case Spoiling.ENDLESS:
            mark = "&" if "?" in own else "?"
            response.headers["Link"] = f'<{own}{mark}more=1>; rel="next"'
        case Spoiling.ELSEWHERE:
            path = urlsplit(own)._replace(scheme="", netloc="").geturl()
            response.headers["Link"] = f'<{interference.other_origin}{path}>; rel="next"'
        case None:
            return


def _drip(body: bytes, seconds: float) -> Iterator[bytes]:
    for place in range(len(body)):
        time.sleep(seconds)
        yield body[place : place + 1]


def _record_with_follow_up(platform: Platform, exchange: Exchange) -> None:
    platform.traffic.record(exchange, platform.read_clock())
    follow_up = g.get("follow_up")
    if isinstance(follow_up, Exchange):
        platform.traffic.record(follow_up, platform.read_clock())


def _break_connection() -> None:
    for name in ("werkzeug.socket", "gunicorn.socket"):
        connection = request.environ.get(name)
        if isinstance(connection, socket.socket):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
