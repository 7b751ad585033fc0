"""How a service says no: a status, a word for programs, and the reason in a sentence."""

import json
from typing import TypeVar

from flask import Response, request

from lti_tool.demo_lms.manners import Call, Manner, Refusal, answer_refusal_as
from lti_tool.demo_lms.platform import current_platform
from lti_tool.demo_lms.traffic import Exchange, find_exchange

Found = TypeVar("Found")


class ServiceRefusedError(Exception):
    """A service call was refused. ``reason`` goes to the tool and to the traffic page; ``subject`` is not there."""

    def __init__(self, status: int, error: str, reason: str, *, subject: str = "") -> None:
        super().__init__(reason)
        self.status = status
        self.error = error
        self.reason = reason
        self.subject = subject


def require(
    exchange: Exchange,
    requirement: str,
    passed: bool,
    *,
    status: int = 400,
    error: str = "bad_request",
    found: object = "",
    subject: str = "",
    reason: str = "",
) -> None:
    """Write down a check. ``reason`` is said instead of the requirement where a platform has its own words.

    Raises:
        ServiceRefusedError: it did not pass.
    """
    if not exchange.check(requirement, passed, found):
        words = reason or f"This has to be so and is not: {requirement}."
        raise ServiceRefusedError(status, error, words, subject=subject)


def require_found(
    exchange: Exchange,
    requirement: str,
    value: Found | None,
    *,
    status: int = 400,
    error: str = "bad_request",
    found: object = "",
    subject: str = "",
    reason: str = "",
) -> Found:
    """Return the value, having written down that there is one.

    Raises:
        ServiceRefusedError: it is None.
    """
    there = value is not None
    require(exchange, requirement, there, status=status, error=error, found=found, subject=subject, reason=reason)
    if value is None:
        raise AssertionError(requirement)
    return value


def answer_refusal(refusal: ServiceRefusedError) -> Response:
    """Return the refusal as the LMS's manner words it, and note it in the traffic.

    In the strict manner it is JSON in the shape RFC 6749 5.2 gives to errors.
    """
    exchange = find_exchange()
    if exchange:
        exchange.outcome = f"refused: {refusal.reason}"
    manner = current_platform().settings.manner
    said = Refusal(refusal.status, refusal.error, refusal.reason, refusal.subject)
    shaped = answer_refusal_as(manner, said, _describe_call(is_too_large=refusal.status == 413))
    body = shaped.body if isinstance(shaped.body, str) else json.dumps(shaped.body)
    answer = Response(body, shaped.status_line if shaped.phrase else shaped.status, content_type=shaped.media_type)
    answer.headers["Cache-Control"] = "no-store"
    if manner is Manner.STRICT and shaped.status in {401, 403}:
        answer.headers["WWW-Authenticate"] = f'Bearer error="{refusal.error}"'
    return answer


def _describe_call(*, is_too_large: bool) -> Call:
    return Call(
        method=request.method,
        path=request.path,
        address=request.full_path.removesuffix("?"),
        accept=request.headers.get("Accept"),
        content_type=request.headers.get("Content-Type", ""),
        body="" if is_too_large else request.get_data().decode("utf-8", "replace"),
    )
