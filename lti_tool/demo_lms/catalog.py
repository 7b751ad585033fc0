"""The courses with all that came into them after they began: links that were placed, and whole copies."""

import json
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from lti_tool.demo_lms.courses import ALL_COURSES, COURSES, Course, Link, find_course
from lti_tool.demo_lms.memory import Memory

_FIRST_COPY: Final = len(COURSES) + 1


@dataclass(frozen=True, slots=True)
class _Copy:
    """A copied course as it is kept: its members are those of the course at the end of its history."""

    label: str
    title: str
    history: tuple[str, ...]


class Catalog:
    """All courses of the LMS as they are now."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def list_shown(self) -> list[Course]:
        """Return the courses people can go to."""
        with self._memory.read() as connection:
            rows = connection.execute("SELECT course_id FROM course_copies ORDER BY id").fetchall()
        ids = [*(course.id for course in COURSES), *(row["course_id"] for row in rows)]
        return [course for course in map(self.find, ids) if course]

    def find(self, course_id: str | None) -> Course | None:
        """Return the course with this id and everything in it, or None."""
        course = find_course(course_id) or self._find_copy(course_id)
        return replace(course, placed=self._list_placed(course.id)) if course else None

    def place(self, course_id: str, links: list[Link]) -> list[Link]:
        """Put links into a course, all or none, and return them with their keys and so their ids."""
        placed = []
        with self._memory.write() as connection:
            for link in links:
                body = {name: value for name, value in asdict(link).items() if name not in {"course_id", "key"}}
                cursor = connection.execute(
                    "INSERT INTO placed_links (course_id, body) VALUES (?, ?)", (course_id, json.dumps(body))
                )
                placed.append(replace(link, course_id=course_id, key=_make_key(cursor.lastrowid)))
        return placed

    def publish(self, link: Link) -> None:
        """Let the learners see a link."""
        with self._memory.write() as connection:
            number = link.key.removeprefix("placed-")
            row = connection.execute("SELECT body FROM placed_links WHERE id = ?", (number,)).fetchone()
            body = json.dumps({**json.loads(row["body"]), "is_published": True})
            connection.execute("UPDATE placed_links SET body = ? WHERE id = ?", (body, number))

    def remove(self, link: Link) -> None:
        """Take a placed link out of its course."""
        with self._memory.write() as connection:
            connection.execute("DELETE FROM placed_links WHERE id = ?", (link.key.removeprefix("placed-"),))

    def add_copy(self, original: Course) -> Course:
        """Make an empty course that remembers what it is a copy of."""
        with self._memory.write() as connection:
            count = int(connection.execute("SELECT count(*) FROM course_copies").fetchone()[0])
            number = count + 1
            kept = _Copy(
                label=f"{original.label}_{number}",
                title=f"{original.title} copy {number}",
                history=(original.id, *original.history),
            )
            course_id = f"course-{_FIRST_COPY + count}"
            connection.execute(
                "INSERT INTO course_copies (course_id, body) VALUES (?, ?)", (course_id, json.dumps(asdict(kept)))
            )
        copy = self.find(course_id)
        if copy is None:
            raise LookupError(f"no course {course_id}")
        return copy

    def _find_copy(self, course_id: str | None) -> Course | None:
        with self._memory.read() as connection:
            row = connection.execute("SELECT body FROM course_copies WHERE course_id = ?", (course_id,)).fetchone()
        if row is None or course_id is None:
            return None
        body: dict[str, Any] = json.loads(row["body"])
        history = tuple(body["history"])
        members = next(course.members for course in ALL_COURSES if course.id == history[-1])
        return Course(course_id, body["label"], body["title"], members, comes_with_sessions=False, history=history)

    def _list_placed(self, course_id: str) -> tuple[Link, ...]:
        with self._memory.read() as connection:
            rows = connection.execute(
                "SELECT id, body FROM placed_links WHERE course_id = ? ORDER BY id", (course_id,)
            ).fetchall()
        return tuple(Link(course_id=course_id, key=_make_key(row["id"]), **json.loads(row["body"])) for row in rows)


def _make_key(number: int | None) -> str:
    return f"placed-{number}"
