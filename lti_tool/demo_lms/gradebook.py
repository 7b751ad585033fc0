"""The gradebook: its columns, and every score that was ever accepted in them.

Scores are only added. What a cell shows is what its newest score made of it; a score that clears is a score too, and
so is what a teacher writes by hand.
"""

import json
import sqlite3
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any, Final

from lti_tool.demo_lms.cells import (
    AttemptsUsedUpError,
    Cell,
    LockedCellError,
    NewScore,
    Place,
    StaleScoreError,
    Work,
    take_score,
    take_teachers_grade,
)
from lti_tool.demo_lms.column_rules import ColumnRules
from lti_tool.demo_lms.courses import ALL_COURSES, COLUMN_MAXIMUM, COLUMN_TAG
from lti_tool.demo_lms.grades import Column, Grade, format_number, write_json_number
from lti_tool.demo_lms.manners import Manner
from lti_tool.demo_lms.memory import Memory, format_instant

__all__ = [
    "AttemptsUsedUpError",
    "Column",
    "Grade",
    "Gradebook",
    "LockedCellError",
    "NewScore",
    "StaleScoreError",
    "format_number",
    "write_json_number",
]

_SELECT_SCORES: Final = "SELECT scores.*, cells.body AS cell FROM scores LEFT JOIN cells ON cells.score_id = scores.id"

_NEWEST: Final = "scores.id IN (SELECT max(id) FROM scores WHERE column_id = ? GROUP BY sub)"


class Gradebook:
    """The columns and scores of all courses. ``rules`` holds what a teacher decided about a column."""

    def __init__(self, memory: Memory, manner: Manner = Manner.STRICT) -> None:
        self._memory = memory
        self._manner = manner
        self.rules = ColumnRules(memory)
        with memory.write() as connection:
            if not connection.execute("SELECT 1 FROM columns LIMIT 1").fetchone():
                for column in _list_first_columns():
                    _insert_column(connection, column)

    def list_columns(
        self,
        course_id: str,
        *,
        resource_link_id: str | None = None,
        resource_id: str | None = None,
        tag: str | None = None,
    ) -> list[Column]:
        """Return the course's columns in order, only those that fit every filter given."""
        with self._memory.read() as connection:
            rows = connection.execute("SELECT * FROM columns WHERE course_id = ? ORDER BY id", (course_id,)).fetchall()
        wanted = {"resource_link_id": resource_link_id, "resource_id": resource_id, "tag": tag}
        asked = {name: value for name, value in wanted.items() if value is not None}
        return [_read_column(row) for row in rows if all(row[name] == value for name, value in asked.items())]

    def find_column(self, course_id: str, column_id: int) -> Column | None:
        """Return that column of that course, or None."""
        return next((column for column in self.list_columns(course_id) if column.id == column_id), None)

    def add_column(self, column: Column) -> Column:
        """Keep a new column and return it with its id."""
        with self._memory.write() as connection:
            return replace(column, id=_insert_column(connection, column))

    def replace_column(self, column: Column) -> None:
        """Put this in the place of the column with the same id."""
        with self._memory.write() as connection:
            connection.execute(
                "UPDATE columns SET label = ?, maximum = ?, resource_id = ?, tag = ?, extras = ? WHERE id = ?",
                (column.label, column.maximum, column.resource_id, column.tag, json.dumps(column.extras), column.id),
            )

    def remove_column(self, column: Column) -> None:
        """Remove the column and every score in it."""
        with self._memory.write() as connection:
            connection.execute("DELETE FROM columns WHERE id = ?", (column.id,))

    def record_score(self, column: Column, score: NewScore, arrived_at: datetime) -> Grade:
        """Let a score change its cell as the LMS's manner has it, keep it, and return what the cell shows now.

        Raises:
            StaleScoreError: what is there is newer; nothing was kept.
            LockedCellError: a teacher locked the cell; nothing was kept.
            AttemptsUsedUpError: the score makes a new attempt and none is left; nothing was kept.
        """
        place = self._describe_place(column, score.sub)
        with self._memory.write() as connection:
            cell = take_score(self._manner, place, _find_cell(connection, column, score.sub), score, arrived_at)
            row = _insert_score(connection, column, score, arrived_at, cell)
        return _read_grade(row, column)

    def override_grade(self, column: Column, sub: str, value: float, at: datetime, comment: str = "") -> Grade:
        """Write into a cell by hand, as a teacher does, and return what it shows now."""
        by_hand = NewScore(sub, value, column.maximum, comment or None, at, "", "FullyGraded")
        place = self._describe_place(column, sub)
        with self._memory.write() as connection:
            found = _find_cell(connection, column, sub)
            cell = take_teachers_grade(self._manner, place, found, value, comment, at)
            row = _insert_score(connection, column, by_hand, at, cell)
        return _read_grade(row, column)

    def find_cell(self, column: Column, sub: str) -> Cell:
        """Return the cell with all it holds; an untouched one if nothing was ever sent."""
        with self._memory.read() as connection:
            return _find_cell(connection, column, sub)

    def _describe_place(self, column: Column, sub: str) -> Place:
        beside = self.list_columns(column.course_id, resource_link_id=column.resource_link_id)
        is_first = column.resource_link_id is None or beside[:1] == [column]
        return Place(
            maximum=column.maximum,
            is_coupled=not column.made_by_tool,
            is_locked=self.rules.is_cell_locked(column.id, sub),
            is_first=is_first,
            attempts_allowed=self.rules.find(column.id).attempts_allowed,
        )

    def list_history(self, column: Column, sub: str) -> list[Grade]:
        """Return every score accepted for one cell, newest first."""
        with self._memory.read() as connection:
            rows = connection.execute(
                f"{_SELECT_SCORES} WHERE column_id = ? AND sub = ? ORDER BY scores.id DESC", (column.id, sub)
            ).fetchall()
        return [_read_grade(row, column) for row in rows]

    def find_grade(self, column: Column, sub: str) -> Grade | None:
        """Return what the cell shows now; None if nothing was ever sent."""
        return next(iter(self.list_history(column, sub)), None)

    def list_grades(self, column: Column) -> list[Grade]:
        """Return what each cell of the column shows that ever got a score, in the order of the people's ids."""
        with self._memory.read() as connection:
            rows = connection.execute(
                f"{_SELECT_SCORES} WHERE {_NEWEST} ORDER BY sub",
                (column.id,),
            ).fetchall()
        return [_read_grade(row, column) for row in rows]


def _list_first_columns() -> list[Column]:
    return [
        Column(
            id=0,
            course_id=course.id,
            label=link.title,
            maximum=COLUMN_MAXIMUM,
            resource_id=link.key,
            tag=COLUMN_TAG,
            resource_link_id=link.id,
        )
        for course in ALL_COURSES
        for link in course.links
        if not link.is_series
    ]


def _insert_column(connection: sqlite3.Connection, column: Column) -> int:
    cursor = connection.execute(
        "INSERT INTO columns (course_id, label, maximum, resource_id, tag, resource_link_id, made_by_tool, extras)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            column.course_id,
            column.label,
            column.maximum,
            column.resource_id,
            column.tag,
            column.resource_link_id,
            int(column.made_by_tool),
            json.dumps(column.extras),
        ),
    )
    return int(cursor.lastrowid or 0)


def _read_column(row: sqlite3.Row) -> Column:
    return Column(
        id=row["id"],
        course_id=row["course_id"],
        label=row["label"],
        maximum=row["maximum"],
        resource_id=row["resource_id"],
        tag=row["tag"],
        resource_link_id=row["resource_link_id"],
        made_by_tool=bool(row["made_by_tool"]),
        extras=json.loads(row["extras"]),
    )


def _insert_score(
    connection: sqlite3.Connection, column: Column, score: NewScore, arrived_at: datetime, cell: Cell
) -> sqlite3.Row:
    cursor = connection.execute(
        "INSERT INTO scores (column_id, sub, given, maximum, comment, sent_at, arrived_at, activity_progress,"
        " grading_progress) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            column.id,
            score.sub,
            score.given,
            score.maximum,
            score.comment,
            format_instant(score.sent_at),
            format_instant(arrived_at),
            score.activity_progress,
            score.grading_progress,
        ),
    )
    connection.execute(
        "INSERT INTO cells (score_id, body) VALUES (?, ?)", (cursor.lastrowid, _write_cell(cell, column.maximum))
    )
    row: sqlite3.Row = connection.execute(f"{_SELECT_SCORES} WHERE scores.id = ?", (cursor.lastrowid,)).fetchone()
    return row


def _find_cell(connection: sqlite3.Connection, column: Column, sub: str) -> Cell:
    row = connection.execute(
        f"{_SELECT_SCORES} WHERE column_id = ? AND sub = ? ORDER BY scores.id DESC LIMIT 1", (column.id, sub)
    ).fetchone()
    return Cell() if row is None else _read_cell(row, column)


def _write_cell(cell: Cell, maximum: float) -> str:
    work = cell.work and {**asdict(cell.work), "submitted_at": format_instant(cell.work.submitted_at)}
    written_at = cell.written_at and format_instant(cell.written_at)
    return json.dumps({**asdict(cell), "written_at": written_at, "work": work, "of": maximum})


def _read_cell(row: sqlite3.Row, column: Column) -> Cell:
    """Return the cell as this score left it, on the column's present scale."""
    if row["cell"] is None:  # from before cells were kept: what the strict manner makes of a score
        score = NewScore(row["sub"], row["given"], row["maximum"], row["comment"], _read_time(row["sent_at"]), "", "")
        score = replace(score, grading_progress=row["grading_progress"])
        return take_score(Manner.STRICT, Place(column.maximum, is_coupled=True), Cell(), score, score.sent_at)
    body: dict[str, Any] = json.loads(row["cell"])
    of, work, written_at = body.pop("of"), body["work"], body["written_at"]
    value = None if body["value"] is None else body["value"] * column.maximum / of if of else body["value"]
    kept = work and Work(work["kind"], work["data"], _read_time(work["submitted_at"]))
    comments, time = tuple(body["comments"]), written_at and _read_time(written_at)
    return Cell(**{**body, "value": value, "comments": comments, "written_at": time, "work": kept})


def _read_time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _read_grade(row: sqlite3.Row, column: Column) -> Grade:
    cell = _read_cell(row, column)
    return Grade(
        id=row["id"],
        sub=row["sub"],
        value=cell.value,
        column_maximum=column.maximum,
        given=row["given"],
        given_of=row["maximum"],
        comment=cell.comments[-1] if cell.comments else None,
        sent_at=_read_time(row["sent_at"]),
        arrived_at=_read_time(row["arrived_at"]),
        activity_progress=row["activity_progress"],
        grading_progress=row["grading_progress"],
        cell=cell,
    )
