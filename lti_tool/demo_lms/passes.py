"""The LMS's short-lived secrets: message hints, access tokens, and the assertions that were already used.

Only digests are stored. What is long expired is forgotten when something new is made.
"""

import json
import secrets
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Final

from lti_tool.demo_lms.memory import Memory, digest_secret, format_instant
from lti_tool.demo_lms.settings import ACCESS_TOKEN_SECONDS, CLIENT_ID, MESSAGE_HINT_SECONDS
from lti_tool.lti import vocabulary as lti

_FORGET_AFTER: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchOrder:
    """One message somebody is to be sent into the tool with.

    A resource link launch has a ``link_key``. Deep linking has a ``placement`` instead. A review launch has also the
    ``column_id`` and, where it is known, the person ``for_sub`` whose work is meant. ``target`` is laid over the
    link's own.
    """

    sub: str
    course_id: str
    client_id: str = CLIENT_ID
    message: str = lti.MESSAGE_RESOURCE_LINK
    link_key: str = ""
    document_target: str = "iframe"
    placement: str = ""
    column_id: int = 0
    for_sub: str = ""
    target: str = ""


@dataclass(frozen=True, slots=True)
class MessageHint:
    """What one ``lti_message_hint`` stands for."""

    order: LaunchOrder
    expires_at: datetime
    is_used: bool


@dataclass(frozen=True, slots=True)
class AccessToken:
    """What one access token allows, and which tool."""

    client_id: str
    scopes: frozenset[str]
    expires_at: datetime


class MessageHints:
    """Hints that carry a launch through the tool and back: single use, ten minutes, in whatever text."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def keep(self, text: str, order: LaunchOrder, now: datetime) -> None:
        """Let this text stand for this order."""
        expires_at = format_instant(now + timedelta(seconds=MESSAGE_HINT_SECONDS))
        with self._memory.write() as connection:
            connection.execute("DELETE FROM launch_hints WHERE expires_at < ?", (format_instant(now - _FORGET_AFTER),))
            connection.execute(
                "INSERT INTO launch_hints (digest, body, expires_at) VALUES (?, ?, ?)",
                (digest_secret(text), json.dumps(asdict(order)), expires_at),
            )

    def find(self, text: str) -> MessageHint | None:
        """Return what the hint stands for, used or not; None if it was never made or is long gone."""
        with self._memory.read() as connection:
            row = connection.execute("SELECT * FROM launch_hints WHERE digest = ?", (digest_secret(text),)).fetchone()
        if row is None:
            return None
        order = LaunchOrder(**json.loads(row["body"]))
        return MessageHint(order, datetime.fromisoformat(row["expires_at"]), row["used_at"] is not None)

    def spend(self, text: str, now: datetime) -> bool:
        """Use the hint up; False if somebody else just did."""
        with self._memory.write() as connection:
            cursor = connection.execute(
                "UPDATE launch_hints SET used_at = ? WHERE digest = ? AND used_at IS NULL",
                (format_instant(now), digest_secret(text)),
            )
            return cursor.rowcount == 1


class AccessTokens:
    """Bearer tokens of the services, and the assertions they were given for."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def make(self, scopes: Iterable[str], now: datetime, client_id: str = CLIENT_ID) -> str:
        """Return a new token of this tool for these scopes, good for an hour."""
        token = secrets.token_urlsafe(32)
        expires_at = format_instant(now + timedelta(seconds=ACCESS_TOKEN_SECONDS))
        with self._memory.write() as connection:
            connection.execute(
                "DELETE FROM service_tokens WHERE expires_at < ?", (format_instant(now - _FORGET_AFTER),)
            )
            connection.execute(
                "INSERT INTO service_tokens (digest, client_id, scopes, expires_at) VALUES (?, ?, ?, ?)",
                (digest_secret(token), client_id, " ".join(scopes), expires_at),
            )
        return token

    def find(self, token: str) -> AccessToken | None:
        """Return what the token allows, expired or not; None if it is unknown."""
        with self._memory.read() as connection:
            row = connection.execute(
                "SELECT client_id, scopes, expires_at FROM service_tokens WHERE digest = ?", (digest_secret(token),)
            ).fetchone()
        if row is None:
            return None
        return AccessToken(
            row["client_id"], frozenset(row["scopes"].split()), datetime.fromisoformat(row["expires_at"])
        )

    def forget_all(self) -> None:
        """Make every token given so far worthless, as an LMS does that lost its cache."""
        with self._memory.write() as connection:
            connection.execute("DELETE FROM service_tokens")

    def note_assertion(self, assertion_id: str, expires_at: datetime, now: datetime) -> bool:
        """Remember an assertion's id until it has expired; False if it was used before."""
        with self._memory.write() as connection:
            connection.execute("DELETE FROM used_assertions WHERE expires_at < ?", (format_instant(now),))
            cursor = connection.execute(
                "INSERT OR IGNORE INTO used_assertions (digest, expires_at) VALUES (?, ?)",
                (digest_secret(assertion_id), format_instant(expires_at)),
            )
            return cursor.rowcount == 1
