"""The demo LMS's SQLite file: its tables, and one short transaction at a time.

A connection is opened for each transaction and closed after it, so that threads and processes can share the file
and nothing is held between requests.
"""

import hashlib
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS platform_keys (
    id INTEGER PRIMARY KEY, kid TEXT NOT NULL UNIQUE, pem TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS launch_hints (
    digest TEXT PRIMARY KEY, body TEXT NOT NULL, expires_at TEXT NOT NULL, used_at TEXT
);
CREATE TABLE IF NOT EXISTS service_tokens (
    digest TEXT PRIMARY KEY, client_id TEXT NOT NULL, scopes TEXT NOT NULL, expires_at TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS registrations (
    id INTEGER PRIMARY KEY AUTOINCREMENT, client_id TEXT NOT NULL UNIQUE, body TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS registration_tokens (
    digest TEXT PRIMARY KEY, client_id TEXT NOT NULL, expires_at TEXT NOT NULL, used_at TEXT
);
CREATE TABLE IF NOT EXISTS deep_link_requests (
    digest TEXT PRIMARY KEY, body TEXT NOT NULL, expires_at TEXT NOT NULL, answered_at TEXT
);
CREATE TABLE IF NOT EXISTS used_nonces (digest TEXT PRIMARY KEY, expires_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS placed_links (
    id INTEGER PRIMARY KEY AUTOINCREMENT, course_id TEXT NOT NULL, body TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS course_copies (
    id INTEGER PRIMARY KEY AUTOINCREMENT, course_id TEXT NOT NULL UNIQUE, body TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS notice_handlers (
    client_id TEXT NOT NULL, notice_type TEXT NOT NULL, handler TEXT NOT NULL, PRIMARY KEY (client_id, notice_type)
);
CREATE TABLE IF NOT EXISTS used_assertions (digest TEXT PRIMARY KEY, expires_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS columns (
    id INTEGER PRIMARY KEY AUTOINCREMENT, course_id TEXT NOT NULL, label TEXT NOT NULL,
    maximum REAL NOT NULL CHECK (maximum > 0), resource_id TEXT, tag TEXT, resource_link_id TEXT,
    made_by_tool INTEGER NOT NULL, extras TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS scores (
    id INTEGER PRIMARY KEY AUTOINCREMENT, column_id INTEGER NOT NULL REFERENCES columns (id) ON DELETE CASCADE,
    sub TEXT NOT NULL, given REAL, maximum REAL, comment TEXT, sent_at TEXT NOT NULL, arrived_at TEXT NOT NULL,
    activity_progress TEXT NOT NULL, grading_progress TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS cells (
    score_id INTEGER PRIMARY KEY REFERENCES scores (id) ON DELETE CASCADE, body TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS column_owners (
    column_id INTEGER PRIMARY KEY REFERENCES columns (id) ON DELETE CASCADE, client_id TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS column_rules (
    column_id INTEGER PRIMARY KEY REFERENCES columns (id) ON DELETE CASCADE,
    is_locked INTEGER NOT NULL DEFAULT 0, attempts_allowed INTEGER, is_foreign INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS locked_cells (
    column_id INTEGER NOT NULL REFERENCES columns (id) ON DELETE CASCADE, sub TEXT NOT NULL,
    PRIMARY KEY (column_id, sub)
);
CREATE TABLE IF NOT EXISTS enrolments (
    course_id TEXT NOT NULL, sub TEXT NOT NULL, state TEXT NOT NULL, PRIMARY KEY (course_id, sub)
);
CREATE INDEX IF NOT EXISTS scores_by_person ON scores (column_id, sub, id);
CREATE TABLE IF NOT EXISTS traffic (
    id INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, body TEXT NOT NULL
);
"""


def digest_secret(secret: str) -> str:
    """Return what is kept of a hint, token or assertion: enough to know it again, useless to a reader."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def format_instant(moment: datetime) -> str:
    """Return UTC text of fixed width, so that text order is time order."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


class Memory:
    """Everything the demo LMS remembers across a restart."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / "demo_lms.sqlite3"
        self._path.touch(mode=0o600, exist_ok=True)
        with closing(self._connect()) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.executescript(f"BEGIN IMMEDIATE; {_TABLES} COMMIT;")

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=15, isolation_level=None)
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = OFF")  # a killed process loses nothing; a power cut may
        return connection

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """Open the file for reading and close it again."""
        with closing(self._connect()) as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """Open one write transaction; it is kept if the block ends well and undone if it raises."""
        with closing(self._connect()) as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    def remember_fact(self, name: str, make: Callable[[], str]) -> str:
        """Return the fact of that name; the first asker makes it."""
        with self.write() as connection:
            row = connection.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
            if row:
                return str(row["value"])
            value = make()
            connection.execute("INSERT INTO facts (name, value) VALUES (?, ?)", (name, value))
            return value
