"""What happens around every LTI message and service call: it is recorded, and it may be disturbed by a fault."""

import contextlib
import socket
import time
from typing import Final

from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from lti_tool.demo_lms.faults import Interference, Service
from lti_tool.demo_lms.platform import Platform, current_platform
from lti_tool.demo_lms.refusals import ServiceRefusedError, answer_refusal
from lti_tool.demo_lms.traffic import Exchange, find_exchange

_BROWSER_TO_TOOL: Final = "LMS to tool, through the browser"
_BROWSER_TO_LMS: Final = "Tool to LMS, through the browser"
_TOOL_TO_LMS: Final = "Tool to LMS"

_TITLES: Final = {
    "launching.start_login": ("Login initiation", _BROWSER_TO_TOOL),
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
    return path.startswith(("/api/lti/", "/launch/"))


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
    return Response(interference.answer_body, interference.answer_status, content_type=interference.answer_type)


def _end_exchange(response: Response) -> Response:
    exchange = find_exchange()
    if exchange is None:
        return response
    platform = current_platform()
    interference = g.get("interference", Interference())
    if interference.lose_answer:
        exchange.show(fault=f"The LMS was told to lose its answer ({response.status_code}) after recording.")
        response = Response("The answer was lost.", 504, content_type="text/plain; charset=utf-8")
    exchange.status = response.status_code
    _record_with_follow_up(platform, exchange)
    if interference.lose_answer:
        _break_connection()
    return response


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
