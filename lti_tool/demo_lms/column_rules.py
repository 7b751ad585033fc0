"""What a teacher or administrator has decided about a column or one of its cells: locks, attempts, whose it is."""

import sqlite3
from dataclasses import dataclass

from lti_tool.demo_lms.memory import Memory


@dataclass(frozen=True, slots=True)
class ColumnRule:
    """The decisions about one column. ``attempts_allowed`` None is no limit; a foreign column is another tool's."""

    is_locked: bool = False
    attempts_allowed: int | None = None
    is_foreign: bool = False


class ColumnRules:
    """The decisions about all columns, by their ids."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def find(self, column_id: int) -> ColumnRule:
        """Return what was decided about a column."""
        with self._memory.read() as connection:
            row = connection.execute("SELECT * FROM column_rules WHERE column_id = ?", (column_id,)).fetchone()
        if row is None:
            return ColumnRule()
        return ColumnRule(bool(row["is_locked"]), row["attempts_allowed"], bool(row["is_foreign"]))

    def is_cell_locked(self, column_id: int, sub: str) -> bool:
        """Whether no score may change this cell, because it or its column is locked."""
        with self._memory.read() as connection:
            row = connection.execute(
                "SELECT 1 FROM locked_cells WHERE column_id = ? AND sub = ?", (column_id, sub)
            ).fetchone()
        return row is not None or self.find(column_id).is_locked

    def lock_column(self, column_id: int, *, locked: bool = True) -> None:
        """Lock a whole column, or open it again."""
        self._decide(column_id, "is_locked", int(locked))

    def lock_cell(self, column_id: int, sub: str, *, locked: bool = True) -> None:
        """Lock one person's cell, or open it again."""
        with self._memory.write() as connection:
            if locked:
                connection.execute(
                    "INSERT OR IGNORE INTO locked_cells (column_id, sub) VALUES (?, ?)", (column_id, sub)
                )
            else:
                connection.execute("DELETE FROM locked_cells WHERE column_id = ? AND sub = ?", (column_id, sub))

    def limit_attempts(self, column_id: int, allowed: int | None) -> None:
        """Allow so many attempts in this column; None allows any number."""
        self._decide(column_id, "attempts_allowed", allowed)

    def give_to_other_tool(self, column_id: int) -> None:
        """Let the column belong to another tool: this one may neither see nor change it."""
        self._decide(column_id, "is_foreign", 1)

    def _decide(self, column_id: int, name: str, value: int | None) -> None:
        with self._memory.write() as connection:
            _ensure_row(connection, column_id)
            connection.execute(f"UPDATE column_rules SET {name} = ? WHERE column_id = ?", (value, column_id))  # noqa: S608


def _ensure_row(connection: sqlite3.Connection, column_id: int) -> None:
    connection.execute("INSERT OR IGNORE INTO column_rules (column_id) VALUES (?)", (column_id,))
