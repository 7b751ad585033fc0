"""The LMS's short-lived secrets: message hints, access tokens, and the assertions that were already used.

Only digests are stored. What is long expired is forgotten when something new is made.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from lti_tool.demo_lms.memory import Memory, digest_secret, format_instant
from lti_tool.demo_lms.settings import ACCESS_TOKEN_SECONDS, MESSAGE_HINT_SECONDS

_FORGET_AFTER: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class MessageHint:
    """What one ``lti_message_hint`` stands for."""

    sub: str
    course_id: str
    link_key: str
    document_target: str
    expires_at: datetime
    is_used: bool


@dataclass(frozen=True, slots=True)
class AccessToken:
    """What one access token allows."""

    scopes: frozenset[str]
    expires_at: datetime


class MessageHints:
    """Hints that carry a launch through the tool and back: opaque, single use, ten minutes."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def make(self, sub: str, course_id: str, link_key: str, document_target: str, now: datetime) -> str:
        """Return a new hint for this person and link."""
        hint = secrets.token_urlsafe(24)
        expires_at = format_instant(now + timedelta(seconds=MESSAGE_HINT_SECONDS))
        with self._memory.write() as connection:
            connection.execute("DELETE FROM message_hints WHERE expires_at < ?", (format_instant(now - _FORGET_AFTER),))
            connection.execute(
                "INSERT INTO message_hints (digest, sub, course_id, link_key, document_target, expires_at)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (digest_secret(hint), sub, course_id, link_key, document_target, expires_at),
            )
        return hint

    def find(self, hint: str) -> MessageHint | None:
        """Return what the hint stands for, used or not; None if it was never made or is long gone."""
        with self._memory.read() as connection:
            row = connection.execute("SELECT * FROM message_hints WHERE digest = ?", (digest_secret(hint),)).fetchone()
        if row is None:
            return None
        return MessageHint(
            sub=row["sub"],
            course_id=row["course_id"],
            link_key=row["link_key"],
            document_target=row["document_target"],
            expires_at=datetime.fromisoformat(row["expires_at"]),
            is_used=row["used_at"] is not None,
        )

    def spend(self, hint: str, now: datetime) -> bool:
        """Use the hint up; False if somebody else just did."""
        with self._memory.write() as connection:
            cursor = connection.execute(
                "UPDATE message_hints SET used_at = ? WHERE digest = ? AND used_at IS NULL",
                (format_instant(now), digest_secret(hint)),
            )
            return cursor.rowcount == 1


class AccessTokens:
    """Bearer tokens of the services, and the assertions they were given for."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def make(self, scopes: Iterable[str], now: datetime) -> str:
        """Return a new token for these scopes, good for an hour."""
        token = secrets.token_urlsafe(32)
        expires_at = format_instant(now + timedelta(seconds=ACCESS_TOKEN_SECONDS))
        with self._memory.write() as connection:
            connection.execute("DELETE FROM access_tokens WHERE expires_at < ?", (format_instant(now - _FORGET_AFTER),))
            connection.execute(
                "INSERT INTO access_tokens (digest, scopes, expires_at) VALUES (?, ?, ?)",
                (digest_secret(token), " ".join(scopes), expires_at),
            )
        return token

    def find(self, token: str) -> AccessToken | None:
        """Return what the token allows, expired or not; None if it is unknown."""
        with self._memory.read() as connection:
            row = connection.execute(
                "SELECT scopes, expires_at FROM access_tokens WHERE digest = ?", (digest_secret(token),)
            ).fetchone()
        if row is None:
            return None
        return AccessToken(frozenset(row["scopes"].split()), datetime.fromisoformat(row["expires_at"]))

    def forget_all(self) -> None:
        """Make every token given so far worthless, as an LMS does that lost its cache."""
        with self._memory.write() as connection:
            connection.execute("DELETE FROM access_tokens")

    def note_assertion(self, assertion_id: str, expires_at: datetime, now: datetime) -> bool:
        """Remember an assertion's id until it has expired; False if it was used before."""
        with self._memory.write() as connection:
            connection.execute("DELETE FROM used_assertions WHERE expires_at < ?", (format_instant(now),))
            cursor = connection.execute(
                "INSERT OR IGNORE INTO used_assertions (digest, expires_at) VALUES (?, ?)",
                (digest_secret(assertion_id), format_instant(expires_at)),
            )
            return cursor.rowcount == 1
