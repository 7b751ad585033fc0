"""Who is not in a course any more, or not for now: what an administrator changed about its members."""

from enum import StrEnum

from lti_tool.demo_lms.memory import Memory


class EnrolmentState(StrEnum):
    """What became of a membership."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    UNENROLLED = "unenrolled"


class Enrolments:
    """The memberships that are not as the course began; whoever is not mentioned is an active member."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def find_state(self, course_id: str, sub: str) -> EnrolmentState:
        """Return what became of this person's membership."""
        with self._memory.read() as connection:
            row = connection.execute(
                "SELECT state FROM enrolments WHERE course_id = ? AND sub = ?", (course_id, sub)
            ).fetchone()
        return EnrolmentState(row["state"]) if row else EnrolmentState.ACTIVE

    def list_states(self, course_id: str) -> dict[str, EnrolmentState]:
        """Return what became of the memberships of a course that were changed, by the people's ids."""
        with self._memory.read() as connection:
            rows = connection.execute("SELECT sub, state FROM enrolments WHERE course_id = ?", (course_id,)).fetchall()
        return {row["sub"]: EnrolmentState(row["state"]) for row in rows}

    def change(self, course_id: str, sub: str, state: EnrolmentState) -> None:
        """Suspend, unenrol or enrol again."""
        with self._memory.write() as connection:
            connection.execute(
                "INSERT INTO enrolments (course_id, sub, state) VALUES (?, ?, ?)"
                " ON CONFLICT (course_id, sub) DO UPDATE SET state = excluded.state",
                (course_id, sub, state),
            )
