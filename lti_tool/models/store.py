"""Transactions: the one way to the database, for reading or for writing, on SQLite and PostgreSQL alike."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, TypeAlias

from sqlalchemy import Connection, Engine, Row, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

BUSY_TIMEOUT_MS = 10_000

AnyRow: TypeAlias = Row[*tuple[Any, ...]]
"""A row whose columns are read by name."""

_READ = "BEGIN"
_WRITE = "BEGIN IMMEDIATE"

_open_transactions: ContextVar[int] = ContextVar("open_transactions", default=0)
# How a transaction of the running code begins on SQLite.
_words_to_begin: ContextVar[str] = ContextVar("words_to_begin", default=_READ)


def has_open_transaction() -> bool:
    """Whether the running code is inside a transaction; nothing may talk to a platform while it is."""
    return _open_transactions.get() > 0


class Store:
    """Opens transactions. Reading ends in a rollback, writing in a commit; an exception undoes everything."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A transaction that only reads."""
        with _OpenTransaction(_READ), Session(self.engine, expire_on_commit=False, autoflush=False) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A transaction that writes; on SQLite it takes the write lock at once.

        A transaction that reads first and writes later fails at once when another wrote in between, whatever the
        busy timeout says (SQLite: "BEGIN IMMEDIATE"), so every writing use-case starts as a writer.
        """
        with _OpenTransaction(_WRITE), Session(self.engine, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def reading_rows(self) -> Iterator[Connection]:
        """A transaction that only reads, without mapped objects: half the price, for what every launch does."""
        with _OpenTransaction(_READ), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def writing_rows(self) -> Iterator[Connection]:
        """A transaction that writes, without mapped objects."""
        with _OpenTransaction(_WRITE), self.engine.connect() as connection, connection.begin():
            yield connection


@contextmanager
def taking_write_lock() -> Iterator[None]:
    """Let a transaction that begins in this block on any SQLite engine begin as a writer."""
    token = _words_to_begin.set(_WRITE)
    try:
        yield
    finally:
        _words_to_begin.reset(token)


class _OpenTransaction:
    """While the block runs: one more transaction is open, and it begins with these words."""

    __slots__ = ("_begin", "_count", "_words")

    def __init__(self, words: str) -> None:
        self._words = words

    def __enter__(self) -> None:
        self._count = _open_transactions.set(_open_transactions.get() + 1)
        self._begin = _words_to_begin.set(self._words)

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        _words_to_begin.reset(self._begin)
        _open_transactions.reset(self._count)
        if isinstance(error, DBAPIError):
            _leave_out_row(error)


def _leave_out_row(error: DBAPIError) -> None:
    """Keep the first line of what the database said: in the next one PostgreSQL tells the row that broke a rule.

    The message goes into the log, and the row can be people's words.
    """
    for told in (error, error.orig):
        if told is not None:
            told.args = tuple(item.partition("\n")[0] if isinstance(item, str) else item for item in told.args)


def open_store(database_url: str) -> Store:
    """A store of its own, for processes without Flask (worker, command line)."""
    engine = create_engine(normalize_url(database_url), **engine_options(database_url))
    prepare_engine(engine)
    return Store(engine)


def normalize_url(database_url: str) -> str:
    """Accept the ``postgres://`` and ``postgresql://`` forms that hosts hand out; psycopg 3 is the driver.

    A relative SQLite path is made absolute: Flask-SQLAlchemy would look for it under its instance folder, and the
    command line where it stands.
    """
    for prefix in ("postgres://", "postgresql://"):
        if database_url.startswith(prefix):
            return "postgresql+psycopg://" + database_url.removeprefix(prefix)
    url = make_url(database_url)
    if url.get_backend_name() == "sqlite" and url.database and not url.database.startswith((":", "file:")):
        url = url.set(database=str(Path(url.database).absolute()))
        return url.render_as_string(hide_password=False)
    return database_url


def engine_options(database_url: str) -> dict[str, Any]:
    """Options for ``create_engine``: a connection is tested before use on PostgreSQL, shared by threads on SQLite.

    Parameters stay out of error messages, and so out of logs: they can be people's words.
    """
    if make_url(normalize_url(database_url)).get_backend_name() == "sqlite":
        arguments = {"check_same_thread": False, "timeout": BUSY_TIMEOUT_MS / 1000}
        return {"connect_args": arguments, "hide_parameters": True}
    return {
        "pool_pre_ping": True,
        "pool_size": 10,
        "max_overflow": 20,
        "hide_parameters": True,
        # Seconds; a database that does not answer is told of by /readyz and not waited for by every page.
        "connect_args": {"connect_timeout": 10},
    }


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    """Write ahead, so that readers never wait.

    While a new file is switched by another connection, SQLite answers "locked" at once and does not wait for the busy
    timeout, so the waiting is done here.
    """
    deadline = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL").close()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


def prepare_engine(engine: Engine) -> None:
    """Switch SQLite to WAL, foreign keys, and transactions that begin when we say so. PostgreSQL needs nothing."""
    if engine.dialect.name != "sqlite":
        return

    @event.listens_for(engine, "connect")
    def _set_up_connection(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
        # The driver must not begin transactions by itself: it would begin them deferred.
        connection.isolation_level = None
        _switch_to_wal(connection)
        for pragma in (
            "synchronous=NORMAL",
            "foreign_keys=ON",
            f"busy_timeout={BUSY_TIMEOUT_MS}",
        ):
            connection.execute(f"PRAGMA {pragma}").close()

    def _begin(connection: PoolProxiedConnection) -> None:
        driver: sqlite3.Connection = connection.driver_connection  # type: ignore[assignment] # typed Any | None
        driver.execute(_words_to_begin.get()).close()

    # SQLAlchemy's documentation listens for the engine's "begin" event instead. But an engine with a listener looks
    # for listeners before and after every statement, and that is a quarter of what a statement costs.
    engine.dialect.do_begin = _begin  # type: ignore[method-assign, assignment] # of this engine's dialect only
