"""Deep Linking requests that wait for their answer, and the nonces of answers that came."""

import json
import secrets
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Final

from lti_tool.demo_lms.memory import Memory, digest_secret, format_instant

_ANSWER_WITHIN: Final = timedelta(hours=8)
_AWKWARD: Final = ' "quoted" & <tagged> é+%20\n\t{"a": [1]} '
"""What a tool has to echo byte for byte, and spoils if it escapes, trims or reads it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeepLinkRequest:
    """One question: who asked it, where the answer goes, and the ``data`` that has to come back (empty: none)."""

    sub: str
    course_id: str
    client_id: str
    placement: str
    data: str


@dataclass(frozen=True, slots=True)
class WaitingRequest:
    """A request as it is kept."""

    request: DeepLinkRequest
    expires_at: datetime
    is_answered: bool


def make_data() -> str:
    """Return text that is different each time and hard to echo."""
    return f"{secrets.token_urlsafe(12)}{_AWKWARD}{secrets.token_urlsafe(4)}"


class DeepLinkRequests:
    """The requests, each under a handle that stands in its return address."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def keep(self, handle: str, request: DeepLinkRequest, now: datetime) -> None:
        """Let an answer come under this handle."""
        with self._memory.write() as connection:
            connection.execute("DELETE FROM deep_link_requests WHERE expires_at < ?", (format_instant(now),))
            connection.execute(
                "INSERT INTO deep_link_requests (digest, body, expires_at) VALUES (?, ?, ?)",
                (digest_secret(handle), json.dumps(asdict(request)), format_instant(now + _ANSWER_WITHIN)),
            )

    def find(self, handle: str) -> WaitingRequest | None:
        """Return the request of this handle, answered or not."""
        with self._memory.read() as connection:
            row = connection.execute(
                "SELECT * FROM deep_link_requests WHERE digest = ?", (digest_secret(handle),)
            ).fetchone()
        if row is None:
            return None
        request = DeepLinkRequest(**json.loads(row["body"]))
        return WaitingRequest(request, datetime.fromisoformat(row["expires_at"]), row["answered_at"] is not None)

    def close(self, handle: str, now: datetime) -> bool:
        """Take the answer; False if another one was quicker."""
        with self._memory.write() as connection:
            cursor = connection.execute(
                "UPDATE deep_link_requests SET answered_at = ? WHERE digest = ? AND answered_at IS NULL",
                (format_instant(now), digest_secret(handle)),
            )
            return cursor.rowcount == 1

    def note_nonce(self, client_id: str, nonce: str, expires_at: datetime, now: datetime) -> bool:
        """Remember an answer's nonce until the answer has expired; False if it was used before."""
        with self._memory.write() as connection:
            connection.execute("DELETE FROM used_nonces WHERE expires_at < ?", (format_instant(now),))
            cursor = connection.execute(
                "INSERT OR IGNORE INTO used_nonces (digest, expires_at) VALUES (?, ?)",
                (digest_secret(f"{client_id} {nonce}"), format_instant(expires_at)),
            )
            return cursor.rowcount == 1
