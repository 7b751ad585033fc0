"""The gradebook: its columns, and every score that was ever accepted in them.

Scores are only added. What a cell shows is its newest score; a score that clears is a score too.
"""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from lti_tool.demo_lms.courses import COLUMN_MAXIMUM, COLUMN_TAG, COURSES
from lti_tool.demo_lms.memory import Memory, format_instant

_SESSION_PREFIX: Final = "On the Leading Edge of "


class StaleScoreError(Exception):
    """A score is not newer than the one that is there. ``newest`` is the time of that one."""

    def __init__(self, newest: datetime) -> None:
        super().__init__(f"a score of {newest.isoformat()} is already there")
        self.newest = newest


@dataclass(frozen=True, slots=True)
class Column:
    """One gradebook column. ``made_by_tool`` tells those of the tool from those that came with a link."""

    id: int
    course_id: str
    label: str
    maximum: float
    resource_id: str | None = None
    tag: str | None = None
    resource_link_id: str | None = None
    made_by_tool: bool = False
    extras: Mapping[str, object] = field(default_factory=dict)

    @property
    def short_label(self) -> str:
        """The label without what all eight sessions have in common."""
        return self.label.removeprefix(_SESSION_PREFIX)


@dataclass(frozen=True, slots=True)
class NewScore:
    """A score on its way into a cell; its meaning has been checked."""

    sub: str
    given: float | None
    maximum: float | None
    comment: str | None
    sent_at: datetime
    activity_progress: str
    grading_progress: str

    @property
    def clears(self) -> bool:
        """Whether this empties the cell, as Moodle 4.5 does for a score that is not final or has no number."""
        return self.given is None or self.grading_progress != "FullyGraded"


@dataclass(frozen=True, slots=True)
class Grade:
    """What stands in a cell after one score. ``value`` is on the column's scale; None is an empty cell."""

    id: int
    sub: str
    value: float | None
    column_maximum: float
    given: float | None
    given_of: float | None
    comment: str | None
    sent_at: datetime
    arrived_at: datetime
    activity_progress: str
    grading_progress: str

    @property
    def value_in_words(self) -> str:
        """The cell's text, such as "92 of 100"."""
        if self.value is None:
            return "No score"
        return f"{format_number(self.value)} of {format_number(self.column_maximum)}"

    @property
    def given_in_words(self) -> str:
        """What the tool sent, before it was put on the column's scale."""
        if self.given is None:
            return "no number"
        return f"{format_number(self.given)} of {format_number(self.given_of or 0)}"


def format_number(number: float) -> str:
    """Return the number with at most two decimals and no empty ones."""
    return f"{number:.2f}".rstrip("0").rstrip(".")


def write_json_number(number: float) -> int | float:
    """Return a whole number as an int, so that JSON says 100 and not 100.0."""
    return int(number) if number.is_integer() else number


class Gradebook:
    """The columns and scores of all courses."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
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
        """Keep a score and return what the cell shows now.

        Raises:
            StaleScoreError: a score of the same or a later time is there; nothing was kept.
        """
        with self._memory.write() as connection:
            newest = connection.execute(
                "SELECT max(sent_at) FROM scores WHERE column_id = ? AND sub = ?", (column.id, score.sub)
            ).fetchone()[0]
            if newest is not None and format_instant(score.sent_at) <= newest:
                raise StaleScoreError(datetime.fromisoformat(newest))
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
            row = connection.execute("SELECT * FROM scores WHERE id = ?", (cursor.lastrowid,)).fetchone()
        return _read_grade(row, column)

    def list_history(self, column: Column, sub: str) -> list[Grade]:
        """Return every score accepted for one cell, newest first."""
        with self._memory.read() as connection:
            rows = connection.execute(
                "SELECT * FROM scores WHERE column_id = ? AND sub = ? ORDER BY id DESC", (column.id, sub)
            ).fetchall()
        return [_read_grade(row, column) for row in rows]

    def find_grade(self, column: Column, sub: str) -> Grade | None:
        """Return what the cell shows now; None if nothing was ever sent."""
        return next(iter(self.list_history(column, sub)), None)

    def list_grades(self, column: Column) -> list[Grade]:
        """Return what each cell of the column shows that ever got a score, in the order of the people's ids."""
        with self._memory.read() as connection:
            rows = connection.execute(
                "SELECT * FROM scores WHERE id IN (SELECT max(id) FROM scores WHERE column_id = ? GROUP BY sub)"
                " ORDER BY sub",
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
        for course in COURSES
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


def _read_grade(row: sqlite3.Row, column: Column) -> Grade:
    given, given_of = row["given"], row["maximum"]
    value = None
    if given is not None and row["grading_progress"] == "FullyGraded":
        value = min(given / given_of, 1.0) * column.maximum
    return Grade(
        id=row["id"],
        sub=row["sub"],
        value=value,
        column_maximum=column.maximum,
        given=given,
        given_of=given_of,
        comment=row["comment"],
        sent_at=datetime.fromisoformat(row["sent_at"]),
        arrived_at=datetime.fromisoformat(row["arrived_at"]),
        activity_progress=row["activity_progress"],
        grading_progress=row["grading_progress"],
    )
