"""Notices: where a tool says what it wants to be told, and telling it (Platform Notification Service, as Canvas)."""

import secrets
from collections.abc import Mapping
from typing import Final
from uuid import uuid4

import requests
from flask import Blueprint, Response, json

from lti_tool.demo_lms.calls import require_scope
from lti_tool.demo_lms.courses import Course
from lti_tool.demo_lms.fields import read_json_object, read_word
from lti_tool.demo_lms.notice_handlers import NOTICES_SUPPORTED
from lti_tool.demo_lms.platform import Platform, current_platform
from lti_tool.demo_lms.refusals import require
from lti_tool.demo_lms.registrations import RegisteredTool
from lti_tool.demo_lms.traffic import Exchange, current_exchange
from lti_tool.lti import vocabulary as lti

noticing = Blueprint("noticing", __name__)

_RULE: Final = "/api/lti/notice-handlers"
_LIVES_SECONDS: Final = 3600


@noticing.get(_RULE)
def list_handlers() -> Response:
    """Return what the calling tool is told, and where."""
    platform, exchange = current_platform(), current_exchange()
    require_scope(platform, exchange, lti.SCOPE_NOTICE_HANDLERS)
    tool = platform.find_caller()
    handlers = platform.notice_handlers.list_of(tool.client_id)
    body = {
        "client_id": tool.client_id,
        "deployment_id": tool.deployment_id,
        "notice_handlers": [{"notice_type": kind, "handler": handlers.get(kind, "")} for kind in NOTICES_SUPPORTED],
    }
    return Response(json.dumps(body), content_type="application/json")


@noticing.put(_RULE)
def change_handler() -> Response:
    """Tell the calling tool this kind of notice at this address from now on; an empty address stops it."""
    platform, exchange = current_platform(), current_exchange()
    require_scope(platform, exchange, lti.SCOPE_NOTICE_HANDLERS)
    tool = platform.find_caller()
    body = read_json_object(exchange)
    kind, handler = read_word(exchange, body, "notice_type", NOTICES_SUPPORTED), body.get("handler")
    is_own = isinstance(handler, str) and (not handler or tool.owns_url(handler))
    require(exchange, "handler is an address on the tool's own host, or empty", is_own, found=handler)
    platform.notice_handlers.put(tool.client_id, kind, str(handler))
    exchange.outcome = f"{kind} goes to {handler or 'nobody'}"
    return Response(json.dumps({"notice_type": kind, "handler": handler}), content_type="application/json")


def tell_of_copy(platform: Platform, original: Course, copy: Course, tool: RegisteredTool) -> int | None:
    """Tell a tool that a course was copied; return the answer's status, or None where nobody answered or asked.

    Canvas tries once and no more.
    """
    handler = platform.notice_handlers.list_of(tool.client_id).get(lti.NOTICE_CONTEXT_COPY)
    if not handler:
        return None
    claims = _build_claims(platform, original, copy, tool)
    exchange = Exchange("Notice: a course was copied", "LMS to tool", "POST", handler)
    exchange.show(claims=claims)
    send = platform.settings.send_notice or send_over_http
    try:
        exchange.status = send(handler, {"notices": [{"jwt": platform.sign(claims)}]})
    except OSError as error:
        exchange.check("the tool answered", False, type(error).__name__)
    taken = exchange.check("the tool took the notice", 200 <= exchange.status < 300, exchange.status)
    exchange.outcome = "taken" if taken else "not taken; the LMS will not try again"
    platform.traffic.record(exchange, platform.read_clock())
    return exchange.status or None


def send_over_http(address: str, body: Mapping[str, object]) -> int:
    """Post JSON to a tool and return the status: one request, no redirect, five seconds.

    Raises:
        OSError: the request failed (``requests`` errors are OSErrors).
    """
    with requests.Session() as session:
        session.trust_env = False
        answer = session.post(
            address,
            json=body,
            headers={"User-Agent": "leading-edge-demo-lms"},
            timeout=5,
            allow_redirects=False,
        )
    return answer.status_code


def _build_claims(platform: Platform, original: Course, copy: Course, tool: RegisteredTool) -> dict[str, object]:
    moment = platform.read_clock()
    now = int(moment.timestamp())
    return {
        "iss": platform.settings.base_url,
        "aud": tool.client_id,
        "azp": tool.client_id,
        "iat": now,
        "exp": now + _LIVES_SECONDS,
        "jti": uuid4().hex,
        "nonce": secrets.token_urlsafe(16),
        lti.CLAIM_VERSION: lti.VERSION,
        lti.CLAIM_DEPLOYMENT_ID: tool.deployment_id,
        lti.CLAIM_NOTICE: {"id": str(uuid4()), "timestamp": moment.isoformat(), "type": lti.NOTICE_CONTEXT_COPY},
        lti.CLAIM_CONTEXT: {
            "id": copy.id,
            "label": copy.label,
            "title": copy.title,
            "type": [lti.CONTEXT_COURSE_OFFERING],
        },
        lti.CLAIM_ORIGIN_CONTEXTS: [original.id],
    }
