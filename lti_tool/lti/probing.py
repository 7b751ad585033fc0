"""Trying a platform's doors for the self-check: what was asked, what came back, in words and numbers. Never raises."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

from lti_tool.lti.connector import Services, ToolServiceConnector
from lti_tool.lti.errors import BadKeyError, NoKeyError, PlatformUnreachable, ServiceError
from lti_tool.lti.json_text import BadJsonError
from lti_tool.lti.platform_keys import read_key_set
from lti_tool.lti.values import Registration


@dataclass(frozen=True, slots=True)
class KeysProbe:
    """A key set that was asked for. ``clock_ahead`` is how far its server's clock is ahead of ours (by ``Date``)."""

    url: str
    key_ids: tuple[str, ...] = ()
    failure: str | None = None
    clock_ahead: timedelta | None = None


@dataclass(frozen=True, slots=True)
class TokenProbe:
    """A token that was asked for with every scope we use; ``granted`` are those the platform named."""

    url: str
    granted: tuple[str, ...] = ()
    failure: str | None = None


def probe_keys(services: Services, url: str, *, is_vouched_for: bool) -> KeysProbe:
    """Fetch a key set, past every cache, and read it as a launch would."""
    try:
        answer = services.http.request(
            "GET", url, headers={"Accept": "application/json"}, is_vouched_for=is_vouched_for
        )
    except PlatformUnreachable as error:
        return KeysProbe(url, failure=str(error)[:300])
    ahead = _read_clock(answer.headers.get("Date", ""), services.clock())
    if answer.status != 200:
        return KeysProbe(url, failure=f"it answered {answer.status}", clock_ahead=ahead)
    try:
        keys = read_key_set(answer.body)
    except BadJsonError as error:
        return KeysProbe(url, failure=str(error)[:300], clock_ahead=ahead)
    if not keys:
        return KeysProbe(url, failure="there is no RS256 key in it", clock_ahead=ahead)
    return KeysProbe(url, tuple(keys), clock_ahead=ahead)


def probe_token(services: Services, registration: Registration, scopes: Sequence[str]) -> TokenProbe:
    """Ask for a token with these scopes, past the cache; the token itself is thrown away."""
    try:
        granted = ToolServiceConnector(registration, services).ask_what_is_granted(scopes)
    except ServiceError as error:
        return TokenProbe(registration.token_url, failure=error.answer.detail)
    except (NoKeyError, BadKeyError) as error:
        return TokenProbe(registration.token_url, failure=str(error)[:300])
    return TokenProbe(registration.token_url, granted)


def _read_clock(date: str, now: datetime) -> timedelta | None:
    try:
        said = parsedate_to_datetime(date)
    except ValueError:
        return None
    return None if said.tzinfo is None else said - now
