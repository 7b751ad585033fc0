"""Writes the draft of a migration from the difference between the tables in code and a database.

For developers: ``python -m lti_tool.models.migrations.drafting "what changes"`` compares with the migrations there
are and writes the next numbered file. A CHECK on a table that already exists is not seen by Alembic and has to be
added by hand; ``tests/integration/test_migrations.py`` fails until it is.
"""

import sys
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from alembic import command
from alembic.autogenerate.api import AutogenContext
from alembic.autogenerate.render import renderers
from alembic.operations import ops
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import ForeignKeyConstraint, MetaData

from lti_tool.models.base import JsonDocument, UtcDateTime
from lti_tool.models.schema import configure_alembic, upgrade_schema
from lti_tool.models.store import open_store


class AddForeignKeyAfterwards(ops.MigrateOperation):
    """Half of a circle of foreign keys, added when both tables stand.

    SQLite takes it inside CREATE TABLE and cannot add it later; PostgreSQL the other way round.
    """

    def __init__(self, constraint: ForeignKeyConstraint) -> None:
        self.constraint = constraint

    def reverse(self) -> ops.MigrateOperation:
        """Give what a downgrade does first: take the key away again."""
        return DropForeignKeyFirst(self.constraint)


class DropForeignKeyFirst(AddForeignKeyAfterwards):
    """Its undoing: the circle has to be opened before either table can go."""


@renderers.dispatch_for(AddForeignKeyAfterwards)
def _render_added_key(_context: AutogenContext, op: AddForeignKeyAfterwards) -> str:
    key = op.constraint
    columns = [column.name for column in key.columns]
    targets = [element.column.name for element in key.elements]
    return (
        "if op.get_context().dialect.supports_alter:\n    op.create_foreign_key("
        f"{key.name!r}, {key.table.name!r}, {key.referred_table.name!r}, {columns!r}, {targets!r})"
    )


@renderers.dispatch_for(DropForeignKeyFirst)
def _render_dropped_key(_context: AutogenContext, op: DropForeignKeyFirst) -> str:
    key = op.constraint
    return (
        "if op.get_context().dialect.supports_alter:\n    op.drop_constraint("
        f"{key.name!r}, {key.table.name!r}, type_='foreignkey')"
    )


def render_type(kind: str, item: Any, _context: AutogenContext) -> str | Literal[False]:
    """Write our own types as what they are in the database, so that a migration outlives the code it came from."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and item is JsonDocument:
        return "JSON_DOCUMENT"
    return False


def complete_draft(
    context: MigrationContext, _revision: str | Iterable[str | None], directives: list[ops.MigrationScript]
) -> None:
    """Number the file after the last one, keep it plain, and close circles of foreign keys when all tables stand."""
    metadata = context.opts["target_metadata"]
    if not isinstance(metadata, MetaData):
        raise TypeError("migrations are drafted against one MetaData")
    head = ScriptDirectory.from_config(configure_alembic()).get_current_head()
    for script in directives:
        script.rev_id = f"{int(head or 0) + 1:04}"
        if script.upgrade_ops is None or script.downgrade_ops is None:
            continue
        made = {op.table_name for op in script.upgrade_ops.ops if isinstance(op, ops.CreateTableOp)}
        script.upgrade_ops.ops = _unwrap_indexes(script.upgrade_ops.ops, made, keep=True)
        script.downgrade_ops.ops = _unwrap_indexes(script.downgrade_ops.ops, made, keep=False)
        for table in metadata.sorted_tables:
            keys = [key for key in table.foreign_key_constraints if key.use_alter and table.name in made]
            script.upgrade_ops.ops.extend(AddForeignKeyAfterwards(key) for key in keys)
            script.downgrade_ops.ops[:0] = [DropForeignKeyFirst(key) for key in keys]


def _unwrap_indexes(
    operations: list[ops.MigrateOperation], tables: set[str], *, keep: bool
) -> list[ops.MigrateOperation]:
    """Indexes of a new table need no batch; those of a table that goes, go with it."""
    plain: list[ops.MigrateOperation] = []
    for operation in operations:
        if isinstance(operation, ops.ModifyTableOps) and operation.table_name in tables:
            plain.extend(operation.ops if keep else [])
        else:
            plain.append(operation)
    return plain


def draft_migration(message: str) -> Path:
    """Write the next migration from what the models have and the existing migrations do not."""
    with TemporaryDirectory() as folder:
        store = open_store(f"sqlite:///{folder}/draft.sqlite3")
        try:
            if ScriptDirectory.from_config(configure_alembic()).get_current_head():
                upgrade_schema(store.engine)
            with store.engine.connect() as connection:
                script = command.revision(configure_alembic(connection), message, autogenerate=True)
        finally:
            store.engine.dispose()
    if script is None or isinstance(script, list):
        raise TypeError("one migration is drafted at a time")
    return Path(script.path)


if __name__ == "__main__":
    sys.stdout.write(f"{draft_migration(' '.join(sys.argv[1:]) or 'The tables')}\n")
