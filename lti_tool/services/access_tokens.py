"""Platforms' access tokens, kept in the database so that all processes share them, sealed with the tool's secret key.

What is kept is worth nothing without that key, and each token is sealed together with the name of what it is for: put
into another tenant's row it is a miss. A row that cannot be opened is a miss too, and trouble with the database never
stops a call: then a token is fetched anew.
"""

import logging
from base64 import urlsafe_b64encode
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert as insert_on_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_on_sqlite
from sqlalchemy.exc import SQLAlchemyError

from lti_tool.lti.connector import MemoryTokenCache
from lti_tool.models import AccessToken, Store

_WHAT_FOR: Final = b"lti_tool access tokens"
_WHENEVER: Final = datetime.min.replace(tzinfo=UTC)

_log = logging.getLogger("lti_tool.tokens")


class StoredTokenCache:
    """The token cache of a whole installation (``lti.connector.TokenCache``); any number of processes and threads.

    Each process remembers what it has used, so that the database is asked once a token and process.
    """

    def __init__(self, store: Store, secret_key: str) -> None:
        self._store = store
        self._near = MemoryTokenCache()
        key = HKDF(algorithm=SHA256(), length=32, salt=None, info=_WHAT_FOR).derive(secret_key.encode())
        self._seal = Fernet(urlsafe_b64encode(key))

    def get(self, key: str, now: datetime) -> str | None:
        """Give a token that is still good at ``now``."""
        near = self._near.get(key, now)
        if near is not None:
            return near
        found = self._read(key)
        if found is None or found[1] <= now:
            return None
        self._near.put(key, *found)
        return found[0]

    def put(self, key: str, token: str, good_until: datetime) -> None:
        """Keep a token for every process."""
        self._near.put(key, token, good_until)
        registration_id = key.partition("\n")[0]
        if not (registration_id.isascii() and registration_id.isdigit()):
            # A platform that is not registered yet: nobody else asks for its tokens.
            return
        insert = insert_on_postgresql if self._store.engine.dialect.name == "postgresql" else insert_on_sqlite
        values = {"sealed": self._close(key, token), "good_until": good_until}
        statement = insert(AccessToken).values(name_digest=_digest(key), registration_id=int(registration_id), **values)
        try:
            with self._store.writing_rows() as rows:
                rows.execute(statement.on_conflict_do_update(index_elements=[AccessToken.name_digest], set_=values))
        except SQLAlchemyError:
            _log.warning("access token not kept registration=%s", registration_id, exc_info=True)

    def drop(self, key: str) -> None:
        """Forget a token that was refused; one that another process has fetched since stays."""
        refused = self._near.get(key, _WHENEVER)
        self._near.drop(key)
        stored = self._read(key)
        if stored is None or (refused is not None and stored[0] != refused):
            return
        try:
            with self._store.writing_rows() as rows:
                rows.execute(delete(AccessToken).where(AccessToken.name_digest == _digest(key)))
        except SQLAlchemyError:
            _log.warning("access token not forgotten", exc_info=True)

    def _read(self, key: str) -> tuple[str, datetime] | None:
        try:
            with self._store.reading_rows() as rows:
                row = rows.execute(
                    select(AccessToken.sealed, AccessToken.good_until).where(AccessToken.name_digest == _digest(key))
                ).one_or_none()
        except SQLAlchemyError:
            _log.warning("access token not read", exc_info=True)
            return None
        token = None if row is None else self._open(key, row.sealed)
        return None if row is None or token is None else (token, row.good_until)

    def _close(self, key: str, token: str) -> str:
        return self._seal.encrypt(f"{_digest(key)}\n{token}".encode()).decode("ascii")

    def _open(self, key: str, sealed: str) -> str | None:
        try:
            name, _, token = self._seal.decrypt(sealed.encode()).decode().partition("\n")
        except (InvalidToken, UnicodeError):
            return None
        return token if name == _digest(key) and token else None


def _digest(key: str) -> str:
    return sha256(key.encode()).hexdigest()
