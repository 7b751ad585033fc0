"""A migrated database with empty tables for every test, on SQLite and on PostgreSQL, without migrating each time."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg
from psycopg import sql

from lti_tool.models import Base
from lti_tool.models.schema import upgrade_schema
from lti_tool.models.store import open_store
from tests.support.postgres import PostgresServer, address_in

FOLDER_VARIABLE = "LTI_TOOL_TEST_POSTGRES_FOLDER"

_END_OTHERS = sql.SQL(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
_RESTART_IDS = sql.SQL("SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, 1, false) FROM pg_sequences")


def migrate(address: str) -> None:
    """Run all migrations on the database at this address."""
    store = open_store(address)
    try:
        upgrade_schema(store.engine)
    finally:
        store.engine.dispose()


class SqliteDatabases:
    """SQLite files, each a copy of one that was migrated."""

    def __init__(self, folder: Path) -> None:
        self._template = folder / "template.sqlite3"
        migrate(f"sqlite:///{self._template}")

    @contextmanager
    def lend(self, folder: Path) -> Iterator[str]:
        """The address of a migrated database in this folder."""
        path = folder / "tool.sqlite3"
        shutil.copyfile(self._template, path)
        yield f"sqlite:///{path}"


class PostgresDatabases:
    """Databases of one server. A migrated one is emptied and lent again: that takes 10 ms, cloning takes 400.

    Every xdist worker makes its own.
    """

    def __init__(self, folder: Path | str) -> None:
        self._folder = folder
        self._names = (f"test_{os.getpid()}_{number}" for number in count())
        self._ready: list[str] = []

    @contextmanager
    def lend(self) -> Iterator[str]:
        """The address of a migrated database with empty tables."""
        name = self._ready.pop() if self._ready else self._make_migrated()
        yield address_in(self._folder, name)
        self._empty(name)
        self._ready.append(name)

    @contextmanager
    def lend_empty(self) -> Iterator[str]:
        """The address of a database without any table, dropped afterwards."""
        name = self._create()
        try:
            yield address_in(self._folder, name)
        finally:
            self._drop(name)

    def close(self) -> None:
        """Drop what is left."""
        for name in self._ready:
            self._drop(name)

    def _make_migrated(self) -> str:
        name = self._create()
        migrate(address_in(self._folder, name))
        return name

    def _create(self) -> str:
        name = next(self._names)
        self._run("postgres", sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return name

    def _drop(self, name: str) -> None:
        self._run("postgres", sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def _empty(self, name: str) -> None:
        # What a test left open, perhaps in a process it killed, would hold its locks for ever.
        self._run(name, _END_OTHERS)
        tables = [sql.SQL("DELETE FROM {}").format(sql.Identifier(table)) for table in Base.metadata.tables]
        self._run(name, sql.SQL("SET session_replication_role = replica"), *tables, _RESTART_IDS)

    def _run(self, database: str, *statements: sql.SQL | sql.Composed) -> None:
        with psycopg.connect(address_in(self._folder, database), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)


class ServerOfTheRun:
    """The one server all workers of a run share: started by the process that outlives the others."""

    def __init__(self) -> None:
        self._server: PostgresServer | None = None

    def start(self) -> None:
        """Start it and tell the processes that come after where it is."""
        self._server = PostgresServer.start()
        os.environ[FOLDER_VARIABLE] = str(self._server.folder)

    def find_folder(self) -> str:
        """Where its socket is; starts it when no earlier process has."""
        if FOLDER_VARIABLE not in os.environ:
            self.start()
        return os.environ[FOLDER_VARIABLE]

    def stop(self) -> None:
        """Stop it if this process started it."""
        if self._server is not None:
            self._server.stop()
            self._server = None
            os.environ.pop(FOLDER_VARIABLE, None)
