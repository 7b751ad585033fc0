"""Reading a JSON body strictly: what is missing or of the wrong kind is refused with its name."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, NoReturn

from flask import request

from lti_tool.demo_lms.refusals import require, require_found
from lti_tool.demo_lms.traffic import Exchange

Body = Mapping[str, object]

_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:?\d\d)", re.ASCII)
_TOO_LARGE: Final = 10**12


def read_json_object(exchange: Exchange) -> Body:
    """Return the request's body as a JSON object: 400 for anything else, for NaN and for text that is not Unicode."""
    raw = request.get_data()
    try:
        value = json.loads(raw, parse_constant=_refuse_constant)
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        value = None
    body = value if isinstance(value, dict) else None
    exchange.show(body=raw.decode("utf-8", "replace") if body is None else body)
    return require_found(exchange, "the body is a JSON object", body)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def is_finite_number(value: object) -> bool:
    """Whether a JSON value is a number a gradebook can hold; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool) and -_TOO_LARGE < value < _TOO_LARGE


def parse_instant(value: object) -> datetime | None:
    """Return an ISO 8601 date and time with a time zone as UTC; None if it is anything else."""
    if not isinstance(value, str) or not _INSTANT.fullmatch(value):
        return None
    try:
        return datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def read_text(exchange: Exchange, body: Body, name: str) -> str | None:
    """Return a text that may be missing or null."""
    value = body.get(name)
    is_text = value is None or isinstance(value, str)
    require(exchange, f"{name}, if it is there, is text", is_text, found=value)
    return value if isinstance(value, str) else None


def read_required_text(exchange: Exchange, body: Body, name: str, longest: int) -> str:
    """Return a text that says something."""
    value = body.get(name)
    text = value if isinstance(value, str) and value.strip() and len(value) <= longest else None
    return require_found(exchange, f"{name} is text of 1 to {longest} characters", text, found=value)


def read_word(exchange: Exchange, body: Body, name: str, words: Sequence[str]) -> str:
    """Return one of the words that are allowed there."""
    value = body.get(name)
    word = value if isinstance(value, str) and value in words else None
    return require_found(exchange, f"{name} is one of {', '.join(words)}", word, found=value)


def read_positive_number(exchange: Exchange, body: Body, name: str) -> float:
    """Return a number above 0."""
    value = body.get(name)
    number = float(str(value)) if is_finite_number(value) else None
    above = number if number is not None and number > 0 else None
    return require_found(exchange, f"{name} is a number above 0", above, found=value)


def read_score(exchange: Exchange, body: Body, name: str) -> float | None:
    """Return a number from 0 on that may be missing or null."""
    value = body.get(name)
    number = float(str(value)) if is_finite_number(value) else None
    passed = value is None or (number is not None and number >= 0)
    require(exchange, f"{name}, if it is there, is a number from 0 on", passed, found=value)
    return number


def read_flag(exchange: Exchange, body: Body, name: str) -> bool | None:
    """Return true or false; it may be missing or null."""
    value = body.get(name)
    passed = value is None or isinstance(value, bool)
    require(exchange, f"{name}, if it is there, is true or false", passed, found=value)
    return value if isinstance(value, bool) else None


def read_required_instant(exchange: Exchange, body: Body, name: str) -> datetime:
    """Return a time with its zone."""
    requirement = f"{name} is an ISO 8601 date and time with its zone"
    return require_found(exchange, requirement, parse_instant(body.get(name)), found=body.get(name))


def check_instant(exchange: Exchange, body: Body, name: str) -> None:
    """Refuse a time without its zone; it may be missing or null."""
    value = body.get(name)
    passed = value is None or parse_instant(value) is not None
    require(exchange, f"{name}, if it is there, is an ISO 8601 date and time with its zone", passed, found=value)
