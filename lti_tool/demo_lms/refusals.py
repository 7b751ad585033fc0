"""How a service says no: a status, a word for programs, and the reason in a sentence."""

import json
from typing import TypeVar

from flask import Response

from lti_tool.demo_lms.traffic import Exchange, find_exchange

Found = TypeVar("Found")


class ServiceRefusedError(Exception):
    """A service call was refused. ``reason`` goes to the tool and to the traffic page."""

    def __init__(self, status: int, error: str, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.error = error
        self.reason = reason


def require(
    exchange: Exchange,
    requirement: str,
    passed: bool,
    *,
    status: int = 400,
    error: str = "bad_request",
    found: object = "",
) -> None:
    """Write down a check.

    Raises:
        ServiceRefusedError: it did not pass.
    """
    if not exchange.check(requirement, passed, found):
        raise ServiceRefusedError(status, error, f"This has to be so and is not: {requirement}.")


def require_found(
    exchange: Exchange,
    requirement: str,
    value: Found | None,
    *,
    status: int = 400,
    error: str = "bad_request",
    found: object = "",
) -> Found:
    """Return the value, having written down that there is one.

    Raises:
        ServiceRefusedError: it is None.
    """
    require(exchange, requirement, value is not None, status=status, error=error, found=found)
    if value is None:
        raise AssertionError(requirement)
    return value


def answer_refusal(refusal: ServiceRefusedError) -> Response:
    """Return the refusal as JSON, in the shape RFC 6749 5.2 gives to errors, and note it in the traffic."""
    exchange = find_exchange()
    if exchange:
        exchange.outcome = f"refused: {refusal.reason}"
    body = {"error": refusal.error, "error_description": refusal.reason, "status": refusal.status}
    answer = Response(json.dumps(body), refusal.status, content_type="application/json")
    answer.headers["Cache-Control"] = "no-store"
    if refusal.status in {401, 403}:
        answer.headers["WWW-Authenticate"] = f'Bearer error="{refusal.error}"'
    return answer
