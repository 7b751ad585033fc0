"""The single-use tokens with which a tool registers itself: good for an hour, each for one new client id."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from lti_tool.demo_lms.memory import Memory, digest_secret, format_instant

_LIVES: Final = timedelta(hours=1)
_LONGEST: Final = 15
_LETTERS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789"


@dataclass(frozen=True, slots=True)
class RegistrationToken:
    """What one token allows: to register as this client id, once, until then."""

    client_id: str
    expires_at: datetime
    is_used: bool


class RegistrationTokens:
    """All tokens that were made."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def make(self, sign: Callable[[object], str], now: datetime) -> str:
        """Return a new token, in the shape of Moodle's (captured): signed, with the client id to be in ``sub``."""
        client_id = "".join(secrets.choice(_LETTERS) for _ in range(_LONGEST))
        expires_at = now + _LIVES
        instants = {"iat": int(now.timestamp()), "exp": int(expires_at.timestamp())}
        token = sign({"sub": client_id, "scope": "reg", **instants})
        with self._memory.write() as connection:
            connection.execute(
                "INSERT INTO registration_tokens (digest, client_id, expires_at) VALUES (?, ?, ?)",
                (digest_secret(token), client_id, format_instant(expires_at)),
            )
        return token

    def find(self, token: str) -> RegistrationToken | None:
        """Return what the token allows, used or not; None if it was never made."""
        with self._memory.read() as connection:
            row = connection.execute(
                "SELECT * FROM registration_tokens WHERE digest = ?", (digest_secret(token),)
            ).fetchone()
        if row is None:
            return None
        return RegistrationToken(
            row["client_id"], datetime.fromisoformat(row["expires_at"]), row["used_at"] is not None
        )

    def spend(self, token: str, now: datetime) -> bool:
        """Use the token up; False if somebody else just did."""
        with self._memory.write() as connection:
            cursor = connection.execute(
                "UPDATE registration_tokens SET used_at = ? WHERE digest = ? AND used_at IS NULL",
                (format_instant(now), digest_secret(token)),
            )
            return cursor.rowcount == 1
