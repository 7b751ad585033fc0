"""The database's own version: bring it up to this program's tables, or say how far it is. No alembic.ini needed."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect, text

from lti_tool.models.store import taking_write_lock

MIGRATIONS: Final = Path(__file__).parent / "migrations"

# Any number will do, as long as every process upgrading this program's database asks for the same one.
_UPGRADE_LOCK: Final = 6_019_270_113


class SchemaState(StrEnum):
    """Whether the tables are this program's, older, or of a version it does not know."""

    CURRENT = "current"
    BEHIND = "behind"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class SchemaCheck:
    """What was found. ``revision`` is None for a database that was never upgraded; ``head`` is what we need."""

    state: SchemaState
    revision: str | None
    head: str

    @property
    def in_words(self) -> str:
        """The finding for an operator, with what to do about it."""
        match self.state:
            case SchemaState.CURRENT:
                return f"The database is up to date (revision {self.head})."
            case SchemaState.BEHIND:
                found = f"at revision {self.revision}" if self.revision else "empty"
                return f"The database is {found} and this version needs {self.head}. Run: lti-tool db upgrade"
            case SchemaState.UNKNOWN:
                found = f"is at revision {self.revision}" if self.revision else "holds other tables"
                return f"The database {found}, which this version does not know. Install the version that wrote it."


class SchemaError(Exception):
    """The database cannot be upgraded by this version; the message says why and what to do."""


def check_schema(engine: Engine) -> SchemaCheck:
    """Compare the database with the newest migration. Nothing is changed."""
    with engine.connect() as connection:
        return _check(connection)


def upgrade_schema(engine: Engine) -> SchemaCheck:
    """Run the migrations that are missing, all in one transaction, and return what was found before.

    Safe to run from several processes at once: the first holds a lock, the others wait and find nothing to do.

    Raises:
        SchemaError: the database was written by a version that is not known here.
    """
    with _locked(engine) as connection:
        found = _check(connection)
        if found.state is SchemaState.UNKNOWN:
            raise SchemaError(found.in_words)
        if found.state is SchemaState.BEHIND:
            command.upgrade(configure_alembic(connection), "head")
            _refuse_broken_references(connection)
    return found


def configure_alembic(connection: Connection | None = None) -> Config:
    """Alembic's settings, in code, so that they are the same in a checkout and in an installed wheel."""
    config = Config()
    # Alembic reads options through configparser, to which a percent sign means an interpolation.
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _check(connection: Connection) -> SchemaCheck:
    scripts = ScriptDirectory.from_config(configure_alembic())
    head = scripts.get_current_head()
    if head is None:
        raise SchemaError("No migrations are installed beside the program. Install it again.")
    revision = MigrationContext.configure(connection).get_current_revision()
    if revision == head:
        return SchemaCheck(SchemaState.CURRENT, revision, head)
    if revision is None:
        is_empty = not inspect(connection).get_table_names()
        return SchemaCheck(SchemaState.BEHIND if is_empty else SchemaState.UNKNOWN, None, head)
    known = {script.revision for script in scripts.walk_revisions()}
    return SchemaCheck(SchemaState.BEHIND if revision in known else SchemaState.UNKNOWN, revision, head)


@contextmanager
def _locked(engine: Engine) -> Iterator[Connection]:
    with taking_write_lock(), engine.connect() as connection:
        is_sqlite = connection.dialect.name == "sqlite"
        if is_sqlite:
            # A changed table is rebuilt: copied, dropped, renamed. With foreign keys on, dropping it would fail or
            # empty its neighbours; the switch has no effect inside a transaction, so it is thrown before.
            _set_foreign_keys(connection, "OFF")
        try:
            with connection.begin():
                if not is_sqlite:
                    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _UPGRADE_LOCK})
                yield connection
        finally:
            if is_sqlite:
                _set_foreign_keys(connection, "ON")


def _set_foreign_keys(connection: Connection, switch: str) -> None:
    cursor = connection.connection.cursor()
    cursor.execute(f"PRAGMA foreign_keys={switch}")
    cursor.close()


def _refuse_broken_references(connection: Connection) -> None:
    if connection.dialect.name != "sqlite":
        return
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
    if broken is not None:
        raise SchemaError(f"A row of {broken[0]} points to nothing in {broken[2]}. Nothing was changed.")
